"""A first import that fails takes away what it made, and nothing else."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from core.base.errors import CurationError
from core.base.progress import no_progress
from core.cli.parser import main
from core.data.records import RecordParams
from core.workspace.deciding import decide_records
from core.workspace.workspace import Workspace, default_folder
from tests.conftest import small_records, write_jsonl

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def empty(tmp_path):
    """A data file that can't be imported."""
    (tmp_path / "empty.jsonl").write_text("")
    return tmp_path / "empty.jsonl"


def everything_in(folder):
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


@pytest.mark.parametrize("name", ["...jsonl", ".jsonl", ".jsonl.gz", "....jsonl.gz", "a\\b.jsonl", "a\nb.jsonl"])
@pytest.mark.parametrize("content", ["", '{"text": "fine"}\n'])
def test_a_file_that_names_no_folder_asks_for_one(tmp_path, monkeypatch, capsys, name, content):
    monkeypatch.delenv("WINNOW_HOME", raising=False)
    work = tmp_path / "work"
    (work / "precious").mkdir(parents=True)
    (work / "precious" / "notes.txt").write_text("keep me")
    (work / name).write_text(content)
    before = everything_in(work)
    monkeypatch.chdir(work)
    assert main(["import", f"./{name}"]) == 1
    assert "--workspace" in capsys.readouterr().err
    assert everything_in(work) == before


@pytest.mark.parametrize("data", ["..", "/", "a/..", ".", ""])
def test_what_is_no_name_is_no_folder(data):
    with pytest.raises(CurationError, match="--workspace"):
        default_folder(Path(data))


def test_a_way_through_a_folder_that_is_not_there_touches_nothing(tmp_path, empty, monkeypatch):
    keep = tmp_path / "keep"
    keep.mkdir()
    (keep / "notes.txt").write_text("keep me")
    before = everything_in(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert main(["import", "empty.jsonl", "--workspace", "absent/../keep"]) == 1
    assert everything_in(tmp_path) == before


def test_the_parents_it_made_go_too_and_those_it_did_not_make_stay(tmp_path, empty):
    (tmp_path / "mine").mkdir()
    before = everything_in(tmp_path)
    assert main(["import", str(empty), "--workspace", str(tmp_path / "mine" / "a" / "b" / "w")]) == 1
    assert everything_in(tmp_path) == before


def test_what_others_put_into_the_new_folder_stays(tmp_path, empty):
    workspace = Workspace(tmp_path / "new" / "w", create=True)
    (tmp_path / "new" / "w" / "notes.txt").write_text("keep me")
    (tmp_path / "new" / "other").mkdir()
    with pytest.raises(CurationError):
        workspace.import_data(empty, RecordParams())
    workspace.remove()
    assert everything_in(tmp_path / "new") == {"w": None, "w/notes.txt": b"keep me", "other": None}


def test_a_decision_or_a_job_in_the_new_folder_keeps_it(tmp_path, empty):
    workspace = Workspace(tmp_path / "w", create=True)
    Workspace(tmp_path / "w").ledger.set_settings("domains", {"kept": True})
    workspace.remove()
    assert Workspace(tmp_path / "w").ledger.settings() == {"domains": {"kept": True}}


def test_an_import_that_was_waiting_survives_the_one_that_failed(tmp_path, data_file, empty):
    """Both open the new folder; the first fails while the second waits for its turn."""
    failing = Workspace(tmp_path / "new" / "w", create=True)
    other = Workspace(tmp_path / "new" / "w", create=True)
    lock = failing.lock("import", "data")
    lock.acquire()
    waiting = threading.Thread(target=other.import_data, args=(data_file, RecordParams()))
    waiting.start()
    lock.release()
    failing.remove()
    waiting.join(30)
    assert len(Workspace(tmp_path / "new" / "w").records()) == 60


def test_an_import_after_the_folder_was_taken_away_makes_it_again(tmp_path, data_file):
    failing = Workspace(tmp_path / "new" / "w", create=True)
    other = Workspace(tmp_path / "new" / "w", create=True)
    failing.remove()
    assert not (tmp_path / "new").exists()
    other.import_data(data_file, RecordParams())
    decide_records(other, "pin", [3])
    assert len(Workspace(tmp_path / "new" / "w").ledger.decisions()) == 1


def test_one_that_fails_leaves_a_running_import_alone(tmp_path, data_file):
    failing = Workspace(tmp_path / "w", create=True)
    at_work, removed = threading.Event(), threading.Event()

    def progress(done, total):
        at_work.set()
        assert removed.wait(30)
        no_progress(done, total)

    other = Workspace(tmp_path / "w", create=True)
    importing = threading.Thread(target=other.import_data, args=(data_file, RecordParams(), progress))
    importing.start()
    assert at_work.wait(30)
    failing.remove()
    removed.set()
    importing.join(30)
    assert len(Workspace(tmp_path / "w").records()) == 60


def test_two_processes_into_one_new_folder_of_which_one_fails(tmp_path):
    """However the two meet, the good one's records and folder are there afterwards."""
    good = write_jsonl(tmp_path / "good.jsonl", small_records(20_000))
    bad = tmp_path / "bad.jsonl"
    bad.write_bytes(good.read_bytes() + b"no json\n")
    folder = tmp_path / "home" / "new" / "w"
    command = [sys.executable, "-m", "core", "import"]
    processes = [
        subprocess.Popen(
            [*command, str(data), "--workspace", str(folder)],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for data in (bad, good)
    ]
    errors = [process.communicate(timeout=120)[1].decode() for process in processes]
    # Whoever came second may be told that the folder holds other data; what is not told is lost.
    assert [process.returncode for process in processes] == [1, 0], errors
    assert len(Workspace(folder).records()) == 20_000
    assert [path.name for path in (tmp_path / "home" / "new").iterdir()] == ["w"]


@pytest.mark.parametrize("below", ["", "under/it"])
def test_a_file_where_the_folder_is_to_be_is_a_clear_error(tmp_path, data_file, below, capsys):
    (tmp_path / "file").write_text("not a folder")
    assert main(["import", str(data_file), "--workspace", str(tmp_path / "file" / below)]) == 1
    assert "name another" in capsys.readouterr().err and (tmp_path / "file").read_text() == "not a folder"
