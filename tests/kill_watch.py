"""The moments at which `tests/kill.py` kills: those when work opens, renames or removes a file or opens the ledger."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

_MOMENTS = ("open", "os.rename", "os.remove", "os.mkdir", "sqlite3.connect")
_WAIT = 60  # seconds


def end() -> None:
    """Be killed."""
    os.kill(os.getpid(), signal.SIGKILL)


def killer(later: float, do: Callable[[], object] = end) -> Callable[[], None]:
    """Return what ends this process, so many seconds after it is called."""

    def wait() -> None:
        time.sleep(later)
        do()

    return (lambda: threading.Thread(target=wait, daemon=True).start()) if later else do


class Watch:
    """Counts the moments of the step that is being done; calls `when` at the one that is waited for.

    within: only what is done to files in this folder counts.
    """

    def __init__(
        self, step: str = "", moment: int = 0, when: Callable[[], object] = lambda: None, within: Path | None = None
    ) -> None:
        self._step, self._moment, self._when, self._within = step, moment, when, str(within or "")
        self._now, self._seen = "", 0
        self.came = False
        sys.addaudithook(self._hear)

    def begin(self, step: str) -> None:
        """Count from 0 in this step."""
        self._now, self._seen = step, 0

    @property
    def seen(self) -> int:
        """How many moments the step had so far."""
        return self._seen

    def wait(self) -> None:
        """Wait for a kill that is to come after the end of the work, if one is."""
        if self.came:
            time.sleep(_WAIT)

    def _hear(self, event: str, arguments: tuple) -> None:
        if event not in _MOMENTS or self._within not in str(arguments[0] if arguments else ""):
            return
        self._seen += 1
        if not self.came and self._now == self._step and self._seen == self._moment:
            self.came = True
            self._when()
