"""How decisions are kept: compactly, found again in other data, read by a ledger of before, resolved once."""

import contextlib
import json
import shutil
import sqlite3

import numpy as np
import pytest

from core.base.arrays import ascending
from core.base.errors import CurationError
from core.data.records import RecordParams, content_hash
from core.run.pipeline import Pipeline
from core.workspace import deciding, decision_log
from core.workspace.deciding import decide_cluster, decide_records, overrides_of, revise
from core.workspace.decisions import Decision, decision_states, next_undo, resolve_overrides
from core.workspace.ledger import Ledger
from core.workspace.row_sets import pack_rows, unpack_rows
from core.workspace.workspace import Workspace
from tests.conftest import small_records, write_jsonl

# The table of decisions as version 3 made it.
_OF_BEFORE = """
CREATE TABLE decisions (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, who TEXT NOT NULL, action TEXT NOT NULL, target TEXT NOT NULL,
    row_ids BLOB NOT NULL, hashes BLOB NOT NULL, fingerprint TEXT NOT NULL, cluster INTEGER NOT NULL,
    clustering TEXT NOT NULL, value REAL NOT NULL, note TEXT NOT NULL, refers INTEGER NOT NULL);
"""


def again(workspace: Workspace) -> Pipeline:
    return Pipeline(Workspace(workspace.folder))


@pytest.mark.parametrize("rows", [[], [0], [2**32 - 1], [7, 3, 3, 70_000], list(range(100_000))])
def test_rows_come_back_ascending_and_each_once(rows):
    assert unpack_rows(pack_rows(np.array(rows, np.int64))).tolist() == sorted(set(rows))


@pytest.mark.parametrize("rows", [[], [0], [3], [1, 5, 9], [1, 1], [9, 3, 3, 0]])
def test_rows_are_put_in_order_each_once(rows):
    assert ascending(np.array(rows, np.int32)).tolist() == sorted(set(rows))


def test_a_row_that_no_bitmap_can_hold_is_refused():
    for row in (-1, 2**32):
        with pytest.raises(CurationError, match=f"record {row} can't be"):
            pack_rows(np.array([row]))


def test_a_hundred_thousand_records_of_a_million_are_one_small_decision(tmp_path):
    ledger = Ledger(tmp_path / "workspace.db")
    rows = np.sort(np.random.default_rng(0).choice(1_000_000, 100_000, replace=False))
    size = (tmp_path / "workspace.db").stat().st_size
    made = ledger.add_decision(Decision("pin", rows=rows, fingerprint="f"))
    with contextlib.closing(sqlite3.connect(tmp_path / "workspace.db")) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert (tmp_path / "workspace.db").stat().st_size - size < 200_000
    kept = ledger.decisions()
    assert [d.id for d in kept] == [made.id] and np.array_equal(kept[0].rows, rows) and kept[0].rows.dtype == np.int64


def test_every_field_of_a_decision_comes_back(tmp_path):
    ledger = Ledger(tmp_path / "workspace.db")
    given = {"note": "why", "who": "ann", "field": "output", "text": "né\n", "origin": "o", "fingerprint": "f"}
    ledger.add_decision(Decision("edit", rows=np.array([4]), **given))
    ledger.add_decision(Decision("split", "cluster", cluster=2, clustering="c", numbers=(0, 5, 6), sign="s", value=2.0))
    first, second = Ledger(tmp_path / "workspace.db").decisions()
    assert {name: getattr(first, name) for name in given} == given and first.rows.tolist() == [4]
    assert (second.numbers, second.sign, second.cluster, second.value) == ((0, 5, 6), "s", 2, 2.0)


def test_what_others_append_is_seen_and_what_is_known_is_not_read_again(tmp_path, monkeypatch):
    one, other = Ledger(tmp_path / "workspace.db"), Ledger(tmp_path / "workspace.db")
    for row in range(5):
        one.add_decision(Decision("pin", rows=np.array([row])))
    assert len(other.decisions()) == 5
    read, reading = [], decision_log._read
    monkeypatch.setattr(decision_log, "_read", lambda row: read.append(row["id"]) or reading(row))
    one.add_decision(Decision("drop", rows=np.array([9])))
    assert [d.id for d in other.decisions()] == [1, 2, 3, 4, 5, 6] and read == [6]


