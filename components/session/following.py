"""Turns at bringing the current selection of a run in line with what was decided, which writes it anew.

At every decision of one of many it would else be written by each session, at the beginning of each page, one after the other.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

_BREAK = 2.0  # times what it took, where another session asked meanwhile


class Following:
    """Who may do it now: one at a time, and where several ask, with a break behind it. Who may not shows what stands."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._is_busy = self._was_refused = False
        self._free_at = 0.0

    @contextlib.contextmanager
    def turn(self) -> Iterator[bool]:
        """Yield whether it may be done now; it is, until the block ends."""
        with self._lock:
            began = self._clock()
            mine = not self._is_busy and (began >= self._free_at or not self._was_refused)
            self._was_refused = not mine
            self._is_busy = self._is_busy or mine
        try:
            yield mine
        finally:
            if mine:
                with self._lock:
                    self._is_busy = False
                    self._free_at = self._clock() + _BREAK * (self._clock() - began)


FOLLOWING = Following()  # of this server's sessions
