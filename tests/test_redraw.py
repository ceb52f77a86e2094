"""Drawn anew: what differs between the seeds of an ablation or of a stability, and what a curator is warned of."""

import dataclasses
import re
import shutil

import numpy as np
import pytest
import yaml

from core.cli.parser import main
from core.daar.domains import domain_as_dict
from core.evidence.ablation.arms import redrawn_words, select_for_ablation
from core.evidence.ablation.held_out import hold_out
from core.evidence.ablation.latest import last_ablation, table_lines
from core.evidence.ablation.run import ablate
from core.evidence.redraw import mean_overlap, overlap_warning, redrawn_pool
from core.evidence.stability import StabilityParams, known_stability, stability
from core.quality.params import QualityParams
from core.run.pipeline import Pipeline
from core.selection.choosing import select_records
from core.selection.methods.by_domain import low_cuts
from core.selection.params import SelectionParams
from core.selection.pool import Pool
from core.selection.stage import pool_of
from core.vectors.clustering import ClusterParams
from core.vectors.embedding import EmbedParams
from core.workspace.deciding import decide_cluster, decide_records
from core.workspace.workspace import Workspace
from tests.conftest import TinyEncoder, small_records, write_jsonl
from tests.made_once import made_once, make_workspace
from tests.pages import check_job_done, open_page, press, words
from tests.test_ablation import TINY
from tests.test_ablation import params as prove_params
from tests.test_reward_stage import DOMAINS, params

NOTHING = np.zeros(0, np.int64)
BY_RECORD = tuple(  # domains that need no encoder: their seeds are records
    dataclasses.replace(domain, seeds=(dataclasses.replace(DOMAINS[1].seeds[1], row=row),))
    for row, domain in enumerate(DOMAINS)
)


@pytest.fixture
def pipeline(make_pipeline):
    return make_pipeline("embed", "cluster", "score")


@pytest.fixture
def rewarded(tmp_path, tmp_path_factory):
    """A workspace where DaaR has run, and its probes were trained with the next seed too."""

    def make(folder):
        data = write_jsonl(folder / "small.jsonl", small_records())
        stages = {"embed": EmbedParams(), "cluster": ClusterParams(9), "score": QualityParams()}
        made = make_workspace(folder / "small", data, stages, TinyEncoder())
        asked = params(BY_RECORD, learning_rate=1e-3, steps=300)
        made.run("reward", asked, device="cpu")
        made.make("reward", dataclasses.replace(asked, seed=1), device="cpu")

    shutil.copytree(made_once(tmp_path_factory, "rewarded", make) / "small", tmp_path / "rewarded")
    return Pipeline(Workspace(tmp_path / "rewarded"))


def rows_by(pipeline, method, seed):
    return select_for_ablation(pipeline, method, prove_params(), seed, NOTHING, device="cpu").tolist()


def test_the_first_seed_of_a_proof_takes_todays_clusters_and_the_next_ones_others(make_pipeline):
    pipeline = make_pipeline("embed", "cluster", "score", n_clusters=9)
    today, key = pipeline.params("cluster"), pipeline.current("cluster")
    first, second = rows_by(pipeline, "kmeans-closest", 0), rows_by(pipeline, "kmeans-closest", 1)
    assert first == np.sort(select_records(pool_of(pipeline), SelectionParams("12", "kmeans-closest")).rows).tolist()
    again = Pipeline(pipeline.workspace)
    again.run("cluster", dataclasses.replace(today, seed=1), device="cpu")
    assert second == np.sort(select_records(pool_of(again), SelectionParams("12", "kmeans-closest")).rows).tolist()
    assert first != second and pipeline.current("cluster") == key and pipeline.params("cluster") == today


@pytest.mark.slow
def test_the_probes_of_daar_are_trained_anew_for_each_seed_of_a_proof(rewarded):
    today = rewarded.params("reward")
    first, second = rows_by(rewarded, "daar", 0), rows_by(rewarded, "daar", 1)
    assert rewarded.params("reward") == today and first != second
    again = Pipeline(rewarded.workspace)
    again.run("reward", dataclasses.replace(today, seed=1), device="cpu")
    assert second == np.sort(select_records(pool_of(again), SelectionParams("12", "daar", seed=1)).rows).tolist()


