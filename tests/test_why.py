"""Why a record is selected or not: what is said agrees with what the method did, for every method there is."""

import re

import numpy as np
import pytest

import core
from core.base.arrays import unit_rows
from core.base.text import ordinal
from core.evidence.versions import find_version, restore_version, save_version
from core.evidence.why import why
from core.quality.params import QualityParams
from core.refine.advance import Advance, advance
from core.refine.params import RefineParams
from core.refine.runs import Rounds
from core.run.pipeline import Pipeline
from core.selection.choosing import select_records
from core.selection.method import METHODS
from core.selection.params import SelectionParams
from core.selection.pool import Pool, nearest_of
from core.selection.why import why_by_method
from core.vectors.reshaping import merge_clusters
from core.workspace.deciding import decide_cluster, decide_records, overrides_of
from tests.command import run as run_command
from tests.conftest import TinyEncoder
from tests.limits import drawn_targets

N = 120


@pytest.fixture
def pool() -> Pool:
    rng = np.random.default_rng(4)
    labels = np.sort(rng.integers(5, size=N)).astype(np.int32)
    x = unit_rows(rng.normal(size=(5, 6))[labels] + 0.4 * rng.normal(size=(N, 6)))
    return Pool(
        N,
        labels=labels,
        quality=rng.random(N).astype(np.float32),
        embeddings=x,
        distances=rng.random(N).astype(np.float32),
        pinned=np.array([3, 60]),
        dropped=np.array([10]),
        multipliers={2: 0.0},
        reward=rng.random(N).astype(np.float32),
        domains=(labels % 3).astype(np.int32),
        sources=(labels % 2).astype(np.int32),
        shares={"a": 0.0, "b": 0.0, "c": 0.0},
        targets=drawn_targets(rng, x),
    )


def free_rows(pool: Pool) -> np.ndarray:
    return pool.free_rows()


@pytest.mark.parametrize("method", METHODS)
def test_every_method_says_of_every_record_whether_it_took_it_and_why(pool, method):
    params = SelectionParams("30", method, similarity_threshold=0.8)
    chosen = select_records(pool, params)
    said = why_by_method(pool, params, chosen, free_rows(pool))
    for row, sentence in zip(free_rows(pool), said, strict=True):
        was_taken = row in chosen.rows
        assert sentence.startswith(f"{'Selected' if was_taken else 'Not selected'} by {method}: "), sentence
        assert sentence.endswith(".") and "nan" not in sentence and "None" not in sentence and "\n" not in sentence


@pytest.mark.parametrize("method", ["kmq", "kmeans-random", "kmeans-closest", "kmeans-median"])
@pytest.mark.parametrize("probability", ["proportional", "softmax"])
def test_a_records_place_in_its_clusters_draw_is_within_the_quota_where_it_was_taken(pool, method, probability):
    params = SelectionParams("30", method, sampling_probability=probability if method == "kmq" else "proportional")
    chosen = select_records(pool, params)
    for row, sentence in zip(free_rows(pool), why_by_method(pool, params, chosen, free_rows(pool)), strict=True):
        cluster = pool.labels[row]
        assert f"cluster {cluster}" in sentence
        taken = int(((pool.labels[chosen.rows] == cluster) & ~np.isin(chosen.rows, pool.pinned)).sum())
        if cluster == 2:
            assert "no share of the budget" in sentence
        elif row in chosen.rows:
            place = int(re.search(r"(\d+)(?:st|nd|rd|th) of", sentence)[1])
            mine = [r for r in chosen.rows if pool.labels[r] == cluster and r not in pool.pinned]
            assert place == mine.index(row) + 1 and f"of {taken} taken" in sentence
        else:
            place = int(re.search(r"came (\d+)(?:st|nd|rd|th)", sentence)[1])
            assert place > taken and f"quota of {taken};" in sentence


def test_draws_with_replacement_are_counted(pool):
    params = SelectionParams("100", "kmq", replacement=True)
    chosen = select_records(pool, params)
    row, times = (
        int(v) for v in max(zip(*np.unique(chosen.rows, return_counts=True), strict=True), key=lambda p: p[1])
    )
    assert times > 1 and f"drawn {times} times" in why_by_method(pool, params, chosen, np.array([row]))[0]


def test_quality_tells_the_rank_and_the_cut(pool):
    params = SelectionParams("30", "quality")
    chosen = select_records(pool, params)
    drawn = chosen.rows[2:]
    said = why_by_method(pool, params, chosen, drawn)
    assert [sentence.split()[3] for sentence in said] == [ordinal(i + 1) for i in range(len(drawn))]
    assert f"down to {pool.quality[drawn].min():.3g}" in said[0]


def test_what_was_too_much_like_something_taken_names_it(pool):
    params = SelectionParams("110", "deita", similarity_threshold=0.8)
    chosen = select_records(pool, params)
    params = SelectionParams("20", "deita", similarity_threshold=0.8)
    chosen = select_records(pool, params)
    for row, sentence in zip(free_rows(pool), why_by_method(pool, params, chosen, free_rows(pool)), strict=True):
        if named := re.search(r"record (\d+), taken before it, is at cosine ([\d.]+)", sentence):
            other, cosine = int(named[1]), float(named[2])
            assert other in chosen.rows and cosine > 0.8
            assert cosine == pytest.approx(pool.embeddings[row] @ pool.embeddings[other], abs=1e-3)
            assert other in pool.pinned or pool.quality[other] >= pool.quality[row]
        elif row not in chosen.rows:
            assert "below the last one taken" in sentence


