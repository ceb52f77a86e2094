"""DaaR over several draws: their mean and spread, what all, some or few of them take, and what is said where they disagree."""

import dataclasses
import itertools

import numpy as np
import pyarrow as pa
import pytest

from core.base.errors import CurationError
from core.base.progress import no_progress
from core.daar.centroids import pick_by_description
from core.daar.domains import Seed
from core.daar.draws import _warnings, agreement_of, agreement_warning, mean_table
from core.daar.params import DaarParams
from core.daar.probe_transfer import carry_probes
from core.daar.probes import spearman
from core.evidence.why import why
from core.run.pipeline import Pipeline
from core.selection.choosing import select_records
from core.selection.over_draws import Draw, cut_warning, overlaps, select_over_draws, words_of
from core.selection.params import SelectionParams
from core.selection.pool import Pool
from core.workspace.deciding import decide_records
from tests.command import run
from tests.conftest import TinyEncoder
from tests.test_reward import blobs
from tests.test_reward_stage import DOMAINS, params

pytestmark = pytest.mark.usefixtures("quick_probes")
BY_RECORD = tuple(  # domains that need no encoder: their seeds are records
    dataclasses.replace(domain, seeds=(Seed("", "record", row), Seed("", "record", row + 4)))
    for row, domain in enumerate(DOMAINS)
)


def column(pipeline, key, name):
    return pipeline.workspace.table("reward", key)[name].to_numpy()


@pytest.fixture
def drawn(make_pipeline):
    """Return a function that runs DaaR with some draws, by descriptions."""

    def make(n, **more):
        pipeline = make_pipeline("embed")
        pipeline.run("reward", params(draws=n, **more), device="cpu", encoder=TinyEncoder())
        return pipeline

    return make


# Draws


def test_one_draw_is_keyed_as_before_draws_were_there():
    assert set(DaarParams().as_dict()) == {
        *("domains", "model", "encoder", "layer", "max_tokens", "sample", "assignment", "n_seeds"),
        *("steps", "batch_size", "learning_rate", "seed", "probes"),
    }
    assert DaarParams(draws=3).as_dict()["draws"] == 3 and DaarParams(seed=7).draw_seed == 7
    seeds = {DaarParams(seed=seed).of_draw(draw).draw_seed for seed in range(4) for draw in range(4)}
    assert len(seeds) == 16  # no draw of one seed is a draw of the next
    for wrong in (0, 101):
        with pytest.raises(CurationError, match=f"draws is {wrong}"):
            DaarParams(draws=wrong)


