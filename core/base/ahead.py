"""Work done on a thread ahead of what uses it."""

import concurrent.futures
from collections.abc import Callable, Iterator, Sequence
from typing import Any


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
