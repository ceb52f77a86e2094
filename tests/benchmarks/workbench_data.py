"""Workspaces as large as a curator's: made once of the shared pool, outside the repository, and opened again after.

The first 67,193 records are the pool's own. The others are made of one of its records and a little of another one of the same
source: words dropped, changed round and taken from the other, vectors likewise with noise, so that none is a copy.
WINNOW_BENCH names the folder; a file beside each workspace says what its stages took.
"""

import json
import lzma
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from core.base.arrays import unit_rows
from core.base.files import replacing
from core.base.text import counted
from core.run.pipeline import Pipeline
from core.workspace.workspace import Workspace
from tests.benchmarks.data import N_CLUSTERS, POOL, VECTORS, run_command

POOL_RECORDS, MANY = 67_193, 1_000_000
_BLOCK = 8192
_MOST_OF_OTHER = 0.35  # of a record's words and vector
_NOISE = (0.15, 0.45)  # length of the noise, beside the 1 of a vector


def folder() -> Path:
    """Return the folder of the workspaces."""
    return Path(os.environ.get("WINNOW_BENCH") or Path(tempfile.gettempdir()) / "winnow-workbench")


def prepared(n_records: int = MANY) -> Workspace:
    """Return the workspace of that many records with all that the pages show and search; made where missing."""
    home = folder()
    home.mkdir(parents=True, exist_ok=True)
    data, vectors = home / "data" / f"{n_records}.jsonl", home / "data" / f"{n_records}.npy"
    if not (data.exists() and vectors.exists()):
        make_data(n_records, data, vectors)
    place = str(home / str(n_records))
    steps = {
        "import": ("import", str(data), "--workspace", place),
        "embed": ("embed", place, "--embeddings", str(vectors)),
        "cluster": ("cluster", place, "--clusters", str(N_CLUSTERS)),
        "score": ("score", place),
        "select": ("select", place, "--budget", "10%", "--method", "kmq"),
        "project": ("project", place),
        "words": ("words", place),
        "columns": ("columns", place),
        "meaning": ("meaning", place),
    }
    for stage, command in steps.items():
        if not _is_done(Path(place), stage):
            _, seconds, peak = run_command(*command)
            _note(home / f"{n_records}-stages.json", stage, seconds, peak)
    return Workspace(place)


def _is_done(place: Path, stage: str) -> bool:
    if not (place / "workspace.db").exists():
        return False
    return Workspace(place).has_data if stage == "import" else bool(Pipeline(Workspace(place)).current(stage))


def _note(path: Path, stage: str, seconds: float, peak: float) -> None:
    held = json.loads(path.read_text()) if path.exists() else {}
    held[stage] = {"seconds": round(seconds, 1), "peak_gib": round(peak, 2), "load": round(os.getloadavg()[0], 1)}
    path.write_text(json.dumps(held, indent=1))
    print(f"  {stage}: {seconds:.0f} s, {peak:.2f} GiB", flush=True)


def make_data(n_records: int, data: Path, vectors: Path, seed: int = 0) -> None:
    """Write records as JSONL and their vectors, (n, 384) float16 unit rows. The same number and seed give the same bytes."""
    print(f"making {counted(n_records, 'record')} of the pool", flush=True)
    data.parent.mkdir(parents=True, exist_ok=True)
    with lzma.open(POOL, "rt", encoding="utf-8") as lines:
        pool = [json.loads(line) for line in lines]
    own = np.load(VECTORS).astype(np.float32)
    sources = np.unique([record["source"] for record in pool], return_inverse=True)[1]
    with replacing(data) as text_path, replacing(vectors) as vector_path, text_path.open("w", encoding="utf-8") as out:
        made = np.lib.format.open_memmap(vector_path, "w+", np.float16, (n_records, own.shape[1]))
        for start in range(0, n_records, _BLOCK):
            rng = np.random.default_rng([seed, start])
            rows = np.arange(start, min(start + _BLOCK, n_records))
            base, other = rows % len(pool), _of_the_same_source(rows % len(pool), sources, rng)
            lean = np.where(rows < len(pool), 0, rng.uniform(0.05, _MOST_OF_OTHER, len(rows)))
            made[rows] = _vectors(own[base], own[other], lean, rng)
            for i, record in zip(rows.tolist(), _texts(pool, base, other, lean, rng), strict=True):
                out.write(json.dumps(record | {"id": f"r{i:07d}"}, ensure_ascii=False) + "\n")
        made.flush()


def make_vectors(n_records: int, path: Path, seed: int = 0) -> None:
    """Write vectors alone, drawn as those of `make_data`: (n, 384) float32 unit rows, as a workspace maps them."""
    own = np.load(VECTORS).astype(np.float32)
    with lzma.open(POOL, "rt", encoding="utf-8") as lines:
        sources = np.unique([json.loads(line)["source"] for line in lines], return_inverse=True)[1]
    with replacing(path) as temporary:
        made = np.lib.format.open_memmap(temporary, "w+", np.float32, (n_records, own.shape[1]))
        for start in range(0, n_records, _BLOCK):
            rng = np.random.default_rng([seed, start])
            rows = np.arange(start, min(start + _BLOCK, n_records))
            # In another order than the pool's, so that few records too are of all its sources.
            base = rows * 48_271 % len(own)
            lean = np.where(rows < len(own), 0, rng.uniform(0.05, _MOST_OF_OTHER, len(rows)))
            made[rows] = _vectors(own[base], own[_of_the_same_source(base, sources, rng)], lean, rng)
        made.flush()


def _of_the_same_source(base: np.ndarray, sources: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return another record's row for each of `base`, drawn from those with its source."""
    order = np.argsort(sources, kind="stable")
    first = np.searchsorted(sources[order], sources[base])
    size = np.bincount(sources)[sources[base]]
    return order[first + (rng.random(len(base)) * size).astype(np.int64)]


def _vectors(base: np.ndarray, other: np.ndarray, lean: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return base and other mixed, with noise where something is mixed in."""
    noise = rng.standard_normal(base.shape, np.float32) / np.sqrt(base.shape[1], dtype=np.float32)
    noise *= np.where(lean > 0, rng.uniform(*_NOISE, len(base)), 0)[:, None].astype(np.float32)
    share = lean[:, None].astype(np.float32)
    return unit_rows((1 - share) * base + share * other + noise)


def _texts(
    pool: list[dict], base: np.ndarray, other: np.ndarray, lean: np.ndarray, rng: np.random.Generator
) -> Iterator[dict]:
    for i, j, share, seed in zip(base, other, lean, rng.integers(1 << 62, size=len(base)), strict=True):
        record = pool[i]
        if share:
            draw = np.random.default_rng(seed)
            record = record | {
                name: _mixed(record[name], pool[j][name], share, draw) for name in ("instruction", "input", "output")
            }
        yield record


def _mixed(text: str, other: str, share: float, rng: np.random.Generator) -> str:
    """Return the text with up to `share` of its words from the other, 5 % changed round, 5 % left out; short ones stay."""
    words, theirs = text.split(" "), other.split(" ")
    if len(words) < 4:
        return text
    draw = rng.random((4, max(1, len(words) // 20)))
    for at in (draw[0] * (len(words) - 1)).astype(int).tolist():
        words[at], words[at + 1] = words[at + 1], words[at]
    taken = rng.random((2, int(len(words) * share)))
    for at, of in zip((taken[0] * len(words)).astype(int), (taken[1] * len(theirs)).astype(int), strict=True):
        words[at] = theirs[of]
    gone = set((draw[1] * len(words)).astype(int).tolist())
    return " ".join(word for at, word in enumerate(words) if at not in gone)
