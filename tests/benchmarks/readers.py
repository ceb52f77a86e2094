"""Reading the pool in several layouts: records a second of CPU, beside parsing the same lines as JSON and nothing more."""

import json
import lzma
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from core.data.records import RecordParams
from core.workspace.workspace import Workspace
from tests.benchmarks.data import POOL

Value = dict[str, Any]


def _messages(row: Value) -> Value:
    asked = "\n".join(filter(None, (row["instruction"], row.get("input", ""))))
    return {"messages": [{"role": "user", "content": asked}, {"role": "assistant", "content": row["output"]}]}


def _sharegpt(row: Value) -> Value:
    turns = _messages(row)["messages"]
    names = {"user": "human", "assistant": "gpt"}
    return {"conversations": [{"from": names[turn["role"]], "value": turn["content"]} for turn in turns]}


def _strings(row: Value) -> Value:
    return {"conversations": [turn["content"] for turn in _messages(row)["messages"]]}


def _preference(row: Value) -> Value:
    turns = _messages(row)["messages"]
    return {"chosen": turns, "rejected": [turns[0], {"role": "assistant", "content": "No."}]}


LAYOUTS: dict[str, Callable[[Value], Value]] = {
    "instruction, input, output": lambda row: row,
    "messages": _messages,
    "conversations of from, value": _sharegpt,
    "conversations of strings": _strings,
    "chosen, rejected": _preference,
}


def main() -> None:
    """Print the table."""
    with lzma.open(POOL, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    print(f"reading {len(rows):,} records into a workspace; x: CPU time beside json.loads of the same lines")
    with tempfile.TemporaryDirectory() as folder:
        for name, layout in LAYOUTS.items():
            values = [layout(row) for row in rows]
            path = Path(folder) / "data.jsonl"
            path.write_text("".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values), encoding="utf-8")
            parsing = _cpu(lambda path=path: _parse(path))
            _say(f"JSONL, {name}", len(rows), _cpu(lambda path=path: _read(path, Path(folder))), parsing)
            if layout is _messages:
                path = Path(folder) / "data.parquet"
                pq.write_table(pa.Table.from_pylist(values), path)
                _say(f"Parquet, {name}", len(rows), _cpu(lambda path=path: _read(path, Path(folder))), parsing)


def _cpu(act: Callable[[], None]) -> float:
    """Return the CPU seconds of this process that `act` takes, the least of three."""
    taken = []
    for _ in range(3):
        started = time.process_time()
        act()
        taken.append(time.process_time() - started)
    return min(taken)


def _parse(path: Path) -> None:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            json.loads(line)


def _read(path: Path, folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as place:
        Workspace(Path(place) / "workspace", create=True).import_data(path, RecordParams())


def _say(name: str, n: int, seconds: float, parsing: float) -> None:
    print(f"  {name:<36} {n / seconds:>9,.0f} a second, {seconds / parsing:.1f} x", flush=True)
