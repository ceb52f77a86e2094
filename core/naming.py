"""Names for clusters: the terms that set a cluster's records apart from the others'. Reads texts, changes nothing."""

import re
from collections.abc import Sequence

import numpy as np

_TERM = re.compile(r"[^\W\d_][\w'+#]*[\w+#]|[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]{2}")
_MORE_STOP_WORDS = """
a an b c d e f g answer question following correct please write text given choose sentence don didn doesn isn ve ll re s t user
assistant system hi hello thanks just like use using used make want need know question example let sure
que de la el en y a los se un una por con para no es lo las del como su al pero más qué me mi te le sí
der die das und ich du sie wir es ist ein eine einen mit den dem zu auf für nicht von im was wie auch aus dass man
le les et je tu il nous vous est un une dans pour pas sur du des que qui ce au avec ne comment plus son sa ses vos
ます です した する こと って から まし して
"""


def sample_for_names(labels: np.ndarray, distances: np.ndarray, per_cluster: int = 24) -> np.ndarray:
    """Return the rows, ascending, of the `per_cluster` records nearest to each centroid: enough to name a cluster by.

    labels: (n,) int, distances: (n,) float.
    """
    order = np.lexsort((distances, labels))
    starts = np.searchsorted(labels[order], labels[order], side="left")
    return np.sort(order[np.arange(len(order)) - starts < per_cluster])


def name_clusters(texts: Sequence[str], labels: np.ndarray, n_clusters: int, n_terms: int = 3) -> list[str]:
    """Return one name a cluster, all different, as in "flour, oven, bake".

    texts[i] belongs to cluster labels[i]. Terms are ranked by class-based TF-IDF (Grootendorst 2022, arXiv 2203.05794):
    tf(term, cluster) * log(1 + A / f(term)), A the mean number of terms a cluster; a term counts once a record.
    """
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, CountVectorizer

    stop_words = ENGLISH_STOP_WORDS | set(_MORE_STOP_WORDS.split())
    names = [f"cluster {cluster}" for cluster in range(n_clusters)]
    vectorizer = CountVectorizer(
        binary=True, analyzer=lambda text: [term for term in _TERM.findall(text[:600].lower()) if term not in stop_words]
    )
    try:
        counts = vectorizer.fit_transform(texts)
    except ValueError:  # scikit-learn's word for "no text has a term"
        return names
    terms = vectorizer.get_feature_names_out()
    ranked = _ranked_terms(counts, np.asarray(labels), n_clusters, n_terms + 5)
    taken: set[str] = set()
    for cluster, columns in enumerate(ranked):
        words = _without_near_repeats([terms[column] for column in columns])
        for length in range(n_terms, len(words) + 1):
            if (name := ", ".join(words[:length])) not in taken:
                break
        else:
            name = ", ".join([*words, str(cluster)]) if words else names[cluster]
        names[cluster] = name
        taken.add(name)
    return names


def _ranked_terms(counts, labels: np.ndarray, n_clusters: int, n_best: int) -> list[np.ndarray]:
    from scipy import sparse

    members = sparse.csr_matrix((np.ones(len(labels)), (labels, np.arange(len(labels)))), shape=(n_clusters, len(labels)))
    by_cluster = (members @ counts).tocsr()
    per_term = np.asarray(by_cluster.sum(0)).ravel()
    rarity = np.log1p(by_cluster.sum() / n_clusters / np.maximum(per_term, 1))
    ranked = []
    for cluster in range(n_clusters):
        row = by_cluster[[cluster]]
        score = row.data * rarity[row.indices]
        ranked.append(row.indices[np.lexsort((row.indices, -score))[:n_best]])
    return ranked


def _without_near_repeats(words: list[str]) -> list[str]:
    """Drop a word that only extends or shortens one before it: "loops" after "loop"."""
    kept: list[str] = []
    for word in words:
        if not any(word.startswith(other[:5]) or other.startswith(word[:5]) for other in kept if min(len(word), len(other)) >= 4):
            kept.append(word)
    return kept
