"""The doctor names what is wrong with a workspace and mends what it can; a packed workspace gives the same export elsewhere."""

import io
import subprocess
import sys
import tarfile

import pytest

from core.base.errors import CurationError
from core.run.packing import pack, unpack
from tests.command import run
from tests.damaging import everything_in


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
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    (folder / "artifacts" / f".x.npy.{dead.pid}.00000000.tmp").write_bytes(b"half")
    told = run("doctor", folder, check=1)
    for word in (scores.name, "records.arrow", "half-written"):
        assert word in told.stdout
    assert "3 things are wrong" in told.stderr and "--repair" in told.stderr
    assert "is in order" in run("doctor", folder, "--repair", check=0).stdout
    assert records.read_bytes() == content and scores.exists()
    run("export", folder, "--out", tmp_path / "after.jsonl", check=0)
    assert (tmp_path / "after.jsonl").read_bytes() == (tmp_path / "before.jsonl").read_bytes()


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