def test_daar_counts_inside_a_domain_where_domains_have_shares(pool):
    params = SelectionParams("30", "daar", target_domain="b")
    chosen = select_records(pool, params)
    for row, sentence in zip(free_rows(pool), why_by_method(pool, params, chosen, free_rows(pool)), strict=True):
        place, quota = int(re.search(r"(\d+)(?:st|nd|rd|th) of", sentence)[1]), int(sentence.split()[-1].rstrip("."))
        assert (place <= quota) == (row in chosen.rows)


def test_the_nearest_of_what_is_chosen_leaves_out_the_record_itself(pool):
    rows, chosen = np.arange(0, N, 7), np.arange(0, N, 3)
    nearest, cosines = nearest_of(pool, rows, chosen)
    x = pool.embeddings
    for row, other, cosine in zip(rows, nearest, cosines, strict=True):
        rest = chosen[chosen != row]
        assert other == rest[(x[rest] @ x[row]).argmax()] and cosine == pytest.approx(
            (x[rest] @ x[row]).max(), abs=1e-6
        )


def test_decisions_come_first_and_name_who_and_when(make_pipeline):
    pipeline = make_pipeline("embed", "cluster", "score", "select")
    chosen, before = pipeline.table("select")["row_id"].to_pylist(), why(pipeline, np.arange(60))
    free = [row for row in range(60) if row not in chosen]
    decide_records(pipeline.workspace, "pin", np.array(free[:2]), "ann", "seen")
    decide_cluster(Pipeline(pipeline.workspace), "drop", 3, "ben")
    pipeline = Pipeline(pipeline.workspace)
    member = int(np.flatnonzero(np.asarray(pipeline.array("cluster")) == 3)[-1])
    pinned = next(row for row in free[:2] if row in overrides_of(pipeline).pinned)
    told = why(pipeline, np.array([pinned, member]))
    assert re.fullmatch(
        r"Pinned by ann on \d+ \w+ \d{4}, with 1 more: seen\. The selection, made before, takes it up .*", told[0]
    )
    assert re.match(r"Dropped by ben on \d+ \w+ \d{4}, with cluster 3\.", told[1])
    other = next(row for row in range(60) if row not in {*free[:2]} and pipeline.array("cluster")[row] != 3)
    # What it was chosen by still holds for it as it was made; once the scores have changed it does not.
    assert why(pipeline, np.array([other])) == before[other : other + 1]
    pipeline.run("score", QualityParams("rating"))
    assert "out of date" in why(pipeline, np.array([other]))[0]
    pipeline.run("score", QualityParams())
    pipeline.run("select", SelectionParams("12"))
    assert why(pipeline, np.array([pinned]))[0].endswith("with 1 more: seen.")
    assert why(pipeline, np.array([other]))[0].split(":")[0] in ("Selected by kmq", "Not selected by kmq")


def test_before_anything_is_selected_nothing_is_said(make_pipeline):
    assert why(make_pipeline("embed", "cluster"), np.arange(3)) == ["", "", ""]


def test_rounds_name_the_round_and_the_weight_that_the_cluster_drew_with(make_pipeline):
    pipeline = make_pipeline("embed", "cluster", "score")
    rounds = Rounds(pipeline)
    rounds.start(RefineParams("12", 3), who="ann")
    advance(rounds, Advance(1, until=2), encoder=TinyEncoder())
    pipeline = Pipeline(pipeline.workspace)
    rounds = Rounds(pipeline)
    for made in rounds.rounds(1):
        rows = rounds.rows(made)
        for row, sentence in zip(rows, why(pipeline, rows), strict=True):
            assert sentence.startswith(f"Selected in round {made.number} of run 1 (kmq): "), sentence
            assert f"cluster {pipeline.array('cluster')[row]}, which drew with" in sentence
    left = np.setdiff1d(np.arange(60), rounds.taken(rounds.run(1)))
    assert all(s.startswith("Not selected in 2 rounds of run 1 (kmq): cluster") for s in why(pipeline, left))


def test_a_version_stands_as_it_was_saved(make_pipeline):
    pipeline = make_pipeline("embed", "cluster", "score", "select")
    save_version(pipeline, "first", {})
    restore_version(pipeline, find_version(pipeline.workspace, "first"))
    pipeline = Pipeline(pipeline.workspace)
    rows = pipeline.table("select")["row_id"].to_numpy()
    left = np.setdiff1d(np.arange(60), rows)
    assert why(pipeline, rows[:1]) == ["In version first, which stands as it was saved."]
    assert why(pipeline, left[:1]) == ["Not in version first, which stands as it was saved."]


def test_a_drop_of_a_cluster_is_told_of_its_records_though_it_was_merged_since(make_pipeline):
    pipeline = make_pipeline("embed", "cluster", "score", "select")
    member = int(np.flatnonzero(np.asarray(pipeline.array("cluster")) == 3)[0])
    decide_cluster(Pipeline(pipeline.workspace), "drop", 3, "ben")
    merge_clusters(Pipeline(pipeline.workspace), [0, 3], "ann")
    assert why(Pipeline(pipeline.workspace), np.array([member]))[0].startswith("Dropped by ben on ")


def test_the_verb_and_the_notebook_say_it_too(make_pipeline):
    pipeline = make_pipeline("embed", "cluster", "score")
    folder = pipeline.workspace.folder
    assert "Nothing is selected yet." in run_command("why", folder, "3", check=0).stdout
    decide_records(pipeline.workspace, "pin", np.array([5]), "ann")
    run_command("select", folder, "--budget", "10", check=0)
    said = why(Pipeline(pipeline.workspace), np.array([5, 6]))
    assert said[0].startswith("Pinned by ann") and said == core.open_workspace(folder).why([5, 6])
    assert [
        line.split(maxsplit=1)[1] for line in run_command("why", folder, "5-6", check=0).stdout.splitlines()
    ] == said
    assert "rows has '60'; the records are 0 to 59" in run_command("why", folder, "60", check=1).stderr
