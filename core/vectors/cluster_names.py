"""Names for clusters: the terms that set a cluster's records apart from the others'. Reads texts, changes nothing."""

import collections
import functools
import math
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

_CJK = "\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af"  # scripts without spaces: two characters stand for a word
# Two hiragana are grammar more often than a word, so a pair is taken of the other characters.
_TERM = re.compile(
    rf"(?![\u3040-\u309f])[{_CJK}](?![\u3040-\u309f])[{_CJK}]|(?![\d_{_CJK}])\w(?:(?![{_CJK}])[\w'+#])*(?![{_CJK}])[\w+#]"
)
_ASCII_TERM = re.compile(r"[a-z][\w'+#]*[\w+#]", re.ASCII)  # the same for plain English, and much faster
_SPECIAL_TOKEN = re.compile(r"<\|?/?[a-z_]+\|?\s*/?>")  # "<|endoftext|>", "<br>"
_TERMS_FROM = 600


def sample_for_names(labels: np.ndarray, distances: np.ndarray, per_cluster: int = 24) -> np.ndarray:
    """Return the rows, ascending, of up to `per_cluster` records of each cluster, spread evenly from its middle to its rim.

    Those nearest the middle alone are too often copies of one another. labels: (n,) int, distances: (n,) float.
    """
    order = np.lexsort((distances, labels))
    ordered = labels[order]
    first = np.searchsorted(ordered, ordered, side="left")
    size = np.searchsorted(ordered, ordered, side="right") - first
    rank = np.arange(len(order)) - first
    return np.sort(order[(-rank * per_cluster) % size < per_cluster])


def name_clusters(texts: Sequence[str], labels: np.ndarray, n_clusters: int, n_terms: int = 3) -> list[str]:
    """Return one name a cluster, all different, as in "flour, oven, bake".

    texts[i] belongs to cluster labels[i]. Terms are ranked by class-based TF-IDF (Grootendorst 2022, arXiv 2203.05794):
    tf(term, cluster) * log(1 + A / f(term)), A the mean number of terms a cluster; a term counts once a record. A term in
    less than a sixth of a cluster's texts names it only where nothing better does: it is some record's own subject.
    """
    counts: list[collections.Counter[str]] = [collections.Counter() for _ in range(n_clusters)]
    common = np.bincount(labels, minlength=n_clusters) / 6
    for text, label in zip(texts, np.asarray(labels).tolist(), strict=True):
        counts[label].update(set(terms_of(text)))
    overall = _total(counts)
    mean_terms = overall.total() / max(n_clusters, 1)
    rarity = {term: math.log1p(mean_terms / count) for term, count in overall.items()}
    names: list[str] = []
    taken: set[str] = set()
    for cluster, count in enumerate(counts):
        score = {term: held * rarity[term] for term, held in count.items()}
        ranked = sorted(count, key=lambda term: (count[term] < common[cluster], -score[term], term))
        names.append(_free_name(_without_near_repeats(ranked[: n_terms + 9]), cluster, n_terms, taken))
        taken.add(names[-1])
    return names


@functools.cache
def _stop_words() -> frozenset[str]:
    """Return the words that say nothing of a topic; a line of the file that begins with # is for its readers."""
    lines = Path(__file__).with_name("stop_words.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


def terms_of(text: str) -> list[str]:
    """Return the terms of a text's first 600 characters, lower-case, in order, those that say nothing of a topic left out."""
    plain = _SPECIAL_TOKEN.sub(" ", text[:_TERMS_FROM].lower().replace("’", "'"))
    find = _ASCII_TERM if plain.isascii() else _TERM
    stopped = _stop_words()
    return [term for term in find.findall(plain) if term not in stopped]


def _total(counts: list[collections.Counter[str]]) -> collections.Counter[str]:
    total: collections.Counter[str] = collections.Counter()
    for count in counts:
        total.update(count)
    return total


def _free_name(words: list[str], cluster: int, n_terms: int, taken: set[str]) -> str:
    """Return the first words that no other cluster is called by, or at last the cluster's number."""
    for length in range(min(n_terms, len(words)), len(words) + 1):
        name = ", ".join(words[:length])
        if name and name not in taken:
            return name
    return ", ".join([*words[:n_terms], f"cluster {cluster}"])


def _without_near_repeats(words: list[str]) -> list[str]:
    """Drop a word that only extends or shortens one before it: "loops" after "loop"."""
    kept: list[str] = []
    for word in words:
        if not any(
            word.startswith(other[:5]) or other.startswith(word[:5])
            for other in kept
            if min(len(word), len(other)) >= 4
        ):
            kept.append(word)
    return kept
