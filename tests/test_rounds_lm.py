"""Rounds with a tiny language model that is tuned for real: whole, and killed and resumed."""

import json
import shutil
import subprocess
import sys

import pytest

from core.models.lora import LmParams
from core.refine.params import RefineParams
from core.refine.runs import Rounds
from core.run.pipeline import Pipeline
from core.workspace.workspace import Workspace
from tests.command import ROOT, run
from tests.made_once import made_once
from tests.refining import PREPARED, fresh, go, rows_of


def lm_of(tiny_lm, **changes):
    values = {
        "learning_rate": 1e-2,
        "batch_size": 1,
        "accumulation": 1,
        "max_tokens": 64,
        "max_new_tokens": 4,
        "save_steps": 1,
    }
    return LmParams(model=tiny_lm, **(values | changes))


@pytest.fixture
def whole(make_pipeline, tiny_lm, tmp_path_factory):
    """A run of three rounds with a tiny language model that nobody stopped; only to be read."""

    def make(folder):
        rounds = Rounds(make_pipeline(*PREPARED, folder="whole"))
        rounds.start(RefineParams("12", 3, "lm"), lm_of(tiny_lm))
        go(rounds)
        shutil.copytree(rounds.workspace.folder, folder, dirs_exist_ok=True)

    return Rounds(Pipeline(Workspace(made_once(tmp_path_factory, "lm-rounds", make))))


def test_three_rounds_with_a_tiny_language_model(whole):
    assert sum(map(len, rows_of(whole))) == 12
    first = whole.rounds(1)[0]
    info = whole.workspace.info("feedback", first.feedback)
    assert len(info["losses"]) == 4 and "answer" in whole.scores(first).column_names
    assert whole.losses(first) == info["losses"]
    assert not list(whole.workspace.artifacts.glob("*.shards"))


def test_most_scored_limits_what_a_cluster_is_asked(rounds, tiny_lm):
    rounds.start(RefineParams("24", 2, "lm"), lm_of(tiny_lm, most_scored=1, batch_size=8))
    rounds = go(rounds, until=1)
    scored = rounds.scores(rounds.rounds(1)[0])["row_id"].to_numpy()
    assert len(scored) <= 4 and len(set(rounds.labels(rounds.run(1))[scored])) == len(scored)


DIES = """
import os, sys
from core.cli.parser import main
from core.refine import feedback
tune = feedback.tune
def dying(*given):
    def progress(done, total):
        if (done, total) == (int(sys.argv[2]), 8):
            os._exit(9)
    return tune(*given[:-1], progress)
feedback.tune = dying
sys.exit(main(["refine", sys.argv[1], "--continue", "--device", "cpu"]))
"""


def steps_logged(rounds):
    """Return every step that was made of a tuning that is not over, as often as it was made."""
    log = next(rounds.workspace.artifacts.glob("feedback-*.shards/tuning/losses.jsonl"))
    return [json.loads(line)["step"] for line in log.read_text().splitlines()]


@pytest.mark.slow
def test_killed_twice_in_round_2_it_resumes_and_ends_with_the_same_records(make_pipeline, tiny_lm, whole):
    broken = Rounds(make_pipeline(*PREPARED, folder="broken"))
    broken.start(RefineParams("12", 3, "lm"), lm_of(tiny_lm))
    folder = str(broken.workspace.folder)
    for dies_at in (4, 7):  # at the end of a step of the 8 of round 2, as by SIGKILL
        died = subprocess.run([sys.executable, "-c", DIES, folder, str(dies_at)], cwd=ROOT, capture_output=True)
        assert died.returncode == 9, died.stderr
        assert len(fresh(broken).rounds(1)) == 2 and steps_logged(broken) == list(range(1, dies_at))  # none made twice
    run("refine", folder, "--continue", "--device", "cpu", check=0)
    assert rows_of(fresh(broken)) == rows_of(whole)
