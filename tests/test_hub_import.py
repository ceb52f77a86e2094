"""Data sets of a hub are imported from the stand-in: found, chosen, fetched, resumed, refused; the token stays unwritten."""

import contextlib
import json
import sqlite3
import time
import types

import pyarrow as pa
import pytest
from pyarrow import parquet

import core
from core.base.errors import CurationError
from core.data.hub.fetching import fetch_all
from core.data.records import RecordParams
from core.run import jobs
from core.run.tasks import import_steps
from core.workspace.workspace import Workspace
from tests.command import run
from tests.conftest import small_records
from tests.hub_stand_in import READ_ONLY, TOKEN, card


def lines(records) -> bytes:
    return "".join(json.dumps(record) + "\n" for record in records).encode()


RECORDS = small_records(60)
TRAIN, TEST = lines(RECORDS[:50]), lines(RECORDS[50:])
FILES = {"README.md": card("# Small", license="mit"), "train.jsonl": TRAIN, "test.jsonl": TEST}


def as_parquet(records) -> bytes:
    sink = pa.BufferOutputStream()
    parquet.write_table(pa.Table.from_pylist(records), sink)
    return sink.getvalue().to_pybytes()


def texts(folder, columns=("prompt", "response", "source")) -> list[dict]:
    workspace = Workspace(folder)
    return workspace.records().take(range(workspace.dataset().n_records), list(columns)).to_pylist()


def everything_written(folder) -> bytes:
    """Return all bytes below a folder, those in the write-ahead log of its database too."""
    held = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    with contextlib.closing(sqlite3.connect(folder / "workspace.db")) as db:
        return held + "\n".join(db.iterdump()).encode()


@pytest.fixture
def no_waiting(monkeypatch):
    """Let `huggingface_hub` try again at once."""
    quick = types.SimpleNamespace(sleep=lambda seconds: None, time=time.time, monotonic=time.monotonic)
    monkeypatch.setattr("huggingface_hub.file_download.time", quick)


def test_a_split_is_imported_and_where_it_came_from_is_written_down(hub, tmp_path):
    commit = hub.add("ann/small", FILES)
    done = run("import", "hf://ann/small", "--split", "train", home=tmp_path, check=0)
    assert "50 records" in done.stdout and f"at commit {commit}; licence: mit" in done.stdout
    dataset = Workspace(tmp_path / "small").dataset()
    (part,) = dataset.hub
    assert (part.repo, part.commit, part.config, part.split, part.licence) == (
        "ann/small",
        commit,
        "default",
        "train",
        "mit",
    )
    assert [(file.path, file.size, file.sha256) for file in part.files] == [("train.jsonl", len(TRAIN), dataset.sha256)]
    assert dataset.given == (f"hf://ann/small@{commit}?config=default&split=train",)
    assert dataset.file == "ann/small (default, train)"
    assert hub.fetched() == ["train.jsonl"]  # the other split is left where it is


def test_several_splits_or_configs_are_listed_and_a_wrong_one_is_refused(hub, tmp_path):
    configs = [
        {"config_name": "main", "data_files": "train.jsonl", "default": True},
        {"config_name": "hard", "data_files": [{"split": "dev", "path": "test.jsonl"}]},
    ]
    hub.add("ann/small", FILES | {"README.md": card(configs=configs)})
    done = run("import", "hf://ann/small", home=tmp_path, check=1)
    assert "several configs of ann/small: main (the card's default), hard; say which with --config" in done.stderr
    done = run("import", "hf://ann/small", "--config", "easy", home=tmp_path, check=1)
    assert "'easy' is not one of the configs of ann/small: main" in done.stderr
    done = run("import", "hf://ann/small?config=hard", "--split", "train", home=tmp_path, check=1)
    assert "'train' is not one of the splits of ann/small, config hard: dev" in done.stderr
    hub.add("ann/plain", FILES)
    assert (
        "splits of ann/plain, config default: train, test"
        in run("import", "hf://ann/plain", home=tmp_path, check=1).stderr
    )
    assert not list(tmp_path.iterdir())  # nothing was made
    run("import", "hf://ann/small", "--config", "hard", home=tmp_path, check=0)
    assert len(texts(tmp_path / "small")) == 10


