"""The log of decisions: written as JSONL, and replayed in another import of the same data."""

import json

import numpy as np
import pytest

from core.base.errors import CurationError
from core.data.records import RecordParams
from core.export.decision_lines import log_lines, write_log
from core.export.decision_replay import replay_log
from core.run.pipeline import Pipeline
from core.vectors.clustering import ClusterParams
from core.vectors.reshaping import merge_clusters, rename_cluster, split_cluster
from core.workspace.deciding import (
    decide_cluster,
    decide_clusters,
    decide_records,
    overrides_of,
    revise,
    revise_together,
)
from core.workspace.decisions import next_redo, next_undo
from core.workspace.edits import edit_record, edits_of
from core.workspace.shape import cluster_names
from core.workspace.told import ago, matching, told
from core.workspace.workspace import Workspace
from tests.command import run

READY = ("embed", "cluster", "score")


def again(pipeline: Pipeline) -> Pipeline:
    return Pipeline(Workspace(pipeline.workspace.folder))


def decide_everything(pipeline: Pipeline) -> None:
    """Make a decision of every kind, and take one back."""
    workspace = pipeline.workspace
    decide_records(workspace, "pin", np.array([1, 2, 3]), "ann", "good ones")
    decide_cluster(pipeline, "drop", 0, "ben")
    decide_records(workspace, "clear", np.array([2]), "ann")
    edit_record(workspace, 5, "response", "better", "cid")
    decide_cluster(pipeline, "weight", 2, "ben", value=2.5)
    rename_cluster(pipeline, 2, "Gardens", "ann")
    merge_clusters(pipeline, [1, 3], "cid")
    split_cluster(pipeline, 1, 2, 7, "cid")
    decide_cluster(pipeline, "pin", 4, "ann")
    decide_records(workspace, "drop", np.array([9]), "eve")
    revise(workspace, "undo", next_undo, "ann")


def raws(pipeline: Pipeline, rows: np.ndarray) -> set[str]:
    return set(pipeline.workspace.records().take(rows, ["raw"])["raw"].to_pylist())


def standing(pipeline: Pipeline) -> tuple:
    """Return what follows from the decisions, independent of the order of the records."""
    now = again(pipeline)
    overrides = overrides_of(now)
    groups = {
        frozenset(raws(now, np.flatnonzero(now.array("cluster") == c))) for c in set(now.array("cluster").tolist())
    }
    edits = {next(iter(raws(now, np.array([row])))): texts for row, texts in edits_of(now).items()}
    return (
        raws(now, overrides.pinned),
        raws(now, overrides.dropped),
        sorted(overrides.multipliers.values()),
        groups,
        edits,
    )


def test_every_line_is_json_and_tells_who_when_what_and_of_which_records(make_pipeline):
    pipeline = make_pipeline(*READY)
    decide_everything(pipeline)
    head, *lines = [json.loads(line) for line in b"".join(log_lines(again(pipeline))).splitlines()]
    made = [line for line in lines if "members" not in line]
    assert head["format"] == "winnow-decisions/1" and head["n_decisions"] == len(made) == 11
    assert made[0]["rows"] == [1, 2, 3] and len({*made[0]["hashes"]}) == 3 and made[0]["note"] == "good ones"
    assert [line["said"] for line in made] == [
        "pinned 3 records",
        "dropped cluster 0",
        "cleared record 2",
        "edited output of record 5",
        "weighted cluster 2 x 2.5",
        "renamed cluster 2 to Gardens",
        "merged 1 cluster into cluster 1",
        "split cluster 1 into 2",
        "pinned cluster 4",
        "dropped record 9",
        "took back decision 10",
    ]


