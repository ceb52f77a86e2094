"""Many questions to a model behind an endpoint, eight at a time; what is answered is kept, so that a killed run goes on."""

import concurrent.futures
import json
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..base.errors import CurationError
from ..base.progress import Progress, no_progress
from .endpoint import Endpoint

_WORKERS = 8


def ask_all(
    endpoint: Endpoint,
    questions: Mapping[int, Callable[[], list[dict[str, str]]]],
    accept: Callable[[str], Any | None],
    answers: Path,
    called: str,
    attempts: int,
    progress: Progress = no_progress,
    pause: float = 1.0,
    **options: Any,
) -> tuple[dict[int, Any], dict[int, str]]:
    """Return ({number: what was accepted}, {number: the last answer or error} of those without).

    questions: {number: what makes its messages}. answers: a JSONL file of {"i": number, `called`: what was accepted}, where what
    stands already is not asked again. attempts, pause, options: see `Endpoint.ask`. Raises CurationError where it refuses.
    """
    held = {i: answer for i, answer in _read_answers(answers, called).items() if i in questions}
    bad: dict[int, str] = {}
    lock = threading.Lock()

    def ask(i: int) -> None:
        answer, why = endpoint.ask(questions[i](), accept, attempts, pause, **options)
        with lock:
            if answer is None:
                bad[i] = why
                return
            held[i] = answer
            with answers.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"i": i, called: answer}, ensure_ascii=False) + "\n")

    with concurrent.futures.ThreadPoolExecutor(_WORKERS) as pool:
        waiting = [pool.submit(ask, i) for i in questions if i not in held]
        for done, future in enumerate(concurrent.futures.as_completed(waiting)):
            try:
                future.result()
            except CurationError:
                pool.shutdown(cancel_futures=True)
                raise
            progress(len(held) + len(bad) if done else 0, len(questions))
    return held, dict(sorted(bad.items()))


def _read_answers(path: Path, called: str) -> dict[int, Any]:
    """Return {number: answer}; a line that a kill cut off is asked again."""
    if not path.exists():
        return {}
    lines = path.read_text(encoding="utf-8").split("\n")
    if lines[-1]:
        path.write_text("\n".join(lines[:-1]) + ("\n" if lines[:-1] else ""), encoding="utf-8")
    return {entry["i"]: entry[called] for line in lines[:-1] if line for entry in [json.loads(line)]}
