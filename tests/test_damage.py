"""Damage is noticed and said, with the fix, and nothing is made of it: records, dataset.json, the ledger."""

import json
import random
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from core.base.errors import CurationError
from core.cli.parser import main
from core.data.record_table import RecordTable
from core.data.records import RecordParams
from core.evidence.versions import export_version, find_version, save_version
from core.export.delivery import export_selection
from core.export.report.writing import write_report
from core.run.pipeline import Pipeline
from core.run.tasks import Step, run_steps
from core.workspace.workspace import Workspace
from tests.damaging import everything_in, flip

ROOT = Path(__file__).resolve().parent.parent


def state_of(pipeline):
    fresh = Pipeline(Workspace(pipeline.workspace.folder))
    return fresh.state("score"), fresh.state("select"), len(fresh.workspace.ledger.decisions())


# Records


@pytest.mark.parametrize("column", ["raw", "prompt", "response", "text"])
def test_a_flipped_bit_is_never_exported(selected, data_file, tmp_path, capsys, column):
    folder = selected.workspace.folder
    records = folder / "records.arrow"
    # The columns lie one after the other: prompt, response, text, source, raw.
    content = records.read_bytes()
    places = {
        "prompt": content.index(b"bread oven flour question number 4"),
        "response": content.index(b"bread oven flour answer number 4"),
        "raw": content.index(b'{"instruction": "bread oven flour question number 4'),
    }
    places["text"] = content.index(b"bread oven flour question number 4", places["response"])
    changed = bytearray(content)
    changed[places[column] + 3] ^= 1
    records.write_bytes(changed)
    out = tmp_path / "c.jsonl"
    assert main(["export", str(folder), "--out", str(out)]) == 1
    error = capsys.readouterr().err
    assert "records.arrow" in error and f"import DATA --workspace {folder}" in error and not out.exists()
    before = state_of(selected)
    assert main(["import", str(data_file), "--workspace", str(folder)]) == 0
    assert records.read_bytes() == content and state_of(selected) == before == ("done", "done", 1)
    assert main(["export", str(folder), "--out", str(out)]) == 0
    assert set(out.read_bytes().splitlines()) <= set(data_file.read_bytes().splitlines())


def test_nothing_else_is_made_of_changed_records(selected, tmp_path):
    save_version(selected, "first", {})
    workspace = selected.workspace
    version = find_version(workspace, "first")
    flip(workspace.folder / "records.arrow", b"python function")
    with pytest.raises(CurationError, match="checksum"):
        export_version(workspace, version, tmp_path / "v.jsonl")
    with pytest.raises(CurationError, match="checksum"):
        write_report(selected, tmp_path / "r.html")
    with pytest.raises(CurationError, match="checksum"):
        save_version(selected, "second", {})
    with pytest.raises(CurationError, match="checksum"):
        workspace.hashes("text")
    for step in (Step("measure", {"choices": ["current"], "params": {}}), Step("embed", {}), Step("select", {})):
        with pytest.raises(CurationError, match="checksum"):
            run_steps(workspace, [step], lambda name: lambda done, total: None)
    assert not [path for path in tmp_path.iterdir() if path.suffix in (".jsonl", ".html") and path.stem in "vr"]


def test_a_page_does_not_read_the_records_whole(selected, monkeypatch):
    for module in ("workspace.workspace", "data.importing", "data.targets"):
        monkeypatch.setattr(f"core.{module}.file_sha256", lambda path: pytest.fail("the records were read whole"))
    workspace = Workspace(selected.workspace.folder, create=True)
    assert workspace.has_data and len(workspace.records().take(np.array([3]), ["raw"])) == 1
    Pipeline(workspace).table("select")


def test_a_workspace_without_a_checksum_gets_one_at_its_first_export(selected, data_file, tmp_path):
    path = selected.workspace.folder / "dataset.json"
    old = json.loads(path.read_text())
    for name in ("records_sha256", "sources"):
        old.pop(name)
    path.write_text(json.dumps(old))
    before = state_of(selected)
    assert export_selection(Pipeline(Workspace(selected.workspace.folder)), tmp_path / "c.jsonl").exists()
    assert state_of(selected) == before == ("done", "done", 1)
    with pytest.raises(CurationError, match="is the data that the records come from"):
        export_selection(selected, data_file)
    flip(selected.workspace.folder / "records.arrow", b"python function")
    with pytest.raises(CurationError, match="checksum"):
        export_selection(selected, tmp_path / "c.jsonl")


def test_the_same_import_again_is_no_work_while_the_records_are_whole(selected, data_file, monkeypatch):
    monkeypatch.setattr("core.data.importing.load_pool", lambda *arguments: pytest.fail("the data was read again"))
    selected.workspace.import_data(data_file, RecordParams())


@pytest.mark.parametrize("cut", [0, 1, 100, 0.5, -8])
def test_a_cut_file_is_a_clear_error(selected, data_file, cut):
    path = selected.workspace.folder / "records.arrow"
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * cut) if isinstance(cut, float) else cut])
    for ask in (lambda workspace: workspace.has_data, Workspace.records, Workspace.check_records):
        with pytest.raises(CurationError, match="import the data again"):
            ask(Workspace(selected.workspace.folder))
    selected.workspace.import_data(data_file, RecordParams())
    assert path.read_bytes() == content


