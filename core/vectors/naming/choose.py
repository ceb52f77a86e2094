"""Names from what groups of texts share: the phrases that many of a group's texts hold and few of the others'."""

import collections
import itertools
from collections.abc import Iterable, Sequence

import numpy as np

from .grammar import USUALLY_CAPITALISED
from .phrases import Phrases, phrases_of
from .tokens import Tokens, tokens_of

_SMOOTH = 0.02  # added to a phrase's mean share: that it is rare elsewhere alone says little
_LONGER = 1.15  # what a phrase of one word more is worth
_INSTEAD = 0.6  # of the texts with a word, that must hold a phrase with it for the phrase to take its place
_NOUN = 0.35  # nounness below which a word names only what nothing else does
_WORTH = 0.15  # of the best phrase's score, that the next must reach
_COMMON_WORTH = 0.2  # score of what a group has in common with those beside it
_OFTEN = 3  # times in a text, beyond which a phrase counts no more
_LOOKED_AT = 40  # phrases of a group
_LONGEST_ACRONYM = 5  # letters
_LONGEST = 40  # characters of a name, where its first phrase is not longer


def name_groups(
    texts: Sequence[str],
    groups: np.ndarray,
    n_groups: int,
    most: int = 3,
    beside: np.ndarray | None = None,
    common: float = 0.2,
    kind: str = "cluster",
) -> list[str]:
    """Return one name a group, all different, as in "flowers, garden, total cost". texts[i] belongs to groups[i].

    A phrase of one to three words is ranked by class-based TF-IDF (Grootendorst 2022, arXiv 2203.05794), by document: the share
    of the group's texts that hold it, times the log of that share over its usual share, half in all groups and half in those
    beside it. The last phrase of a name is what the group and those beside it have in common, by the same rule. One in a smaller
    share of the texts than `common`, or with a person's name, and what is no noun come after all others. beside: (n_groups, m)
    int, if any. kind: what a group is called where nothing else tells it.
    """
    if not len(texts):
        return [f"{kind} {group}" for group in range(n_groups)]
    groups = np.asarray(groups)
    tokens = tokens_of(texts)
    beside = np.zeros((n_groups, 0), np.int64) if beside is None else beside
    held = phrases_of(tokens, groups, n_groups, beside)
    usual = (held.overall + held.near) / 2 if beside.shape[1] else held.overall
    own, wide = (
        _ranked(held, n_groups, held.share, usual, common),
        _ranked(held, n_groups, np.minimum(held.near, held.share), held.overall, common),
    )
    spelling = _Spelling(tokens, groups, n_groups)
    names: list[str] = []
    taken: set[str] = set()
    for group in range(n_groups):
        wanted, more = (
            (spelling.of(group, words) for words in part) for part in _joined(own[group], wide[group], most)
        )
        names.append(_free_name(list(wanted), more, f"{kind} {group}", taken))
        taken.add(names[-1].casefold())
    return names


_Ranked = list[tuple[tuple[int, ...], float]]  # phrases as word ids, with their scores, the best first


def _joined(own: _Ranked, wide: _Ranked, most: int) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
    """Return the phrases of a name in its order, and those that could tell it from another's of the same."""
    good = [phrase for phrase, score in own if score >= _WORTH * own[0][1]]
    chosen = good[: most - 1]
    chosen += [phrase for phrase, score in wide if score >= _COMMON_WORTH and _is_apart(phrase, chosen)][:1]
    chosen += [phrase for phrase in good if _is_apart(phrase, chosen)][: most - len(chosen)]
    return chosen, [phrase for phrase, _ in own if _is_apart(phrase, chosen)]


def _is_apart(phrase: tuple[int, ...], others: Sequence[tuple[int, ...]]) -> bool:
    return not any(set(phrase) & set(other) for other in others)


def _ranked(held: Phrases, n_groups: int, share: np.ndarray, usual: np.ndarray, common: float) -> list[_Ranked]:
    """Return the phrases of each group that could name it, none with a word of one before it.

    share, usual: (m,) float, what is compared with what.
    """
    n_words = (held.words >= 0).sum(axis=1)
    score = share * np.sqrt(np.minimum(held.often, _OFTEN)) * np.log(np.maximum(share / (usual + _SMOOTH), 1.05))
    score *= _LONGER ** (n_words[held.phrase] - 1) * np.clip(2 * held.nounness[held.phrase] - 0.2, 0.1, 1)
    rank = 2 * held.of_person[held.phrase] + ((held.share < common) | (held.nounness[held.phrase] < _NOUN))
    order = np.lexsort((held.phrase, -score, rank, held.group))
    ends = np.searchsorted(held.group[order], np.arange(n_groups + 1))
    return [_apart(held, score / 10.0**rank, order[ends[g] : ends[g + 1]][:_LOOKED_AT]) for g in range(n_groups)]


