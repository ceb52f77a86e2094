"""The process of a job that `tests/kill.py` started: as `python -m core job`, with small shards, and killed where the case says."""

import functools
import sys
import tempfile
import time
from pathlib import Path

from core.cli.parser import main
from core.run import jobs
from tests.kill_case import Counting
from tests.kill_watch import Watch, end, killer
from tests.kill_work import prepare


def work(arguments: list[str]) -> int:
    """Do a job's work and write down how many moments it had."""
    folder = Path(arguments[1]).parent
    prepare()
    tempfile.tempdir = str(folder / "tmp")
    jobs.run_steps = functools.partial(jobs.run_steps, encoder=Counting(folder / "encoded"))
    watch = _watch(folder)
    started = time.monotonic()
    watch.begin("worker")
    code = main(arguments)
    (folder / "worker").write_text(f"worker\t{watch.seen}\t{time.monotonic() - started}\n")
    watch.wait()
    return code


def _watch(folder: Path) -> Watch:
    told = folder / "kill-worker"
    if not told.exists():
        return Watch(within=folder)
    moment, later = told.read_text().split()
    return Watch("worker", int(moment), killer(float(later), lambda: (told.unlink(), end())), folder)


if __name__ == "__main__":
    sys.exit(work(sys.argv[1:]))