def test_a_log_replayed_on_the_same_data_gives_the_same_decisions_by_the_same_people(make_pipeline, tmp_path):
    pipeline, other = make_pipeline(*READY), make_pipeline(*READY, folder="other")
    decide_everything(pipeline)
    assert write_log(again(pipeline), tmp_path / "log.jsonl") == 11
    found = replay_log(other, tmp_path / "log.jsonl", "dan")
    assert (found.n_made, found.n_here_before, found.missing) == (11, 0, ())
    first, second = (each.workspace.ledger.decisions() for each in (pipeline, other))
    assert [(d.who, told(d)) for d in first] == [(d.who, told(d)) for d in second]
    assert all("replayed by dan" in d.note and a.at in d.note for a, d in zip(first, second, strict=True))
    assert standing(pipeline) == standing(other) and cluster_names(again(other))[2] == "Gardens"
    assert again(pipeline).current("cluster") == again(other).current("cluster")


def test_clusters_decided_on_together_are_undone_together_and_replayed_so(make_pipeline, tmp_path):
    pipeline, other = make_pipeline(*READY), make_pipeline(*READY, folder="other")
    ledger = pipeline.workspace.ledger
    made = decide_clusters(pipeline, "weight", [0, 2, 0], "ann", "thin", 2.0)
    decide_clusters(again(pipeline), "drop", [1, 3], "ben")
    with pytest.raises(CurationError, match="cluster is 99"):
        decide_clusters(again(pipeline), "pin", [0, 99], "ben")
    assert [(d.cluster, d.note) for d in made] == [(0, "thin"), (2, "thin")] and len(ledger.decisions()) == 4
    before = standing(pipeline)
    assert [d.refers for d in revise_together(pipeline.workspace, "undo", next_undo)] == [3, 4]
    assert overrides_of(again(pipeline)).multipliers == {0: 2.0, 2: 2.0} and next_undo(ledger.decisions()) == 2
    assert [d.refers for d in revise_together(pipeline.workspace, "redo", next_redo)] == [3, 4]
    assert standing(pipeline) == before and len(overrides_of(again(pipeline)).dropped)
    write_log(again(pipeline), tmp_path / "log.jsonl")
    replay_log(other, tmp_path / "log.jsonl")
    assert standing(other) == before
    revise_together(other.workspace, "undo", lambda _: 1)
    assert overrides_of(again(other)).multipliers == {}
    with pytest.raises(CurationError, match="No cluster to pin"):
        decide_clusters(again(other), "pin", [])


def test_replaying_again_or_where_it_came_from_decides_nothing(make_pipeline, tmp_path):
    pipeline, other = make_pipeline(*READY), make_pipeline(*READY, folder="other")
    decide_everything(pipeline)
    write_log(again(pipeline), tmp_path / "log.jsonl")
    for _ in range(2):
        replay_log(again(other), tmp_path / "log.jsonl")
    write_log(again(other), tmp_path / "back.jsonl")
    for where, log in ((pipeline, "log"), (other, "log"), (pipeline, "back")):
        found = replay_log(again(where), tmp_path / f"{log}.jsonl")
        assert (found.n_made, found.n_here_before) == (0, 11)
    assert len(pipeline.workspace.ledger.decisions()) == len(other.workspace.ledger.decisions()) == 11


def test_records_are_found_in_another_order_and_what_is_gone_is_told(make_pipeline, data_file, tmp_path):
    pipeline = make_pipeline()
    decide_records(pipeline.workspace, "pin", np.array([0, 1, 2]), "ann")
    gone = decide_records(pipeline.workspace, "drop", np.array([0]), "ann")
    revise(pipeline.workspace, "undo", next_undo, "ben")
    decide_records(pipeline.workspace, "drop", np.array([3]), "ann")
    lines = data_file.read_bytes().splitlines(keepends=True)
    (tmp_path / "turned.jsonl").write_bytes(b"".join(reversed(lines[1:])))
    other = Workspace(tmp_path / "other", create=True)
    other.import_data(tmp_path / "turned.jsonl", RecordParams())
    found = replay_log(Pipeline(other), b"".join(log_lines(again(pipeline))))
    assert found.n_made == 2
    assert found.missing == (
        (1, "pinned 3 records", "1 record is not in this data"),
        (gone.id, "dropped record 0", "none of its records is in this data"),
        (3, "took back decision 2", "decision 2 of the log is not here"),
    )
    overrides = overrides_of(Pipeline(Workspace(other.folder)))
    assert overrides.pinned.tolist() == [57, 58] and overrides.dropped.tolist() == [56]


