"""The data moved or changed since the import: said on Data and Export; exports go on from what is kept."""

import pytest

from components.charts.escaping import as_markdown
from core.workspace.sources import source_fault
from core.workspace.workspace import Workspace
from tests.damaging import everything_in
from tests.pages import check, open_page

CHANGES = {
    "no longer there": lambda path: path.rename(path.with_name("moved.jsonl")),
    "was changed since": lambda path: path.write_bytes(path.read_bytes() + b"\n"),
}


@pytest.mark.parametrize("said", CHANGES)
def test_data_that_is_no_longer_as_it_was_is_said(selected, data_file, tmp_path, monkeypatch, said):
    monkeypatch.setenv("WINNOW_HOME", str(tmp_path))
    workspace = Workspace(selected.workspace.folder)
    assert source_fault(workspace.dataset()) == "" == source_fault(workspace.dataset(), whole=True)
    CHANGES[said](data_file)
    before = everything_in(workspace.folder / "artifacts")
    assert said in source_fault(workspace.dataset())
    for name in ("data", "export"):
        app = check(open_page(tmp_path, name, workspace="workspace"))
        assert any(as_markdown(said) in warning.value for warning in app.warning), name
    assert everything_in(workspace.folder / "artifacts") == before


def test_a_change_of_the_same_length_is_seen_by_its_checksum(selected, data_file):
    data_file.write_bytes(data_file.read_bytes().replace(b"bread", b"break", 1))
    held = selected.workspace.dataset()
    assert source_fault(held) == "" and "was changed" in source_fault(held, whole=True)
