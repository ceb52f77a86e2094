"""Records nearest in meaning: by cosine with a vector, exactly in blocks, or by an IVF index whose recall was measured.

The index (FAISS, IVF with 8 bits a dimension) only proposes; what it proposes is ranked by the true cosines.
"""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...base.params import Params, option
from ...base.progress import Progress, no_progress

if TYPE_CHECKING:
    import faiss
EXACT_UP_TO = 200_000
_GATHERED_UP_TO = 50_000  # rows that are looked at one by one where few can match
_DENSE = 0.2
_BLOCK_ROWS = 65_536
_TRAIN_EACH = 64
_RECALL_OF, _RECALL_ON = 100, 200
_PROPOSED = 4  # times as many as are asked for
RECALL = 0.98


@dataclasses.dataclass(frozen=True)
class MeaningParams(Params):
    """The index of vectors."""

    seed: int = option(0, "the seed", label="Random seed", least=0)


@dataclasses.dataclass(frozen=True)
class Nearest:
    """rows: (m,) int64, nearest first. cosines: (m,) float32. is_exact: whether nothing nearer can have been missed."""

    rows: np.ndarray
    cosines: np.ndarray
    is_exact: bool


def nearest_exact(embeddings: np.ndarray, vector: np.ndarray, m: int, among: np.ndarray | None = None) -> Nearest:
    """Return the m rows nearest to a vector. embeddings: (n, d) float32 unit rows. among: ascending rows to choose from."""
    if among is not None and len(among) > _DENSE * len(embeddings):  # reading all in order is faster than picking many
        return _best(_cosines(embeddings, vector)[among], m, among)
    return _best(_cosines(embeddings, vector, among), m, among)


def _cosines(embeddings: np.ndarray, vector: np.ndarray, among: np.ndarray | None = None) -> np.ndarray:
    cosines = np.empty(len(embeddings) if among is None else len(among), np.float32)
    for start in range(0, len(cosines), _BLOCK_ROWS):
        part = slice(start, start + _BLOCK_ROWS)
        cosines[part] = embeddings[part if among is None else among[part]] @ vector
    return cosines


def _best(cosines: np.ndarray, m: int, among: np.ndarray | None) -> Nearest:
    best = np.argpartition(-cosines, m)[:m] if m < len(cosines) else np.arange(len(cosines))
    best = best[np.lexsort((best, -cosines[best]))]
    return Nearest(best.astype(np.int64) if among is None else among[best], cosines[best], True)


def nearest_rows(
    embeddings: np.ndarray,
    vector: np.ndarray,
    m: int,
    among: np.ndarray | None = None,
    index: "faiss.Index | None" = None,
    nprobe: int = 1,
) -> Nearest:
    """Return the m rows nearest to a vector, by an index where there is one and it is of use."""
    n = len(embeddings) if among is None else len(among)
    if index is None or n <= _GATHERED_UP_TO or m > n // 4:
        return nearest_exact(embeddings, vector, m, among)
    import faiss

    how = faiss.SearchParametersIVF(nprobe=nprobe)
    if among is not None:
        bits = np.zeros(len(embeddings), bool)
        bits[among] = True
        packed = np.packbits(bits, bitorder="little")
        how.sel = faiss.IDSelectorBitmap(packed)
    _, proposed = index.search(vector[None], min(_PROPOSED * m, n), params=how)
    rows = np.sort(proposed[0][proposed[0] >= 0]).astype(np.int64)
    if len(rows) < m:  # what matches lies in other cells than those looked into
        return nearest_exact(embeddings, vector, m, among)
    found = nearest_exact(embeddings, vector, m, rows)
    return dataclasses.replace(found, is_exact=False)


def write_index(
    embeddings: np.ndarray, params: MeaningParams, path: Path, progress: Progress = no_progress
) -> dict[str, Any]:
    """Write an IVF index and return its facts: cells, nprobe and the recall that was measured with it.

    The smallest nprobe is taken whose recall of the 100 nearest, over 200 records, is at least 0.98.
    """
    import faiss

    n, d = embeddings.shape
    rng = np.random.default_rng(params.seed)
    n_cells = max(1, min(round(n**0.5), n // 40))
    index = faiss.IndexIVFScalarQuantizer(
        faiss.IndexFlatIP(d), d, n_cells, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
    )
    index.cp.seed, index.cp.niter = params.seed + 1, 10
    sample = np.sort(rng.choice(n, min(n, _TRAIN_EACH * n_cells), replace=False))
    index.train(np.ascontiguousarray(embeddings[sample]))
    progress(n * 0.4, n)
    for start in range(0, n, _BLOCK_ROWS):
        index.add(np.ascontiguousarray(embeddings[start : start + _BLOCK_ROWS]))
        progress(n * 0.4 + min(start + _BLOCK_ROWS, n) * 0.4, n)
    with path.open("wb") as file:  # so that a full disk has its number
        faiss.write_index(index, faiss.PyCallbackIOWriter(file.write))
    nprobe, recall = _choose_nprobe(index, embeddings, rng)
    progress(n, n)
    return {"n_cells": n_cells, "nprobe": nprobe, "recall": round(recall, 4)}


def _choose_nprobe(index: "faiss.Index", embeddings: np.ndarray, rng: np.random.Generator) -> tuple[int, float]:
    import faiss

    n, k = len(embeddings), min(_RECALL_OF, len(embeddings))
    asked = np.ascontiguousarray(embeddings[np.sort(rng.choice(n, min(n, _RECALL_ON), replace=False))])
    true = faiss.ResultHeap(len(asked), k, keep_max=True)
    for start in range(0, n, _BLOCK_ROWS):
        block = np.ascontiguousarray(embeddings[start : start + _BLOCK_ROWS])
        cosines, rows = faiss.knn(asked, block, min(k, len(block)), metric=faiss.METRIC_INNER_PRODUCT)
        true.add_result(cosines, rows + start)
    true.finalize()
    least = true.D[:, -1:] - 1e-5  # what is as near as the last of the true ones counts, whichever of the ties it is
    nprobe, recall = 1, 0.0
    while True:
        _, found = index.search(asked, min(_PROPOSED * k, n), params=faiss.SearchParametersIVF(nprobe=nprobe))
        rows = np.maximum(found, 0)
        cosines = np.stack([embeddings[each] @ vector for each, vector in zip(rows, asked, strict=True)])
        recall = float((np.where(found >= 0, cosines >= least, False).sum(axis=1).clip(max=k) / k).mean())
        if recall >= RECALL or nprobe >= index.nlist:
            return nprobe, recall
        nprobe = min(2 * nprobe, index.nlist)
