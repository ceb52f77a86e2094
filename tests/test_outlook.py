"""What a selection would come to before it is made, and what its measures come to in words."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from core.base.text import duration, rounded
from core.evidence.measuring import Evidence
from core.evidence.outlook import change_of, mix_of, seconds_needed, token_counts
from core.evidence.verdict import against, basis, counts_in_words, estimates, verdict
from core.measures.traits import token_counts as counted
from core.run.pipeline import Pipeline
from core.selection import stage as selection_stage
from core.selection.balance import stage as balance_stage
from core.selection.finding.columns import ColumnParams
from core.selection.method import METHODS
from core.selection.params import SelectionParams
from core.workspace import results as results_module


@pytest.fixture
def pipeline(make_pipeline):
    return make_pipeline("embed", "cluster", "score")


def test_tokens_are_estimated_by_length_until_they_are_counted(pipeline):
    table = pipeline.workspace.records().take(np.arange(60), ["prompt", "response"])
    lengths = [len(p.encode()) + len(r.encode()) for p, r in zip(*table.to_pydict().values(), strict=True)]
    about = token_counts(pipeline)
    assert not about.counted and about.counts == pytest.approx(np.array(lengths) / 4)
    assert about.of(None, 30) == pytest.approx(sum(lengths) / 8)
    pipeline.run("columns", ColumnParams(language=False, tokens=True))
    exact = token_counts(Pipeline(pipeline.workspace))
    rows = np.array([3, 3, 7])
    every = counted(pipeline.workspace.records(), np.arange(60)).sum(axis=1)
    assert exact.counted and exact.of(rows, 3) == every[rows].sum()


def test_the_time_a_method_takes_goes_by_how_long_it_last_took(pipeline, monkeypatch):
    monkeypatch.setitem(METHODS, "random", dataclasses.replace(METHODS["random"], seconds=lambda n, m: 0.5 * m))
    params = SelectionParams("20", "random")
    assert seconds_needed(pipeline, params) == 10
    key = pipeline.run("select", SelectionParams("40", "random"))
    workspace = pipeline.workspace
    info = workspace.info("select", key) | {"seconds": 60.0}  # three times what it should have taken
    workspace.save("select", key, info, value=workspace.table("select", key))
    assert seconds_needed(Pipeline(workspace), params) == pytest.approx(30)
    assert seconds_needed(Pipeline(workspace), SelectionParams("20")) < 1


def test_what_is_made_once_for_many_selections_is_no_part_of_their_pace(pipeline, monkeypatch):
    clock, split = [0.0], balance_stage.split_by_two_means

    def slow(*arguments):
        clock[0] += 100
        return split(*arguments)

    for module in (selection_stage, results_module):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    monkeypatch.setattr(balance_stage, "split_by_two_means", slow)
    key = pipeline.run("select", SelectionParams("12", "kmeans-random", quota="tree"))
    assert clock == [100] and pipeline.workspace.info("select", key)["seconds"] == 0


def test_what_changes_is_told_by_records_sources_and_clusters(pipeline):
    labels, sources = (
        np.arange(60) % 3,
        (["a", "b"], np.where(np.arange(60) < 30, 0, np.where(np.arange(60) < 59, 1, -1))),
    )
    before, after = np.array([0, 1, 1, 2]), np.array([2, 30, 59])
    change = change_of(pipeline, before, after, labels, sources, token_counts(pipeline))
    assert (change.n_in, change.n_out, change.n_stay) == (2, 2, 1)
    by = dict(zip(change.by_source.groups.tolist(), change.by_source.n_before.tolist(), strict=True))
    assert by == {1: 4, 2: 0, 0: 0}  # one drawn twice counts twice; 0 is what has no source
    assert change.by_source.after.tolist() == pytest.approx([1 / 3, 1 / 3, 1 / 3])
    assert change.before["cluster_coverage"] == 1 and change.after["tokens"] > 0
    nothing = change_of(pipeline, np.zeros(0, np.int64), after, None, ([], labels), token_counts(pipeline))
    assert nothing.before == {} and nothing.by_source is nothing.by_cluster is None and nothing.n_in == 3
    assert mix_of(labels, after, after, 5).groups.tolist() == [0, 1, 2]  # none that hold nothing


@pytest.mark.parametrize(
    ("n", "said"), [(860, "860"), (12_345, "12,000"), (999_999, "1.0 M"), (1_430_000, "1.4 M"), (2.1e9, "2.1 billion")]
)
def test_large_numbers_are_said_shortly(n, said):
    assert rounded(n) == said


def test_times_are_said_shortly():
    assert [duration(s) for s in (0.2, 41, 180, 18_700)] == ["1 s", "41 s", "3 min", "5.2 h"]


# The verdict

BAND = [1.0, 2.0, 3.0]


def found(details=None, n=0, **values):
    return Evidence(values, dict.fromkeys(values, BAND), details or {}, n)


def test_a_verdict_weighs_records_and_diversity():
    assert verdict(found(quality=40, vendi=50, redundancy=-40)) == "Better records than chance, and more diverse"
    assert verdict(found(quality=40, vendi=-40)) == "Better records than chance, but less diverse"
    assert verdict(found(quality=2, vendi=2)) == "Records no better than chance, and no more diverse"
    assert verdict(found(vendi=50, coverage=-40)) == "More diverse by some measures and less by others than chance"
    assert verdict(found(words=9)) == ""
    assert (
        verdict(found(quality=4)) == "Records no better than chance"
    )  # beyond all three, but by no more than they differ
    said = counts_in_words(found(quality=4, vendi=5, coverage=2, redundancy=9, words=9))
    assert said == (
        "Better in 2 of 4 measures: Mean quality and Vendi score. No different in 1: Coverage. Worse in 1: Near-duplicate rate."
    )


def test_two_selections_are_ahead_only_beyond_what_chance_does():
    one, other = found(quality=9, vendi=3, redundancy=1, words=1), found(quality=4, vendi=2, redundancy=9, words=9)
    assert against(one, other) == (["quality", "redundancy"], [], ["vendi"])
    assert against(other, one)[1] == ["quality", "redundancy"]


def test_an_estimate_says_from_how_many_records_it_is():
    details = {"compared": 5000, "audience": 200_000, "estimated": True}
    told = found(details, 100_000, novelsum=2, vendi=2, coverage=2, language_shift=2)
    pairs = basis(told, "novelsum", 1_000_000)
    assert "5,000 of its 100,000 records" in pairs and basis(told, "vendi", 1_000_000) == ""
    assert "200,000 records drawn from the 1,000,000" in basis(told, "coverage", 1_000_000)
    lines = estimates(told, 1_000_000)
    assert lines[0].startswith("NovelSum is estimated: 5,000") and not any("Vendi" in line for line in lines)
    exact = found({"compared": 60, "audience": 600, "estimated": False}, 60, novelsum=2, coverage=2)
    assert estimates(exact, 600) == []
