"""A case of `tests/kill.py`: the folder in which work is done and killed, and what the work begins with."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np

from core.run.pipeline import Pipeline
from core.workspace.workspace import Workspace
from tests.conftest import TinyEncoder, small_records, write_jsonl

N, SHARD, N_CLUSTERS = 240, 32, 8
WORKSPACES = ("w", "copy", "job", "fetched")  # folders of a case


class Counting(TinyEncoder):
    """An encoder that writes down every shard that it is asked for."""

    def __init__(self, log: Path) -> None:
        super().__init__()
        self._log = log

    def encode(self, texts):
        with self._log.open("a") as file:
            file.write(f"{len(texts)}\n")
        return super().encode(texts)


@dataclasses.dataclass(frozen=True)
class Case:
    """One folder in which the work is done: data.jsonl, eval.jsonl and others.npy, the workspace w, what leaves it in out.

    Beside it the workspaces copy, of what was packed, job and fetched. repo: where it is pushed.
    """

    folder: Path
    repo: str

    @property
    def pipeline(self) -> Pipeline:
        """The results as a process that has just begun sees them."""
        return Pipeline(Workspace(self.folder / "w"))

    @property
    def workspace(self) -> Workspace:
        """The workspace, opened anew."""
        return Workspace(self.folder / "w")

    @property
    def out(self) -> Path:
        """Where what leaves the workspace is written."""
        return self.folder / "out"


Do = Callable[[Case], object]


def make_data(folder: Path) -> None:
    """Write what the work begins with; some of its records come twice, some are in the evaluation."""
    records = small_records(N)
    for i in range(0, 40, 4):
        records[N - 1 - i] = records[i] | {"rating": 1}
    write_jsonl(folder / "data.jsonl", records)
    write_jsonl(folder / "eval.jsonl", [{"question": records[i]["instruction"], "answer": "?"} for i in (2, 3, 50)])
    np.save(folder / "others.npy", np.random.default_rng(3).standard_normal((N, 12)).astype(np.float32))
    for name in ("out", "tmp"):
        (folder / name).mkdir()
