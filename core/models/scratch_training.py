"""Trainings of the small model with their held-out losses: here, or side by side in processes of their own.

On a CPU every training has one thread, wherever it runs: the order in which sums are added depends on the number of threads, so
one after the other and side by side then give the same bytes. A process reads a line of JSON for each training, {"folder": ...}
with what it is in files, and answers {"done": share} and {"seconds": ..., "curve": ...}, or {"error": "..."}. It ends with its
input; killing it, or the process that asked, at any moment is safe.
"""

import contextlib
import dataclasses
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np

from ..base.errors import CurationError
from ..base.files import save_array
from ..base.progress import Progress, no_progress, part_of
from .scratch_lm import SmallLmParams, held_out_losses, train_small_lm
from .scratch_tokens import Encoded

_PACKAGE = Path(__file__).resolve().parents[1]  # "core" in a checkout, "winnow" where it is installed
_ARRAYS = ("tokens", "offsets", "n_prompt")
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclasses.dataclass(frozen=True)
class Training:
    """encoded: what to train on. held: what to judge by. params, seed: of `train_small_lm`. device: a resolved one."""

    encoded: Encoded
    held: Encoded
    params: SmallLmParams
    seed: int
    device: str = "cpu"


@dataclasses.dataclass(frozen=True)
class Trained:
    """losses: (m,) float32 as `held_out_losses` gives them. curve: of the training. seconds: that it took."""

    losses: np.ndarray
    curve: list[dict[str, float]]
    seconds: float


def train_and_judge(training: Training, progress: Progress = no_progress) -> Trained:
    """Train and return the held-out losses; on a CPU by one thread. Raises CurationError as `train_small_lm` does."""
    started = time.monotonic()
    with _one_thread(training.device):
        within = part_of(progress, 0, 0.95)
        lm = train_small_lm(training.encoded, training.params, training.seed, training.device, within)
        losses = held_out_losses(lm, training.held)
    return Trained(losses, lm.curve, round(time.monotonic() - started, 1))


@contextlib.contextmanager
def _one_thread(device: str) -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1 if device == "cpu" else before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def train_side_by_side(
    trainings: Iterable[tuple[Training, Path]], at_once: int
) -> Iterator[tuple[int, float, Trained | None]]:
    """Train in `at_once` processes; yield (which, share done, None) and, as each ends, (which, 1, what came out).

    trainings: with a folder each for what goes there and back; the next is asked for when a process is free. Raises CurationError:
    a training broke down, or its process ended.
    """
    answers: queue.Queue[tuple[_Process, dict]] = queue.Queue()
    waiting, busy, started = enumerate(trainings), 0, []
    try:
        for _ in range(at_once):
            if (following := next(waiting, None)) is None:
                break
            started.append(_Process(answers))
            started[-1].begin(*following)
            busy += 1
        while busy:
            process, answer = answers.get()
            if "error" in answer:
                raise CurationError(answer["error"])
            if "done" in answer:
                yield process.which, answer["done"], None
                continue
            losses = np.load(process.folder / "losses.npy", allow_pickle=False)
            yield process.which, 1.0, Trained(losses, answer["curve"], answer["seconds"])
            if (following := next(waiting, None)) is None:
                busy -= 1
            else:
                process.begin(*following)
    finally:
        for process in started:
            process.stop()


class _Process:
    """The asking end of one process that trains. which, folder: of the training that it is at."""

    def __init__(self, answers: "queue.Queue[tuple[_Process, dict]]") -> None:
        self.which, self.folder, self._answers, self._stopped = -1, Path(), answers, False
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"{_PACKAGE.name}.models.{Path(__file__).stem}"],
            cwd=_PACKAGE.parent,
            env=os.environ | dict.fromkeys(_THREADS, "1"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        threading.Thread(target=self._listen, daemon=True).start()

    def begin(self, which: int, asked: tuple[Training, Path]) -> None:
        """Let it begin a training."""
        training, self.folder = asked
        self.which = which
        _write(training, self.folder)
        with contextlib.suppress(OSError):  # where it ended already, its end of the answers says so
            self._process.stdin.write(json.dumps({"folder": str(self.folder.resolve())}) + "\n")
            self._process.stdin.flush()

    def _listen(self) -> None:
        for line in self._process.stdout:
            self._answers.put((self, json.loads(line)))
        why = "A training's process ended before it was done, for want of memory perhaps; train again: what is done stays."
        self._answers.put((self, {"error": why}))

    def stop(self) -> None:
        """End it, whatever it is at."""
        self._process.kill()
        self._process.wait()
        with contextlib.suppress(OSError):
            self._process.stdin.close()


def _write(training: Training, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, encoded in (("of", training.encoded), ("held", training.held)):
        for part in _ARRAYS:
            save_array(folder / f"{name}-{part}.npy", getattr(encoded, part))
    about = {
        "vocabulary": [training.encoded.vocabulary, training.held.vocabulary],
        "params": training.params.as_dict(),
        "seed": training.seed,
        "device": training.device,
    }
    (folder / "training.json").write_text(json.dumps(about), encoding="utf-8")


def _read(folder: Path) -> Training:
    about: dict[str, Any] = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    parts = [
        Encoded(
            *(np.load(folder / f"{name}-{part}.npy", mmap_mode="r", allow_pickle=False) for part in _ARRAYS), vocabulary
        )
        for name, vocabulary in zip(("of", "held"), about["vocabulary"], strict=True)
    ]
    return Training(*parts, SmallLmParams.from_dict(about["params"]), about["seed"], about["device"])


def serve(requests: IO[str], answers: IO[str]) -> None:
    """Train what is asked for until there is nothing more."""
    while line := requests.readline():
        folder = Path(json.loads(line)["folder"])
        try:
            trained = train_and_judge(_read(folder), lambda done, total: _say(answers, {"done": done / total}))
        except CurationError as error:
            _say(answers, {"error": str(error)})
            continue
        save_array(folder / "losses.npy", trained.losses)
        _say(answers, {"curve": trained.curve, "seconds": trained.seconds})


def _say(answers: IO[str], answer: dict) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


def main() -> None:
    """Serve standard input: what the process runs."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asked is interrupted too, and ends this one
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is no answer
    with contextlib.suppress(BrokenPipeError):  # whoever asked is gone
        serve(sys.stdin, answers)
    os._exit(0)  # nothing is left to be written, and nobody to read it


if __name__ == "__main__":
    main()
