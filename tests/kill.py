"""`python -m tests.kill N --seed S`: kill the work on a workspace at N random points, go on, and compare with an unbroken run.

The work (`tests/kill_work.py`) goes through every stage, jobs, decisions, rounds, evidence and all that comes from a hub or leaves
a workspace. Each time a step of it is drawn, and the work is killed (SIGKILL) at a random one of the moments when that step opens,
renames or removes a file or opens the ledger, or some time later, up to as long as the step takes. The step it was killed in is
then done again, and those behind it. Of a job, the process that started it is killed while it goes on, or its own, the "worker".
Clean is: the same results, exports, decisions and files as of the unbroken run, no file half-written, no decision lost that was
told to be made, and one shard of the embedding at most made again.
"""

import argparse
import contextlib
import dataclasses
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

from core.data.manifest import verify
from core.run.doctor import examine
from core.workspace.workspace import Workspace, _swept
from tests.kill_case import WORKSPACES, Case, make_data
from tests.kill_result import difference, result_of
from tests.kill_servers import servers
from tests.kill_watch import Watch, killer
from tests.kill_work import STEPS, TARGETS, WORKERS, prepare

_LATER = 0.02  # seconds


def do_steps(case: Case, steps: Sequence[str], watch: Watch | None = None) -> dict[str, tuple[int, float]]:
    """Do some steps, writing down in which one this is; return {step: (its moments, its seconds)}."""
    found = {}
    with _scratch_in(case.folder / "tmp"), (case.folder / "at").open("wb", buffering=0) as at:
        for step in steps:
            os.pwrite(at.fileno(), step.ljust(20).encode(), 0)
            started = time.monotonic()
            if watch:
                watch.begin(step)
            STEPS[step](case)
            found[step] = (watch.seen if watch else 0, time.monotonic() - started)
    return found


@contextlib.contextmanager
def _scratch_in(folder: Path) -> Iterator[None]:
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before


def kill_in(case: Case, target: str, moment: int, later: float, steps: Sequence[str]) -> None:
    """Do the steps until the moment comes in one of them, and be killed then, or so many seconds later.

    Where the target is a process that a step starts, that one is killed, and the steps are gone on with.
    """
    if target in WORKERS:
        (case.folder / "kill-worker").write_text(f"{moment} {later}")
        do_steps(case, steps)
        return
    watch = Watch(target, moment, killer(later))
    do_steps(case, steps, watch)
    watch.wait()


def in_a_fork(do: Callable[[], None]) -> int:
    """Run something in a process of its own, with all that is imported here; return its wait status."""
    child = os.fork()
    if not child:
        status = 1
        _swept.clear()  # it stands for a process that was started anew, which has opened nothing yet
        try:
            do()
            status = 0
        finally:
            if status:
                traceback.print_exc()
            sys.stderr.flush()
            os._exit(status)
    return os.waitpid(child, 0)[1]


@contextlib.contextmanager
def new_case(base: Path, name: str, folder: str = "case") -> Iterator[Case]:
    """Yield a new case, whose folder is removed at the end. All have the same path, which is written in what is made."""
    case = Case(base / folder, f"ann/{name}")
    case.folder.mkdir()
    make_data(case.folder)
    yield case
    shutil.rmtree(case.folder)


@dataclasses.dataclass(frozen=True)
class Unbroken:
    """What work that nobody killed gave. moments: {step: (how many it has, its seconds)}. n_encoded: shards of the embedding."""

    result: dict[str, str]
    moments: dict[str, tuple[int, float]]
    n_encoded: int


def went_on(case: Case, steps: Sequence[str], expected: Unbroken) -> str:
    """Go on with a case that was killed; return what is wrong with it, "" for nothing."""
    step = (case.folder / "at").read_text().strip()
    told = case.folder / "decided"
    n_told = int(told.read_text() or 0) if told.exists() else 0
    if n_told and (n := len(Workspace(case.folder / "w").ledger.decisions())) < n_told:
        return f"{n_told - n} decisions that were made are lost"
    if in_a_fork(lambda: do_steps(case, steps[steps.index(step) :])):
        return f"it did not go on after {step}"
    return fault(case, expected)


