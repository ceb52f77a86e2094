"""A full disk and a folder that may only be read: one clear line, nothing changed; what can be read is shown and exported."""

import functools
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import numpy as np
import pytest

from core.base.errors import CurationError
from core.base.files import replacing, unsynced, write_array
from core.base.temporaries import temporary_for
from core.data.targets import check_out
from core.workspace.work import is_shard
from core.workspace.workspace import Workspace
from tests.command import ROOT, run
from tests.damaging import everything_in, left_by_a_killed_one

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


def test_what_killed_processes_of_this_machine_left_goes_at_the_next_opening(selected_by_commands, monkeypatch):
    folder = selected_by_commands
    left, others = left_by_a_killed_one(folder / "dataset.json"), left_by_a_killed_one(folder / "b", machine="0a0b0c0d")
    alive = temporary_for(folder / "artifacts" / "c.npy")
    again = alive.with_name(re.sub(r"-\d+(-[0-9a-f]{8}\.tmp)$", r"-1\1", alive.name))  # its number was another's before
    for path in (alive, again):
        path.write_text("half")
    with replacing(folder / "dataset2.json") as temporary:
        temporary.write_text("whole")
    assert left.exists()  # not at each write
    monkeypatch.setattr("core.workspace.workspace._swept", set())
    Workspace(folder)
    assert not left.exists() and not again.exists() and others.exists() and alive.exists()


def test_what_a_killed_export_left_goes_at_the_next_one(selected_by_commands, tmp_path):
    left = [left_by_a_killed_one(tmp_path / name) for name in ("c.jsonl", "c.jsonl.manifest.json")]
    check_out(tmp_path / "c.jsonl", [])
    assert all(path.exists() for path in left)  # it is only asked, perhaps by a page that writes nothing
    run("export", selected_by_commands, "--out", tmp_path / "c.jsonl", check=0)
    assert not any(path.exists() for path in left) and (tmp_path / "c.jsonl").exists()


def test_a_file_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    done = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: done.append(Path(f"/proc/self/fd/{descriptor}").readlink()))
    with replacing(tmp_path / "a") as temporary:
        temporary.write_text("x")
    assert done == [temporary, tmp_path]
    write_array(tmp_path / "shard.npy", np.arange(3), unsynced)
    assert len(done) == 2


def test_a_shard_that_a_loss_of_power_cut_is_made_again(tmp_path):
    path = tmp_path / "shard.npy"
    write_array(path, np.arange(300).reshape(100, 3), unsynced)
    read = functools.partial(np.load, mmap_mode="r", allow_pickle=False)
    assert is_shard(path, read, 100) and not is_shard(path, read, 99)
    whole = path.read_bytes()
    for cut in (whole[:-9], whole[:40], b""):
        path.write_bytes(cut)
        assert not is_shard(path, read, 100)
    assert not is_shard(tmp_path / "none.npy", read, 100)


def test_an_error_of_another_kind_stays_what_it_is(tmp_path):
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "a"):
        (tmp_path / "none").read_text()
    with pytest.raises(CurationError, match="can't be read"), replacing(tmp_path / "a"):
        raise CurationError("x can't be read (Permission denied).")
    with pytest.raises(CurationError, match="can't be written"), replacing(tmp_path / "b" / "a"):
        raise OSError(28, "No space left on device")
    for words in ("No space left on device (os error 28)", "1 requested and 0 written"):  # by number, never by words
        for kind in (RuntimeError, OSError):
            with pytest.raises(kind, match="^" + re.escape(words)), replacing(tmp_path / "a"):
                raise kind(words)


def test_libraries_write_through_files_whose_errors_have_numbers(tmp_path):
    code = """
        import faiss, numpy as np
        from core.base.files import write_array, replacing
        from core.selection.finding.meaning import MeaningParams, write_index
        from pathlib import Path
        from core.base.errors import CurationError
        vectors = np.random.default_rng(0).normal(size=(500, 16)).astype(np.float32)
        def index(path):
            with replacing(path) as temporary:
                write_index(vectors, MeaningParams(), temporary)
        for write in (index, lambda path: write_array(path, vectors)):
            try:
                write(Path("x"))
            except CurationError as error:
                print(error)
    """
    limits = _LIMITED.format(size=2000).rpartition("from core.cli")[0]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", limits + textwrap.dedent(code)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.stdout.count("x can't be written (File too large)") == 2, done.stderr
    assert not list(tmp_path.iterdir())
