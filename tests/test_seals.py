"""Damaged results: named, set aside and made again, before anything is made of them; those of before stay as they are."""

import contextlib
import json
import os
import sqlite3

import numpy as np
import pytest

from core.base.errors import CurationError
from core.base.files import file_sha256
from core.run.pipeline import Pipeline
from core.selection.params import SelectionParams
from core.vectors.embedding import EmbedParams
from core.workspace import seals
from core.workspace.deciding import decide_records
from core.workspace.workspace import Workspace


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x40
    path.write_bytes(content)


def not_numbers(path):
    array = np.load(path)
    array[3] = np.nan
    np.save(path, array)


DAMAGES = {
    "flipped": flip,
    "cut": lambda path: path.write_bytes(path.read_bytes()[:100]),
    "missing": lambda path: path.unlink(),
    "NaN": not_numbers,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_result_is_named_set_aside_and_made_again(make_pipeline, tiny_encoder, damage):
    made = make_pipeline("embed", "cluster")
    workspace, key = made.workspace, made.current("embed")
    path = workspace.path("embed", key, ".npy")
    content = path.read_bytes()
    damage(path)
    fresh = Pipeline(Workspace(workspace.folder))
    with pytest.raises(CurationError, match=r"embed-.*is damaged.*damaged; make it again: python -m core embed"):
        fresh.array("embed")
    fresh.forget()
    assert fresh.state("embed") == "stale" and (workspace.folder / "damaged" / f"embed-{key}.json").exists()
    fresh.run("embed", EmbedParams(), encoder=tiny_encoder)
    assert path.read_bytes() == content and len(fresh.array("cluster")) == 60
    fresh.run("select", SelectionParams("5", "random"))


def test_what_a_stage_wrote_down_is_sealed_too(make_pipeline):
    made = make_pipeline("score")
    path = made.workspace.path("score", made.current("score"), ".json")
    path.write_text(path.read_text().replace('"seconds": ', '"seconds": 1'))
    with pytest.raises(CurationError, match="json is damaged"):
        Pipeline(made.workspace).info("score")


def test_results_without_a_seal_open_and_a_cut_one_is_a_clear_error(make_pipeline):
    made = make_pipeline("embed")
    key = made.current("embed")
    told = made.workspace.path("embed", key, ".json")
    info = json.loads(told.read_text())
    assert seals.SEAL in info and seals.SEAL not in made.info("embed")
    del info[seals.SEAL]
    told.write_text(json.dumps(info))
    assert made.array("embed").shape == (60, 16)
    path = made.workspace.path("embed", key, ".npy")
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(CurationError, match="is damaged"):
        made.array("embed")


def test_a_large_file_is_sampled_until_it_is_touched(tmp_path, monkeypatch):
    path = tmp_path / "a-1.npy"
    np.save(path, np.zeros(3 << 20))
    facts = seals.seal_of({}, {".npy": path})["files"][".npy"]
    monkeypatch.setattr(seals, "file_sha256", lambda path: pytest.fail("it was read whole"))
    assert seals.file_fault(path, facts) == ""
    monkeypatch.undo()
    flip(path)
    assert "changed" in seals.file_fault(path, facts)


@pytest.mark.parametrize("version", [0, 1, 2, 3])
def test_a_ledger_of_an_earlier_version_is_copied_before_it_is_changed(make_pipeline, version):
    workspace = make_pipeline("score").workspace
    decide_records(workspace, "pin", np.array([4]), who="ann")
    added = ("rows_as", "field", "text", "numbers", "sign", "origin")
    with contextlib.closing(sqlite3.connect(workspace.ledger.path)) as db:
        db.execute("UPDATE decisions SET row_ids = ?", (np.array([4], "<i8").tobytes(),))
        for name in added:
            db.execute(f"ALTER TABLE decisions DROP COLUMN {name}")
        db.execute(f"PRAGMA user_version = {version}")
        db.commit()
    assert [decision.rows.tolist() for decision in Workspace(workspace.folder).ledger.decisions()] == [[4]]
    copy = workspace.folder / f"workspace.db.version-{version}"
    with contextlib.closing(sqlite3.connect(copy)) as db:
        columns = {name for _, name, *_ in db.execute("PRAGMA table_info(decisions)")}
        assert "who" in columns and not columns & {*added}
        assert db.execute("PRAGMA user_version").fetchone() == (version,)
    before = copy.read_bytes()
    Workspace(workspace.folder)
    assert copy.read_bytes() == before


def test_a_new_ledger_has_no_copy(tmp_path):
    Workspace(tmp_path / "new", create=True)
    assert not list((tmp_path / "new").glob("workspace.db.version*"))


def test_a_copy_that_is_whole_is_hashed_once_and_then_known(tmp_path, monkeypatch):
    monkeypatch.setattr(seals, "_WHOLE_UP_TO", 10)
    path = tmp_path / "a.npy"
    path.write_bytes(b"x" * (1 << 21))
    facts = seals.seal_of({}, {".npy": path})["files"][".npy"]
    os.utime(path)  # as a copy, or what was unpacked
    hashed = []
    monkeypatch.setattr(seals, "file_sha256", lambda each: hashed.append(each) or file_sha256(each))
    assert seals.file_fault(path, facts) == seals.file_fault(path, facts) == ""
    assert len(hashed) == 1
    path.write_bytes(b"x" * ((1 << 21) - 1) + b"y")
    assert seals.file_fault(path, facts) == "was changed (its checksum differs)"