def test_columns_of_another_kind_are_refused(tmp_path):
    table = pa.table({"row_id": [1], "raw": ["x"]})
    with pa.OSFile(str(tmp_path / "records.arrow"), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    with pytest.raises(CurationError, match="its columns"):
        RecordTable(tmp_path / "records.arrow")


def read_whatever_it_holds(path):
    """Read all there is to read of damaged records; only CurationError may come of it."""
    try:
        table = RecordTable(path)
        for batch in table.batches():
            batch.to_pylist()
        table.take(np.arange(len(table)), ["raw"]).to_pylist()
        table.texts(0, len(table))
        table.sources()
    except CurationError:
        return 1
    return 0


def damage_at_random(folder, seeds):
    """Damage a copy in some bytes, mostly where Arrow keeps its offsets and its footer, and read it; count the errors."""
    content = (folder / "records.arrow").read_bytes()
    copy = folder / "damaged.arrow"
    errors = 0
    for seed in seeds:
        draw = random.Random(seed)
        changed = bytearray(content)
        spans = [(0, 2000), (len(content) - 1500, len(content)), (0, len(content))]
        for _ in range(draw.choice([1, 1, 4])):
            changed[draw.randrange(*draw.choice(spans))] ^= 1 << draw.randrange(8)
        copy.write_bytes(changed)
        errors += read_whatever_it_holds(copy)
    print(errors)


def test_reading_damaged_records_ends_in_an_error_never_in_a_crash(make_pipeline):
    folder = make_pipeline().workspace.folder
    code = f"from pathlib import Path; from tests.test_damage import damage_at_random as d; d(Path({str(folder)!r}), range(1500))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) > 100


# dataset.json


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"{}", b"\xff\xfe", b'{"name": 3}', b'"text"', b"null", b'{"sources": [3]}']
)
def test_a_damaged_dataset_json_is_said_and_an_import_mends_it(selected, data_file, content):
    path = selected.workspace.folder / "dataset.json"
    whole = path.read_bytes()
    before = state_of(selected)
    path.write_bytes(content)
    with pytest.raises(CurationError, match=r"dataset\.json is damaged .* import the data again"):
        Workspace(selected.workspace.folder).dataset()
    Workspace(selected.workspace.folder).import_data(data_file, RecordParams())
    assert path.read_bytes() == whole and state_of(selected) == before


# The ledger


def no_tables(path):
    path.unlink()
    with sqlite3.connect(path) as db:
        db.execute("VACUUM")


LOSSES = {
    "emptied": lambda path: path.write_bytes(b""),
    "missing": Path.unlink,
    "no tables": no_tables,
}


@pytest.mark.parametrize("lose", LOSSES.values(), ids=LOSSES)
@pytest.mark.parametrize("create", [True, False])
@pytest.mark.parametrize("left", ["dataset.json", "artifacts"])
def test_a_lost_ledger_is_never_taken_for_a_new_one(selected, lose, create, left):
    folder = selected.workspace.folder
    lose(folder / "workspace.db")
    if left == "artifacts":
        (folder / "dataset.json").unlink()
    before = everything_in(folder)
    with pytest.raises(
        CurationError, match=r"workspace\.db is (empty|missing): what people decided.* backup .* start anew"
    ):
        Workspace(folder, create=create)
    assert everything_in(folder) == before


def test_what_is_no_database_is_said(selected, capsys):
    folder = selected.workspace.folder
    (folder / "workspace.db").write_bytes(b"no database, but long enough to be looked at as one" * 100)
    before = everything_in(folder)
    for create in (True, False):
        with pytest.raises(CurationError, match=r"workspace\.db is damaged .* backup"):
            Workspace(folder, create=create)
    assert main(["status", str(folder)]) == 1 and "Traceback" not in capsys.readouterr().err
    assert everything_in(folder) == before


def test_a_damaged_page_of_the_ledger_is_said(selected):
    path = selected.workspace.folder / "workspace.db"
    content = bytearray(path.read_bytes())
    for start in range(4096, len(content), 4096):
        content[start : start + 64] = b"\xff" * 64
    path.write_bytes(content)
    with pytest.raises(CurationError, match=r"workspace\.db is damaged"):
        Workspace(selected.workspace.folder).ledger.decisions()


@pytest.mark.parametrize("create", [True, False])
def test_a_workspace_of_a_later_version_is_left_as_it_is(selected, data_file, capsys, create):
    folder = selected.workspace.folder
    with sqlite3.connect(folder / "workspace.db") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    before = everything_in(folder)
    with pytest.raises(CurationError, match="later version of Winnow"):
        Workspace(folder, create=create)
    for verb in (
        ["import", str(data_file), "--workspace", str(folder)],
        ["undo", str(folder)],
        ["status", str(folder)],
    ):
        assert main(verb) == 1
    assert "Traceback" not in capsys.readouterr().err
    assert everything_in(folder) == before


def test_a_workspace_of_an_earlier_version_opens(selected):
    folder = selected.workspace.folder
    with sqlite3.connect(folder / "workspace.db") as db:
        db.execute("PRAGMA user_version = 0")
        db.execute("DROP TABLE versions")
    db.close()
    workspace = Workspace(folder)
    assert len(workspace.ledger.decisions()) == 1 and workspace.ledger.versions() == []


def test_a_folder_made_but_never_imported_into_is_still_new(tmp_path):
    (tmp_path / "w" / "artifacts").mkdir(parents=True)
    (tmp_path / "w" / "workspace.db").touch()
    assert not Workspace(tmp_path / "w", create=True).has_data
