"""Export: the bytes are the source's own, the manifest rebuilds them, and a changed byte is found."""

import json

import numpy as np
import pytest

from core.base.errors import CurationError
from core.data.manifest import verify
from core.export.delivery import export_selection
from core.run.pipeline import Pipeline
from core.selection.params import SelectionParams
from core.workspace.deciding import decide_records


@pytest.fixture
def exported(make_pipeline, tmp_path, data_file):
    pipeline = make_pipeline("embed", "cluster", "score")
    decide_records(pipeline.workspace, "pin", np.array([41, 2]), who="ann", note="keep")
    pipeline = Pipeline(pipeline.workspace)
    pipeline.run("select", SelectionParams("12"))
    out = tmp_path / "out" / "curated.jsonl"
    out.parent.mkdir()
    return pipeline, out, export_selection(pipeline, out), data_file


def test_lines_are_the_sources_bytes_in_its_order(exported):
    pipeline, out, _, data = exported
    source = data.read_bytes().splitlines(keepends=True)
    rows = np.sort(pipeline.table("select")["row_id"].to_numpy())
    assert out.read_bytes() == b"".join(source[row] for row in rows) and len(rows) == 12


def test_the_manifest_tells_how_it_came_about(exported):
    pipeline, _, manifest, _ = exported
    held = json.loads(manifest.read_text())
    assert held["row_ids"] == sorted(pipeline.table("select")["row_id"].to_pylist()) and {2, 41} <= set(held["row_ids"])
    assert set(held["stages"]) == {"embed", "cluster", "score", "select"}
    assert held["stages"]["select"]["params"] == SelectionParams("12").as_dict()
    assert held["decisions"][0] | {"at": ""} == {
        "action": "pin", "target": "records", "rows": [2, 41], "state": "in force", "note": "keep", "who": "ann", "id": 1, "at": "",
    }  # fmt: skip
    assert 0 < held["measures"]["cluster_coverage"] <= 1 and held["versions"]["pyarrow"]


def test_verify_agrees_and_the_export_repeats_itself(exported):
    pipeline, out, manifest, data = exported
    assert verify(manifest, data)["output"]["n_lines"] == 12
    before = out.read_bytes(), manifest.read_bytes()
    export_selection(pipeline, out)
    assert (out.read_bytes(), manifest.read_bytes()) == before


@pytest.mark.parametrize("which", ["data", "output"])
def test_verify_finds_one_changed_byte(exported, which):
    _, out, manifest, data = exported
    path = data if which == "data" else out
    changed = bytearray(path.read_bytes())
    changed[len(changed) // 2] ^= 1
    path.write_bytes(changed)
    with pytest.raises(CurationError, match="sha256 differs"):
        verify(manifest, data)


def test_verify_finds_row_ids_that_do_not_give_the_output(exported):
    _, _, manifest, data = exported
    held = json.loads(manifest.read_text())
    held["row_ids"][0] = next(i for i in range(60) if i not in held["row_ids"])
    held["row_ids"].sort()
    manifest.write_text(json.dumps(held))
    with pytest.raises(CurationError, match="row ids"):
        verify(manifest, data)


@pytest.mark.parametrize(
    "content",
    [
        "no json",
        "[]",
        "{}",
        '{"format": "winnow-manifest/1", "input": {"sha256": "x", "params": {"a": 1}}, "output": {"sha256": "x"}, "row_ids": []}',
        '{"format": "winnow-manifest/1", "input": {"sha256": "x", "params": {"a": 1}}, '
        '"output": {"sha256": "x", "file": "o", "n_lines": 1}, "row_ids": ["five"]}',
        '{"format": "other/9", "input": {"sha256": "x"}, "output": {"sha256": "x"}, "row_ids": []}',
    ],
)
def test_what_is_no_manifest_is_refused(tmp_path, data_file, content):
    path = tmp_path / "m.json"
    path.write_text(content)
    with pytest.raises(CurationError, match=r"manifest|format"):
        verify(path, data_file)


def test_a_stale_selection_is_not_exported(exported, tmp_path):
    pipeline, _, _, _ = exported
    decide_records(pipeline.workspace, "drop", pipeline.table("select")["row_id"].to_numpy()[-1:])
    with pytest.raises(CurationError, match="out of date"):
        export_selection(Pipeline(pipeline.workspace), tmp_path / "late.jsonl")
    assert not (tmp_path / "late.jsonl").exists()


def test_repeated_records_are_written_as_often_as_they_were_drawn(make_pipeline, tmp_path, data_file):
    pipeline = make_pipeline("embed", "cluster", "score")
    pipeline.run("select", SelectionParams("90", replacement=True))
    manifest = export_selection(pipeline, tmp_path / "r.jsonl")
    lines = (tmp_path / "r.jsonl").read_bytes().splitlines()
    assert len(lines) == 90 and len(set(lines)) < 61
    assert verify(manifest, data_file)


def test_an_unwritable_place_is_a_clear_error(exported):
    pipeline, out, _, _ = exported
    with pytest.raises(CurationError, match="can't be written"):
        export_selection(pipeline, out / "under a file.jsonl")


def test_the_source_is_never_written_over(exported, data_file, tmp_path):
    pipeline, _, _, _ = exported
    before = data_file.read_bytes()
    with pytest.raises(CurationError, match="is the data that the records come from"):
        export_selection(pipeline, data_file)
    assert data_file.read_bytes() == before
    with pytest.raises(CurationError, match="there is no folder"):
        export_selection(pipeline, tmp_path / "mistyped" / "c.jsonl")
    with pytest.raises(CurationError, match="is a folder; name a file in it"):
        export_selection(pipeline, tmp_path)


def test_nothing_is_written_over_a_workspaces_own_files(exported):
    pipeline, _, _, _ = exported
    folder = pipeline.workspace.folder
    before = (folder / "records.arrow").read_bytes()
    for inside in (folder / "records.arrow", folder / "artifacts" / "new.jsonl", folder / "workspace.db-wal"):
        with pytest.raises(CurationError, match="one of the workspace's own files"):
            export_selection(pipeline, inside)
    assert (folder / "records.arrow").read_bytes() == before
    assert export_selection(pipeline, folder / "mine.jsonl").exists()


def test_an_empty_selection_is_not_exported(make_pipeline, tmp_path):
    pipeline = make_pipeline("embed", "cluster", "score")
    decide_records(pipeline.workspace, "drop", np.arange(60))
    pipeline = Pipeline(pipeline.workspace)
    pipeline.run("select", SelectionParams("12"))
    with pytest.raises(CurationError, match="Nothing is selected"):
        export_selection(pipeline, tmp_path / "none.jsonl")
