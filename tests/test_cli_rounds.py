"""The verbs of rounds, scores and numbers of clusters, as a user meets them."""

import json

import numpy as np
import pytest

from core.cli.parser import main
from core.refine.runs import Rounds
from core.run.pipeline import Pipeline
from core.workspace.workspace import Workspace
from tests.command import run, run_process
from tests.judge_server import judge_server


def rounds_of(folder):
    return Rounds(Pipeline(Workspace(folder)))


def test_refine_continues_takes_back_and_forks(workspace):
    done = run("refine", workspace, "--budget", "20%", "--rounds", 3, "--until", 1, "--device", "cpu", check=0)
    assert "round 1: 4 records from 5 clusters; scored" in done.stdout
    assert (
        "refine" in done.stdout
        and "--continue --run 1" in done.stdout
        and "run 1: 4 of 12 records selected" in done.stdout
    )
    run("weight", workspace, "--cluster", 2, "--by", 0, check=0)
    done = run("refine", workspace, "--continue", "--device", "cpu", check=0)
    assert "round 3: 4 records from 5 clusters; the last one needs no score" in done.stdout
    rounds = rounds_of(workspace)
    assert [rounds.arrays(made)["quotas"][2] for made in rounds.rounds(1)][1:] == [0, 0]
    assert "2 rounds taken back" in run("refine", workspace, "--take-back", 2, check=0).stdout
    done = run("refine", workspace, "--fork", 1, "--temperature", 0.05, "--device", "cpu", check=0)
    assert "run 2: 12 of 12 records selected" in done.stdout
    assert rounds_of(workspace).run(2).params.temperature == 0.05 and len(rounds_of(workspace).rounds(1)) == 1
    out = workspace / "out.jsonl"
    run("export", workspace, "--out", out, check=0)
    assert len(out.read_text().splitlines()) == 12


def test_refine_refuses_what_makes_no_sense(workspace):
    assert "there is none yet" in run("refine", workspace, "--continue", check=1).stderr
    run("refine", workspace, "--budget", 12, "--device", "cpu", check=0)
    assert "given together" in run("refine", workspace, "--continue", "--take-back", 1, check=1).stderr
    assert "fork it to change budget" in run("refine", workspace, "--continue", "--budget", 5, check=1).stderr
    assert "--run names a run" in run("refine", workspace, "--run", 1, check=1).stderr
    assert "until is -1" in run("refine", workspace, "--until", -1, check=1).stderr
    assert "fork it to change" in run("refine", workspace, "--take-back", 1, "--budget", 3, check=1).stderr
    assert "no round 0" in run("refine", workspace, "--take-back", 0, check=1).stderr
    assert "floor is 2.0" in run("refine", workspace, "--floor", 2, check=1).stderr
    run("refine", workspace, "--feedback", "magic", check=2)
    assert len(rounds_of(workspace).runs()) == 1


def test_rounds_with_a_language_model(workspace, tiny_lm):
    options = [
        "--feedback",
        "lm",
        "--model",
        tiny_lm,
        "--max-tokens",
        64,
        "--max-new-tokens",
        4,
        "--learning-rate",
        0.01,
    ]
    done = run("refine", workspace, "--budget", 4, "--rounds", 2, "--device", "cpu", *options, check=0)
    assert done.stdout.count("; scored, up most cluster") == 1 and "run 1: 4 of 4 records selected" in done.stdout
    assert rounds_of(workspace).run(1).lm.max_new_tokens == 4
    broken = ["--feedback", "lm", "--model", workspace / "nothing", "--device", "cpu"]
    done = run_process("refine", workspace, *broken, check=1)  # what libraries say reaches a process alone
    assert "can't be loaded as a causal language model" in done.stderr
    assert "go on" not in done.stderr and len(done.stderr.strip().splitlines()) <= 2, done.stderr


def test_a_round_goes_out_and_its_scores_come_back(workspace, tmp_path):
    done = run("refine", workspace, "--budget", 12, "--rounds", 2, "--feedback", "import", check=0)
    assert "waiting for scores" in done.stdout
    run("round", "export", workspace, "--out", tmp_path / "out", check=0)
    lines = [json.loads(line) for line in (tmp_path / "out" / "records.jsonl").read_text().splitlines()]
    scores = tmp_path / "scores.jsonl"
    scores.write_text("".join(json.dumps({"id": e["id"], "score": e["cluster"]}) + "\n" for e in lines[1:]))
    done = run("round", "import", workspace, scores, check=1)
    assert f"1 missing ids: '{lines[0]['id']}'" in done.stderr
    with scores.open("a") as file:
        file.write(json.dumps({"id": lines[0]["id"], "score": 0}) + "\n")
    assert "6 scores taken" in run("round", "import", workspace, scores, "--run", 1, check=0).stdout
    assert "run 1: 12 of 12" in run("refine", workspace, "--continue", check=0).stdout


