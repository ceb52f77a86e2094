"""A sentence encoder in a process of its own: the page that asks never loads torch, and waits for the model once.

The process is started when first asked, reads requests from its standard input and ends with it, or after idle minutes.
One line of JSON each way: {"texts": [...]} is answered by {"vectors": [[...], ...]} or {"error": "..."}.
"""

import json
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import numpy as np

from ..base.errors import CurationError
from ..base.text import first_line
from .encoder import Encoder
from .named_encoders import encoder_of

IDLE_SECONDS = 900.0
_LOAD_SECONDS, _READ_SECONDS = 180.0, 30.0
_KEPT = 2  # processes, of as many models
_PACKAGE = Path(__file__).resolve().parents[1]  # "core" in a checkout, "winnow" where it is installed
_readers: dict[tuple[str, int], "SentenceReader"] = {}
_readers_lock = threading.Lock()


class SentenceReader:
    """The page's end of one encoder process. Calls from several threads take turns.

    model, max_tokens: of `encoder_of`. command: in place of the one that serves it.
    """

    def __init__(
        self, model: str, max_tokens: int = 0, command: Sequence[str] = (), idle: float = IDLE_SECONDS
    ) -> None:
        served = [
            sys.executable,
            "-m",
            f"{_PACKAGE.name}.models.{Path(__file__).stem}",
            model,
            str(max_tokens),
            str(idle),
        ]
        self._command = list(command) or served
        self._process: subprocess.Popen | None = None
        self._turn, self._news = threading.Lock(), threading.Condition()
        self._answers: list[dict] = []
        self._is_loaded, self.error = False, ""

    @property
    def state(self) -> str:
        """ "off" (not started, or ended after idle minutes), "loading", "ready", or "failed" (see error)."""
        with self._news:
            if self._process is None or (self._process.poll() is not None and not self.error):
                return "off"
            return "failed" if self.error else "ready" if self._is_loaded else "loading"

    def start(self) -> None:
        """Start loading the model, unless it is there; what failed is tried again. Returns at once."""
        with self._news:
            if self._process is not None and self._process.poll() is None:
                return
            self._answers, self._is_loaded, self.error = [], False, ""
            self._process = subprocess.Popen(
                self._command,
                cwd=_PACKAGE.parent,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                encoding="utf-8",
            )
            threading.Thread(target=self._listen, args=(self._process,), daemon=True).start()

    def stop(self) -> None:
        """End the process."""
        with self._news:
            if self._process is not None:
                self._process.kill()
                self._process.wait()
                self._process = None

    def _listen(self, process: subprocess.Popen) -> None:
        for line in process.stdout:
            with self._news:
                answer = json.loads(line)
                if not self._is_loaded:
                    self._is_loaded, self.error = "ready" in answer, answer.get("error", "")
                else:
                    self._answers.append(answer)
                self._news.notify_all()
        process.wait()
        with self._news:
            if process is self._process and not self._is_loaded and not self.error:
                self.error = "The process that reads sentences ended before its model was loaded; try again."
            self._news.notify_all()

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return (len(texts), d) float32 vectors, waiting for the model if need be. Raises CurationError where that fails."""
        with self._turn:
            if self.state in ("off", "failed"):
                self.start()
            self._wait(lambda: self._is_loaded, _LOAD_SECONDS)
            self._answers.clear()
            try:
                self._process.stdin.write(json.dumps({"texts": list(texts)}) + "\n")
                self._process.stdin.flush()
            except OSError as error:
                raise CurationError("The process that reads sentences has ended; try again.") from error
            self._wait(lambda: bool(self._answers), _READ_SECONDS)
            answer = self._answers.pop()
        if "error" in answer:
            raise CurationError(answer["error"])
        return np.array(answer["vectors"], np.float32)

    def _wait(self, is_there, seconds: float) -> None:
        end = time.monotonic() + seconds
        with self._news:
            while not is_there():
                if self.error:
                    raise CurationError(self.error)
                if self._process is None or self._process.poll() is not None or time.monotonic() > end:
                    raise CurationError("The model that reads sentences did not answer; try again.")
                self._news.wait(0.2)


def reader_of(model: str, max_tokens: int = 0) -> SentenceReader:
    """Return the one reader of a model in this process; that of the model asked for longest ago makes room."""
    with _readers_lock:
        reader = _readers.pop((model, max_tokens), None) or SentenceReader(model, max_tokens)
        _readers[model, max_tokens] = reader
        for old in list(_readers)[:-_KEPT]:
            _readers.pop(old).stop()
    return reader


def serve(encoder: Encoder, requests: IO[str], answers: IO[str], idle: float = IDLE_SECONDS) -> None:
    """Answer requests until there are no more, or none comes for `idle` seconds."""
    _say(answers, {"ready": True})
    while select.select([requests], [], [], idle)[0] and (line := requests.readline()):
        try:
            vectors = np.asarray(encoder.encode(json.loads(line)["texts"]), np.float32)
            _say(answers, {"vectors": vectors.tolist()})
        except (ValueError, RuntimeError) as error:
            _say(answers, {"error": f"The sentence could not be read ({first_line(error)}); try other words."})


def _say(answers: IO[str], answer: dict) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


def main(model: str, max_tokens: str, idle: str) -> None:
    """Load the model and serve it: what the process runs."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is no answer
    try:
        encoder = encoder_of(model, int(max_tokens))
    except CurationError as error:
        _say(answers, {"error": error.on_page})
        return
    encoder.encode(["ready"])  # the first one is slow
    serve(encoder, sys.stdin, answers, float(idle))


if __name__ == "__main__":
    main(*sys.argv[1:])