def test_three_draws_are_the_mean_of_three_single_ones(make_pipeline, drawn):
    alone = make_pipeline("embed", folder="alone")
    keys = [alone.make("reward", params().of_draw(i), device="cpu", encoder=TinyEncoder()) for i in range(3)]
    pipeline = drawn(3)
    key, info = pipeline.current("reward"), pipeline.info("reward")
    assert info["draws"] == keys and keys[0] == alone.key("reward", params())
    rewards = np.stack([column(alone, each, "reward") for each in keys])
    assert not np.array_equal(rewards[0], rewards[1]) and not np.array_equal(rewards[1], rewards[2])
    np.testing.assert_allclose(column(pipeline, key, "reward"), rewards.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(column(pipeline, key, "spread"), rewards.std(axis=0), atol=1e-6)
    chances = np.stack([[column(alone, each, f"p{k}") for k in range(4)] for each in keys]).mean(axis=0)
    np.testing.assert_array_equal(column(pipeline, key, "domain"), chances.argmax(axis=0))
    for suffix in (".arrow", ".pseudo.npy", ".sample.npy"):  # the first is the single draw, to the byte
        first = [each.workspace.path("reward", keys[0], suffix).read_bytes() for each in (alone, pipeline)]
        assert first[0] == first[1]
    pairs = [spearman(a, b) for a, b in itertools.combinations(rewards, 2)]
    assert [rho for *_, rho in info["agreement"]] == pytest.approx(pairs, abs=1e-5)
    assert info["names"] == [domain.name for domain in DOMAINS] and sum(info["shares"]) == pytest.approx(1, abs=1e-5)
    assert all(-1 <= value <= 1 for value in info["centres"] if value is not None)


def test_draws_that_are_there_are_not_made_again(drawn, monkeypatch):
    pipeline = drawn(2)
    made = {path.name: path.stat().st_mtime_ns for path in pipeline.workspace.artifacts.glob("reward-*.arrow")}
    again = Pipeline(pipeline.workspace)
    again.run("reward", params(draws=3), device="cpu", encoder=TinyEncoder())
    now = {path.name: path.stat().st_mtime_ns for path in pipeline.workspace.artifacts.glob("reward-*.arrow")}
    assert made.items() <= now.items() and len(now) == len(made) + 2  # the third draw, and the new mean


def test_mean_spread_and_domain_worked_by_hand():
    first = {"domain": np.int32([0, 1]), "reward": np.float32([0.2, 0.9]), "p0": np.float32([0.9, 0.4])}
    second = {"domain": np.int32([0, 0]), "reward": np.float32([0.4, 0.1]), "p0": np.float32([0.7, 0.8])}
    tables = [pa.table(each | {"p1": 1 - each["p0"]}) for each in (first, second)]
    found = mean_table(tables, 2).to_pydict()
    assert found["reward"] == pytest.approx([0.3, 0.5]) and found["spread"] == pytest.approx([0.1, 0.4])
    assert found["p0"] == pytest.approx([0.8, 0.6]) and found["domain"] == [0, 0]


def test_a_draw_takes_its_seeds_among_the_best_fitting_records():
    x, _ = blobs(spread=0.3)
    descriptions = np.eye(3, 6, dtype=np.float32)
    best = pick_by_description(x, descriptions, 15)
    picks = [pick_by_description(x, descriptions, 5, np.random.default_rng(seed)) for seed in range(3)]
    for pick in picks:
        for k, rows in enumerate(pick):
            assert set(rows) <= set(best[k]) and len(rows) == len(set(rows)) <= 5
    assert len({tuple(pick[0]) for pick in picks}) == 3


def test_probes_of_several_draws_are_carried_over_and_averaged(drawn, make_pipeline):
    pipeline, other = drawn(2), make_pipeline("embed", folder="other")
    asked = carry_probes(pipeline, other.workspace)
    other.run("reward", asked, device="cpu")
    for name in ("reward", "spread"):
        ours, theirs = (column(each, each.current("reward"), name) for each in (pipeline, other))
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
    assert other.info("reward")["from"] and len(other.info("reward")["draws"]) == 2
    assert carry_probes(other, pipeline.workspace).probes == asked.probes


# Agreement


def test_draws_that_rank_alike_agree_and_others_are_warned_of():
    rng = np.random.default_rng(0)
    truth = rng.random(400)
    alike = np.stack([truth + 0.05 * rng.random(400) for _ in range(3)])
    apart = rng.random((3, 400))
    assert agreement_of(alike)[0][2] > 0.95 and agreement_warning(agreement_of(alike)) == []
    told = agreement_warning(agreement_of(apart))
    assert len(told) == 1 and "3 draws" in told[0] and "where 0.7 is wanted" in told[0]
    assert agreement_of(np.array([[1.0, 2, 3], [3, 2, 1], [5, 5, 5]])) == [[0, 1, -1], [0, 2, 0], [1, 2, 0]]


def test_a_warning_of_several_draws_is_given_once():
    told = _warnings(
        [{"warnings": ["Right on 30% only."]}, {"warnings": ["Right on 41% only.", "Empty."]}, {"warnings": []}], []
    )
    assert told == ["In 2 of 3 draws, for example: Right on 30% only.", "In 1 of 3 draws: Empty."]
    assert _warnings([{"warnings": ["Empty."]}] * 2, []) == ["Empty."]


def pool_of_rewards(rewards):
    domains = np.arange(rewards.shape[1], dtype=np.int32) % 2
    draws = [Draw(each, domains) for each in rewards.astype(np.float32)]
    pool = Pool(rewards.shape[1], reward=rewards.mean(axis=0), domains=domains, shares={"even": 0.0, "odd": 0.0})
    return pool, draws


def over(pool, draws, budget):
    asked = SelectionParams(str(budget), "daar")
    return select_over_draws(pool, asked, select_records(pool, asked), draws, no_progress)


def test_surely_perhaps_and_hardly_worked_by_hand():
    rewards = np.array([[9, 8, 1, 0, 0, 0], [9, 0, 8.5, 0, 0, 0], [9, 8, 0, 0, 0, 1], [9, 0, 7, 8, 0, 0.0]])
    pool, draws = pool_of_rewards(rewards)
    facts, taken = over(pool, draws, 2)
    assert taken.tolist() == [4, 2, 1, 1, 0, 0]
    assert (facts["surely"], facts["perhaps"], facts["hardly"]) == (1, 0, 1)  # the mean takes 0 (9.0) and 2 (4.0)
    assert facts["passed_over"] == 1  # record 1, which half of the draws take
    assert words_of([4, 3, 2, 1, 0], 4).tolist() == ["surely", "perhaps", "perhaps", "hardly", "hardly"]
    pairs = {(i, j): share for i, j, share in facts["overlaps"]}
    assert pairs[0, 2] == 1 and pairs[0, 1] == 0.5 and len(pairs) == 6
    assert facts["shares"] == {"even": [0.5, 1.0], "odd": [0.0, 0.5]}
    told = cut_warning(facts)
    assert len(told) == 1 and "overlaps by 58%" in told[0] and "70% is wanted" in told[0]
    assert cut_warning(facts | {"overlaps": [[0, 1, 0.7]]}) == []
    pinned = dataclasses.replace(pool, pinned=np.array([0]))
    assert over(pinned, draws, 2)[0]["surely"] == 0  # what is pinned is no pick of the draws


def test_overlaps_are_of_the_smaller_selection():
    assert overlaps([np.array([1, 2, 3]), np.array([2, 3]), np.array([], int)]) == [
        [0, 1, 1.0],
        [0, 2, 0.0],
        [1, 2, 0.0],
    ]


def test_a_selection_says_what_its_draws_would_take_and_why_says_it_in_a_word(drawn):
    pipeline = drawn(3)
    pipeline.run("select", SelectionParams("12", "daar"))
    key, info = pipeline.current("select"), pipeline.info("select")
    taken = np.array(pipeline.workspace.array("select", key, ".taken.npy"))
    alone = [
        set(np.argsort(-column(pipeline, each, "reward"), kind="stable")[:12].tolist())
        for each in pipeline.info("reward")["draws"]
    ]
    assert taken.tolist() == [sum(row in rows for rows in alone) for row in range(60)]
    counts = [info["draws"][word] for word in ("surely", "perhaps", "hardly")]
    assert sum(counts) == 12 and info["draws"]["n"] == 3
    overlap = np.mean([share for *_, share in info["draws"]["overlaps"]])
    assert any("the cut depends on the seeds" in text for text in info["warnings"]) == (overlap < 0.7)
    surely, never = int(np.flatnonzero(taken == 3)[0]), int(np.flatnonzero(taken == 0)[0])
    told = why(pipeline, [surely, never])
    assert "Taken by 3 of 3 draws (surely)." in told[0] and told[1].endswith("Taken by none of 3 draws.")
    decide_records(pipeline.workspace, "drop", np.array([surely]))
    later = Pipeline(pipeline.workspace)
    later.run("select", SelectionParams("12", "daar"))
    assert later.workspace.array("select", later.current("select"), ".taken.npy")[surely] == 0


def test_a_single_draw_says_nothing_of_draws(drawn):
    pipeline = drawn(1)
    pipeline.run("select", SelectionParams("12", "daar"))
    assert "draws" not in pipeline.info("select") and "draw" not in why(pipeline, [0])[0]
    assert "spread" not in pipeline.workspace.table("reward", pipeline.current("reward")).column_names


# The records' own labels in place of pseudo-labels


def test_source_labels_are_the_domains_and_need_no_seeds(make_pipeline):
    pipeline = make_pipeline("embed")
    pipeline.run(
        "reward", DaarParams(labels="source", sample=60, learning_rate=1e-3), device="cpu"
    )  # no encoder either
    info, key = pipeline.info("reward"), pipeline.current("reward")
    names, codes = pipeline.workspace.records().sources()
    assert info["names"] == list(names) and "drift" not in info and "Only 6" in info["warnings"][0]
    np.testing.assert_array_equal(
        pipeline.workspace.array("reward", key, ".pseudo.npy"),
        codes[pipeline.workspace.array("reward", key, ".sample.npy")],
    )
    pipeline.run("select", SelectionParams("12", "daar", target_domain=names[0]))
    assert len(pipeline.table("select")) == 12
    assert DaarParams(params().domains, labels="source") == DaarParams(labels="source")
    several = Pipeline(pipeline.workspace)
    several.run("reward", DaarParams(labels="source", sample=40, draws=2), device="cpu")
    assert several.info("reward")["names"] == list(names) and len(several.info("reward")["draws"]) == 2


def test_one_source_is_no_choice_of_domains(make_pipeline, tmp_path):
    from tests.conftest import small_records, write_jsonl

    data = write_jsonl(tmp_path / "one.jsonl", [record | {"source": "same"} for record in small_records()])
    pipeline = make_pipeline("embed", folder="one", data=data)
    with pytest.raises(CurationError, match="have 1 source label; to be domains there must be 2 to 64"):
        pipeline.run("reward", DaarParams(labels="source"), device="cpu")


# From the command line


def test_draws_and_labels_from_the_command_line(make_pipeline):
    folder = make_pipeline("embed").workspace.folder
    done = run("reward", folder, "--labels", "source", "--draws", 2, "--budget", 12, "--device", "cpu", check=0)
    assert "2 draws: Spearman" in done.stdout and "12 of 60 records selected" in done.stdout
    assert "surely" in done.stdout and "bread" in done.stdout
    known = Pipeline(make_pipeline("embed").workspace)
    rho = known.info("reward")["agreement"][0][2]
    assert ("rank the records differently" in done.stdout + done.stderr) == (rho < 0.7)
    done = run("reward", folder, "--labels", "source", "--target-domain", "nobody", check=1)
    assert "the domains are bread" in done.stderr