@pytest.mark.parametrize("n_in_backup", [0, 1, 2])
def test_a_backup_put_in_place_of_the_ledger_is_read_anew(tmp_path, n_in_backup):
    ledger = Ledger(tmp_path / "workspace.db")
    backup = Ledger(tmp_path / "backup.db")
    for number in range(n_in_backup):
        backup.add_decision(Decision("drop", rows=np.array([number]), who="eve"))
    ledger.add_decision(Decision("pin", rows=np.array([1]), who="ann"))
    assert [d.who for d in ledger.decisions()] == ["ann"]
    with (
        contextlib.closing(sqlite3.connect(backup.path)) as held,
        contextlib.closing(sqlite3.connect(ledger.path)) as db,
    ):
        held.backup(db)  # the same file, other decisions
    assert [d.who for d in ledger.decisions()] == ["eve"] * n_in_backup


# Found again in other data


def turned(data_file) -> None:
    """Write the records in the opposite order, the first of them gone, one of them twice."""
    lines = data_file.read_bytes().splitlines(keepends=True)
    data_file.write_bytes(b"".join([*reversed(lines[1:]), lines[7]]))


def test_a_decision_keeps_no_hash_of_its_own_and_outlives_two_imports_of_other_data(make_pipeline, data_file):
    workspace = make_pipeline().workspace
    decide_records(workspace, "pin", np.array([0, 5, 7]))
    assert workspace.ledger.decisions()[0].hashes == ()
    first = data_file.read_bytes()
    turned(data_file)
    workspace.import_data(data_file, RecordParams())
    decide_records(workspace, "drop", np.array([0]))  # it was the last, 59
    assert overrides_of(again(workspace)).pinned.tolist() == [52, 54]  # 0 is gone; 7 is there twice and was pinned once
    data_file.write_bytes(first)
    workspace.import_data(data_file, RecordParams())
    overrides = overrides_of(again(workspace))
    assert overrides.pinned.tolist() == [0, 5, 7] and overrides.dropped.tolist() == [59]


def test_a_decision_whose_records_nothing_tells_any_more_is_called_lost(make_pipeline, data_file):
    workspace = make_pipeline().workspace
    made = decide_records(workspace, "pin", np.array([0, 5, 7]))
    for path in workspace.artifacts.glob(f"hashes-{workspace.dataset().fingerprint}.*"):
        path.unlink()
    turned(data_file)
    workspace.import_data(data_file, RecordParams())
    overrides = overrides_of(again(workspace))
    assert len(overrides.pinned) == 0 and [d.id for d in overrides.lost] == [made.id]
    assert decision_states(workspace.ledger.decisions(), overrides) == {made.id: "lost"}


def ledger_of_before(workspace: Workspace, rows: list[int], who: str = "ann") -> None:
    """Give a workspace the ledger that version 3 would have, with one pin."""
    raws = workspace.records().take(np.array(rows), ["raw"])["raw"].to_pylist()
    hashes = b"".join(content_hash(raw) for raw in raws)
    with contextlib.closing(sqlite3.connect(workspace.ledger.path)) as db, db:
        db.execute("DROP TABLE decisions")
        db.execute("DROP TABLE picks")
        db.executescript(_OF_BEFORE)
        db.execute(
            "INSERT INTO decisions (at, who, action, target, row_ids, hashes, fingerprint, cluster, clustering, value, note, "
            "refers) VALUES ('2026-01-01T00:00:00+00:00', ?, 'pin', 'records', ?, ?, ?, -1, '', 1, 'old', 0)",
            (who, np.array(rows, "<i8").tobytes(), hashes, workspace.dataset().fingerprint),
        )
        db.execute("PRAGMA user_version = 3")
    for path in workspace.artifacts.glob("hashes-*"):
        path.unlink()  # version 3 made them only when they were asked for