def fault(case: Case, expected: Unbroken) -> str:
    """Return what is wrong with work that was done, "" for nothing."""
    if found := difference(result_of(case.folder), expected.result):
        return found
    for manifest in sorted(case.out.glob("*.manifest.json")):
        verify(manifest, case.folder / "data.jsonl")
    encoded = len((case.folder / "encoded").read_text().splitlines())
    if encoded > expected.n_encoded + 1:
        return f"{encoded - expected.n_encoded} shards were made again"
    there = [case.folder / name for name in WORKSPACES if (case.folder / name).exists()]
    return "; ".join(finding.what for folder in there for finding in examine(folder) if not finding.is_harmless)


def unbroken(base: Path, steps: Sequence[str]) -> Unbroken:
    """Do the steps in a fork, and return what killed ones are compared with.

    They are done here first, so that no fork imports or compiles anything.
    """
    with new_case(base, "warm", "warm") as case:
        do_steps(case, steps)
    with new_case(base, "unbroken") as case:
        if in_a_fork(lambda: _measured(case, steps)):
            raise SystemExit("the unbroken run failed")
        lines = [line.split("\t") for line in (case.folder / "moments").read_text().splitlines()]
        moments = {step: (int(n_moments), float(seconds)) for step, n_moments, seconds in lines}
        n_encoded = len((case.folder / "encoded").read_text().splitlines())
        found = Unbroken(result_of(case.folder), moments, n_encoded)
        if wrong := fault(case, found):
            raise SystemExit(f"the unbroken run: {wrong}")
    return found


def _measured(case: Case, steps: Sequence[str]) -> None:
    found = do_steps(case, steps, Watch())
    lines = [f"{step}\t{n}\t{seconds}\n" for step, (n, seconds) in found.items()]
    if (of_worker := case.folder / "worker").exists():
        lines.append(of_worker.read_text())
    (case.folder / "moments").write_text("".join(lines))


def killed_and_gone_on(
    case: Case, target: str, moment: int, later: float, steps: Sequence[str], expected: Unbroken
) -> str:
    """Kill a case and go on; return what is wrong with it, "" for nothing."""
    status = in_a_fork(lambda: kill_in(case, target, moment, later, steps))
    if target in WORKERS:
        if status:
            return "what started the worker did not go on"
        return "it was not killed" if (case.folder / "kill-worker").exists() else fault(case, expected)
    is_killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    return went_on(case, steps, expected) if is_killed else "it was not killed"


def kill_many(n: int, seed: int, base: Path, steps: Sequence[str] = tuple(STEPS), among: Sequence[str] = ()) -> int:
    """Kill and go on n times; print what came of it and return how many times it came out clean.

    steps: that are done. among: those that it is killed in, none for all of them; each as often as the others.
    """
    among = list(among or (*steps, *(name for name, step in WORKERS.items() if step in steps)))
    expected, draw, clean = unbroken(base, steps), random.Random(seed), 0
    order = [target for _ in range(-(-n // len(among))) for target in draw.sample(among, len(among))][:n]
    for number, target in enumerate(order):
        n_moments, seconds = expected.moments[target]
        later = draw.choice([0, draw.uniform(0, _LATER), draw.uniform(0, seconds)])
        moment = draw.randint(1, max(n_moments, 1))
        with new_case(base, f"case-{number}") as case:
            told = killed_and_gone_on(case, target, moment, later, steps, expected)
        clean += not told
        if told:
            where = f"{target}, moment {moment} of {n_moments} + {later * 1000:.1f} ms"
            print(f"case {number} of seed {seed}, {where}: {told}", flush=True)
        print(f"{clean} of {number + 1} so far", file=sys.stderr, flush=True)
    print(f"{clean} of {n} came out clean (seed {seed}, {len(steps)} steps)", flush=True)
    return clean


if __name__ == "__main__":
    os.environ |= {"NUMBA_NUM_THREADS": "1", "NUMBA_THREADING_LAYER": "workqueue"}  # GNU OpenMP does not outlive a fork
    prepare()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("n", type=int, help="how many times to kill")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument(
        "--steps", default="", help=f"kill in these alone, with commas between; of {', '.join(TARGETS)}"
    )
    parser.add_argument("--do", default=",".join(STEPS), help="do these alone, each with what it needs (all)")
    arguments = parser.parse_args()
    done, named = (tuple(filter(None, each.split(","))) for each in (arguments.do, arguments.steps))
    with servers(), tempfile.TemporaryDirectory() as scratch:
        sys.exit(kill_many(arguments.n, arguments.seed, Path(scratch), done, named) < arguments.n)
