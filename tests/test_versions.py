"""Versions: saved, never changed, compared, restored, exported, imported; and the list of what can be compared."""

import json

import numpy as np
import pytest

from core.base.errors import CurationError
from core.data.manifest import verify
from core.data.records import RecordParams
from core.evidence.candidates import choices, find_choice, rows_of
from core.evidence.stability import StabilityParams, known_stability, stability
from core.evidence.versions import (
    export_version,
    find_version,
    import_version,
    restore_version,
    save_version,
    version_rows,
    versions,
)
from core.export.delivery import export_selection, manifest_facts
from core.refine.advance import Advance, advance
from core.refine.params import RefineParams
from core.refine.runs import Rounds
from core.run.pipeline import Pipeline
from core.selection.params import SelectionParams, VersionParams
from core.vectors.clustering import ClusterParams
from core.workspace.deciding import decide_records
from core.workspace.matching import match_hashes
from core.workspace.workspace import Workspace
from tests.conftest import TinyEncoder, small_records, write_jsonl


@pytest.fixture
def pipeline(make_pipeline):
    return make_pipeline("embed", "cluster", "score", "select")


def save(pipeline, name="first", **more):
    return save_version(pipeline, name, manifest_facts(pipeline), **more)


def rows_now(pipeline):
    return np.sort(pipeline.table("select")["row_id"].to_numpy()).tolist()


def test_a_version_never_changes(pipeline):
    before = rows_now(pipeline)
    made = save(pipeline, note="for the talk", who="ann")
    assert (made.n, made.method, made.note, made.who) == (12, "kmq", "for the talk", "ann") and made.at
    pipeline.run("select", SelectionParams("20", "quality"))
    decide_records(pipeline.workspace, "drop", np.array(before[:3]))
    pipeline.run("cluster", ClusterParams(3), device="cpu")
    assert version_rows(pipeline.workspace, find_version(pipeline.workspace, "first")).tolist() == before
    with pytest.raises(CurationError, match="'first' already, and it never changes"):
        import_version(pipeline.workspace, pipeline.workspace.dataset().path, "first")
    assert len(versions(pipeline.workspace)) == 1


def test_a_version_finds_its_records_in_data_imported_anew(pipeline, data_file):
    texts = pipeline.workspace.records().take(np.array(rows_now(pipeline)), ["raw"])["raw"].to_pylist()
    made = save(pipeline)
    write_jsonl(data_file, [{"instruction": "new", "output": "first"}, *small_records()[::-1]])
    pipeline.workspace.import_data(data_file, RecordParams())
    rows = version_rows(pipeline.workspace, made)
    assert sorted(pipeline.workspace.records().take(rows, ["raw"])["raw"].to_pylist()) == sorted(texts)
    write_jsonl(data_file, small_records(10))
    pipeline.workspace.import_data(data_file, RecordParams())
    left = version_rows(pipeline.workspace, made)
    assert len(left) < made.n and left.max() < 10
    manifest = export_version(pipeline.workspace, made, data_file.parent / "left.jsonl")
    assert json.loads(manifest.read_text())["saved_as"]["n_no_longer_in_the_data"] == made.n - len(left)


def test_of_two_alike_records_one_that_is_left_is_not_taken_twice(make_pipeline, tmp_path):
    data = write_jsonl(tmp_path / "twins.jsonl", [*small_records(4), *small_records(4)])
    pipeline = make_pipeline(data=data)
    pipeline.run("select", SelectionParams("100%", "random"))
    made = save(pipeline)
    write_jsonl(data, small_records(4))
    pipeline.workspace.import_data(data, RecordParams())
    assert version_rows(pipeline.workspace, made).tolist() == [0, 1, 2, 3]


def test_a_record_drawn_twice_is_found_twice(pipeline, data_file):
    pipeline.run("select", SelectionParams("200", "random", replacement=True))
    made = save(pipeline)
    before = np.bincount(version_rows(pipeline.workspace, made), minlength=60)
    write_jsonl(data_file, small_records()[::-1])
    pipeline.workspace.import_data(data_file, RecordParams())
    assert np.bincount(version_rows(pipeline.workspace, made), minlength=60)[::-1].tolist() == before.tolist()


def test_a_version_of_a_restored_version_keeps_how_the_first_was_made(pipeline, tmp_path):
    restore_version(pipeline, save(pipeline))
    again = save(Pipeline(pipeline.workspace), "again")
    held = json.loads(export_version(pipeline.workspace, again, tmp_path / "again.jsonl").read_text())
    assert held["version"]["made_by"]["stages"]["select"]["params"]["method"] == "kmq"
    assert held["saved_as"]["name"] == "again"