def test_nothing_is_fetched_into_a_workspace_of_other_data(hub, tmp_path):
    hub.add("ann/small", FILES)
    hub.add("ann/other", {"train.jsonl": lines(RECORDS[::2])})
    run("import", "hf://ann/small", "--split", "train", "--workspace", tmp_path / "w", check=0)
    hub.asked = []
    done = run("import", "hf://ann/other", "--workspace", tmp_path / "w", check=1)
    assert "holds hf://ann/small (default, train); give hf://ann/other (default, train) a workspace" in done.stderr
    assert hub.fetched() == []


def test_of_a_split_in_two_formats_one_is_read_and_the_other_named(hub, tmp_path):
    shards = {f"train-{i}.parquet": as_parquet(RECORDS[30 * i : 30 * i + 30]) for i in range(2)}
    hub.add("ann/twice", {"train.jsonl": lines(RECORDS), **shards})
    done = run("import", "hf://ann/twice", home=tmp_path, check=0)
    assert "60 records" in done.stdout and "1 file of it in another format left alone" in done.stdout
    assert sorted(hub.fetched()) == ["train-0.parquet", "train-1.parquet"]
    assert Workspace(tmp_path / "twice").dataset().hub[0].n_other == 1


def test_a_revision_is_kept_as_its_commit_and_read_again_without_the_hub(hub, tmp_path):
    first = hub.add("ann/small", FILES)
    hub.repos["ann/small"].commit({"train.jsonl": TEST}, "later")
    hub.repos["ann/small"].commit({"train.jsonl": TRAIN + TEST})
    run("import", f"hf://ann/small@{first}?split=train", "--workspace", tmp_path / "w", check=0)
    workspace = Workspace(tmp_path / "w")
    asked = len(hub.asked)
    hub.refusing = 500
    again = workspace.import_data(workspace.dataset().given, RecordParams("prompt=instruction,response=output"))
    assert again.hub[0].commit == first and again.n_records == 50 and len(hub.asked) == asked
    hub.refusing = 0
    run("import", "hf://ann/small@later", "--workspace", tmp_path / "w", check=0)  # the same data set, moved on
    assert len(texts(tmp_path / "w")) == 10


def test_a_manifest_names_the_commit_and_what_was_fetched_verifies_it(hub, tmp_path):
    commit = hub.add("ann/small", FILES)
    out = tmp_path / "out.jsonl"
    options = ("--method", "random", "--budget", 12, "--workspace", tmp_path / "w", "--out", out)
    run("curate", "hf://ann/small", "--split", "train", *options, check=0)
    manifest = json.loads((tmp_path / "out.jsonl.manifest.json").read_text())
    assert manifest["input"]["hub"][0] == Workspace(tmp_path / "w").dataset().hub[0].to_json()
    assert manifest["input"]["hub"][0]["commit"] == commit and manifest["input"]["hub"][0]["licence"] == "mit"
    done = run("verify", f"{out}.manifest.json", "--data", tmp_path / "w" / "hub", check=0)
    assert "verified: 12 lines" in done.stdout


def test_shards_of_parquet_are_one_source_and_several_data_sets_are_a_source_each(hub, tmp_path):
    for n in range(2):
        hub.add(
            f"ann/part{n}",
            {f"data/train-0000{i}-of-00002.parquet": as_parquet(RECORDS[20 * i : 20 * i + 20]) for i in range(2)},
        )
    run("import", "hf://ann/part0", "--workspace", tmp_path / "one", check=0)
    assert [file.file for file in Workspace(tmp_path / "one").dataset().files] == [
        "train-00000-of-00002.parquet",
        "train-00001-of-00002.parquet",
    ]
    assert {record["source"] for record in texts(tmp_path / "one")} == {"bread", "python", "garden", "travel"}
    own = tmp_path / "own.jsonl"
    own.write_bytes(TEST)
    done = run("import", "a=hf://ann/part0", "hf://ann/part1", own, "--workspace", tmp_path / "mix", check=0)
    assert {record["source"] for record in texts(tmp_path / "mix")} == {"a", "part1", "own"}
    assert "40 records are in an earlier source too" in done.stdout
    assert [part.repo for part in Workspace(tmp_path / "mix").dataset().hub] == ["ann/part0", "ann/part1"]


