"""The stage of overlap with evaluation data on a workspace: a table of hits, and the items that are hit."""

import functools
from pathlib import Path

import numpy as np
import pyarrow as pa

from ...base.errors import CurationError
from ...base.files import file_sha256
from ...base.params import Params, digest
from ...base.progress import Progress, part_of
from ...models.encoder import Encoder
from ...models.named_encoders import encoder_of
from ...workspace.artifacts import Result
from ...workspace.results import Results, Run, Stage
from ..embedding import copy_unit_rows, embed_texts, open_vectors
from .by_meaning import nearest_items
from .by_words import Evaluated, overlaps_by_words
from .evaluations import Items, read_items
from .params import WAYS, OverlapParams

NAME = "decontaminate"
WORDS, COSINE = range(len(WAYS))
HITS = pa.schema(
    [
        pa.field("row_id", pa.int64()),
        pa.field("evaluation", pa.int32()),  # which of the params' evaluations
        pa.field("item", pa.int64()),  # its number among the items that were read
        pa.field("way", pa.int8()),
        pa.field("score", pa.float32()),  # words in a row, or the cosine
        pa.field("words", pa.large_string()),  # the words in a row, the first of very many
    ]
)
_CALIBRATE_ON = 32


def _overlap(run: Run) -> Result:
    params = run.params
    if not params.evaluations:
        raise CurationError("No evaluation data is named; name a file of it.")
    items = [read_items(each, params.fields) for each in params.evaluations]
    parts, found = [], {}
    split = 0.0 if not params.words else 0.5 if params.cosine else 1.0
    if params.words:
        parts += _by_words(run, items, found, split)
    if params.cosine:
        parts += _by_meaning(run, items, found, split)
    hits = pa.Table.from_batches(parts, HITS).sort_by(
        [("evaluation", "ascending"), ("way", "ascending"), ("row_id", "ascending")]
    )
    about = [
        {"n_items": len(each), "n_unread": each.n_unread, "fields": each.fields, "n_items_hit": found[i]}
        for i, each in enumerate(items)
    ]
    return {"evaluations": about}, {"value": hits.combine_chunks(), "items": _items_hit(items, hits)}


def _by_words(run: Run, items: list[Items], found: dict[int, dict[str, int]], split: float) -> list[pa.RecordBatch]:
    n = run.params.words
    evaluations = [Evaluated(*_columns(each.texts, "prompt", "response"), n) for each in items]
    records = run.results.workspace.records()
    shared = overlaps_by_words(records, evaluations, n, part_of(run.progress, 0, split))
    parts = []
    for i, (evaluation, held) in enumerate(zip(evaluations, shared, strict=True)):
        found.setdefault(i, {})["words"] = int(evaluation.found.sum())
        rows, lengths = np.array([each.row for each in held]), np.array([each.length for each in held])
        parts.append(
            _hits(i, WORDS, rows, np.array([each.item for each in held]), lengths, [each.words for each in held])
        )
    return parts


def _columns(texts: pa.Table, *names: str) -> list[pa.Array]:
    return [texts[name].combine_chunks() for name in names]


def _by_meaning(run: Run, items: list[Items], found: dict[int, dict[str, int]], split: float) -> list[pa.RecordBatch]:
    progress = part_of(run.progress, split, 1)
    vectors = _vectors(run, items, part_of(progress, 0, 0.5))
    embeddings = run.results.array("embed")
    parts = []
    for i, (rows, nearest, cosines, near) in enumerate(
        nearest_items(embeddings, vectors, run.params.cosine, part_of(progress, 0.5, 1))
    ):
        found.setdefault(i, {})["cosine"] = int(near.sum())
        parts.append(_hits(i, COSINE, rows, nearest, cosines, [""] * len(rows)))
    return parts


def _hits(
    which: int, way: int, rows: np.ndarray, items: np.ndarray, scores: np.ndarray, words: list[str]
) -> pa.RecordBatch:
    n = len(rows)
    columns = [rows, np.full(n, which), items, np.full(n, way), scores, words]
    return pa.record_batch([pa.array(c, f.type) for c, f in zip(columns, HITS, strict=True)], schema=HITS)


def _vectors(run: Run, items: list[Items], progress: Progress) -> list[np.ndarray]:
    """Return the items' embeddings, (m, d) float32 unit rows of each evaluation."""
    sizes = np.cumsum([len(each) for each in items])[:-1]
    if run.params.vectors:
        if run.vectors is None:
            raise CurationError(
                "The items' embeddings came from a file",
                command="name it again with --embeddings FILE.npy.",
                page="name it again",
            )
        own = open_vectors(run.vectors, sum(map(len, items)))
        made = np.empty(own.shape, np.float32)
        copy_unit_rows(own, made, progress)
    else:
        texts = [text for each in items for text in each.texts["text"].to_pylist()]
        made = embed_texts(texts, run.encoder or _encoder(run, texts[:_CALIBRATE_ON]), progress)
    return np.split(made, sizes)


def _encoder(run: Run, sample: list[str]) -> Encoder:
    """Return what embedded the records. Raises CurationError where nothing tells."""
    known = run.results.params("embed")
    if known.vectors and not run.params.model:
        raise CurationError(
            "The records' embeddings came from a file, so the items can't be embedded like them",
            command="name the model with --model, the items' own with --embeddings FILE.npy, or leave meaning out with --cosine 0.",
            page="name the model that they came from, or leave meaning out with a cosine of 0",
        )
    return encoder_of(run.params.model or known.model, known.max_tokens, run.device, sample)


def _items_hit(items: list[Items], hits: pa.Table) -> pa.Table:
    """Return evaluation, item, prompt and response of the items that are hit, in order."""
    which, numbers = (hits[name].to_numpy() for name in ("evaluation", "item"))
    parts = []
    for i, each in enumerate(items):
        hit = np.unique(numbers[which == i])
        texts = each.texts.select(["prompt", "response"]).take(pa.array(hit, pa.int64()))
        texts = texts.add_column(0, "item", pa.array(hit, pa.int64()))
        parts.append(texts.add_column(0, "evaluation", pa.array(np.full(len(hit), i), pa.int32())))
    return pa.concat_tables(parts).combine_chunks()


class _Decontaminate(Stage):
    def needs_of(self, params: Params) -> tuple[str, ...]:
        """Return the records, and their embeddings where meaning counts."""
        return ("records", "embed") if params.cosine else ("records",)

    def digest(self, params: Params, needs: list[str]) -> str:
        """Return the key, which does not depend on where the files lie."""
        asked = params.as_dict() | {"evaluations": [each.known_by for each in params.evaluations]}
        return digest(self.name, self.version, asked, needs)

    def standing(self, results: Results, key: str) -> str:
        """Return the key, but "" where one of the files is another one by now; one that is gone is what it was."""
        params = results.params(self.name)
        changed = [each.name for each in params.evaluations if _sha256_now(each.path) not in ("", each.sha256)]
        return "" if changed else key


def _sha256_now(path: str) -> str:
    try:
        facts = Path(path).stat()
    except OSError:
        return ""
    return _sha256_of(path, facts.st_ino, facts.st_size, facts.st_mtime_ns)


@functools.lru_cache(maxsize=64)
def _sha256_of(path: str, inode: int, size: int, changed: int) -> str:
    """Return the checksum of a file, read again once it was changed."""
    return file_sha256(Path(path))


DECONTAMINATE = _Decontaminate(
    name=NAME,
    params=OverlapParams,
    version=1,
    needs=("records", "embed"),
    run=_overlap,
    help="Find records that overlap with evaluation data.",
    doing="Looking for overlap with evaluations",
    leads=False,
)
