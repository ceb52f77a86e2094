"""`python -m tests.kill N --seed S`: kill the work on a workspace at N random points, go on, and compare with an unbroken run.

The work (`tests/kill_work.py`) goes through every stage, decisions, rounds, evidence and all that leaves a workspace. Each time a
step of it is drawn, and the work is killed (SIGKILL) at a random one of the moments when that step opens, renames or removes a
file or opens the ledger, or some time later, up to as long as the step takes. The step it was killed in is then done again,
and those behind it. Clean is: the same results, exports, decisions and files as of the unbroken run, no file half-written, no
decision lost that was told to be made, and one shard of the embedding at most made again.
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
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

from core.data.manifest import verify
from core.run.doctor import examine
from core.workspace.workspace import Workspace, _swept
from tests.kill_result import difference, result_of
from tests.kill_servers import servers
from tests.kill_work import STEPS, Case, make_data, prepare

_MOMENTS = ("open", "os.rename", "os.remove", "os.mkdir", "sqlite3.connect")
_LATER = 0.02  # seconds
_WAIT = 60  # for a kill that is to come after the end of the work


class Watch:
    """Counts the moments of the step that is being done; calls `when` at the one that is waited for."""

    def __init__(self, step: str = "", moment: int = 0, when: Callable[[], None] = lambda: None) -> None:
        self._step, self._moment, self._when = step, moment, when
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

    def _hear(self, event: str, _: tuple) -> None:
        if event not in _MOMENTS:
            return
        self._seen += 1
        if not self.came and self._now == self._step and self._seen == self._moment:
            self.came = True
            self._when()


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


def kill_in(case: Case, step: str, moment: int, later: float, steps: Sequence[str]) -> None:
    """Do the steps until the moment comes in one of them, and be killed then, or so many seconds later."""

    def end() -> None:
        time.sleep(later)
        os.kill(os.getpid(), signal.SIGKILL)

    def when() -> None:
        if later:
            threading.Thread(target=end, daemon=True).start()
        else:
            end()

    watch = Watch(step, moment, when)
    do_steps(case, steps, watch)
    if watch.came:
        time.sleep(_WAIT)


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
    return "; ".join(finding.what for finding in examine(case.folder / "w") if not finding.is_harmless)


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
    (case.folder / "moments").write_text("".join(lines))


def kill_many(n: int, seed: int, base: Path, steps: Sequence[str] = tuple(STEPS), among: Sequence[str] = ()) -> int:
    """Kill and go on n times; print what came of it and return how many times it came out clean.

    steps: that are done. among: those that it is killed in, none for all of them; each as often as the others.
    """
    among = list(among or steps)
    expected, draw, clean = unbroken(base, steps), random.Random(seed), 0
    order = [step for _ in range(-(-n // len(among))) for step in draw.sample(among, len(among))][:n]
    for number, step in enumerate(order):
        n_moments, seconds = expected.moments[step]
        later = draw.choice([0, draw.uniform(0, _LATER), draw.uniform(0, seconds)])
        moment = draw.randint(1, max(n_moments, 1))
        with new_case(base, f"case-{number}") as case:
            status = in_a_fork(lambda c=case, s=step, m=moment, t=later: kill_in(c, s, m, t, steps))
            is_killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
            told = went_on(case, steps, expected) if is_killed else "it was not killed"
        clean += not told
        if told:
            where = f"{step}, moment {moment} of {n_moments} + {later * 1000:.1f} ms"
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
    parser.add_argument("--steps", default="", help=f"kill in these alone, with commas between; of {', '.join(STEPS)}")
    arguments = parser.parse_args()
    named = [step for step in arguments.steps.split(",") if step]
    with servers(), tempfile.TemporaryDirectory() as scratch:
        sys.exit(kill_many(arguments.n, arguments.seed, Path(scratch), among=named) < arguments.n)