def test_a_cut_connection_is_taken_up_where_it_broke_off(hub, tmp_path, no_waiting):
    hub.add("ann/small", {"train.jsonl": TRAIN})
    hub.cuts, hub.cut_at = 2, 3500
    told = []
    fetch_all("hf://ann/small", tmp_path / "hub", lambda done, total: told.append(done / total))
    ranges = [began for _, path, began, _ in hub.asked if "/resolve/" in path]
    assert ranges == ["", "bytes=3000-", "bytes=6000-"]
    assert told == sorted(told) and told[-1] == 1.0 and len(told) > 5
    (path,) = (tmp_path / "hub").rglob("train.jsonl")
    assert path.read_bytes() == TRAIN


def test_what_was_fetched_before_the_connection_was_lost_stays_and_is_not_fetched_again(hub, tmp_path, no_waiting):
    hub.add("ann/small", {"train-1.jsonl": TEST, "train-2.jsonl": TRAIN})
    hub.cut_at, hub.cuts = 3500, 1

    def cut_for_good(done, total):
        if done / total > 0.35:
            hub.refusing = 503

    with pytest.raises(CurationError, match=r"with the status 503.*What was fetched stays"):
        fetch_all("hf://ann/small", tmp_path / "hub", cut_for_good)
    assert [path.name for path in (tmp_path / "hub").rglob("*.jsonl")] == ["train-1.jsonl"]
    (part,) = (tmp_path / "hub").rglob("*.part")
    held = part.stat().st_size
    assert 0 < held < len(TRAIN)
    hub.refusing, hub.asked = 0, []
    fetch_all("hf://ann/small", tmp_path / "hub")
    assert [(path.rsplit("/")[-1], began) for _, path, began, _ in hub.asked if "/resolve/" in path] == [
        ("train-2.jsonl", f"bytes={held}-")
    ]