def test_a_file_is_read_as_the_data_was(make_pipeline, tmp_path, pipeline):
    entries = [{"frage": f"why {i}?", "antwort": f"since {i}"} for i in range(9)]
    data = write_jsonl(tmp_path / "own.jsonl", entries)
    held = Workspace(tmp_path / "own", create=True)
    held.import_data(data, RecordParams("prompt=frage,response=antwort"))
    made = import_version(held, write_jsonl(tmp_path / "some.jsonl", entries[2:5]), "some")
    assert version_rows(held, made).tolist() == [2, 3, 4]


def test_restoring_makes_it_the_selection_again_and_says_what_was_decided_since(pipeline):
    before = rows_now(pipeline)
    made = save(pipeline)
    pipeline.run("select", SelectionParams("20", "quality"))
    others = np.setdiff1d(np.arange(60), before)
    decide_records(pipeline.workspace, "drop", np.array(before[:2]))
    decide_records(pipeline.workspace, "pin", others[:1])
    restore_version(Pipeline(pipeline.workspace), made)
    now = Pipeline(pipeline.workspace)
    assert rows_now(now) == before and now.state("select") == "done"
    assert now.params("select") == VersionParams("first", made.key, 12)
    told = now.workspace.info("select", now.current("select"))["shortfall"]
    assert told == "1 record pinned now is not in it. 2 records dropped now are in it."
    decide_records(now.workspace, "drop", others[5:6])
    assert Pipeline(pipeline.workspace).state("select") == "stale"  # as any selection after a decision


def test_a_restored_version_is_exported_with_how_it_was_made(pipeline, tmp_path, data_file):
    made = save(pipeline)
    pipeline.run("select", SelectionParams("20", "quality"))
    restore_version(Pipeline(pipeline.workspace), made)
    manifest = export_selection(Pipeline(pipeline.workspace), tmp_path / "again.jsonl")
    held = json.loads(manifest.read_text())
    assert (
        held["version"]["name"] == "first"
        and held["version"]["made_by"]["stages"]["select"]["params"]["method"] == "kmq"
    )
    verify(manifest, data_file)


def test_a_version_is_exported_without_being_restored(pipeline, tmp_path, data_file):
    rows = rows_now(pipeline)
    made = save(pipeline, note="n")
    pipeline.run("select", SelectionParams("20", "quality"))
    manifest = export_version(pipeline.workspace, made, tmp_path / "v.jsonl")
    held = verify(manifest, data_file)
    assert held["row_ids"] == rows and held["saved_as"]["note"] == "n"
    assert held["stages"]["select"]["params"]["method"] == "kmq"
    assert rows_now(pipeline) != rows
    with pytest.raises(CurationError, match="is the data that the records come from"):
        export_version(pipeline.workspace, made, data_file)


def test_a_file_chosen_elsewhere_is_found_by_its_text(pipeline, tmp_path):
    records = small_records()
    lines = [records[7], records[3], records[7], {"instruction": "not here", "output": "at all"}]
    same = write_jsonl(tmp_path / "same.jsonl", lines)
    made = import_version(pipeline.workspace, same, "theirs", who="bob")
    assert version_rows(pipeline.workspace, made).tolist() == [3, 7, 7] and (made.n, made.n_unknown) == (3, 1)
    other = [{"prompt": r["instruction"], "completion": r["output"]} for r in records[10:14]]
    made = import_version(pipeline.workspace, write_jsonl(tmp_path / "o.jsonl", other), "another layout")
    assert version_rows(pipeline.workspace, made).tolist() == [10, 11, 12, 13]
    with pytest.raises(CurationError, match="None of the 1 record of none"):
        import_version(pipeline.workspace, write_jsonl(tmp_path / "none.jsonl", lines[3:]), "none")


def test_names_are_needed_and_known(pipeline, make_pipeline):
    with pytest.raises(CurationError, match="needs a name"):
        save(pipeline, "  ")
    for name in ("current", "#1", "round:1.1", "a\nb", "a\x1b[31mred", "a\u2028b"):
        with pytest.raises(CurationError, match="can't be called"):
            save(pipeline, name)
    with pytest.raises(CurationError, match="no version called 'x'; there are: none yet"):
        find_version(pipeline.workspace, "x")
    with pytest.raises(CurationError, match="no selection up to date"):
        save_version(make_pipeline(folder="empty"), "a", {})


