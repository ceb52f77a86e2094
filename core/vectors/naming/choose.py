"""Names from what groups of texts share: the phrases that many of a group's texts hold and few of the others'."""

import collections
from collections.abc import Iterator, Sequence

import numpy as np

from .grammar import USUALLY_CAPITALISED
from .phrases import Phrases, phrases_of
from .tokens import Tokens, tokens_of

_COMMON = 0.2  # of a group's texts, that should hold a phrase which names it
_SMOOTH = 0.02  # added to a phrase's mean share: that it is rare elsewhere alone says little
_LONGER = 1.3  # what a phrase of one word more is worth
_INSTEAD = 0.5  # of the texts with a word, that must hold a phrase with it for the phrase to take its place
_LOOKED_AT = 40  # phrases of a group
_LONGEST = 40  # characters of a name, where its first phrase is not longer


def name_groups(texts: Sequence[str], groups: np.ndarray, n_groups: int, most: int = 3) -> list[str]:
    """Return one name a group, all different, as in "movie reviews, acting, plot". texts[i] belongs to groups[i].

    A phrase of one to three words is ranked by class-based TF-IDF (Grootendorst 2022, arXiv 2203.05794), by document: the share
    of the group's texts that hold it, times the log of that share over its mean share in all groups. One in less than a fifth
    of them, or with a person's name, and a word that is no noun come after all others.
    """
    groups = np.asarray(groups)
    tokens = tokens_of(texts)
    ranked = _ranked(phrases_of(tokens, groups, n_groups), n_groups)
    spelling = _Spelling(tokens, groups, n_groups)
    names: list[str] = []
    taken: set[str] = set()
    for group, phrases in enumerate(ranked):
        names.append(_free_name([spelling.of(group, words) for words in phrases], group, most, taken))
        taken.add(names[-1].casefold())
    return names


def _ranked(held: Phrases, n_groups: int) -> list[list[tuple[int, ...]]]:
    """Return the phrases of each group that could name it, as word ids, the best first, none with a word of one before it."""
    n_words = (held.words >= 0).sum(axis=1)
    score = held.share * np.log1p(held.share / (held.overall + _SMOOTH)) * _LONGER ** (n_words[held.phrase] - 1)
    is_noun = held.nounness[held.phrase]
    score *= np.clip(2 * is_noun - 0.2, 0.1, 1)
    rank = 2 * held.of_person[held.phrase] + (held.share < _COMMON)
    order = np.lexsort((held.phrase, -score, rank, held.group))
    ends = np.searchsorted(held.group[order], np.arange(n_groups + 1))
    return [_apart(held, order[ends[g] : ends[g + 1]][:_LOOKED_AT]) for g in range(n_groups)]


def _apart(held: Phrases, rows: np.ndarray) -> list[tuple[int, ...]]:
    phrases = [tuple(word for word in held.words[held.phrase[row]].tolist() if word >= 0) for row in rows]
    shares = dict(zip(phrases, held.share[rows].tolist(), strict=True))
    chosen: list[tuple[int, ...]] = []
    for phrase in phrases:
        longer = [
            o
            for o in phrases
            if len(o) > len(phrase) and set(phrase) < set(o) and shares[o] >= _INSTEAD * shares[phrase]
        ]
        best = max(longer, key=lambda o: shares[o] * _LONGER ** len(o), default=phrase)
        if not any(set(best) & set(other) for other in chosen):
            chosen.append(best)
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
        written = (" ".join(tokens.spellings[surface] for surface in each).removesuffix("'s") for each in surfaces)
        spelled = collections.Counter(text if is_name else text.lower() for text in written)
        return min(spelled, key=lambda text: (-spelled[text], text))


def _free_name(phrases: Sequence[str], group: int, most: int, taken: set[str]) -> str:
    """Return the first phrases that no other group is called by, or at last the group's number."""
    kept = list(_different(phrases))
    usual = max([n for n in range(1, most + 1) if len(", ".join(kept[:n])) <= _LONGEST], default=1)
    for length in range(min(usual, len(kept)), len(kept) + 1):
        name = ", ".join(kept[:length])
        if name and name.casefold() not in taken:
            return name
    return ", ".join([*kept[:usual], f"cluster {group}"])


def _different(phrases: Sequence[str]) -> Iterator[str]:
    """Leave out a word that only extends or shortens one before it: "looping" after "loop"."""
    kept: list[str] = []
    for phrase in phrases:
        starts = [other for other in kept if min(len(phrase), len(other)) >= 4]
        if not any(phrase.startswith(other[:5]) or other.startswith(phrase[:5]) for other in starts):
            kept.append(phrase)
            yield phrase
