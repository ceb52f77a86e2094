"""What a command shows while it works: a bar on a terminal, plain lines where the output is piped. Always on stderr."""

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import Any, TextIO

from ..base.progress import Progress
from ..base.text import visible


class Shown:
    """A stream to a terminal on which names and values from data are only text: no escape code, nothing that can't be written."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        """Write a text."""
        text, encoding = visible(text, keep="\n\t"), getattr(self.stream, "encoding", None) or "utf-8"
        self.stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


@contextlib.contextmanager
def shown_as_text() -> Iterator[None]:
    """Within, whatever is printed goes through `Shown`."""
    with contextlib.redirect_stdout(Shown(sys.stdout)), contextlib.redirect_stderr(Shown(sys.stderr)):
        yield


class Report:
    """Hands out a Progress for each step and says when the step before it is over."""

    def __init__(self) -> None:
        self._interactive = sys.stderr.isatty()
        self._close = lambda: None

    def __call__(self, step: str) -> Progress:
        """Begin a step; the one before is closed."""
        self._close()
        shown = _Bar(step) if self._interactive else _Lines(step)
        self._close = shown.close
        return shown

    def close(self, failed: bool = False) -> None:
        """End the last step; one that failed is not called done."""
        if not failed or self._interactive:
            self._close()
        self._close = lambda: None


class _Bar:
    def __init__(self, step: str) -> None:
        from tqdm import tqdm

        self._bar = tqdm(
            desc=step,
            total=1.0,
            file=getattr(sys.stderr, "stream", sys.stderr),  # the bar goes back to the beginning of its line
            bar_format="{desc:<8} {percentage:3.0f}%|{bar:30}| {elapsed}<{remaining}{postfix}",
        )
        self._started = time.monotonic()

    def __call__(self, done: float, total: float) -> None:
        if total > 1 or not total:
            rate = done / max(time.monotonic() - self._started, 1e-9)
            self._bar.set_postfix_str(f"{done:,.0f} records, {rate:,.0f}/s", refresh=False)
        self._bar.update((done / total if total else 0) - self._bar.n)

    def close(self) -> None:
        self._bar.close()


class _Lines:
    """One line when a step ends, and one every ten seconds of a long step."""

    def __init__(self, step: str) -> None:
        self._step, self._started, self._said = step, time.monotonic(), time.monotonic()

    def __call__(self, done: float, total: float) -> None:
        if total and time.monotonic() - self._said > 10:
            self._said = time.monotonic()
            print(f"{self._step}: {100 * done / total:.0f}%", file=sys.stderr, flush=True)

    def close(self) -> None:
        print(f"{self._step}: done in {time.monotonic() - self._started:.1f} s", file=sys.stderr, flush=True)
