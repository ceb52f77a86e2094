"""Measures that compare vectors pair by pair: NovelSum, DCScore, redundancy, coverage, Vendi. In blocks, on a CPU or CUDA.

Nothing here makes an n x n array: a block of rows is compared with all others and reduced at once.
"""

import concurrent.futures

import numpy as np

from ..base.progress import Progress, no_progress

ALPHA, BETA = 1.0, 0.5  # NovelSum's, of the paper
TEMPERATURE = 1.0  # DCScore's, of its released code
REDUNDANT = 0.95
_CELLS = 2**25  # of a block of cosines: 128 MiB in float32


def within_selection(
    vectors: np.ndarray,
    density: np.ndarray,
    device: str = "cpu",
    progress: Progress = no_progress,
    asked: np.ndarray | None = None,
) -> dict[str, float]:
    """Return the measures of m records among themselves. vectors: (m, d) unit rows, m >= 1; density: (m,), in the pool.

    asked: (q,) ascending positions of a random sample of the records; each of these is compared with all m, and what is
    said of all records is estimated by them. All of them where it is None.

    novelsum (arXiv 2502.17184, its released code): mean over i of D_i^0.5 * the weighted mean of 1 - cos(x_i, x_j) over all
    j, weights 1 / rank by ascending distance, normalised; the record itself is rank 1. D is 1 / the mean *squared* distance
    to the 10 nearest, and of unit vectors that is half of `density`, which goes by 1 - cosine: values compare with published ones.
    dcscore (arXiv 2502.08512): sum over i of exp(cos_ii) / sum_j exp(cos_ij); the released code's temperature 1.
    redundancy: share of records with another one at cosine >= 0.95. nearest: mean cosine distance to the nearest other one.
    """
    import torch

    m = len(vectors)
    asked = np.arange(m) if asked is None else asked
    x = torch.from_numpy(np.ascontiguousarray(vectors, np.float32)).to(device)
    ranks = torch.arange(1, m + 1, device=device, dtype=torch.float64) ** -ALPHA
    weights = (ranks / ranks.sum()).float()
    sums = {"novelsum": 0.0, "dcscore": 0.0, "redundancy": 0.0, "nearest": 0.0}
    rows = max(1, _CELLS // max(m, 1))
    for start in range(0, len(asked), rows):
        part = asked[start : start + rows]
        own = torch.from_numpy(part).to(device)
        line = torch.arange(len(part), device=device)
        block = x[start : start + rows] if len(asked) == m else x[own]
        cosines = (block @ x.T).clamp_(-1, 1)
        cosines[line, own] = 1.0
        shares = torch.exp(1 / TEMPERATURE - torch.logsumexp(cosines / TEMPERATURE, 1))
        sums["dcscore"] += float(shares.double().sum())
        ordered = _descending(cosines)
        if m > 1:
            sums["redundancy"] += int((ordered[:, 1] >= REDUNDANT).sum())
            sums["nearest"] += float((1 - ordered[:, 1]).double().sum())
        spread = ((1 - ordered) @ weights).double().cpu().numpy()
        sums["novelsum"] += float(((density[part] / 2) ** BETA * spread).sum())
        progress(start + len(part), len(asked))
    means = {name: total / len(asked) for name, total in sums.items()}
    return means | {"dcscore": sums["dcscore"] if len(asked) == m else means["dcscore"] * m}


def facility_coverage(
    pool: np.ndarray, vectors: np.ndarray, device: str = "cpu", progress: Progress = no_progress
) -> float:
    """Return the mean over the pool of the highest cosine to the selection. pool: (n, d), vectors: (m, d), unit rows."""
    import torch

    x = torch.from_numpy(np.ascontiguousarray(vectors, np.float32)).to(device).T.contiguous()
    total, rows = 0.0, max(1, _CELLS // max(len(vectors), 1))
    for start in range(0, len(pool), rows):
        block = torch.from_numpy(np.array(pool[start : start + rows], np.float32)).to(device)
        total += float((block @ x).amax(1).double().sum())
        progress(min(start + rows, len(pool)), len(pool))
    return total / len(pool)


def vendi(vectors: np.ndarray, device: str = "cpu") -> float:
    """Return the Vendi score (arXiv 2210.02410): exp of the entropy of the eigenvalues of K / m, K the cosine kernel.

    K = X X^T has the nonzero eigenvalues of the d x d matrix X^T X, so it is exact at any m. vectors: (m, d) unit rows.
    """
    import torch

    m, d = vectors.shape
    gram = torch.zeros((d, d), dtype=torch.float64, device=device)
    for start in range(0, m, 65_536):
        block = torch.from_numpy(np.array(vectors[start : start + 65_536], np.float64)).to(device)
        gram += block.T @ block
    values = np.linalg.eigvalsh((gram / m).cpu().numpy())
    values = values[values > 1e-15]
    return float(np.exp(-(values * np.log(values)).sum()))


def _descending(cosines):
    """Return each row sorted, the largest first, in the place of `cosines` on a CPU.

    numpy sorts a CPU's rows several times faster than torch, on one thread, so the rows are shared out to as many as torch has.
    """
    import torch

    if cosines.device.type != "cpu":
        return cosines.sort(dim=1, descending=True).values
    cosines.neg_()
    parts = np.array_split(cosines.numpy(), torch.get_num_threads())
    with concurrent.futures.ThreadPoolExecutor(len(parts)) as threads:
        list(threads.map(lambda part: part.sort(axis=1), parts))
    return cosines.neg_()
