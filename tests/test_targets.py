"""Where a file may be written: never over the data that records came from, whatever it is called by now."""

import os
import stat
from pathlib import Path

import pytest

from core.base.errors import CurationError
from core.cli.parser import main
from core.data.records import RecordParams
from core.data.targets import Source, check_out, source_of
from core.evidence.versions import export_version, find_version, save_version
from core.export.delivery import export_selection
from core.export.report.writing import write_report
from core.refine.advance import Advance, advance
from core.refine.exchange import export_round
from core.refine.params import RefineParams
from core.refine.runs import Rounds
from core.run.pipeline import Pipeline
from core.selection.params import SelectionParams
from core.workspace.workspace import Workspace


@pytest.fixture
def selected(make_pipeline):
    """A workspace with a selection that needs no embedding."""
    pipeline = make_pipeline("score")
    pipeline.run("select", SelectionParams("12", "random"))
    return pipeline


def refused(pipeline, out, message="is the data that the records come from"):
    before = out.read_bytes()
    with pytest.raises(CurationError, match=message):
        export_selection(Pipeline(Workspace(pipeline.workspace.folder)), out)
    assert out.read_bytes() == before


def test_a_source_that_was_moved_is_known_by_its_content(selected, data_file, tmp_path):
    moved = data_file.rename(tmp_path / "moved.jsonl")
    refused(selected, moved)


def test_a_source_that_was_moved_and_imported_again_is_known_by_both_paths(selected, data_file, tmp_path):
    moved = data_file.rename(tmp_path / "moved.jsonl")
    selected.workspace.import_data(moved, RecordParams())
    dataset = selected.workspace.dataset()
    assert [source.path for source in dataset.sources] == [str(data_file), str(moved)] and dataset.path == str(moved)
    refused(selected, moved)
    moved.write_bytes(moved.read_bytes() + b'{"instruction": "new", "output": "since"}\n')
    refused(selected, moved)  # edited since: still a file of the curator's, known by its path
    data_file.write_text("something else at the old path")
    refused(selected, data_file)


def test_every_revision_of_the_source_is_remembered(selected, data_file, tmp_path):
    first = data_file.read_bytes()
    data_file.write_bytes(first + b'{"instruction": "new", "output": "record"}\n')
    selected.workspace.import_data(data_file, RecordParams())
    pipeline = Pipeline(selected.workspace)
    pipeline.run("select", SelectionParams("12", "random"))
    (tmp_path / "backup.jsonl").write_bytes(first)
    refused(pipeline, tmp_path / "backup.jsonl")


@pytest.mark.parametrize("make", [os.link, os.symlink], ids=["hard link", "symbolic link"])
def test_another_name_of_the_source_is_refused(selected, data_file, tmp_path, make):
    other = tmp_path / "other.jsonl"
    make(data_file, other)
    refused(selected, other, "is the data|is a link")
    assert data_file.samefile(other)


def test_a_manifest_is_not_written_over_the_source_either(make_pipeline, data_file, tmp_path):
    data = data_file.rename(tmp_path / "c.jsonl.manifest.json.jsonl")
    pipeline = make_pipeline("score", data=data)
    pipeline.run("select", SelectionParams("12", "random"))
    data.rename(tmp_path / "c.jsonl.manifest.json")
    with pytest.raises(CurationError, match="is the data that the records come from"):
        export_selection(pipeline, tmp_path / "c.jsonl")


def test_a_link_is_never_replaced(selected, tmp_path):
    mine = tmp_path / "mine.txt"
    mine.write_text("keep me")
    link = tmp_path / "link.jsonl"
    for target in (mine, tmp_path / "nothing there"):
        link.symlink_to(target)
        with pytest.raises(CurationError, match="is a link"):
            export_selection(selected, link)
        assert link.is_symlink() and mine.read_text() == "keep me"
        link.unlink()
    Path(f"{link}.manifest.json").symlink_to(mine)
    with pytest.raises(CurationError, match="is a link"):
        export_selection(selected, link)
    assert mine.read_text() == "keep me" and not link.exists()


def test_a_pipe_is_never_replaced(selected, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(CurationError, match="a pipe or a device"):
        export_selection(selected, pipe)
    assert stat.S_ISFIFO(pipe.lstat().st_mode)


@pytest.mark.parametrize("device", ["/dev/null", "/dev/stdout"])
def test_a_device_is_refused(device):
    with pytest.raises(CurationError, match=r"is (a link|a pipe or a device), which writing would replace"):
        check_out(Path(device), [])  # only asked: to write there by mistake would harm the machine


def test_what_can_not_be_written_is_said_before_anything_is_done(data_file, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("WINNOW_HOME", str(tmp_path / "home"))
    (tmp_path / "out").symlink_to("/dev/stdout")
    assert main(["curate", str(data_file), "--method", "random", "--out", str(tmp_path / "out")]) == 1
    assert "name a plain file" in capsys.readouterr().err and not (tmp_path / "home").exists()
    assert (tmp_path / "out").is_symlink()


def test_every_way_to_write_minds_the_sources(make_pipeline, data_file, tmp_path):
    pipeline = make_pipeline("embed", "cluster", "score", "select")
    save_version(pipeline, "first", {})
    Rounds(pipeline).start(RefineParams("12", rounds=2))
    advance(Rounds(Pipeline(pipeline.workspace)), Advance(1, until=1), device="cpu")
    rounds = Rounds(Pipeline(pipeline.workspace))
    (tmp_path / "round").mkdir()
    moved = data_file.rename(tmp_path / "round" / "records.jsonl")
    before = moved.read_bytes()
    version = find_version(pipeline.workspace, "first")
    with pytest.raises(CurationError, match="is the data"):
        export_version(pipeline.workspace, version, moved)
    with pytest.raises(CurationError, match="is the data"):
        export_round(rounds, rounds.run(1), moved.parent)
    page = moved.rename(tmp_path / "round" / "report.html")
    with pytest.raises(CurationError, match="is the data"):
        write_report(Pipeline(pipeline.workspace), page)
    assert page.read_bytes() == before
    assert main(["seeds", str(pipeline.workspace.folder), "--model", "none", "--out", str(page)]) == 1
    assert main(["curate", str(page), "--out", str(page)]) == 1
    assert page.read_bytes() == before


def test_a_file_of_another_length_is_not_read(tmp_path, data_file, monkeypatch):
    source = source_of(data_file)
    (tmp_path / "export.jsonl").write_text("an earlier export")
    monkeypatch.setattr("core.data.targets.file_sha256", lambda path: pytest.fail(f"{path} was read"))
    check_out(tmp_path / "export.jsonl", [source])
    monkeypatch.undo()
    (tmp_path / "export.jsonl").write_bytes(data_file.read_bytes())
    for known in (source, Source("/gone.jsonl", source.sha256)):  # earlier versions did not write down the length
        with pytest.raises(CurationError, match="is the data"):
            check_out(tmp_path / "export.jsonl", [known])


def test_an_earlier_export_is_replaced_as_before(selected, tmp_path):
    out = tmp_path / "c.jsonl"
    export_selection(selected, out)
    first = out.read_bytes()
    export_selection(selected, out)
    assert out.read_bytes() == first
