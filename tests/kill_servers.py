"""The model's endpoint and the hub that `tests/kill.py` asks, in a process of their own: forks must have no threads."""

import contextlib
import hashlib
import json
import multiprocessing
import os
from collections.abc import Iterator
from typing import Any

from tests.conftest import small_records
from tests.hub_stand_in import TOKEN, start
from tests.judge_server import judge_server
from tests.kill_case import N

ON_HUB = "ann/source"  # a data set


def answer(question: str, _: int) -> str:
    """Answer as a judge, who names clusters, or who writes seeds: the same for the same question."""
    if "training example" in question:
        words = hashlib.sha256(question.encode()).hexdigest()
        return f"Instruction: what is {words[:8]}?\nResponse: {words[8:16]} {words[16:24]} {words[24:32]}"
    names = "<record>" in question
    return json.dumps({"name": f"Topic {len(question)}"} if names else {"score": len(question) % 5 + 1})


def _line(record: dict) -> str:
    return json.dumps(record) + "\n"


def _serve(told: Any) -> None:
    with judge_server(answer) as (address, _):
        hub = start()[0]
        parts = {f"data/train-0000{i}-of-00002.jsonl": small_records(N)[i::2] for i in range(2)}
        hub.add(ON_HUB, {path: "".join(map(_line, records)).encode() for path, records in parts.items()})
        told.send((address, hub.address))
        told.poll(None)  # until the other end is closed


@contextlib.contextmanager
def servers() -> Iterator[None]:
    """Serve while the block lasts; this process and its forks ask there."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(there,), daemon=True)
    process.start()
    there.close()  # one that fails to start is then an EOFError here
    model, hub = here.recv()
    os.environ |= {"OPENAI_BASE_URL": model, "OPENAI_API_KEY": "k", "HF_TOKEN": TOKEN}
    os.environ |= {"HF_ENDPOINT": hub, "HF_HUB_DISABLE_XET": "1", "NO_PROXY": "127.0.0.1,localhost"}
    try:
        yield
    finally:
        process.terminate()
        process.join()
