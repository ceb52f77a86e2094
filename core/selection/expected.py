"""How long choosing takes, said before it begins: by a method's own account of its work and by how quick this machine is.

A method's `seconds` are those of a machine that compares `_PAIRS_A_SECOND` pairs of vectors of 384 dimensions a second. How many
this one compares is measured, in a moment, on vectors as long as the pool's; processor time counts, so that what else runs at the
moment does not. What the last selection by a method took is a better witness where there was one: `evidence/outlook.py` goes by it.
"""

import functools
import os
import time

import numpy as np

from ..base.budget import tokens_of
from ..base.errors import CurationError
from ..base.text import counted, duration
from .method import METHODS, Method
from .methods._wide import is_wide
from .params import SelectionParams
from .pool import Pool

LONGEST = "WINNOW_LONGEST_HOURS"
_LONGEST_HOURS = 1.0
_LONG = 5.0  # seconds by a method's account, from which it is worth while to measure the machine
_PAIRS_A_SECOND = 2.35e8
_MEASURED, _TIMES = 2048, 3  # vectors on either side of the product that is timed


def seconds_by(method: Method, n: int, m: int, d: int) -> float:
    """Return about how many seconds a method takes on this machine to choose m of n records with vectors of d dimensions."""
    told = method.seconds(n, m)
    if told < _LONG or "embed" not in method.needs or not d:
        return told
    return told * _PAIRS_A_SECOND / pairs_a_second(d)


@functools.cache
def pairs_a_second(d: int) -> float:
    """Return how many pairs of vectors of d dimensions are compared here in a second, on all cores: timed once a process."""
    import faiss

    vectors = np.random.default_rng(0).standard_normal((_MEASURED, d), np.float32)
    taken = []
    for _ in range(_TIMES):
        started = time.process_time()
        faiss.knn(vectors, vectors, 1, metric=faiss.METRIC_INNER_PRODUCT)
        taken.append(time.process_time() - started)
    return _MEASURED**2 * faiss.omp_get_max_threads() / max(min(taken), 1e-6)


def seconds_expected(pool: Pool, params: SelectionParams) -> float:
    """Return about how many seconds it takes to choose from a pool. Raises CurationError for a budget that can't be."""
    width = 0 if pool.embeddings is None else pool.embeddings.shape[1]
    return seconds_by(METHODS[params.method], pool.n_records, _n_wanted(pool, params), width)


def _n_wanted(pool: Pool, params: SelectionParams) -> int:
    tokens = tokens_of(params.budget)
    if tokens is None:
        return params.n_records(pool.n_records)
    mean = 1.0 if pool.costs is None else max(float(pool.costs.mean(dtype=np.float64)), 1.0)
    return max(1, min(pool.n_records, round(tokens / mean)))


def longest_seconds() -> float:
    """Return how long choosing from a wide pool may take, by WINNOW_LONGEST_HOURS. Raises CurationError for no number above 0."""
    given = os.environ.get(LONGEST, "")
    try:
        hours = float(given) if given else _LONGEST_HOURS
    except ValueError:
        hours = 0.0
    if not hours > 0:
        raise CurationError(f"{LONGEST} is {given!r}; it must be a number of hours above 0.")
    return 3600 * hours


def check_time(pool: Pool, params: SelectionParams) -> None:
    """Raise CurationError, with the estimate and what to take instead, where choosing from a wide pool would take too long."""
    longest = longest_seconds() if is_wide(pool.n_records) else np.inf
    if not np.isfinite(longest) or (expected := seconds_expected(pool, params)) <= longest:
        return
    method, n, d = (
        METHODS[params.method],
        pool.n_records,
        pool.embeddings.shape[1] if pool.embeddings is not None else 0,
    )
    low, high = 0, _n_wanted(pool, params)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if seconds_by(method, n, middle, d) <= longest else (low, middle)
    fewer = f"ask for {counted(low, 'record')} at most, " if low else ""
    instead = ""
    if method.instead:
        its = seconds_by(METHODS[method.instead], n, low or 1, d)
        instead = f"take {method.instead}, which takes about {duration(its)}, "
    raise CurationError(
        f"{params.method} would take about {duration(expected)} here to choose {_n_wanted(pool, params):,} of {n:,} records, "
        f"more than the {duration(longest)} that choosing may take; {fewer}{instead}"
        f"or set {LONGEST} higher."
    )