def test_what_is_drawn_anew_is_said_and_what_is_not_and_why(rewarded):
    asked = prove_params(methods=("random", "kmq", "daar"))
    assert redrawn_words(rewarded, asked) == (
        "Drawn anew for each seed: the methods' draws, clusters, DaaR's seeds and probes and the trainings."
    )
    assert "clusters" not in redrawn_words(rewarded, prove_params(methods=("random",)))
    before = rows_by(rewarded, "kmeans-closest", 1)
    decide_cluster(rewarded, "weight", 0, value=2.0)
    weighted = Pipeline(rewarded.workspace)
    assert "The same for all seeds: clusters, since people have given weights" in redrawn_words(weighted, asked)
    pool = redrawn_pool(weighted, SelectionParams("12", "kmeans-closest"), 1)
    np.testing.assert_array_equal(pool.labels, weighted.array("cluster"))
    assert rows_by(weighted, "kmeans-closest", 1) != before
    assert "A version holds the same records" in redrawn_words(rewarded, prove_params(methods=("version:x",)))


def test_the_stability_of_daar_is_that_of_its_draws(rewarded):
    found = stability(rewarded, StabilityParams(SelectionParams("12", "daar").as_dict(), 2), device="cpu")
    drawn = [set(rows_by(rewarded, "daar", seed)) for seed in (0, 1)]
    assert found.overlap == pytest.approx(len(drawn[0] & drawn[1]) / 12, abs=1e-6)


def test_an_overlap_worked_by_hand_and_its_warning():
    sets = [np.array([1, 2, 3, 4]), np.array([3, 4, 5, 6]), np.array([1, 2, 3, 9])]
    assert mean_overlap(sets) == pytest.approx((2 + 3 + 1) / 12) and mean_overlap(sets[:1]) == 1
    assert "share 50%" in overlap_warning("daar", 0.5, 3) and "depends on the seed" in overlap_warning("daar", 0.5, 3)
    assert overlap_warning("daar", 0.7, 3) == "" and overlap_warning("kmq", 0.1, 3) == ""


def test_a_cut_where_the_probe_is_sure_is_said():
    reward = np.linspace(0, 1, 50)
    pool = Pool(50, reward=reward, domains=np.arange(50) % 2, shares={"a": 0.0, "b": 0.0})
    low, high = np.arange(2, 50), np.arange(10, 50)
    assert "low: 0.041," in low_cuts(pool, low, "")[0] and low_cuts(pool, high, "") == []
    assert low_cuts(pool, NOTHING, "") == []
    assert (
        "0.041 in a" in low_cuts(pool, np.array([2, 21]), "a")[0]
        and "in b" not in low_cuts(pool, np.array([2, 21]), "a")[0]
    )


def test_the_cut_is_judged_when_daar_selects_pins_left_out(rewarded):
    lowest = int(np.argmin(rewarded.workspace.table("reward", rewarded.current("reward"))["reward"].to_numpy()))
    rewarded.run("select", SelectionParams("60", "daar"))
    least = rewarded.workspace.table("reward", rewarded.current("reward"))["reward"].to_numpy().min()
    told = [text for text in rewarded.finished("select")["warnings"] if "entropy at the cut" in text]
    assert least < 0.1 and len(told) == 1
    decide_records(rewarded.workspace, "pin", np.array([lowest]))
    fresh = Pipeline(rewarded.workspace)
    fresh.run("select", SelectionParams("2", "daar"))
    drawn = fresh.table("select").filter(fresh.table("select")["reason"].to_numpy() == 0)["row_id"].to_numpy()
    assert len(drawn) == 1 and drawn[0] != lowest