def _apart(held: Phrases, score: np.ndarray, rows: np.ndarray) -> _Ranked:
    """Return the phrases of rows, the best first, a word in a phrase of its own where most of its texts have that."""
    words = held.words[held.phrase[rows]].tolist()
    phrases = [tuple(word for word in each if word >= 0) for each in words]
    sets = [frozenset(phrase) for phrase in phrases]
    longer = [i for i in range(len(rows)) if len(phrases[i]) > 1 and held.nounness[held.phrase[rows[i]]] >= _NOUN]
    shares = held.share[rows].tolist()
    chosen: _Ranked = []
    taken: set[int] = set()
    for i, worth in enumerate(score[rows].tolist()):
        least = _INSTEAD * shares[i]
        with_it = [(shares[j] * len(sets[j]), phrases[j]) for j in longer if shares[j] >= least and sets[i] < sets[j]]
        best = max(with_it)[1] if with_it else phrases[i]
        if taken.isdisjoint(best):
            chosen.append((best, worth))
            taken.update(best)
    return chosen


class _Spelling:
    """How a group's texts write a phrase."""

    def __init__(self, tokens: Tokens, groups: np.ndarray, n_groups: int) -> None:
        of_token = groups[tokens.texts]
        self._tokens = tokens
        self._order = np.argsort(of_token, kind="stable")
        self._ends = np.searchsorted(of_token[self._order], np.arange(n_groups + 1))

    def of(self, group: int, phrase: tuple[int, ...]) -> str:
        """Return the commonest spelling of a phrase, lower-case where its words mostly are."""
        tokens, places = self._tokens, self._order[self._ends[group] : self._ends[group + 1]]
        for i, word in enumerate(phrase):
            places = places[tokens.words[np.minimum(places + i, len(tokens.words) - 1)] == word]
        is_name = any(tokens.capitalised[word] >= USUALLY_CAPITALISED for word in phrase)
        surfaces = (tokens.surfaces[place : place + len(phrase)].tolist() for place in places.tolist())
        written = (
            " ".join(_calm(tokens.spellings[surface]) for surface in each).removesuffix("'s") for each in surfaces
        )
        spelled = collections.Counter(text if is_name else text.lower() for text in written)
        return min(spelled, key=lambda text: (-spelled[text], text))


def _calm(word: str) -> str:
    """Return a word, capitalised where it is shouted: "Washington" for "WASHINGTON"; "NASA" stays."""
    return word.capitalize() if word.isupper() and len(word) > _LONGEST_ACRONYM else word


def _free_name(wanted: Sequence[str], more: Iterable[str], number: str, taken: set[str]) -> str:
    """Return the wanted phrases that there is room for; more where others are called so, and at last the group's number."""
    kept: list[str] = []
    usual = 1
    for i, phrase in enumerate(itertools.chain(wanted, more)):
        if _is_new(phrase, kept):
            kept.append(phrase)
            usual = len(kept) if i < len(wanted) and len(", ".join(kept)) <= _LONGEST else usual
        if i >= len(wanted) - 1 and kept and (name := _first_free(kept, usual, taken)):
            return name
    return ", ".join([*kept[:usual], number])


def _first_free(phrases: Sequence[str], least: int, taken: set[str]) -> str:
    """Return the shortest name of at least so many of the first phrases that nobody has, or ""."""
    names = (", ".join(phrases[:n]) for n in range(min(least, len(phrases)), len(phrases) + 1))
    return next((name for name in names if name.casefold() not in taken), "")


def _is_new(phrase: str, kept: Sequence[str]) -> bool:
    """Whether a phrase does more than to extend or shorten another: "looping" after "loop" does not."""
    others = [other for other in kept if min(len(phrase), len(other)) >= 4]
    return not any(phrase.startswith(other[:5]) or other.startswith(phrase[:5]) for other in others)
