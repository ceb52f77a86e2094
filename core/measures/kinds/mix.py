"""How far the mix of labels in a selection, of sources or languages, is from the pool's."""

import numpy as np

from ..measure import MEASURES, Measure


def total_variation_distance(codes: np.ndarray, rows: np.ndarray) -> float:
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


MEASURES.add(
    Measure(
        "source_shift",
        "Shift between sources",
        "Total variation distance: 0 is the mix of sources of the data, 1 is another altogether.",
        "",
        14,
        lambda seen: total_variation_distance(*seen.sources) if seen.sources else None,
        needs="sources",
    )
)
MEASURES.add(
    Measure(
        "language_shift",
        "Shift between languages",
        "Total variation distance: 0 is the mix of languages of the data, 1 is another altogether.",
        "",
        15,
        lambda seen: total_variation_distance(*seen.languages) if seen.languages else None,
        goes_by="languages",
    )
)
