"""Cluster names as they were made before: single words by class-based TF-IDF alone. Kept as the baseline of `naming`."""

import collections
import math
from collections.abc import Sequence

import numpy as np

from core.vectors.naming.tokens import terms_of


def names_before(texts: Sequence[str], labels: np.ndarray, n_clusters: int, n_terms: int = 3) -> list[str]:
    """Return one name a cluster: the words of the highest tf(word, cluster) * log(1 + A / f(word)), as in "flour, oven, bake".

    A is the mean number of words a cluster; a word counts once a record, and one in less than a sixth of them comes last.
    """
    counts: list[collections.Counter[str]] = [collections.Counter() for _ in range(n_clusters)]
    common = np.bincount(labels, minlength=n_clusters) / 6
    for text, label in zip(texts, np.asarray(labels).tolist(), strict=True):
        counts[label].update(set(terms_of(text)))
    overall: collections.Counter[str] = collections.Counter()
    for count in counts:
        overall.update(count)
    mean_terms = overall.total() / max(n_clusters, 1)
    names: list[str] = []
    for cluster, count in enumerate(counts):
        score = {term: held * math.log1p(mean_terms / overall[term]) for term, held in count.items()}
        ranked = sorted(count, key=lambda term: (count[term] < common[cluster], -score[term], term))
        names.append(_free_name(_without_near_repeats(ranked[: n_terms + 9]), cluster, n_terms, set(names)))
    return names


def _free_name(words: list[str], cluster: int, n_terms: int, taken: set[str]) -> str:
    for length in range(min(n_terms, len(words)), len(words) + 1):
        name = ", ".join(words[:length])
        if name and name not in taken:
            return name
    return ", ".join([*words[:n_terms], f"cluster {cluster}"])


def _without_near_repeats(words: list[str]) -> list[str]:
    kept: list[str] = []
    for word in words:
        alike = [o for o in kept if min(len(word), len(o)) >= 4]
        if not any(word.startswith(other[:5]) or other.startswith(word[:5]) for other in alike):
            kept.append(word)
    return kept