def test_a_hub_that_is_not_there_is_said_and_leaves_no_workspace(hub, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    done = run("import", "hf://ann/small", home=tmp_path, check=1)
    assert "The connection to http://127.0.0.1:9 failed" in done.stderr and not list(tmp_path.iterdir())
    monkeypatch.setenv("HF_ENDPOINT", "hub.example")
    assert "HF_ENDPOINT is 'hub.example'" in run("import", "hf://ann/small", home=tmp_path, check=1).stderr
    monkeypatch.setenv("HF_ENDPOINT", hub.address)
    hub.refusing = 200  # a page of something else
    assert "did not answer as a hub does" in run("import", "hf://ann/small", home=tmp_path, check=1).stderr
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert "HF_HUB_OFFLINE is set" in run("import", "hf://ann/small", home=tmp_path, check=1).stderr


@pytest.mark.parametrize(
    "name, token, said",
    [
        ("ann/nothing", "", "There is no data set ann/nothing on {hub}, or it is private (401)"),
        ("ann/nothing", TOKEN, "There is no data set ann/nothing on {hub}, or it is private (404)"),
        ("ann/private", "", "set HF_TOKEN to a token that may read it"),
        ("ann/gated", "", "ann/gated on {hub} is gated; ask for access on its page, and set HF_TOKEN"),
        ("ann/open", "hf_wrong", "{hub} does not take the token it was given (401)"),
        ("ann/open@v9", "", "ann/open has no revision 'v9'"),
        ("ann/code", "", "holds no file that Winnow reads"),
    ],
)
def test_what_the_hub_refuses_is_said_with_the_fix(hub, tmp_path, monkeypatch, name, token, said):
    for repo in ("private", "gated", "open"):
        hub.add(f"ann/{repo}", FILES, **({repo: True} if repo != "open" else {}))
    hub.add("ann/code", {"code.py": b"print()"})
    if token:
        monkeypatch.setenv("HF_TOKEN", token)
    done = run("import", f"hf://{name}", home=tmp_path, check=1)
    assert said.format(hub=hub.address) in done.stderr and not list(tmp_path.glob("*/"))
    assert not token or token not in done.stderr


@pytest.mark.parametrize(
    "status, said", [(403, "does not let you read"), (429, "wait some minutes"), (418, "the status 418")]
)
def test_any_other_refusal_has_its_status(hub, tmp_path, status, said):
    hub.refusing = status
    assert said in run("import", "hf://ann/small", home=tmp_path, check=1).stderr


def test_a_file_that_is_not_what_the_hub_listed_is_refused(hub, tmp_path):
    hub.add("ann/small", {"train.jsonl": TRAIN, "dev.json": TEST})
    hub.garbling = True
    with pytest.raises(CurationError, match="did not come as the hub lists it"):
        fetch_all("hf://ann/small?split=train", tmp_path / "hub")
    with pytest.raises(CurationError, match="did not come as the hub lists it"):  # one whose hash is git's own
        fetch_all("hf://ann/small?split=validation", tmp_path / "hub")
    assert not list((tmp_path / "hub").rglob("[!.]*.json*"))


def test_a_fetched_file_that_was_changed_is_not_said_to_be_the_hubs(hub, tmp_path):
    hub.add("ann/small", {"train.jsonl": TRAIN})
    workspace = Workspace(tmp_path / "w", create=True)
    held = workspace.import_data("hf://ann/small", RecordParams())
    (path,) = (tmp_path / "w" / "hub").rglob("train.jsonl")
    path.write_bytes(TRAIN.replace(b"question", b"qvestion"))
    with pytest.raises(CurationError, match="was changed since it was fetched"):
        workspace.import_data(held.given, RecordParams())


def test_the_token_is_sent_and_never_written(hub, tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("HF_TOKEN", READ_ONLY)
    hub.add("ann/secret", FILES, private=True)
    workspace = Workspace(tmp_path / "w", create=True)
    jobs.start_job(
        workspace, "Reading", import_steps("hf://ann/secret?split=train", RecordParams())
    )  # a process of its own
    wait_until(lambda: not jobs.last_job(workspace).is_active)
    assert jobs.last_job(workspace).status == "done", jobs.last_job(workspace)
    out = tmp_path / "w" / "out.jsonl"
    run("select", tmp_path / "w", "--method", "random", "--budget", 5, check=0)
    run("export", tmp_path / "w", "--out", out, check=0)
    assert all(with_token for _, path, _, with_token in hub.asked if "secret" in path)
    assert READ_ONLY.encode() not in everything_written(tmp_path / "w")
    assert (tmp_path / "w" / "jobs" / "job-1.log").exists() and b"ann/secret" in everything_written(tmp_path / "w")
    assert READ_ONLY not in "".join(capfd.readouterr())


def test_a_job_that_was_cancelled_goes_on_where_it_was(hub, tmp_path):
    large = lines({"prompt": f"{i}", "completion": f"{i} " * 200_000} for i in range(40))  # it is written by 10 MB
    hub.add("ann/large", {"train.jsonl": large})
    hub.stalls_at = 12 << 20
    workspace = Workspace(tmp_path / "w", create=True)
    steps = import_steps("hf://ann/large", RecordParams())
    jobs.start_job(workspace, "Reading", steps)
    wait_until(lambda: sum(path.stat().st_size for path in (tmp_path / "w").rglob("*.part")) == 10 << 20)
    assert jobs.last_job(workspace).step == "fetch"
    jobs.cancel_job(workspace)
    hub.stalls_at, hub.asked = 0, []
    hub.go_on.set()
    jobs.start_job(workspace, "Reading", steps)
    wait_until(lambda: not jobs.last_job(workspace).is_active)
    assert jobs.last_job(workspace).status == "done", jobs.last_job(workspace).error
    assert [began for _, path, began, _ in hub.asked if "/resolve/" in path] == [f"bytes={10 << 20}-"]
    assert workspace.dataset().n_records == 40


def wait_until(is_so, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_notebook_opens_a_data_set_of_a_hub(hub, tmp_path):
    hub.add("ann/small", FILES)
    opened = core.open_data("hf://ann/small", tmp_path / "w", split="test", device="cpu")
    assert len(opened.records()) == 10
    with pytest.raises(CurationError, match="several splits"):
        core.open_data("hf://ann/small", tmp_path / "other")
    assert not (tmp_path / "other").exists()
