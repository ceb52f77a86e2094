"""The doctor names what is wrong with a workspace and mends what it can; a packed workspace gives the same export elsewhere."""

import io
import os
import shutil
import tarfile
import threading
import time

import filelock
import numpy as np
import pytest

from core.base.errors import CurationError
from core.refine.advance import Advance, advance
from core.refine.params import RefineParams
from core.refine.runs import Rounds
from core.run import packing
from core.run.doctor import examine, repair
from core.run.packing import pack, unpack
from core.run.pipeline import Pipeline
from core.workspace.deciding import decide_records
from core.workspace.workspace import Workspace
from tests.command import run
from tests.damaging import everything_in, left_by_a_killed_one


@pytest.fixture
def folder(workspace):
    run("select", workspace, "--budget", 12, "--method", "random", check=0)
    return workspace


def test_a_sound_workspace_is_in_order_and_left_as_it_is(folder):
    before = everything_in(folder)
    assert "is in order" in run("doctor", folder, check=0).stdout
    assert everything_in(folder) == before


def test_damage_is_named_and_mended(folder, tmp_path):
    run("export", folder, "--out", tmp_path / "before.jsonl", check=0)
    scores = next(folder.glob("artifacts/score-*.arrow"))
    scores.write_bytes(scores.read_bytes()[:-9] + b"damaged..")
    records = folder / "records.arrow"
    content = records.read_bytes()
    records.write_bytes(content.replace(b"python function", b"pythom function", 1))
    left = left_by_a_killed_one(folder / "artifacts" / "x.npy")
    told = run("doctor", folder, check=1)
    for word in (scores.name, "records.arrow", "half-written"):
        assert word in told.stdout
    assert "3 things are wrong" in told.stderr and "--repair" in told.stderr
    assert "is in order" in run("doctor", folder, "--repair", check=0).stdout
    assert records.read_bytes() == content and scores.exists() and not left.exists()
    run("export", folder, "--out", tmp_path / "after.jsonl", check=0)
    assert (tmp_path / "after.jsonl").read_bytes() == (tmp_path / "before.jsonl").read_bytes()


def remove(folder, pattern):
    for path in folder.glob(f"artifacts/{pattern}"):
        path.unlink()


def test_files_that_the_ledger_speaks_of_and_that_are_not_there_are_named(make_pipeline):
    pipeline = make_pipeline("embed", "cluster", "score", "select")
    folder = pipeline.workspace.folder
    run("version", "save", folder, "--name", "first", check=0)
    decide_records(pipeline.workspace, "pin", np.array([3]), "ann")
    rounds = Rounds(Pipeline(pipeline.workspace))
    rounds.start(RefineParams("12", 1), who="ann")
    advance(rounds, Advance(1, until=1))
    assert not [each for each in examine(folder) if not each.is_harmless]
    last = Pipeline(pipeline.workspace).current("select")
    for pattern in ("version-*", "round-*", f"select-{last}.*", "hashes-*", "../rejects.jsonl"):
        remove(folder, pattern)
    found = examine(folder)
    wrong = "\n".join(each.what for each in found if not each.is_harmless)
    for whose in (
        "version 'first'",
        "round 1 of run 1",
        "selection #2",
        "records of 1 decision",
        "rejects.jsonl is missing",
    ):
        assert whose in wrong
    told = "\n".join(repair(folder, found))
    assert "can't be done here: put a backup of its files back" in told
    left = "\n".join(each.what for each in examine(folder) if not each.is_harmless)
    assert "version 'first'" in left and "round 1 of run 1" in left
    assert "hashes" not in left and "rejects" not in left


def test_a_missing_selection_is_made_again(make_pipeline):
    folder = make_pipeline("embed", "cluster", "score", "select").workspace.folder
    rows = Pipeline(Workspace(folder)).table("select")["row_id"]
    remove(folder, "select-*")
    assert any("made the result of select again" in each for each in repair(folder, examine(folder)))
    assert Pipeline(Workspace(folder)).table("select")["row_id"].equals(rows) and not examine(folder)


