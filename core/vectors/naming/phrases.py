"""Phrases of one to three words, and the share of each group's texts that hold them. Copies of one text count as one."""

import dataclasses

import numpy as np

from ...base.arrays import ascending
from .grammar import persons, word_kinds
from .tokens import Tokens

_ALIKE = 0.35  # Jaccard of the words of two texts that are copies of one another, the templates around them aside
_VERB = 0.4  # verbness from which a word makes no noun phrase with others
_LEAST_TEXTS = 1.7  # of a group, that a phrase must be in, copies of one counted as one


@dataclasses.dataclass(frozen=True)
class Phrases:
    """What groups of texts hold, a row for each phrase in a group: as columns.

    group, phrase: (m,) int. share: (m,) float, of the group's texts. often: (m,) float, how often it is in those that hold it.
    overall, near: (m,) float, its mean share over all groups, and over those beside this one. words: (p, 3) int32, the word ids of
    a phrase, -1 behind the last. nounness: (p,) float of its last word, 0 where a verb is in it. of_person: (p,) bool.
    """

    group: np.ndarray
    phrase: np.ndarray
    share: np.ndarray
    often: np.ndarray
    overall: np.ndarray
    near: np.ndarray
    words: np.ndarray
    nounness: np.ndarray
    of_person: np.ndarray


def phrases_of(tokens: Tokens, groups: np.ndarray, n_groups: int, beside: np.ndarray) -> Phrases:
    """Return the phrases that at least two texts of a group hold, copies apart, where it has as many.

    groups: (n_texts,) int, the group of each text. beside: (n_groups, m) int, the groups beside each.
    """
    text, phrase, often, words = _held(tokens)
    weights = text_weights(tokens, groups)
    totals = np.bincount(groups, weights, minlength=n_groups)
    key, place = np.unique(groups[text].astype(np.int64) * len(words) + phrase, return_inverse=True)
    group, phrase = np.divmod(key, len(words))
    held = np.bincount(place, weights[text])
    share = held / totals[group]
    overall = np.bincount(phrase, share, minlength=len(words)) / max(np.count_nonzero(totals), 1)
    kept = np.flatnonzero(held >= np.minimum(_LEAST_TEXTS, totals[group] - 1) - 1e-9)
    near = np.zeros(len(kept))
    for others in beside[group[kept]].T:
        asked = others * np.int64(len(words)) + phrase[kept]
        at = np.minimum(np.searchsorted(key, asked), len(key) - 1)
        near += np.where(key[at] == asked, share[at], 0) / beside.shape[1]
    often = np.bincount(place, weights[text] * often) / held
    return Phrases(
        group[kept], phrase[kept], share[kept], often[kept], overall[phrase[kept]], near, words, *_kinds(tokens, words)
    )


def _kinds(tokens: Tokens, words: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the nounness of phrases, and which name a person."""
    nouns, verbs = word_kinds(tokens)
    is_word, n_words = words >= 0, (words >= 0).sum(axis=1)
    has_verb = ((verbs[words] > _VERB) & is_word).any(axis=1) & (n_words > 1)
    nounness = np.where(has_verb, 0.0, nouns[words[np.arange(len(words)), n_words - 1]])
    return nounness, (persons(tokens)[words] & is_word).any(axis=1)


def _held(tokens: Tokens) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return (texts, phrases, counts, words): a text, a phrase and how often it is in it; and (p, 3) the words of phrases.

    Phrases of several words are those that stand in more than one place.
    """
    first, k = tokens.words.astype(np.int64), len(tokens.keys)
    content, joins = tokens.is_content[first], tokens.is_content[first] & ~tokens.is_alone[first]
    twice = joins & np.append(joins[1:], False)
    second, third = np.append(first[1:], 0), np.append(first[2:], (0, 0))
    single, pair = np.flatnonzero(content), np.flatnonzero(twice)
    singles, of_single = np.unique(first[single], return_inverse=True)
    pair, pairs, of_pair = _repeated(pair, first[pair] * k + second[pair])
    pair_at = np.full(len(first) + 1, -1, np.int64)
    pair_at[pair] = of_pair
    triple = np.flatnonzero((pair_at[:-1] >= 0) & (pair_at[1:] >= 0))
    triple, triples, of_triple = _repeated(triple, pair_at[triple] * k + third[triple])
    words = np.full((len(singles) + len(pairs) + len(triples), 3), -1, np.int32)
    words[: len(singles), 0] = singles
    words[len(singles) : len(singles) + len(pairs), :2] = np.stack(np.divmod(pairs, k), axis=1)
    two, words[len(singles) + len(pairs) :, 2] = np.divmod(triples, k)
    words[len(singles) + len(pairs) :, :2] = words[len(singles) + two, :2]
    where = np.concatenate([single, pair, triple])
    which = np.concatenate([of_single, of_pair + len(singles), of_triple + len(singles) + len(pairs)])
    keys, counts = np.unique(tokens.texts[where] * np.int64(len(words)) + which, return_counts=True)
    return *np.divmod(keys, len(words)), counts, words


def _repeated(places: np.ndarray, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (places, distinct codes, which of these each place has) of the codes that stand in more than one place."""
    distinct, which, counts = np.unique(codes, return_inverse=True, return_counts=True)
    several = counts > 1
    number = np.cumsum(several) - 1
    kept = several[which]
    return places[kept], distinct[several], number[which[kept]]


def text_weights(tokens: Tokens, groups: np.ndarray) -> np.ndarray:
    """Return (n_texts,) float: one over how many texts of its group are copies of a text, itself counted.

    Copies share at least a third of their words, those left out that more than half of the group's texts have: its template.
    """
    own = tokens.is_content[tokens.words]
    keys = ascending(tokens.texts[own] * np.int64(len(tokens.keys)) + tokens.words[own])
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
