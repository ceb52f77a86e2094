"""Work that is killed and taken up again gives what it gives unbroken: a few kills here, all of them by `python -m tests.kill`."""

import subprocess
import sys

import pytest

from core.base.temporaries import scratch_folder, temporary_for
from core.vectors.embedding import EmbedParams
from tests.browser import ROOT
from tests.conftest import TinyEncoder
from tests.damaging import left_by_a_killed_one
from tests.kill import kill_many, new_case, went_on
from tests.kill_result import difference, result_of
from tests.kill_work import STEPS, TARGETS, prepare

_STEPS = ["import", "embed", "cluster", "score", "duplicates", "reward", "decide", "select", "export"]


def test_what_is_killed_in_duplicates_in_reward_and_while_people_decide_comes_out_as_unbroken(tmp_path, monkeypatch):
    prepare(monkeypatch.setattr)
    assert kill_many(3, 5, tmp_path, _STEPS, ["duplicates", "reward", "decide"]) == 3


def test_what_came_out_otherwise_is_found(tmp_path):
    with new_case(tmp_path, "a") as case:
        (case.folder / "at").write_text("decide")
        (case.folder / "decided").write_text("2")
        STEPS["import"](case)
        assert went_on(case, ["decide"], None) == "2 decisions that were made are lost"
        before = result_of(case.folder)
        (case.folder / "w" / ".left.1.abc.tmp").touch()
        (case.folder / "w" / "rejects.jsonl").write_text("other")
        (case.folder / "w" / "records.arrow").unlink()
        told = "there is more: w/.left.1.abc.tmp; there is less: w/records.arrow; these are others: w/rejects.jsonl"
        assert difference(result_of(case.folder), before) == told and difference(before, before) == ""


def test_a_scratch_folder_is_removed_and_so_are_those_of_killed_processes_alone(tmp_path):
    left, mine = left_by_a_killed_one(tmp_path / "x"), temporary_for(tmp_path / "x")
    left.unlink()
    for folder in (left, mine):
        (folder / "inside").mkdir(parents=True)
    with scratch_folder(tmp_path, "x") as scratch:
        (scratch / "file").write_text("words")
        assert sorted(tmp_path.iterdir()) == sorted([mine, scratch])
    assert [*tmp_path.iterdir()] == [mine]


def test_shards_that_a_kill_left_beside_a_whole_result_go_when_it_is_asked_for_again(make_pipeline):
    pipeline = make_pipeline("embed")
    left = pipeline.workspace.shard_folder("embed", pipeline.current("embed"))
    (left / "shard-000000.npy").touch()
    pipeline.run("embed", EmbedParams(), encoder=TinyEncoder())
    assert not left.exists()


@pytest.mark.slow
def test_what_is_killed_in_any_step_comes_out_as_unbroken(tmp_path):
    command = [sys.executable, "-m", "tests.kill", str(len(TARGETS)), "--seed", "7"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
