"""Style vectors: how a record is written, by how often it uses which words and signs, whatever it is about.

A byte-level BPE is trained on a sample of the records, each text becomes the square roots of its tokens' counts at unit length (so
that cosine is the Bhattacharyya coefficient of two texts' tokens), and these are projected on the leading singular vectors.
Code, sums, lists and prose lie apart by their signs and small words, where sentence embeddings go by subject.
"""

import dataclasses
from typing import Any

import numpy as np

from ..base.params import Params
from ..base.progress import Progress, part_of
from ..models.scratch_tokens import train_tokenizer
from ..workspace.artifacts import Result
from ..workspace.results import Run, Stage
from ..workspace.shards import Here, make_in_shards

VOCABULARY, DIMENSIONS = 2048, 64
_SAMPLE = 20_000
_MOST_CHARACTERS = 8_000  # of a text: what comes after says no more of how it is written
_SHARD_ROWS = 16_384
_AT_ONCE = 4_096


@dataclasses.dataclass(frozen=True)
class StyleParams(Params):
    """seed: of the sample that the tokens and the singular vectors are found on."""

    seed: int = 0


def _run(run: Run) -> Result:
    workspace = run.results.workspace
    records = workspace.records()
    n = len(records)
    some = np.sort(np.random.default_rng(run.params.seed).choice(n, min(n, _SAMPLE), replace=False))
    texts = _texts(records, some)
    tokenizer = train_tokenizer(texts, VOCABULARY)
    axes = _singular_vectors(_token_rows(tokenizer, texts), run.params.seed)
    run.progress(0.1, 1)

    def make(start: int, stop: int, within: Progress) -> np.ndarray:
        made = np.empty((stop - start, DIMENSIONS), np.float16)
        for first in range(start, stop, _AT_ONCE):
            rows = np.arange(first, min(first + _AT_ONCE, stop))
            made[rows - start] = _token_rows(tokenizer, _texts(records, rows)) @ axes
            within(int(rows[-1]) + 1 - start, stop - start)
        return made

    make_in_shards(workspace, "style", run.key, _SHARD_ROWS, Here(make), part_of(run.progress, 0.1, 1))
    return {"vocabulary": tokenizer.get_vocab_size(), "sample": len(some)}, {}


def _texts(records: Any, rows: np.ndarray) -> list[str]:
    return [text[:_MOST_CHARACTERS] for text in records.take(rows, ["text"])["text"].to_pylist()]


def _token_rows(tokenizer: Any, texts: list[str]) -> Any:
    """Return (m, VOCABULARY) scipy CSR float32: square roots of token counts, rows of unit length."""
    import scipy.sparse

    tokenizer.encode_special_tokens = True
    encoded = tokenizer.encode_batch_fast(texts)
    lengths = np.array([len(each.ids) for each in encoded], np.int64)
    tokens = (
        np.concatenate([np.array(each.ids, np.int32) for each in encoded]) if lengths.sum() else np.zeros(0, np.int32)
    )
    rows = np.repeat(np.arange(len(texts)), lengths)
    ones = np.ones(len(tokens), np.float32)
    counts = scipy.sparse.coo_matrix((ones, (rows, tokens)), shape=(len(texts), VOCABULARY)).tocsr()
    counts.sum_duplicates()
    # The squares of the roots are the counts, so a row's length is the root of how many tokens it has.
    per_row = np.diff(counts.indptr)
    counts.data = np.sqrt(counts.data / np.repeat(np.maximum(lengths, 1), per_row)).astype(np.float32)
    return counts


def _singular_vectors(rows: Any, seed: int) -> np.ndarray:
    """Return (VOCABULARY, DIMENSIONS) float32, the leading right singular vectors; zeros where the rows have fewer."""
    from sklearn.utils.extmath import randomized_svd

    k = min(DIMENSIONS, *rows.shape)
    _, _, vectors = randomized_svd(rows, k, n_iter=4, random_state=seed)
    axes = np.zeros((VOCABULARY, DIMENSIONS), np.float32)
    axes[:, :k] = vectors.T
    return axes


STYLE = Stage(
    name="style",
    params=StyleParams,
    version=1,
    needs=("records",),
    run=_run,
    help="Find how records are written, for quotas by style.",
    doing="Reading how records are written",
    leads=False,
)
