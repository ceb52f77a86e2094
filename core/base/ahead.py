"""Work done on threads: ahead of what uses it, or side by side."""

import concurrent.futures
import functools
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def side_by_side(do: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
    """Return `do` of each item in order, as many at once as torch has threads, each on one core.

    So many small operations are quicker than each of them on all cores, which then wait for each other; and their results
    hang on no number of cores, nor on what else is in the list.
    """
    import torch

    return list(_one_core_each(torch.get_num_threads()).map(do, items))


@functools.cache
def _one_core_each(n: int) -> concurrent.futures.ThreadPoolExecutor:
    return concurrent.futures.ThreadPoolExecutor(n, initializer=_on_one_core)


def _on_one_core() -> None:
    """Have OpenMP take one thread for what this thread asks of it; torch's own setting would be that of the whole process."""
    import threadpoolctl
    import torch

    torch.get_num_threads()  # which sets it the first time that a thread asks
    threadpoolctl.threadpool_limits(1, "openmp")


def ahead(prepare: Callable[[Any], Any], items: Sequence[Any]) -> Iterator[Any]:
    """Yield `prepare` of each item in order, the next one made on a thread while this one is used; a single one without."""
    if len(items) < 2:
        yield from map(prepare, items)
        return
    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        coming = thread.submit(prepare, items[0])
        for item in items[1:]:
            ready = coming.result()
            coming = thread.submit(prepare, item)
            yield ready
        yield coming.result()
