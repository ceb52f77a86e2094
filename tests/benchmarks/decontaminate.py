"""Overlap with evaluations: the pool against gsm8k and codealpaca, which are in it, beside sets of plain Python's tuples."""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from core.base.files import file_sha256
from core.data.record_table import RecordTable
from core.data.records import RecordParams
from core.models.encoder import SentenceEncoder
from core.run.pipeline import Pipeline
from core.vectors.embedding import EmbedParams
from core.vectors.overlap.evaluations import Items, evaluations_in, read_items
from core.vectors.overlap.hits import hits_of
from core.vectors.overlap.params import OverlapParams
from core.vectors.overlap.stage import COSINE, WORDS
from core.vectors.overlap.words import words_in
from core.workspace.workspace import Workspace
from tests.benchmarks.data import POOL, SHARED, VECTORS, run_command
from tests.benchmarks.workbench_data import MANY
from tests.benchmarks.workbench_data import folder as workbench

FILES = [SHARED / "gsm8k.jsonl", SHARED / "codealpaca.json"]
N, N_REWORDED = 13, 300


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder) / "w", create=True)
        workspace.import_data(POOL, RecordParams())
        pipeline = Pipeline(workspace)
        pipeline.run("embed", EmbedParams(model="", vectors=file_sha256(VECTORS)), vectors=VECTORS)
        evaluations = evaluations_in(FILES)
        items = [read_items(each) for each in evaluations]
        n_items = sum(map(len, items))
        print(f"{pipeline.n_records():,} records against {n_items:,} items of {', '.join(e.name for e in evaluations)}")
        ours, _ = _timed(lambda: pipeline.run("decontaminate", OverlapParams(N, 0, evaluations=evaluations)))
        theirs, plain = _timed(lambda: by_sets(workspace.records(), items))
        hits = hits_of(pipeline)
        long, found = set(np.flatnonzero(plain).tolist()), set(hits.only(way=WORDS).rows.tolist())
        ratio = ours[1] / theirs[1]
        print(
            f"  words: {ours[0]:.1f} s ({ours[1]:.1f} s of CPU), sets {theirs[0]:.1f} s ({theirs[1]:.1f}), {ratio:.2f} x"
        )
        print(f"  {len(found):,} records; sets find {len(long):,}, {len(long - found)} of them missed")
        _say_sources(workspace.records(), hits)
        _by_meaning(pipeline, Path(folder), evaluations, items)
        _distances(pipeline, items)  # last: a command's peak counts what this process held when it began it


def _timed(work: Callable[[], Any]) -> tuple[tuple[float, float], Any]:
    """Return ((seconds, seconds of CPU), what the work gave)."""
    started, spent = time.perf_counter(), time.process_time()
    made = work()
    return (time.perf_counter() - started, time.process_time() - spent), made


def by_sets(records: RecordTable, items: list[Items]) -> np.ndarray:
    """Return (n,) bool: which records share a row of N words with an item; without shorter texts, items or words shown."""
    rows = set()
    for each in items:
        for text in each.texts["text"].to_pylist():
            words = words_in(text)
            rows.update(tuple(words[i : i + N]) for i in range(len(words) - N + 1))
    found = []
    for batch in records.batches(["text"]):
        for text in batch["text"].to_pylist():
            words = words_in(text)
            found.append(any(tuple(words[i : i + N]) in rows for i in range(len(words) - N + 1)))
    return np.array(found)


def _say_sources(records: RecordTable, hits) -> None:
    """Print how the hits agree with the pool's own labels, which say where each record came from."""
    names, codes = records.sources()
    for i, name in enumerate(("gsm8k", "codealpaca")):
        own = codes == names.index(name)
        rows = hits.only(i, WORDS).rows
        print(
            f"  {name}: {np.isin(np.flatnonzero(own), rows).sum():,} of {own.sum():,} found, {(~own[rows]).sum():,} others"
        )


def _distances(pipeline: Pipeline, items: list[Items]) -> None:
    """Print what the threshold of cosine is chosen by: how near other items lie, and copies with words left out."""
    names, codes = pipeline.workspace.records().sources()
    for name in ("gsm8k", "codealpaca"):
        own = pipeline.array("embed")[codes == names.index(name)]
        cosines = own @ own.T
        np.fill_diagonal(cosines, -1)
        _say_shares(f"{name} with another of its items", cosines.max(axis=1))
    texts = [text.as_py() for text in items[0].texts["text"][:N_REWORDED]]
    fewer = [" ".join(word for i, word in enumerate(text.split()) if i % 7) for text in texts]
    encoder = SentenceEncoder(device="cpu")
    _say_shares(
        f"{N_REWORDED} of gsm8k without every seventh word", (encoder.encode(texts) * encoder.encode(fewer)).sum(axis=1)
    )


def _say_shares(what: str, cosines: np.ndarray) -> None:
    print(f"  cosine of {what}: " + ", ".join(f"{(cosines >= c).mean():.1%} from {c}" for c in (0.85, 0.9, 0.92, 0.95)))


def _by_meaning(pipeline: Pipeline, folder: Path, evaluations, items: list[Items]) -> None:
    """Print what cosine takes, the items' embeddings being those of the pool's own records of the same text, in a process."""
    rows = _rows_of(pipeline.workspace.records(), items)
    path = folder / "items.npy"
    np.save(path, np.load(VECTORS)[rows])
    names = [f"{each.name}={each.path}" for each in evaluations]
    names = [f"{each.name}={each.path}" for each in evaluations]
    place = str(pipeline.workspace.folder)
    asked = ("--embeddings", str(path), "--limit", "0")
    took = _command(place, *names, "--words", "0", *asked)
    hits = hits_of(pipeline.fresh())
    counts = [f"{len(np.unique(hits.only(way=COSINE, cosine=c).rows)):,} from {c}" for c in (0.9, 0.92, 0.95, 0.98)]
    print(f"  cosine alone, embeddings given: {took}; records {', '.join(counts)}")
    many = workbench() / str(MANY)
    for folder in (place, *[str(many)] * many.is_dir()):
        took = _command(folder, *names, *asked)
        hits, n = hits_of(Pipeline(Workspace(folder))), Workspace(folder).dataset().n_records
        found = [len(np.unique(hits.only(way=way).rows)) for way in (WORDS, COSINE)]
        print(f"  the command, both, {n:,} records: {took}; {found[0]:,} by words, {found[1]:,} by cosine", flush=True)
    if not many.is_dir():
        print(f"  for {MANY:,} records make the workbench's first: python -m tests.benchmarks workbench")


def _command(*arguments: str) -> str:
    """Run the verb in a process of its own; return what that took, in words."""
    before = os.times()
    _, seconds, peak = run_command("decontaminate", *arguments)
    spent = sum(os.times()[2:4]) - sum(before[2:4])
    return f"{seconds:.1f} s ({spent:.1f} s of CPU), {peak:.2f} GiB"


def _rows_of(records: RecordTable, items: list[Items]) -> list[int]:
    """Return for each item the pool's record that it became."""
    rows = {}
    for batch in records.batches(["row_id", "text"]):
        rows |= {
            " ".join(words_in(text)): row for row, text in zip(*(c.to_pylist() for c in batch.columns), strict=True)
        }
    return [rows[" ".join(words_in(text))] for each in items for text in each.texts["text"].to_pylist()]
