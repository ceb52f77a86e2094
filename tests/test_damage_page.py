"""Damage as the app meets it: it is said, nothing is made of it, and other data can be opened."""

import contextlib
import sqlite3

import pytest

from components.charts.escaping import as_markdown
from components.data.data_source import _folder_for
from components.frame.navigation import PAGES
from core.base.errors import CurationError
from core.base.files import file_sha256
from core.data.records import RecordParams
from core.workspace.workspace import Workspace
from tests.conftest import small_records, write_jsonl
from tests.damaging import everything_in, flip
from tests.pages import check, new_app, open_page


def later_version(folder):
    with contextlib.closing(sqlite3.connect(folder / "workspace.db")) as db:
        db.execute("PRAGMA user_version = 99")


DAMAGES = {
    "an empty ledger": lambda folder: (folder / "workspace.db").write_bytes(b""),
    "no ledger": lambda folder: (folder / "workspace.db").unlink(),
    "no database": lambda folder: (folder / "workspace.db").write_bytes(b"x" * 5000),
    "a later version": later_version,
    "no dataset": lambda folder: (folder / "dataset.json").write_bytes(b"{"),
    "cut records": lambda folder: (folder / "records.arrow").write_bytes(b"ARROW1"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_the_app_says_what_is_wrong_and_opens_other_data(selected, tmp_path, monkeypatch, damage):
    monkeypatch.setenv("WINNOW_HOME", str(tmp_path))
    other = write_jsonl(tmp_path / "other.jsonl", small_records(8))
    Workspace(tmp_path / "fine", create=True).import_data(other, RecordParams())
    damage(selected.workspace.folder)
    before = everything_in(selected.workspace.folder)
    app = open_page(tmp_path, workspace="workspace", error=as_markdown(str(selected.workspace.folder)))
    assert "--workspace" not in app.error[0].value and "python -m core" not in app.error[0].value
    assert everything_in(selected.workspace.folder) == before
    app.selectbox[0].select("fine").run()
    check(app.button(key="open_before").click().run())
    assert "8 records" in [caption.value for caption in app.sidebar.caption]


@pytest.mark.parametrize("damage", ["no dataset", "no database"])
def test_every_page_says_so_and_leads_to_other_data(selected, tmp_path, monkeypatch, damage):
    monkeypatch.setenv("WINNOW_HOME", str(tmp_path))
    other = write_jsonl(tmp_path / "other.jsonl", small_records(8))
    Workspace(tmp_path / "fine", create=True).import_data(other, RecordParams())
    DAMAGES[damage](selected.workspace.folder)
    folder = as_markdown(str(selected.workspace.folder))
    app = open_page(tmp_path, workspace="workspace", error=folder)
    for entry in PAGES[1:]:
        check(app.switch_page(entry.file).run(), folder)
        assert "fine" in app.selectbox[0].options and app.button(key="open_before").label == "Open"


def test_what_breaks_a_page_while_it_is_drawn_leads_there_too(selected, tmp_path, monkeypatch):
    def broken(*_):
        raise CurationError("The records are damaged")

    monkeypatch.setenv("WINNOW_HOME", str(tmp_path))
    app = open_page(tmp_path, workspace="workspace")
    monkeypatch.setattr("components.frame.navigation.require", broken)
    check(app.switch_page("export_page.py").run(), "The records are damaged")
    assert "Open other data" in [each.proto.label for each in app.main.get("page_link")]


def test_an_address_that_names_a_lost_ledger_is_told_so(selected, tmp_path, monkeypatch):
    monkeypatch.setenv("WINNOW_HOME", str(tmp_path))
    (selected.workspace.folder / "workspace.db").unlink()
    app = new_app()
    app.query_params["workspace"] = "workspace"
    check(app.run(), "workspace.db is missing")
    assert "open other data" in app.error[0].value


def test_an_address_can_not_lead_out_of_the_home(selected, tmp_path, monkeypatch):
    monkeypatch.setenv("WINNOW_HOME", str(selected.workspace.folder / "home"))
    app = new_app()
    app.query_params["workspace"] = "x/.."
    check(app.run())
    assert app.session_state["winnow"].workspace.name == "sample"


def test_data_is_opened_anew_beside_a_workspace_that_can_not_be_read(selected, data_file, tmp_path, monkeypatch):
    monkeypatch.setenv("WINNOW_HOME", str(tmp_path))
    folder = selected.workspace.folder.rename(tmp_path / "small")
    sha256 = file_sha256(data_file)
    moved = data_file.rename(tmp_path / "elsewhere.jsonl").rename(tmp_path / "small.jsonl")
    assert _folder_for(moved, sha256, False) == folder
    flip(folder / "records.arrow", b"python function")
    assert _folder_for(moved, sha256, False) == folder  # opening it again fixes it
    (folder / "workspace.db").write_bytes(b"")
    before = everything_in(folder)
    assert _folder_for(moved, sha256, False) == tmp_path / "small-2" and everything_in(folder) == before
