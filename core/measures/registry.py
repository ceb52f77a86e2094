"""Measures of a selection: what each means, and those that need no pairs of records. Chooses nothing.

Those that compare records pair by pair are in `pairwise.py`; all of them beside their random bands in `evidence.py`.
"""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Measure:
    """What a measure is called and means. better: "more", "less", or "" where it is a fact and no merit."""

    title: str
    meaning: str
    better: str


MEASURES = {
    "novelsum": Measure(
        "NovelSum",
        "How far the records lie from each other, counted more in dense places; the best known sign of a good tuned model.",
        "more",
    ),
    "vendi": Measure(
        "Vendi score", "How many really different records there seem to be; grows with the number.", "more"
    ),
    "dcscore": Measure("DCScore", "How surely each record can be told from all the others.", "more"),
    "coverage": Measure(
        "Coverage", "How near every record of the data is to something selected (mean cosine).", "more"
    ),
    "cluster_coverage": Measure("Clusters touched", "The share of clusters from which something was taken.", "more"),
    "cluster_entropy": Measure(
        "Spread over clusters", "1 is spread evenly over all clusters, 0 is all in one.", "more"
    ),
    "nearest": Measure("Distance to the nearest", "Mean cosine distance of a record to the nearest other one.", "more"),
    "redundancy": Measure(
        "Repeats", "The share of records with another one nearly like it (cosine 0.95 or more).", "less"
    ),
    "inter": Measure(
        "Likeness to other domains", "Summed cosine to the other domains' centres; low is diverse.", "less"
    ),
    "intra": Measure("Likeness to the own domain", "Cosine to the own domain's centre; low is diverse.", "less"),
    "quality": Measure("Mean quality", "Of the quality scores.", "more"),
    "words": Measure("Words", "In all prompts and responses together.", ""),
    "tokens": Measure("Tokens", "The same, as the bundled encoder's tokenizer counts: what training on it costs.", ""),
    "source_shift": Measure(
        "Shift between sources", "0 is the mix of sources of the data, 1 is another altogether.", ""
    ),
    "language_shift": Measure(
        "Shift between languages", "0 is the mix of languages of the data, 1 is another altogether.", ""
    ),
}


def shift(codes: np.ndarray, rows: np.ndarray) -> float:
    """Return half the summed differences of the selection's shares and the pool's: 0 the same mix, 1 nothing in common.

    codes: (n,) int labels, -1 for none (which count as one more label). rows: (m,) row ids, m >= 1.
    """
    everything = np.bincount(codes + 1) / len(codes)
    chosen = np.bincount(codes[rows] + 1, minlength=len(everything)) / len(rows)
    return float(np.abs(everything - chosen).sum() / 2)


def shares(names: list[str], codes: np.ndarray, rows: np.ndarray, most: int = 30) -> dict[str, list[float]]:
    """Return {label: [share of the selection, share of the pool]} of the most frequent labels, -1 being "none"."""
    everything = np.bincount(codes + 1, minlength=len(names) + 1) / max(len(codes), 1)
    chosen = np.bincount(codes[rows] + 1, minlength=len(names) + 1) / max(len(rows), 1)
    titles = ["none", *names]
    order = [int(i) for i in np.argsort(-everything, kind="stable")[:most] if everything[i]]
    return {titles[i]: [round(float(chosen[i]), 6), round(float(everything[i]), 6)] for i in order}


def cluster_coverage(labels: np.ndarray, rows: np.ndarray) -> float:
    """Return the share of the pool's clusters that the selection touches, 0..1. labels: (n,) int, rows: (m,) row ids."""
    return len(np.unique(labels[rows])) / max(len(np.unique(labels)), 1)


def cluster_entropy(labels: np.ndarray, rows: np.ndarray) -> float:
    """Return the entropy of the selection over the pool's clusters divided by log k: 1 is spread evenly, 0 in one."""
    k = len(np.unique(labels))
    share = np.bincount(labels[rows]) / max(len(rows), 1)
    share = share[share > 0]
    return float((share * np.log(1 / share)).sum() / np.log(k)) if k > 1 and len(rows) else 0.0


def measure_selection(rows: np.ndarray, labels: np.ndarray | None, quality: np.ndarray | None) -> dict[str, float]:
    """Return the measures that the inputs at hand allow, rounded to 6 places."""
    measures = {}
    if labels is not None:
        measures["cluster_coverage"] = cluster_coverage(labels, rows)
        measures["cluster_entropy"] = cluster_entropy(labels, rows)
    if quality is not None and len(rows):
        measures["mean_quality"] = float(quality[rows].mean(dtype=np.float64))
        measures["mean_quality_of_all"] = float(quality.mean(dtype=np.float64))
    return {name: round(value, 6) for name, value in measures.items()}
