"""`python -m tests.benchmarks embed`: the bundled encoder beside sentence-transformers' own pace and the matrix limit.

The three take turns in one process, on texts drawn from the pool. The limit is a product of large matrices in the format that the
encoder chose; its share counts the multiplications of the texts' own tokens and nothing of what is padded.
"""

import statistics
import time
from collections.abc import Callable

import numpy as np

from core.models.encoder import SentenceEncoder
from core.models.packed_bert import packs_of
from core.vectors.embedding import embed_texts
from tests.benchmarks.data import POOL
from tests.benchmarks.operations import encoder_operations

TEXTS, TURNS = 2048, 3
_MATRIX = (8192, 1536, 1536)


def main() -> None:
    """Print the table."""
    import torch

    texts = _texts()
    usual, ours = SentenceEncoder(device="cpu"), SentenceEncoder(device="cpu")
    ours.calibrate(texts[:32])
    lengths = np.array(
        [len(ids) for ids in usual._model.tokenizer(texts, truncation=True, max_length=256)["input_ids"]]
    )
    operations = encoder_operations(lengths, usual._model[0].auto_model.config)
    a, b = (torch.rand(shape, dtype=getattr(torch, ours.format)) for shape in (_MATRIX[:2], _MATRIX[1:]))
    found: dict[str, list[float]] = {"usual": [], "ours": [], "limit": []}
    for _ in range(TURNS):
        found["limit"].append(2 * np.prod(_MATRIX) / min(_seconds(lambda: a @ b) for _ in range(8)))
        found["ours"].append(len(texts) / _seconds(lambda: embed_texts(texts, ours)))
        found["usual"].append(len(texts) / _seconds(lambda: usual._model.encode(texts, show_progress_bar=False)))
    middle = {name: statistics.median(some) for name, some in found.items()}
    print(
        f"{len(texts):,} texts of {lengths.mean():.0f} tokens in the mean, {torch.get_num_threads()} threads, medians of {TURNS}"
    )
    print(f"  sentence-transformers' default   {middle['usual']:6.0f} records a second")
    print(
        f"  embed, {ours.format:<10}             {middle['ours']:6.0f} records a second, {middle['ours'] / middle['usual']:.1f} x"
    )
    share = middle["ours"] / len(texts) * operations / middle["limit"]
    print(
        f"  the matrix limit                 {middle['limit'] / 1e9:6.0f} GFLOP/s, of which the encoder reaches {share:.0%}"
    )
    agreement = np.sum(embed_texts(texts[:256], usual) * embed_texts(texts[:256], ours), axis=1)
    print(f"  least cosine with the default's embedding of the same text, of 256: {agreement.min():.4f}")
    if ours._packed is not None:
        ids = ours._model.tokenizer(texts[:512], truncation=True, max_length=256)["input_ids"]
        packs = [[ids[row] for row in rows] for rows in packs_of(ours._packed.rooms(list(map(len, ids))))]
        shares = _shares(lambda: [ours._encode_pack(pack) for pack in packs])
        print("  of the operators' time: " + ", ".join(f"{what} {share:.0%}" for what, share in shares.items()))


def _texts() -> list[str]:
    import json
    import lzma

    with lzma.open(POOL, "rt", encoding="utf-8") as file:
        lines = file.readlines()
    rows = np.random.default_rng(1).choice(len(lines), TEXTS, replace=False)
    records = (json.loads(lines[row]) for row in np.sort(rows))
    return [f"{record['instruction']}\n{record['output']}" for record in records]


def _shares(work: Callable[[], object]) -> dict[str, float]:
    """Return which share of the time of torch's operators goes where."""
    from torch.profiler import ProfilerActivity, profile

    parts = {
        "products with GELU and residuals": "linear_pointwise",
        "attention": "attention",
        "layer norms": "layer_norm",
    }
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        work()
    taken = [(each.key, each.self_cpu_time_total) for each in seen.key_averages()]
    whole = sum(time for _, time in taken)
    return {what: sum(time for key, time in taken if name in key) / whole for what, name in parts.items()}


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
