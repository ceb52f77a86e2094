"""`python -m tests.kill N --seed S`: kill the work on a workspace at N random points, go on, and compare with an unbroken run.

The work is an import, stages, decisions, rounds, a selection and an export. Each time it is killed (SIGKILL) at a random one of
the moments when it opens, renames or removes a file or opens the ledger, or up to 20 ms later, and then done again to its end.
Clean is: the same export and decisions as of the unbroken run, and one shard of the embedding at most made again.
"""

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from core.data.manifest import verify
from core.data.records import RecordParams
from core.export.delivery import export_selection
from core.quality.params import QualityParams
from core.refine.advance import Advance, advance
from core.refine.params import RefineParams
from core.refine.runs import Rounds
from core.run.doctor import examine
from core.run.pipeline import Pipeline
from core.selection.finding.columns import ColumnParams
from core.selection.finding.stage import WordParams
from core.selection.params import SelectionParams
from core.vectors import stage as vectors
from core.vectors.clustering import ClusterParams
from core.vectors.embedding import EmbedParams
from core.workspace.deciding import decide_records
from core.workspace.workspace import Workspace
from tests.conftest import TinyEncoder, small_records, write_jsonl

_MOMENTS = ("open", "os.rename", "os.remove", "os.mkdir", "sqlite3.connect")
_LATER = 0.02  # seconds
_N, _SHARD = 240, 32
_N_DECISIONS = 6


class Counting(TinyEncoder):
    """An encoder that writes down every shard that it is asked for."""

    def __init__(self, log: Path) -> None:
        super().__init__()
        self._log = log

    def encode(self, texts):
        with self._log.open("a") as file:
            file.write(f"{len(texts)}\n")
        return super().encode(texts)


def work(folder: Path) -> None:
    """Do all of the work, or what is left of it."""
    vectors.SHARD_ROWS = _SHARD
    workspace = Workspace(folder / "w", create=True)
    workspace.import_data(folder / "data.jsonl", RecordParams())
    pipeline = Pipeline(workspace)
    pipeline.run("embed", EmbedParams(), encoder=Counting(folder / "encoded"), device="cpu")
    pipeline.run("cluster", ClusterParams(4), device="cpu")
    for name, params in (("score", QualityParams()), ("words", WordParams()), ("columns", ColumnParams())):
        pipeline.run(name, params)
    for number in range(len(workspace.ledger.decisions()), _N_DECISIONS):
        decide_records(
            workspace, ("pin", "drop")[number % 2], np.array([number * 7, number * 7 + 1]), "ann", f"{number}"
        )
    rounds = Rounds(pipeline.forget())
    if not workspace.ledger.runs():
        rounds.start(RefineParams("40", 2), who="ann")
    advance(rounds, Advance(1, until=2), encoder=TinyEncoder())
    pipeline = Pipeline(workspace)
    pipeline.run("select", SelectionParams("30"))
    export_selection(pipeline, folder / "out.jsonl")


def in_a_fork(do: Callable[[], None]) -> int:
    """Run something in a process of its own, with all that is imported here; return its wait status."""
    child = os.fork()
    if not child:
        status = 1
        try:
            do()
            status = 0
        finally:
            if status:
                traceback.print_exc()
            sys.stderr.flush()
            os._exit(status)
    return os.waitpid(child, 0)[1]


def killed_at(moment: int, later: float, do: Callable[[], None]) -> None:
    """Do something until the moment comes, and be killed then, or so many seconds later."""
    seen = 0

    def end() -> None:
        time.sleep(later)
        os.kill(os.getpid(), signal.SIGKILL)

    def watch(event: str, _: tuple) -> None:
        nonlocal seen
        if event in _MOMENTS:
            seen += 1
            if seen == moment and later:
                threading.Thread(target=end, daemon=True).start()
            elif seen == moment:
                end()

    sys.addaudithook(watch)
    do()


def counted_moments(folder: Path) -> None:
    """Do the work unbroken, and write down how many moments it has."""
    seen = 0

    def watch(event: str, _: tuple) -> None:
        nonlocal seen
        seen += event in _MOMENTS

    sys.addaudithook(watch)
    work(folder)
    (folder / "moments").write_text(str(seen))


def result(folder: Path) -> tuple:
    """Return what must be the same: the export, its rows, the decisions as they were made, the rounds."""
    held = json.loads((folder / "out.jsonl.manifest.json").read_text())
    decisions = [(each["action"], each["rows"], each["note"]) for each in held["decisions"]]
    return (folder / "out.jsonl").read_bytes(), held["row_ids"], decisions, held["output"]


def new_folder(base: Path, name: str) -> Path:
    """Make a folder with the data."""
    (base / name).mkdir()
    write_jsonl(base / name / "data.jsonl", small_records(_N))
    return base / name


def fault(folder: Path, expected: tuple, n_encoded: int) -> str:
    """Return what is wrong with work that was killed and taken up again, "" for nothing."""
    if result(folder) != expected:
        return "the export is another"
    verify(folder / "out.jsonl.manifest.json", folder / "data.jsonl")
    encoded = len((folder / "encoded").read_text().splitlines())
    if encoded > n_encoded + 1:
        return f"{encoded - n_encoded} shards were made again"
    wrong = [finding.what for finding in examine(folder / "w") if not finding.is_harmless]
    wrong = [what for what in wrong if "half-written" not in what]
    return "; ".join(wrong)


def kill_many(n: int, seed: int, base: Path) -> int:
    """Kill and go on n times; print what came of it and return how many times it came out clean."""
    unbroken = new_folder(base, "unbroken")
    if in_a_fork(lambda: counted_moments(unbroken)):
        raise SystemExit("the unbroken run failed")
    expected, moments = result(unbroken), int((unbroken / "moments").read_text())
    n_encoded = len((unbroken / "encoded").read_text().splitlines())
    draw, clean = random.Random(seed), 0
    for case in range(n):
        folder = new_folder(base, f"case-{case}")
        moment, later = draw.randint(1, moments), draw.choice([0, draw.uniform(0, _LATER)])
        status = in_a_fork(lambda f=folder, m=moment, s=later: killed_at(m, s, lambda: work(f)))
        told = "it was not killed" if os.WIFEXITED(status) and os.WEXITSTATUS(status) else ""
        told = told or ("it did not go on" if in_a_fork(lambda f=folder: work(f)) else "")
        told = told or fault(folder, expected, n_encoded)
        clean += not told
        if told:
            print(
                f"case {case} of seed {seed}, moment {moment} of {moments} + {later * 1000:.1f} ms: {told}", flush=True
            )
        print(f"{clean} of {case + 1} so far", file=sys.stderr, flush=True)
        shutil.rmtree(folder)
    print(f"{clean} of {n} came out clean", flush=True)
    return clean


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("n", type=int, help="how many times to kill")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        sys.exit(kill_many(arguments.n, arguments.seed, Path(scratch)) < arguments.n)