def test_clusters_are_found_by_their_records_where_the_clustering_is_another(make_pipeline, tmp_path):
    pipeline, other = make_pipeline(*READY), make_pipeline(*READY, folder="other")
    other.run("cluster", ClusterParams(4, seed=3), device="cpu")
    other = again(other)
    decide_everything(pipeline)
    found = replay_log(other, b"".join(log_lines(again(pipeline))))
    same = standing(pipeline)[3] == standing(other)[3]
    if same:  # four plain subjects: k-means finds them from any seed
        assert standing(pipeline) == standing(other) and not found.missing
    bare = make_pipeline("embed", folder="bare")
    found = replay_log(bare, b"".join(log_lines(again(pipeline))))
    assert found.n_made == 5 and {why for _, _, why in found.missing} == {"there are no clusters here"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is not a log of decisions"),
        ("not json", "is not a log of decisions"),
        ('{"format": "other/1"}', "has the format 'other/1'"),
        ('{"format": "winnow-decisions/1"}\n{"id": 1, "action": "burn", "origin": "x"}', "the action 'burn'"),
        ('{"format": "winnow-decisions/1"}\n{"id": 1, "action": "pin", "origin": "x", "hashes": ["00"]}', "16 bytes"),
    ],
)
def test_what_is_no_log_is_refused_and_nothing_is_decided(make_pipeline, tmp_path, text, why):
    pipeline = make_pipeline()
    (tmp_path / "log.jsonl").write_text(text)
    with pytest.raises(CurationError, match=why):
        replay_log(pipeline, tmp_path / "log.jsonl")
    with pytest.raises(CurationError, match="can't be read"):
        replay_log(pipeline, tmp_path / "absent.jsonl")
    assert not pipeline.workspace.ledger.decisions()


# Told and filtered


def test_the_log_is_filtered_by_person_action_and_words(make_pipeline):
    pipeline = make_pipeline(*READY)
    decide_everything(pipeline)
    made = pipeline.workspace.ledger.decisions()

    def ids(**by):
        return [decision.id for decision in matching(made, **by)]

    assert ids() == list(range(1, 12))
    assert ids(who="ann") == [1, 3, 6, 9, 11] and ids(action="pin") == [1, 9] and ids(who="ben", action="drop") == [2]
    assert ids(words="GOOD") == [1] and ids(words="gardens ann") == [6] and ids(words="better") == [4]
    assert ids(words="cluster", who="ben") == [2, 5] and ids(words="nothing such") == []


def test_how_long_ago_it_was():
    import datetime

    now = datetime.datetime(2026, 5, 4, 12, tzinfo=datetime.UTC)
    for seconds, words in (
        (0, "just now"),
        (10, "10 s ago"),
        (90, "1 min ago"),
        (7200, "2 h ago"),
        (200_000, "2 d ago"),
    ):
        assert ago((now - datetime.timedelta(seconds=seconds)).isoformat(), now) == words
    assert ago((now + datetime.timedelta(seconds=5)).isoformat(), now) == "just now"  # another clock


def test_the_verb_shows_writes_and_replays(workspace, make_pipeline, tmp_path):
    run("pin", workspace, "--rows", "1-3", "--note", "good", check=0)
    run("drop", workspace, "--cluster", 0, check=0)
    assert "pinned 3 records: good" in run("decisions", workspace, "--words", "good", check=0).stdout
    assert len(run("decisions", workspace, "--action", "drop", check=0).stdout.splitlines()) == 1
    log = tmp_path / "log.jsonl"
    assert "2 decisions written to" in run("decisions", workspace, "--out", log, check=0).stdout
    other = make_pipeline(folder="other").workspace.folder
    done = run("decisions", other, "--replay", log, check=0)
    assert done.stdout == "1 decision replayed, 0 here before\n"
    assert "decision 2, dropped cluster 0: there are no clusters here" in done.stderr
