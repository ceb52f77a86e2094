"""What methods over tags go by: the records' tags, or the clusters standing in for them."""

import numpy as np

from ...base.errors import lacking
from ...data.tags import Tags, one_each
from ..params import SelectionParams
from ..pool import Pool

_BLOCK = 8192


def tags_of(pool: Pool, params: SelectionParams) -> Tags:
    """Return the pool's tags, or where it has none each record's cluster as its one tag. Raises CurationError without both."""
    if pool.tags is not None:
        return pool.tags
    if pool.labels is None:
        raise lacking(
            f"{params.method} goes by tags or, in their place, by clusters, and the records have neither", "cluster"
        )
    return one_each(pool.labels, pool.n_clusters)


def stand_in_note(pool: Pool, params: SelectionParams) -> list[str]:
    """Return what a curator should know where the clusters stand in for tags, and of records without any tag."""
    if pool.tags is None:
        return [
            f"The paper's {params.method} goes by tags; these records' {pool.n_clusters:,} clusters stood in for them, one a "
            "record. Name a field with tags (the option tags) for the paper's own."
        ]
    n_bare = int((pool.tags.counts == 0).sum())
    return [f"{n_bare:,} records carry no tag; {params.method} takes them last."] if n_bare else []


def weight_of(pool: Pool) -> np.ndarray:
    """Return (n,) float64: the factor that a curator has put on each record's cluster, 1 where none."""
    factors = np.ones(pool.n_clusters)
    for cluster, factor in pool.multipliers.items():
        if cluster < len(factors):
            factors[cluster] = factor
    return np.ones(pool.n_records) if pool.labels is None else factors[pool.labels]


def set_codes(tags: Tags) -> tuple[np.ndarray, np.ndarray]:
    """Return ((n,) int64, one number for each distinct set of tags; (s,) the first record of each set).

    A set is told by the sum of its tags' random 64-bit numbers: two of a million sets fall together once in 10 million pools.
    """
    numbers = np.random.default_rng(0).integers(0, 2**64, tags.n_tags, dtype=np.uint64)
    before = np.concatenate([np.zeros(1, np.uint64), np.cumsum(numbers[tags.codes], dtype=np.uint64)])
    sums = before[tags.starts[1:]] - before[tags.starts[:-1]]
    _, first, codes = np.unique(sums, return_index=True, return_inverse=True)
    return codes.reshape(-1), first


def mean_rows(x: np.ndarray, tags: Tags) -> np.ndarray:
    """Return (t, d) float64: the mean of each tag's rows of x, (n, d); zeros for a tag that no record carries."""
    from scipy.sparse import csr_array

    total = np.zeros((tags.n_tags, x.shape[1]))
    for start in range(0, len(tags), _BLOCK):
        stop = min(start + _BLOCK, len(tags))
        inside = slice(tags.starts[start], tags.starts[stop])
        counts = tags.starts[start : stop + 1] - tags.starts[start]
        held = csr_array((np.ones(counts[-1]), tags.codes[inside], counts), shape=(stop - start, tags.n_tags))
        total += held.T @ x[start:stop]
    return total / np.maximum(np.bincount(tags.codes, minlength=tags.n_tags), 1)[:, None]
