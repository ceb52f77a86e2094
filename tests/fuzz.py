"""Hostile files through the command line: `python -m tests.fuzz N --seed S` makes N of them and says what went wrong.

Each is made by structure (format, compression, damage, name) and curated in a process of its own: exit 0 or 1, an error of one
line, no traceback, no escape code, under 20 s of computing and 1 GiB; what is exported is the source's own records, to the
byte. Exit 1 where one was not.
"""

import argparse
import contextlib
import dataclasses
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from core.cli.parser import main as winnow
from tests.hostile import Case, make_case
from tests.hostile_exports import exported_wrong

MOST_SECONDS, MOST_BYTES = 20, 1 << 30  # of computing
MOST_WAIT = 120  # seconds by the clock, for a machine that is busy


@dataclasses.dataclass(frozen=True)
class Ended:
    """How a process ended. status: as the shell has it. n_bytes: of memory at most."""

    status: int
    seconds: float
    n_bytes: int
    out: str
    err: str


def in_child(do: Callable[[], int], folder: Path, most_seconds: float = MOST_WAIT) -> Ended:
    """Do something in a forked process; it is killed where it takes too long or too much memory."""
    out, err, started = folder / "out.txt", folder / "err.txt", time.monotonic()
    pid = os.fork()
    if not pid:
        status = 70
        try:
            resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS + 1))
            for stream, path in ((1, out), (2, err)):
                os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
            sys.stdout, sys.stderr = os.fdopen(1, "w", encoding="utf-8"), os.fdopen(2, "w", encoding="utf-8")
            status = do()
            sys.stdout.flush()
            sys.stderr.flush()
        except SystemExit as stop:
            status = int(stop.code or 0)
        finally:
            if status == 70:  # whatever else was raised
                traceback.print_exc()
                sys.stderr.flush()
            os._exit(status)
    peak = 0
    while True:
        ended, status, used = os.wait4(pid, os.WNOHANG)
        if ended:
            break
        peak = max(peak, _resident(pid))
        if peak > MOST_BYTES or time.monotonic() - started > most_seconds:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)
    texts = [path.read_text("utf-8", "replace") if path.exists() else "" for path in (out, err)]
    return Ended(os.waitstatus_to_exitcode(status), time.monotonic() - started, max(peak, used.ru_maxrss << 10), *texts)


def _resident(pid: int) -> int:
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def try_case(case: Case, folder: Path) -> str:
    """Return what is wrong with how a case ended, "" where nothing is."""
    made, export = folder / "w", folder / "out.jsonl"
    if case.vectors:
        arguments = ["import", case.data, "--workspace", str(made)]
    else:
        few = ["--budget", "100%", "--method", "random", "--on-error", case.on_error]
        arguments = ["curate", case.data, "--workspace", str(made), "--out", str(export), *few]
    ended = in_child(lambda: winnow(arguments), folder)
    if case.vectors and not ended.status:
        ended = in_child(lambda: winnow(["embed", str(made), "--embeddings", case.vectors]), folder)
    if wrong := _wrong(ended):
        return wrong
    return exported_wrong(case, export, made) if export.exists() else ""


def _wrong(ended: Ended) -> str:
    if ended.n_bytes > MOST_BYTES:
        return f"{ended.n_bytes >> 20} MiB of memory"
    if ended.seconds > MOST_WAIT or ended.status == -signal.SIGXCPU:
        return f"{ended.seconds:.0f} s"
    if ended.status not in (0, 1):
        return f"status {ended.status}: {ended.err[-600:]}"
    if "Traceback" in ended.err or {"\x1b", "\x07", "\x00"} & {*ended.out, *ended.err}:
        return f"a traceback or an escape code: {ended.err[-600:]}"
    lines = [line for line in ended.err.splitlines() if not line.endswith((" s", "left alone", "rejects.jsonl"))]
    errors = [line for line in lines if not line.startswith("warning: ")]
    if ended.status and (len(errors) != 1 or not errors[0].startswith("error: ") or len(errors[0]) > 1500):
        return f"not one clear line: {ended.err[:600]}"
    return ""


def run_cases(n: int, seed: int, say: Callable[[str], None] = print) -> int:
    """Make and try cases; return how many went wrong. The i-th of a seed is always the same."""
    failed = 0
    for i in range(n):
        folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
        try:
            case = make_case(random.Random(f"{seed}-{i}"), folder)
            if wrong := try_case(case, folder):
                failed += 1
                say(f"case {i} of seed {seed}, {case.what}: {wrong}")
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return failed


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("n", type=int)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    started = time.monotonic()
    failed = run_cases(asked.n, asked.seed, lambda text: print(text, flush=True))
    print(f"{asked.n - failed} of {asked.n} clean in {time.monotonic() - started:.0f} s (seed {asked.seed})")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