def test_files_that_nothing_speaks_of_are_notes_and_set_aside(folder):
    artifacts = folder / "artifacts"
    for end in (".npy", ".json"):
        (artifacts / f"version-0123456789abcdef{end}").write_text("{}")
    (artifacts / "embed-0123456789abcdef.npy").write_bytes(b"x")
    assert "0123456789abcdef" not in run("doctor", folder, check=0).stdout  # somebody may be at it
    for path in artifacts.glob("*-0123456789abcdef*"):
        os.utime(path, (time.time() - 7200,) * 2)
    told = run("doctor", folder, check=0).stdout
    assert "no entry of the ledger speaks of it" in told and "it never became whole" in told
    run("doctor", folder, "--repair", check=0)
    assert len([*(folder / "damaged").glob("*-0123456789abcdef*")]) == 3


def test_half_written_files_of_another_machine_are_a_note_and_stay(folder):
    left = left_by_a_killed_one(folder / "artifacts" / "x.npy", machine="0a0b0c0d")
    assert "another computer" in run("doctor", folder, "--repair", check=0).stdout and left.exists()


def test_what_can_not_be_mended_is_said_and_left(folder, data_file):
    (folder / "workspace.db").write_bytes(b"x" * 5000)
    told = run("doctor", folder, "--repair", check=1)
    assert "workspace.db is damaged" in told.stdout and "backup" in told.stdout
    assert (folder / "workspace.db").read_bytes() == b"x" * 5000


def test_data_that_was_moved_or_changed_is_a_note(folder, data_file):
    moved = data_file.rename(data_file.with_name("moved.jsonl"))
    assert "no longer there" in run("doctor", folder, check=0).stdout
    data_file.write_bytes(moved.read_bytes() + b"\n")
    assert "was changed since" in run("doctor", folder, check=0).stdout


def test_no_workspace_is_one_line(tmp_path):
    assert "is not a workspace" in run("doctor", tmp_path / "none", check=1).stderr


def test_a_packed_workspace_gives_the_same_export_elsewhere(folder, tmp_path):
    run("pin", folder, "--rows", 3, "--note", "mine", check=0)
    run("select", folder, "--budget", 12, "--method", "random", check=0)
    run("pack", folder, tmp_path / "w.tar.gz", check=0)
    run("unpack", tmp_path / "w.tar.gz", tmp_path / "there", check=0)
    for name in ("w", "there"):
        run("export", tmp_path / name, "--out", tmp_path / name / "c.jsonl", check=0)
        (tmp_path / name / "c.jsonl").rename(tmp_path / f"{name}.jsonl")
    assert (tmp_path / "there.jsonl").read_bytes() == (tmp_path / "w.jsonl").read_bytes()
    assert "mine" in run("decisions", tmp_path / "there", check=0).stdout
    assert "is there already" in run("unpack", tmp_path / "w.tar.gz", tmp_path / "there", check=1).stderr
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes((tmp_path / "w.tar.gz").read_bytes()[:-200])
    assert "can't be unpacked" in run("unpack", cut, tmp_path / "cut", check=1).stderr
    assert not (tmp_path / "cut").exists() and not list(tmp_path.glob(".cut*"))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("../x", tarfile.REGTYPE),
        ("/x", tarfile.REGTYPE),
        ("artifacts/../../x", tarfile.REGTYPE),
        ("evil.py", tarfile.REGTYPE),
    ]
    + [("artifacts/x", kind) for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE)],
)
def test_a_packed_file_that_leads_elsewhere_is_refused(tmp_path, name, kind):
    with tarfile.open(tmp_path / "w.tar.gz", "w:gz") as tar:
        member = tarfile.TarInfo(name)
        member.type, member.linkname, member.size = kind, "/etc/passwd", 2 if kind == tarfile.REGTYPE else 0
        tar.addfile(member, io.BytesIO(b"ab"))
    (tmp_path / "in").mkdir()
    error = run("unpack", tmp_path / "w.tar.gz", tmp_path / "in" / "there", check=1).stderr
    assert "is no file of a workspace" in error and not list((tmp_path / "in").iterdir())
    assert not (tmp_path / "x").exists()


