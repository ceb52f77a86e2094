"""What the cuda tests and `benchmarks gpu` share: the device, the code for CUDA run on a CPU, texts and vectors.

Imports nothing that a bare machine with a GPU lacks (torch, sentence-transformers, numpy, pandas and pyarrow are there): no faiss,
no umap, no Streamlit, no orjson, no plugin of pytest.
"""

import contextlib
import functools
import importlib.util
import json
import os
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import numpy as np

if importlib.util.find_spec("orjson") is None:  # `core.data` imports it; nothing here reads a record's JSON
    sys.modules["orjson"] = types.ModuleType("orjson")

from core.models.encoder import BUNDLED, SentenceEncoder
from core.models.packed_bert import PackedBert
from core.selection.methods import _on_gpu
from core.vectors import clustering

ROOT = Path(__file__).resolve().parent.parent
CARRIED = ROOT / ".gpu" / "encoder"  # what `benchmarks gpu-carry` writes
REHEARSE = "WINNOW_GPU_REHEARSE"


def is_rehearsal() -> bool:
    """Whether the CPU is to stand in for the GPU, to see that the code runs."""
    return bool(os.environ.get(REHEARSE))


def torch_device() -> str:
    """Return where torch is to compute: the GPU, or in a rehearsal the CPU."""
    return "cpu" if is_rehearsal() else "cuda"


def has_faiss() -> bool:
    """Whether the CPU's own k-means and bounds are there."""
    return importlib.util.find_spec("faiss") is not None


@contextlib.contextmanager
def cuda_code(device: str) -> Iterator[None]:
    """Let what is asked to compute on "cuda" take its way for CUDA, with the arithmetic on `device`."""
    on_device = {
        name: functools.partial(getattr(clustering, name), device=device) for name in ("_torch_train", "_torch_assign")
    }
    with contextlib.ExitStack() as patches:
        patches.enter_context(mock.patch.object(clustering, "resolve_device", lambda asked: asked))
        patches.enter_context(mock.patch.object(_on_gpu, "_where", lambda pool: device))
        for name, function in on_device.items():
            patches.enter_context(mock.patch.object(clustering, name, function))
        yield


def encoder_model() -> str:
    """Return the model that embeds: the carried folder, else the bundled one."""
    return str(CARRIED) if CARRIED.exists() else BUNDLED


def encoder_on(device: str, sample: list[str]) -> SentenceEncoder:
    """Return the encoder as it is on a GPU, calibrated; on "cpu" with its code for one."""
    encoder = SentenceEncoder(encoder_model(), device=device)
    if device == "cpu":
        encoder.device = "cuda"
        encoder._packed = PackedBert(encoder._model[0].auto_model, fused=False)
    else:
        encoder.calibrate(sample)
    return encoder


def sample_texts(n: int) -> list[str]:
    """Return n texts: the sample's, again and again with a number, of lengths that go from a half to three times its own."""
    lines = (ROOT / "assets" / "sample.jsonl").read_text(encoding="utf-8").splitlines()
    texts = ["\n".join(turn["content"] for turn in json.loads(line)["messages"]) for line in lines]
    cut = np.random.default_rng(0).uniform(0.5, 3, n)
    whole = (texts[i % len(texts)] for i in range(n))
    return [
        f"{i} {(text * 3)[: max(8, int(len(text) * share))]}"
        for i, (text, share) in enumerate(zip(whole, cut, strict=True))
    ]


def unit_vectors(n: int, d: int = 384, seed: int = 0) -> np.ndarray:
    """Return (n, d) float32 random unit rows."""
    x = np.random.default_rng(seed).standard_normal((n, d), np.float32)
    for start in range(0, n, 65_536):
        x[start : start + 65_536] /= np.linalg.norm(x[start : start + 65_536], axis=1, keepdims=True)
    return x


def grouped_vectors(n: int, d: int, k: int, seed: int = 0) -> np.ndarray:
    """Return (n, d) float32 unit rows around k centres."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(k, d))[rng.integers(k, size=n)] + 0.3 * rng.normal(size=(n, d))
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)
