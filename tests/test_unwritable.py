"""A full disk and a folder that may only be read: one clear line, nothing changed; what can be read is shown and exported."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from core.base.errors import CurationError
from core.base.files import replacing
from tests.command import ROOT, run
from tests.damaging import everything_in

_LIMITED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))
from core.cli.parser import main
sys.exit(main(sys.argv[1:]))
"""
SOURCES = {"dataset.json", "records.arrow", "rejects.jsonl"}


def run_limited(size, *arguments):
    """Run a command whose files may be `size` bytes long, as if the disk were full then."""
    code = _LIMITED.format(size=size)
    return subprocess.run([sys.executable, "-c", code, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True)


def lasting(folder):
    """What a command that failed must leave: everything but locks and what SQLite puts beside its file."""
    return {
        name: content
        for name, content in everything_in(folder).items()
        if not name.endswith((".lock", "-wal", "-shm")) and ".shards" not in name
    }


def check_refused(done, *words):
    assert done.returncode == 1, done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("error: "), done.stderr
    for word in words:
        assert word in lines[0]


@pytest.fixture
def selected_by_commands(workspace):
    run("select", workspace, "--budget", 12, "--method", "random", check=0)
    return workspace


@pytest.mark.parametrize(
    ("size", "verb"),
    [
        (0, ["duplicates", "W"]),
        (0, ["cluster", "W", "--clusters", "3"]),
        (0, ["select", "W", "--budget", "5"]),
        (0, ["words", "W"]),
        (0, ["pin", "W", "--rows", "3"]),
        (2000, ["export", "W", "--out", "OUT"]),
        (4096, ["import", "DATA", "--workspace", "NEW"]),
        (4096, ["embed", "W", "--embeddings", "VECTORS"]),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_full_disk_is_one_line_and_changes_nothing(selected_by_commands, data_file, tmp_path, size, verb):
    folder = selected_by_commands
    names = {"W": folder, "OUT": tmp_path / "out.jsonl", "DATA": data_file, "NEW": tmp_path / "new"}
    names["VECTORS"] = tmp_path / "others.npy"
    np.save(names["VECTORS"], np.random.default_rng(3).normal(size=(60, 40)).astype(np.float32))
    before = lasting(folder)
    done = run_limited(size, *(names.get(word, word) for word in verb))
    check_refused(done, "can't be")
    assert lasting(folder) == before
    assert not (tmp_path / "out.jsonl").exists() and not list(tmp_path.glob(".*.tmp"))
    assert not (tmp_path / "new" / "dataset.json").exists()


# A workspace that may only be read


@pytest.fixture
def read_only(selected_by_commands):
    """A copy of a workspace, and the home beside it, that whoever runs `run_as_reader` may only read."""
    outer = Path(tempfile.mkdtemp(prefix="winnow-test-"))
    outer.chmod(0o755)
    shutil.copytree(selected_by_commands, outer / "w")
    (outer / "out").mkdir()
    (outer / "out").chmod(0o777)
    (outer / "closed").mkdir(mode=0o555)
    for path in [outer / "w", *(outer / "w").rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield outer
    for path in [outer / "w", *(each for each in (outer / "w").rglob("*") if each.is_dir())]:
        path.chmod(0o755)
    shutil.rmtree(outer)


def run_as_reader(*arguments):
    """Run a command as somebody whom modes bind: not as root."""
    bound = []
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            pytest.skip("root needs setpriv to be bound by modes")
        bound = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search,-fowner"]
    command = [*bound, sys.executable, "-m", "core", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


@pytest.mark.parametrize("verb", [["pin", "W", "--rows", "3"], ["cluster", "W", "--clusters", "3"], ["undo", "W"]])
def test_whatever_would_write_in_it_is_refused_in_one_line(read_only, verb):
    before = everything_in(read_only / "w")
    done = run_as_reader(*(read_only / "w" if word == "W" else word for word in verb))
    check_refused(done, "may only be read")
    assert everything_in(read_only / "w") == before


def test_an_export_into_a_folder_that_may_not_be_written_is_one_line(read_only):
    check_refused(
        run_as_reader("export", read_only / "w", "--out", read_only / "closed" / "c.jsonl"), "c.jsonl", "may write to"
    )


def test_what_a_killed_process_left_of_a_file_goes_when_it_is_written_again(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left = tmp_path / f".c.jsonl.{dead.pid}.0a0a0a0a.tmp"
    others = [tmp_path / f".d.jsonl.{dead.pid}.0a0a0a0a.tmp", tmp_path / f".c.jsonl.{os.getpid()}.0b0b0b0b.tmp"]
    for path in (left, *others):
        path.write_text("half")
    with replacing(tmp_path / "c.jsonl") as temporary:
        temporary.write_text("whole")
    assert not left.exists() and all(path.exists() for path in others)


def test_a_file_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    done = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: done.append(Path(f"/proc/self/fd/{descriptor}").readlink()))
    with replacing(tmp_path / "a") as temporary:
        temporary.write_text("x")
    assert done == [temporary, tmp_path]


def test_an_error_of_another_kind_stays_what_it_is(tmp_path):
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "a"):
        (tmp_path / "none").read_text()
    with pytest.raises(CurationError, match="can't be read"), replacing(tmp_path / "a"):
        raise CurationError("x can't be read (Permission denied).")
    with pytest.raises(CurationError, match="can't be written"), replacing(tmp_path / "b" / "a"):
        raise OSError(28, "No space left on device")