def test_scores_by_models_and_their_combination(workspace, tiny_lm, tiny_reward_model):
    run("score", workspace, "--scorer", "ifd", "--quality-model", tiny_lm, "--device", "cpu", check=0)
    run("score", workspace, "--scorer", "reward", "--quality-model", tiny_reward_model, "--device", "cpu", check=0)
    run("score", workspace, "--combine", "ifd=2,reward=1,heuristic=1", check=0)
    assert len(Pipeline(Workspace(workspace)).params("score").parts) == 3
    done = run("score", workspace, "--combine", "charm=1", check=1)
    assert "no scores by charm to combine; there are: combine, heuristic, ifd, reward" in done.stderr


def test_a_judge_says_its_cost_first(workspace, monkeypatch):
    with judge_server(lambda question, before: '{"score": 3.5}') as (url, requests):
        for name, value in (("OPENAI_BASE_URL", url), ("OPENAI_API_KEY", "x"), ("WINNOW_JUDGE_MODEL", "tiny")):
            monkeypatch.setenv(name, value)
        done = run("score", workspace, "--scorer", "judge", "--estimate", "--price-in", 1, check=0)
        assert "60 requests" in done.stderr and "At these prices" in done.stderr and not requests
        run("score", workspace, "--scorer", "judge", check=0)
    assert len(requests) == 60 and set(Pipeline(Workspace(workspace)).column("score", "score")) == {3.5}


def test_suggest_prints_a_table_and_advice(workspace):
    done = run("suggest", workspace, "--counts", "3,6,12", check=0)
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines[1:4]] == ["3", "6", "12"] and "weak evidence" in done.stdout
    assert "must be whole numbers" in run("suggest", workspace, "--counts", "x", check=1).stderr


@pytest.mark.parametrize("hierarchical", [False, True])
def test_hierarchical_clusters_are_an_option(workspace, hierarchical):
    run("cluster", workspace, "--clusters", 5, *(["--hierarchical"] if hierarchical else []), check=0)
    pipeline = Pipeline(Workspace(workspace))
    assert pipeline.params("cluster").hierarchical is hierarchical and len(np.unique(pipeline.array("cluster"))) == 5


def test_the_current_selection_is_named_asked_about_and_changed_by_use(make_pipeline, tmp_path, capsys):
    folder = str(make_pipeline("embed", "cluster", "score").workspace.folder)

    def here(verb, *arguments, check=0):
        assert main([verb, folder, *map(str, arguments)]) == check
        return capsys.readouterr()

    here("refine", "--budget", 12, "--rounds", 3, "--device", "cpu")
    done = here("refine", "--fork", 1, "--until", 2, "--device", "cpu")
    assert "current selection: run 2, round 2 of 3, unfinished: 8 of 12 records" in done.out
    done = here("export", "--out", tmp_path / "a.jsonl", check=1)
    assert "run 2, round 2 of 3, unfinished: 8 of 12 records" in done.err and "--unfinished" in done.err
    assert not (tmp_path / "a.jsonl").exists()
    done = here("export", "--out", tmp_path / "a.jsonl", "--unfinished")
    assert "current selection: run 2, round 2 of 3, unfinished" in done.out
    assert here("use", "run:1").out == "current selection: run 1, all 3 rounds: 12 records\n"
    assert "selection run 1, all 3 rounds\n" in here("status").out
    facts = json.loads(here("status", "--json").out)["selection"]
    assert facts == {"id": "round:1.3", "title": "run 1, all 3 rounds", "finished": True, "up_to_date": True}
    here("export", "--out", tmp_path / "b.jsonl")
    held = json.loads((tmp_path / "b.jsonl.manifest.json").read_text())
    assert held["selection"]["title"] == "run 1, all 3 rounds" and len(held["row_ids"]) == 12
    assert "no round 7" in here("use", "round:1.7", check=1).err
    done = here("drop", "--rows", held["row_ids"][0])
    assert "current selection: run 1, all 3 rounds: 11 of 12 records" in done.out
    assert "1 record short since some were dropped; round 3, selected anew" in done.err
    assert "all 3 rounds: 12 records" in here("undo").out
    here("select", "--budget", 12)
    name = json.loads(here("status", "--json").out)["selection"]["id"]
    here("drop", "--rows", Pipeline(Workspace(folder)).table("select")["row_id"][0])
    assert "kmq, 12 records, seed 0, out of date" in here("status").out
    done = here("use", name)
    assert done.out == f"current selection: {name}: kmq, 12 records, seed 0: 12 records\n"
    assert "1 record dropped now is in it." in done.err and "out of date" not in here("status").out