def test_every_selection_is_read_at_least_once_unless_fewer_steps_are_asked_for(pipeline):
    small = {name: value for name, value in TINY.items() if name != "steps"}
    tiny = {"context": 8, "batch_size": 1}
    lines = ablate(pipeline, prove_params(methods=("random", "longest"), n_seeds=1, small=small | tiny), device="cpu")
    assert all(line.read >= 1 for line in lines) and last_ablation(pipeline).steps >= 400
    by_name = {line.method: line for line in lines}
    tokens = pipeline.workspace.info("proof", last_ablation(pipeline).trained[1][2])["tokens_selected"]
    assert (
        last_ablation(pipeline).steps == max(400, -(-tokens // 8)) and by_name["longest"].read < by_name["random"].read
    )
    ablate(Pipeline(pipeline.workspace), prove_params(methods=("longest",), n_seeds=1, small=TINY | tiny), device="cpu")
    ablation = last_ablation(Pipeline(pipeline.workspace))
    assert ablation.lines[0].read == pytest.approx(12 * 8 / tokens) and "read only a part" in ablation.warnings[0]
    assert f"{12 * 8 / tokens:.2f}x" in table_lines(ablation.lines)[1]


def test_a_proof_says_how_alike_its_seeds_select(rewarded):
    lines = ablate(rewarded, prove_params(methods=("random", "daar")), device="cpu")
    ablation = last_ablation(rewarded)
    daar = next(line for line in lines if line.method == "daar")
    held = hold_out(rewarded, prove_params()).rows  # no record has a copy that is held out with it
    drawn = [set(select_for_ablation(rewarded, "daar", prove_params(), seed, held, device="cpu")) for seed in (0, 1)]
    assert daar.overlap == pytest.approx(len(drawn[0] & drawn[1]) / 12)
    assert any("depends on the seed" in text for text in ablation.warnings) == (daar.overlap < 0.7)
    assert "DaaR's seeds and probes" in ablation.varied


def test_a_proof_from_before_keeps_its_params_and_no_lines(pipeline):
    ablate(pipeline, prove_params(n_seeds=1), device="cpu")
    ledger = pipeline.workspace.ledger
    saved = ledger.settings()["prove"]
    for name in (
        "varied",
        "contrasted",
        "finished",
        "most_seeds",
        "contrast",
        "held_out_by",
        "model_size",
        "tokenizer",
    ):
        del saved[name]
    ledger.set_settings("prove", saved | {"basis": [3, pipeline.current("records")]})
    ablation = last_ablation(Pipeline(pipeline.workspace))
    assert ablation.lines == [] and ablation.contrast is None and ablation.steps == TINY["steps"]
    assert ablation.params == prove_params(n_seeds=1, model_size="usual", held_out_by="random")


def test_reward_reports_its_stability_from_the_command_line(rewarded, tmp_path, quick_probes, capsys):
    file = tmp_path / "domains.yaml"
    file.write_text(yaml.safe_dump([domain_as_dict(domain) for domain in BY_RECORD]))
    folder = str(rewarded.workspace.folder)
    given = ["--domains", str(file), "--budget", "12", "--draws", "1", "--stability", "2", "--device", "cpu"]
    assert main(["reward", folder, *given]) == 0
    out, err = capsys.readouterr()
    assert "daar: over 2 seeds, mean Jaccard" in out and "overlap" in out
    assert ("depends on the seed" in err) == (int(re.search(r"overlap (\d+)%", out)[1]) < 70)
    assert main(["reward", folder, "--stability", "1"]) == 1 and "--stability is 1" in capsys.readouterr().err


def test_the_reward_page_draws_again_and_says_how_alike_the_selections_are(rewarded, tmp_path, jobs_in_process):
    rewarded.run("select", SelectionParams("12", "daar"))
    press(open_page(tmp_path, "reward", workspace="rewarded"), "Draw it again and compare")
    check_job_done(tmp_path, "rewarded")
    found = known_stability(rewarded, StabilityParams(SelectionParams("12", "daar").as_dict(), 2))
    told = words(open_page(tmp_path, "reward", workspace="rewarded"))
    assert f"share {found.overlap:.0%}" in told and ("depends on the seed" in told) == (found.overlap < 0.7)
    assert "Draw it again" not in told


def test_a_low_cut_is_shown_on_the_reward_page(rewarded, tmp_path):
    rewarded.run("select", SelectionParams("60", "daar"))
    warned = rewarded.finished("select")["warnings"]
    told = words(open_page(tmp_path, "reward", workspace="rewarded"))
    assert warned and all(text[:30] in told for text in warned)