@pytest.mark.parametrize(
    ("wanted", "rows"), [("a", [0]), ("aa", [0, 2]), ("aaa", [0, 2, 0]), ("xb", [-1, 1]), ("", []), ("ba", [1, 0])]
)
def test_hashes_are_matched_copy_by_copy_and_then_again(wanted, rows):
    present = np.array([letter.encode() * 16 for letter in "abac"], "S16")
    asked = [letter.encode() * 16 for letter in wanted]
    assert match_hashes(asked, present).tolist() == rows
    once = [row if row not in rows[:i] else -1 for i, row in enumerate(rows)]
    assert match_hashes(asked, present, again=False).tolist() == once


# What can be compared


def test_every_selection_and_version_can_be_chosen(pipeline):
    save(pipeline)
    pipeline.run("select", SelectionParams("20", "quality"))
    pipeline.run("select", SelectionParams("12", seed=4))
    found = choices(Pipeline(pipeline.workspace))
    assert [choice.id for choice in found] == ["version:first", "#3", "#2", "#1"]
    assert [choice.title for choice in found] == [
        "first",
        "#3: kmq, 12 records, seed 4",
        "#2: quality, 20 records",
        "#1: kmq, 12 records, seed 0",
    ]
    fresh = Pipeline(pipeline.workspace)
    assert find_choice(fresh, "current").id == "#3" and find_choice(fresh, "first").id == "version:first"
    assert rows_of(fresh, find_choice(fresh, "#3")).tolist() == rows_now(fresh)
    assert rows_of(fresh, find_choice(fresh, "#1")).tolist() == rows_of(fresh, find_choice(fresh, "first")).tolist()
    with pytest.raises(CurationError, match="'#9' is no selection of this workspace; there are: version:first, #3"):
        find_choice(fresh, "#9")


def test_the_rounds_on_the_way_can_be_chosen(pipeline):
    rounds = Rounds(pipeline)
    rounds.start(RefineParams("12", 3))
    advance(rounds, Advance(1), encoder=TinyEncoder())
    fresh = Pipeline(pipeline.workspace)
    found = choices(fresh)
    assert [choice.id for choice in found] == ["#2", "#1", "round:1.1", "round:1.2"]
    assert found[0].title == "#2: run 1, all 3 rounds" and found[3].n == 8
    assert found[3].title == "run 1, round 2 of 3, unfinished"
    rows = [set(rows_of(fresh, choice).tolist()) for choice in (found[2], found[3], found[0])]
    assert rows[0] < rows[1] < rows[2] and [len(each) for each in rows] == [4, 8, 12]


def test_selections_of_other_data_are_left_out(pipeline, data_file):
    save(pipeline)
    write_jsonl(data_file, small_records(50))
    pipeline.workspace.import_data(data_file, RecordParams())
    assert [choice.id for choice in choices(Pipeline(pipeline.workspace))] == ["version:first"]


def test_stability_is_the_mean_jaccard_over_seeds(pipeline):
    asked = StabilityParams(SelectionParams("12", "kmeans-random").as_dict(), 3)
    assert known_stability(pipeline, asked) is None
    found = stability(pipeline, asked)
    drawn = []
    for seed in range(3):
        pipeline.run("cluster", ClusterParams(4, seed=seed), device="cpu")
        pipeline.run("select", SelectionParams("12", "kmeans-random", seed=seed))
        drawn.append(set(rows_now(pipeline)))
    jaccards = [len(a & b) / len(a | b) for a, b in ((drawn[0], drawn[1]), (drawn[0], drawn[2]), (drawn[1], drawn[2]))]
    assert found.jaccard == pytest.approx(np.mean(jaccards), abs=1e-5)
    shared = [len(a & b) / 12 for a, b in ((drawn[0], drawn[1]), (drawn[0], drawn[2]), (drawn[1], drawn[2]))]
    assert found.overlap == pytest.approx(np.mean(shared), abs=1e-5)
    pipeline.run("cluster", ClusterParams(4), device="cpu")
    assert known_stability(pipeline, asked) == found
    assert stability(pipeline, StabilityParams(SelectionParams("12", "quality").as_dict())).jaccard == 1
    with pytest.raises(CurationError, match="n_seeds is 1"):
        StabilityParams(SelectionParams().as_dict(), 1)


def test_two_records_of_one_text_are_each_found_once(tmp_path):
    records = small_records()
    twin = {**records[0], "note": "the same text, another line"}
    held = Workspace(tmp_path / "twins", create=True)
    held.import_data(write_jsonl(tmp_path / "twins.jsonl", [records[0], twin, records[1]]), RecordParams())
    chosen = write_jsonl(tmp_path / "chosen.jsonl", [twin, {**records[0], "note": "rewritten"}])
    made = import_version(held, chosen, "both")
    assert version_rows(held, made).tolist() == [0, 1]
