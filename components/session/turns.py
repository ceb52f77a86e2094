"""Turns at drawing pages anew for what was decided, by others or by keys: among many sessions they must leave the server time for
one's own actions.

A decision of one of twenty would else have nineteen whole pages drawn, all at once and at every decision anew.
"""

import threading
import time
from collections.abc import Callable, Hashable

_BREAK = 2.0  # times what a page takes to be drawn: others' decisions take half of the server's time at most
_LOOK = 1.0  # seconds between looks at what others decided: with the time to draw a page, it is seen within two
_LOOKS = 4.0  # a second, of all sessions together: each has its page in a browser draw a little
_LONGEST_LOOK = 10.0  # seconds
_ASKS_WITHIN = 3.0  # looks, of a session that is there
_LONG = 10.0  # seconds of waiting
_FADES = 0.8  # of what a page took, at every page drawn
_MOST = 2.0  # seconds that count of one page: one that computes would hold everybody up


class Turns:
    """Who may draw their page anew now. One a time, those who have waited longer first, and a break as long as the page took."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._free_at = self._seconds = 0.0
        self._since: dict[Hashable, float] = {}  # of those who wait
        self._seen: dict[Hashable, float] = {}  # all that are there

    def look_every(self) -> float:
        """Return how many seconds a session is to leave between looks: the more there are, the more."""
        with self._lock:
            return self._look_every()

    def _look_every(self) -> float:
        now = self._clock()
        for gone in [who for who, at in self._seen.items() if now - at > _ASKS_WITHIN * _LONGEST_LOOK]:
            del self._seen[gone]
        return min(max(_LOOK, len(self._seen) / _LOOKS), _LONGEST_LOOK)

    def looks(self, who: Hashable) -> None:
        """Learn that somebody is there."""
        with self._lock:
            self._seen[who] = self._clock()

    def took(self, seconds: float) -> None:
        """Learn how long a page took, from its beginning to its end."""
        with self._lock:
            self._seconds = max(min(seconds, _MOST), _FADES * self._seconds)

    def drawn(self, who: Hashable) -> None:
        """Learn that somebody's page is being drawn with all that was decided: they wait no more."""
        with self._lock:
            self._seen[who] = self._clock()
            self._since.pop(who, None)

    def take(self, who: Hashable) -> bool:
        """Ask to draw a page anew; whether it may be now. Who may not asks again a little later."""
        with self._lock:
            now = self._clock()
            self._since.setdefault(who, now)
            self._seen[who] = now
            here = now - _ASKS_WITHIN * self._look_every()
            self._since = {each: since for each, since in self._since.items() if self._seen.get(each, -1.0) >= here}
            if now < self._free_at or not self._is_next(who, now):
                return False
            self._free_at = now + _BREAK * self._seconds
            return True

    def _is_next(self, who: Hashable, now: float) -> bool:
        """Whether one of those who have waited longer asks: half of all, or where somebody waited for very long these alone."""
        mine = self._since[who]
        if any(now - since > _LONG for since in self._since.values()):
            return now - mine > _LONG
        return sum(since < mine for since in self._since.values()) <= len(self._since) // 2


TURNS = Turns()  # of this server's sessions
