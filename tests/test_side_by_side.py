"""Trainings side by side: the same bytes as one after the other, progress, errors, and nothing left running."""

import io
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from core.base.errors import CurationError
from core.evidence.ablation import training as ablation_training
from core.evidence.ablation.latest import last_ablation
from core.evidence.ablation.run import ablate
from core.models import scratch_training
from core.models.scratch_lm import SmallLmParams
from core.models.scratch_tokens import encode_pairs, train_tokenizer
from core.models.scratch_training import Training, _write, serve, train_and_judge, train_side_by_side
from core.run.pipeline import Pipeline
from tests.test_ablation import TINY, params

SMALL = SmallLmParams.from_dict(TINY)


@pytest.fixture(scope="module")
def trainings():
    """Three trainings of different records and seeds, and one that breaks down."""
    texts = [f"bake bread number {i} in an oven of {200 + i} degrees" for i in range(40)]
    tokenizer = train_tokenizer(texts, 300)
    encoded = encode_pairs(tokenizer, texts, texts[::-1])
    parts = [encoded.take(np.arange(start, start + 12)) for start in (0, 9, 18)]
    held = encoded.take(np.arange(30, 40))
    return [Training(part, held, SMALL, seed) for seed, part in enumerate(parts)]


def folders(tmp_path, n):
    made = [tmp_path / str(i) for i in range(n)]
    for folder in made:
        folder.mkdir()
    return made


def test_a_training_has_one_thread_and_the_process_its_own_again_afterwards(trainings):
    import torch

    torch.set_num_threads(2)
    several = train_and_judge(trainings[0])
    assert torch.get_num_threads() == 2
    torch.set_num_threads(1)
    assert train_and_judge(trainings[0]).losses.tobytes() == several.losses.tobytes()


def test_an_ablation_side_by_side_keeps_the_same_bytes(make_pipeline, monkeypatch):
    pipeline = make_pipeline("embed", "cluster", "score")
    alone = ablate(pipeline, params(n_seeds=1), device="cpu")
    keys = [key for *_, key in last_ablation(pipeline).trained]
    before = [np.array(pipeline.workspace.array("proof", key)).tobytes() for key in keys]
    for key in keys:
        pipeline.workspace.path("proof", key, ".json").unlink()
    monkeypatch.setattr(ablation_training, "_WORTH_A_PROCESS", 0)
    monkeypatch.setattr(ablation_training, "cores", lambda: 2)
    monkeypatch.setattr(ablation_training, "train_and_judge", None)  # nothing is trained here
    told = []
    again = ablate(
        Pipeline(pipeline.workspace), params(n_seeds=1), lambda done, total: told.append(done / total), "cpu"
    )
    assert repr(again) == repr(alone) and told == sorted(told) and len(told) > 10
    after = [key for *_, key in last_ablation(Pipeline(pipeline.workspace)).trained]
    assert after == keys and [np.array(pipeline.workspace.array("proof", key)).tobytes() for key in keys] == before
    assert not list(pipeline.workspace.artifacts.glob("*.shards"))
    facts = pipeline.workspace.info("proof", keys[0])
    assert facts["method"] == "random" and facts["tokens"] == SMALL.tokens_seen and len(facts["curve"]) == SMALL.steps


def test_what_breaks_down_is_answered_and_the_next_is_trained(trainings, tmp_path):
    wild = SmallLmParams.from_dict(TINY | {"learning_rate": 1e30, "steps": 200})
    asked = [Training(trainings[0].encoded, trainings[0].held, wild, 0), trainings[1]]
    requests = io.StringIO()
    for training, folder in zip(asked, folders(tmp_path, 2), strict=True):
        _write(training, folder)
        requests.write(json.dumps({"folder": str(folder)}) + "\n")
    requests.seek(0)
    answers = io.StringIO()
    serve(requests, answers)
    said = [json.loads(line) for line in answers.getvalue().splitlines()]
    broken = next(answer["error"] for answer in said if "error" in answer)
    assert "The training broke down at step" in broken and "take a lower one" in broken
    expected = train_and_judge(trainings[1])
    assert said[-1]["curve"] == expected.curve
    assert np.load(tmp_path / "1" / "losses.npy").tobytes() == expected.losses.tobytes()


def test_a_process_that_is_killed_is_said_and_none_is_left(trainings, tmp_path, monkeypatch):
    started, real = [], subprocess.Popen
    monkeypatch.setattr(
        scratch_training.subprocess, "Popen", lambda *a, **k: started.append(real(*a, **k)) or started[-1]
    )
    long = [
        Training(each.encoded, each.held, SmallLmParams.from_dict(TINY | {"steps": 100_000}), 0) for each in trainings
    ]
    events = train_side_by_side(zip(long, folders(tmp_path, 3), strict=True), 1)
    next(events)
    started[0].send_signal(signal.SIGKILL)
    with pytest.raises(CurationError, match="process ended before it was done"):
        list(events)
    assert all(process.poll() is not None for process in started) and len(started) == 1


@pytest.mark.slow
def test_a_training_process_ends_when_nobody_listens_any_more(trainings, tmp_path):
    long = SmallLmParams.from_dict(TINY | {"steps": 100_000})
    _write(Training(trainings[0].encoded, trainings[0].held, long, 0), tmp_path)
    process = subprocess.Popen(
        [sys.executable, "-m", "core.models.scratch_training"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    process.stdin.write(json.dumps({"folder": str(tmp_path)}) + "\n")
    process.stdin.flush()
    assert json.loads(process.stdout.readline())["done"] > 0
    process.stdout.close()
    process.stdin.close()
    end = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < end:
        time.sleep(0.05)
    assert process.poll() == 0
