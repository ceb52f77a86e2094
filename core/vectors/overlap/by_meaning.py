"""Records whose embedding is near that of an evaluation's item: for each record the nearest item, in blocks by FAISS."""

import mmap

import numpy as np

from ...base.errors import CurationError
from ...base.progress import Progress, no_progress

_ROWS = 4096
_HIT_ROWS = 512
_ROUNDING = 1e-6


def nearest_items(
    embeddings: np.ndarray, items: list[np.ndarray], least: float, progress: Progress = no_progress
) -> list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Return for each evaluation (rows, items, cosines, found): the records whose nearest item has a cosine of at least `least`.

    embeddings: (n, d) float32 unit rows. items: for each evaluation (m, d) float32 unit rows. rows: (h,) int64, ascending;
    items, cosines: (h,), the nearest item, of equal ones the first. found: (m,) bool, the items that some record is so near.
    Raises CurationError where the dimensions differ.
    """
    import faiss

    n, d = embeddings.shape
    for vectors in items:
        if vectors.shape[1] != d:
            raise CurationError(
                f"The items' embeddings have {vectors.shape[1]} dimensions and the records' {d}; embed both by the same model."
            )
    parts: list[list[tuple[np.ndarray, ...]]] = [[] for _ in items]
    found = [np.zeros(len(vectors), bool) for vectors in items]
    for start in range(0, n, _ROWS):
        block = np.ascontiguousarray(embeddings[start : start + _ROWS])
        for held, near, vectors in zip(parts, found, items, strict=True):
            cosines, nearest = faiss.knn(block, vectors, 1, metric=faiss.METRIC_INNER_PRODUCT)
            hit = np.flatnonzero(cosines[:, 0] >= least - _ROUNDING)
            if len(hit):
                held.append((start + hit, nearest[hit, 0].astype(np.int64), np.minimum(cosines[hit, 0], 1)))
                for at in range(0, len(hit), _HIT_ROWS):
                    near |= (block[hit[at : at + _HIT_ROWS]] @ vectors.T >= least - _ROUNDING).any(axis=0)
        _let_go(embeddings)
        progress(min(start + _ROWS, n), n)
    none = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))
    return [
        (*(np.concatenate(column) for column in zip(none, *held, strict=True)), near)
        for held, near in zip(parts, found, strict=True)
    ]


def _let_go(array: np.ndarray) -> None:
    """Give the pages of a mapped file back, so that a scan of a large one fills no memory."""
    held = getattr(array, "_mmap", None)
    if held is not None and hasattr(mmap, "MADV_DONTNEED"):
        held.madvise(mmap.MADV_DONTNEED)