def test_a_workspace_behind_a_link_is_packed_whole_and_unpacked_for_the_team(make_pipeline, tmp_path):
    pipeline = make_pipeline("embed")
    (tmp_path / "linked").symlink_to(tmp_path, target_is_directory=True)
    behind = tmp_path / "linked" / pipeline.workspace.folder.name
    assert pack(behind, tmp_path / "packed.tar.gz") == pack(pipeline.workspace.folder, tmp_path / "plain.tar.gz") > 3
    (tmp_path / "team").mkdir(mode=0o755)
    unpack(tmp_path / "packed.tar.gz", tmp_path / "team" / "w")
    assert (tmp_path / "team" / "w").stat().st_mode & 0o777 == 0o755
    (pipeline.workspace.folder / "records.arrow").rename(tmp_path / "away.arrow")
    (pipeline.workspace.folder / "records.arrow").symlink_to(tmp_path / "away.arrow")
    with pytest.raises(CurationError, match=r"has no records\.arrow of its own"):
        pack(pipeline.workspace.folder, tmp_path / "again.tar.gz")


def bomb(path, *members, kind=tarfile.REGTYPE):
    with tarfile.open(path, "w:gz") as tar:
        for name, size in members:
            member = tarfile.TarInfo(name)
            member.size, member.type = size, kind
            tar.addfile(member, io.BytesIO(b"\0" * min(size, 1 << 20)) if size <= 1 << 20 else None)
    return path


@pytest.mark.parametrize(
    ("setting", "members", "words"),
    [
        ("WINNOW_MOST_UNPACKED_GB=0.001", [("artifacts/a", 1 << 20)], "0.00105 GB or more, and 0.001 GB is the most"),
        ("WINNOW_MOST_UNPACKED_GB=", [("artifacts/a", 10**15)], "set WINNOW_MOST_UNPACKED_GB to a larger number"),
        ("WINNOW_MOST_UNPACKED_GB=1000000", [("artifacts/a", 10**14)], "the disk has room for"),
        ("WINNOW_MOST_UNPACKED_FILES=2", [(f"artifacts/{i}", 1) for i in range(3)], "set WINNOW_MOST_UNPACKED_FILES"),
    ],
)
def test_what_is_unpacked_has_bounds(tmp_path, monkeypatch, setting, members, words):
    monkeypatch.setenv(*setting.split("="))
    monkeypatch.setattr(packing.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**13, 0, 10**13))
    with pytest.raises(CurationError, match=words.replace("(", "[(]")):
        unpack(bomb(tmp_path / "w.tar.gz", *members), tmp_path / "in")
    assert [path.name for path in tmp_path.iterdir()] == ["w.tar.gz"]


def test_a_header_without_end_is_not_read(tmp_path):
    with pytest.raises(CurationError, match="holds a header of"):
        unpack(bomb(tmp_path / "w.tar.gz", ("x", 10**9), kind=tarfile.GNUTYPE_LONGNAME), tmp_path / "in")


def test_no_import_begins_while_a_workspace_is_packed_and_one_that_goes_on_is_waited_for(folder, tmp_path, monkeypatch):
    workspace, packed = Workspace(folder), []
    files = packing._files_of

    def looked(about):
        with pytest.raises(filelock.Timeout):
            workspace.lock("import", "data").acquire(timeout=0)
        run("version", "save", folder, "--name", "late", check=0)  # after the ledger was copied
        return files(about)

    monkeypatch.setattr(packing, "_files_of", looked)
    with workspace.lock("import", "data"):
        thread = threading.Thread(target=lambda: packed.append(pack(folder, tmp_path / "w.tar.gz")))
        thread.start()
        time.sleep(0.1)
        assert not packed and not (tmp_path / "w.tar.gz").exists()
    thread.join()
    unpack(tmp_path / "w.tar.gz", tmp_path / "there")
    assert packed and not [each for each in examine(tmp_path / "there") if not each.is_harmless]
