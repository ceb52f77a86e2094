"""How a stage says how far it is: it calls `progress(done, total)` now and then. Holds no display."""

from collections.abc import Callable

Progress = Callable[[float, float], None]


def no_progress(done: float, total: float) -> None:
    """Take a report of progress and do nothing with it."""


def part_of(progress: Progress, start: float, end: float) -> Progress:
    """Return a Progress whose 0..total fills the share `start`..`end` of `progress`, counted from 0 to 1."""
    return lambda done, total: progress(start + (end - start) * done / max(total, 1e-12), 1.0)
