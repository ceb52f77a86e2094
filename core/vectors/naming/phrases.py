"""Phrases of one to three words, and the share of each group's texts that hold them. Copies of one text count as one."""

import dataclasses

import numpy as np

from .grammar import persons, word_kinds
from .tokens import Tokens

_ALIKE = 0.5  # Jaccard of the words of two texts that are copies of one another, the templates around them aside
_VERB = 0.4  # verbness from which a word makes no noun phrase with others
_LEAST_TEXTS = 2  # of a group, that a phrase must be in


@dataclasses.dataclass(frozen=True)
class Phrases:
    """What groups of texts hold, a row for each phrase in a group: as columns.

    group, phrase: (m,) int. share: (m,) float, of the group's texts. overall: (m,) float, the phrase's mean share over all
    groups. words: (p, 3) int32, the word ids of a phrase, -1 behind the last. nounness: (p,) float of its last word.
    of_person: (p,) bool.
    """

    group: np.ndarray
    phrase: np.ndarray
    share: np.ndarray
    overall: np.ndarray
    words: np.ndarray
    nounness: np.ndarray
    of_person: np.ndarray


def phrases_of(tokens: Tokens, groups: np.ndarray, n_groups: int) -> Phrases:
    """Return the phrases that at least two texts of a group hold, or one of a group of fewer than three.

    groups: (n_texts,) int, the group of each text.
    """
    text, phrase, words = _held(tokens)
    weights = text_weights(tokens, groups)
    totals = np.bincount(groups, weights, minlength=n_groups)
    key, place = np.unique(groups[text].astype(np.int64) * len(words) + phrase, return_inverse=True)
    group, phrase = np.divmod(key, len(words))
    held = np.bincount(place)
    share = np.bincount(place, weights[text]) / totals[group]
    overall = np.bincount(phrase, share, minlength=len(words)) / max(np.count_nonzero(totals), 1)
    kept = held >= np.minimum(_LEAST_TEXTS, np.bincount(groups, minlength=n_groups)[group] - 1)
    nouns, verbs = word_kinds(tokens)
    is_word, n_words = words >= 0, (words >= 0).sum(axis=1)
    has_verb = ((verbs[words] > _VERB) & is_word).any(axis=1) & (n_words > 1)
    nounness = np.where(has_verb, 0.0, nouns[words[np.arange(len(words)), n_words - 1]])
    of_person = (persons(tokens)[words] & is_word).any(axis=1)
    return Phrases(group[kept], phrase[kept], share[kept], overall[phrase[kept]], words, nounness, of_person)


def _held(tokens: Tokens) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (texts, phrases, words): each pair of a text and a phrase that it holds, once; and (p, 3) the words of phrases."""
    first = tokens.words.astype(np.int64)
    content, joins = tokens.is_content[first], tokens.is_content[first] & ~tokens.is_alone[first]
    second = np.append(first[1:], 0)
    third = np.append(second[1:], 0)
    twice = joins & np.append(joins[1:], False)
    thrice = twice & np.append(twice[1:], False)
    k = len(tokens.keys)
    single, pair = np.flatnonzero(content), np.flatnonzero(twice)
    singles, of_single = np.unique(first[single], return_inverse=True)
    pairs, of_pair = np.unique(first[pair] * k + second[pair], return_inverse=True)
    triple = np.flatnonzero(thrice)
    pair_at = np.full(len(first), -1, np.int64)
    pair_at[pair] = of_pair
    triples, of_triple = np.unique(pair_at[triple] * k + third[triple], return_inverse=True)
    words = np.full((len(singles) + len(pairs) + len(triples), 3), -1, np.int32)
    words[: len(singles), 0] = singles
    words[len(singles) : len(singles) + len(pairs), :2] = np.stack(np.divmod(pairs, k), axis=1)
    two, words[len(singles) + len(pairs) :, 2] = np.divmod(triples, k)
    words[len(singles) + len(pairs) :, :2] = words[len(singles) + two, :2]
    where = np.concatenate([single, pair, triple])
    which = np.concatenate([of_single, of_pair + len(singles), of_triple + len(singles) + len(pairs)])
    texts, phrases = np.divmod(np.unique(tokens.texts[where] * np.int64(len(words)) + which), len(words))
    return texts, phrases, words


def text_weights(tokens: Tokens, groups: np.ndarray) -> np.ndarray:
    """Return (n_texts,) float: one over how many texts of its group are copies of a text, itself counted.

    Copies share at least half of their words, those left out that more than half of the group's texts have: its template.
    """
    own = tokens.is_content[tokens.words]
    keys = np.unique(tokens.texts[own] * np.int64(len(tokens.keys)) + tokens.words[own])
    text, word = np.divmod(keys, len(tokens.keys))
    starts = np.searchsorted(text, np.arange(tokens.n_texts + 1))
    weights = np.ones(tokens.n_texts)
    order = np.argsort(groups, kind="stable")
    for members in np.split(order, np.flatnonzero(np.diff(groups[order])) + 1):
        spans = [word[starts[i] : starts[i + 1]] for i in members.tolist()]
        weights[members] = 1 / _copies(spans)
    return weights


def _copies(spans: list[np.ndarray]) -> np.ndarray:
    """Return how many of several sets of words are alike with each. spans: the words of each."""
    if len(spans) < 2:
        return np.ones(len(spans))
    words, place = np.unique(np.concatenate(spans), return_inverse=True)
    held = np.zeros((len(spans), len(words)), np.float32)
    held[np.repeat(np.arange(len(spans)), [len(span) for span in spans]), place] = 1
    held = held[:, held.sum(axis=0) <= len(spans) / 2]
    both, sizes = held @ held.T, held.sum(axis=1)
    either = sizes[:, None] + sizes[None, :] - both
    alike = both >= _ALIKE * np.maximum(either, 1)
    np.fill_diagonal(alike, True)
    return alike.sum(axis=1)