def test_a_ledger_of_version_3_goes_on_and_its_decisions_keep_their_hashes(make_pipeline, data_file):
    workspace = make_pipeline().workspace
    ledger_of_before(workspace, [2, 7])
    before = workspace.ledger.path.read_bytes()
    opened = Workspace(workspace.folder)
    assert opened.ledger.path.read_bytes() != before
    old = opened.ledger.decisions()[0]
    assert (old.id, old.who, old.note, old.rows.tolist(), len(old.hashes)) == (1, "ann", "old", [2, 7], 2)
    decide_records(opened, "drop", np.array([3]))
    assert overrides_of(again(opened)).pinned.tolist() == [2, 7]
    turned(data_file)
    opened.import_data(data_file, RecordParams())
    overrides = overrides_of(again(opened))
    assert overrides.pinned.tolist() == [52, 57] and overrides.dropped.tolist() == [56] and not overrides.lost
    revise(opened, "undo", lambda decisions: 1)
    assert len(overrides_of(again(opened)).pinned) == 0


def test_an_import_keeps_the_hashes_of_its_records(tmp_path):
    data = write_jsonl(tmp_path / "a.jsonl", [*small_records(9), {"instruction": "Größe 😀", "output": ""}])
    workspace = Workspace(tmp_path / "w", create=True)
    held = workspace.import_data(data, RecordParams())
    assert workspace.has("hashes", held.fingerprint)
    raws = data.read_text("utf-8").splitlines()
    assert [bytes(each) for each in workspace.hashes()] == [content_hash(raw) for raw in raws]
    texts = workspace.records().texts(0, 10)
    assert [bytes(each) for each in workspace.hashes("text")] == [content_hash(text) for text in texts]


# Resolved once


def test_constraints_are_resolved_once_for_the_same_decisions_and_anew_after_one_more(make_pipeline, monkeypatch):
    pipeline = make_pipeline("embed", "cluster")
    decide_records(pipeline.workspace, "pin", np.array([4]))
    calls = []
    monkeypatch.setattr(
        deciding, "resolve_overrides", lambda *args, **named: calls.append(1) or resolve_overrides(*args, **named)
    )
    first, second = (overrides_of(again(pipeline.workspace)) for _ in range(2))
    assert first is second and len(calls) == 1
    with pytest.raises(ValueError, match="read-only"):
        first.pinned[0] = 5
    decide_cluster(pipeline, "drop", 1)
    assert len(overrides_of(again(pipeline.workspace)).dropped) > 0 and len(calls) == 2
    revise(pipeline.workspace, "undo", next_undo)
    assert overrides_of(again(pipeline.workspace)).pinned.tolist() == [4] and len(calls) == 3


def test_a_copy_of_a_workspace_has_constraints_of_its_own(make_pipeline, tmp_path):
    workspace = make_pipeline().workspace
    decide_records(workspace, "pin", np.array([4]))
    shutil.copytree(workspace.folder, tmp_path / "copy")
    copy = Workspace(tmp_path / "copy")
    revise(copy, "undo", next_undo)
    decide_records(workspace, "drop", np.array([5]))
    assert len(overrides_of(Pipeline(copy)).pinned) == 0 and overrides_of(again(workspace)).dropped.tolist() == [5]


def test_many_decisions_on_clusters_resolve_as_few_do():
    labels = np.random.default_rng(0).integers(0, 9, 500).astype(np.int32)
    steps = [("pin", "drop", "clear")[i % 3] for i in range(60)]
    decisions = [
        Decision(action, "cluster", cluster=(7 * i) % 9, clustering="c", id=i + 1) for i, action in enumerate(steps)
    ]
    found = resolve_overrides(decisions, 500, labels, "c")
    last = {d.cluster: d.action for d in decisions}
    assert found.pinned.tolist() == [i for i, c in enumerate(labels.tolist()) if last[c] == "pin"]
    assert found.dropped.tolist() == [i for i, c in enumerate(labels.tolist()) if last[c] == "drop"]


def test_a_decision_in_a_manifest_is_plain_json(make_pipeline, tmp_path):
    from core.export.delivery import manifest_facts

    pipeline = make_pipeline("embed", "cluster", "score", "select")
    decide_records(pipeline.workspace, "drop", np.array([3, 5]))
    now = again(pipeline.workspace)
    now.run("select", now.params("select"))
    told = json.loads(json.dumps(manifest_facts(now)))["decisions"]
    assert told[0]["rows"] == [3, 5] and told[0]["state"] == "in force"
    assert not {"hashes", "field", "text", "numbers", "sign", "origin"} & set(told[0])
