"""`python -m tests.benchmarks first-look`: token means beside the bundled model: their pace, and what of the model's they keep.

Both embed the same texts in turns in one process. What they keep is found on the whole pool, whose embeddings by the model are
given.
"""

import json
import lzma
import statistics
import time

import numpy as np

from core.base.arrays import unit_rows
from core.base.progress import no_progress
from core.evidence.embedders import _agreement, _neighbors_shared
from core.models.encoder import BUNDLED, Encoder
from core.models.named_encoders import encoder_of
from core.models.token_encoder import TOKENS
from core.vectors.clustering import ClusterParams, cluster_embeddings
from core.vectors.embedding import SHARD_ROWS, embed_texts
from tests.benchmarks.data import POOL, VECTORS

TEXTS, TURNS = 1024, 3  # of the model; token means embed a shard each turn
CLUSTERS, ASKED, NEAREST = 256, 2000, 10
FEWER = 20_000  # of which less are near-duplicates of each other
_MILLION = 1_000_000


def main() -> None:
    """Print the table."""
    texts = _texts()
    first, model = encoder_of(TOKENS), encoder_of(BUNDLED, device="cpu", sample=texts[:32])
    rough, begun = [], time.perf_counter()
    for start in range(0, len(texts), SHARD_ROWS):
        rough.append(embed_texts(texts[start : start + SHARD_ROWS], first))
    whole = len(texts) / (time.perf_counter() - begun)
    some = [texts[row] for row in np.random.default_rng(1).choice(len(texts), TEXTS, replace=False)]
    paces = [(_pace(some, first), _pace(some, model)) for _ in range(TURNS)]
    quick, slow = (statistics.median(each) for each in zip(*paces, strict=True))
    print(f"first look, {TEXTS:,} texts of the pool, one process, medians of {TURNS}")
    print(f"  the bundled model   {slow:8,.0f} records a second; a million in {_MILLION / slow / 60:6.1f} minutes")
    print(f"  token means         {quick:8,.0f} records a second, {quick / slow:.0f} x")
    print(f"  token means         {whole:8,.0f} on the whole pool; a million in {_MILLION / whole / 60:6.1f} minutes")
    for n in (len(texts), FEWER):
        _print_agreement(np.concatenate(rough), n)


def _print_agreement(rough: np.ndarray, n: int) -> None:
    """Print what agrees among the first n records, which the pool has in random order."""
    real, rough = unit_rows(np.load(VECTORS, mmap_mode="r")[:n]), rough[:n]
    rows = np.sort(np.random.default_rng(0).choice(n, ASKED, replace=False))
    shared = _neighbors_shared(real, rough, rows, NEAREST, no_progress)
    labels, again, moved = (
        cluster_embeddings(x, ClusterParams(CLUSTERS, seed=seed), "cpu").labels
        for x, seed in ((real, 0), (real, 1), (rough, 0))
    )
    print(
        f"  {n:,} records: of the {NEAREST} nearest by the model {shared * NEAREST:.1f} are by token means too; {CLUSTERS} "
        f"clusters agree by {_agreement(labels, moved):.2f}, the model's own under another seed by {_agreement(labels, again):.2f} "
        "(adjusted mutual information)"
    )


def _pace(texts: list[str], encoder: Encoder) -> float:
    begun = time.perf_counter()
    embed_texts(texts, encoder)
    return len(texts) / (time.perf_counter() - begun)


def _texts() -> list[str]:
    """Return the texts that the pool's given embeddings are of."""
    with lzma.open(POOL, "rt", encoding="utf-8") as file:
        records = (json.loads(line) for line in file)
        return [f"{record['instruction']}\n{record['input']}\n{record['output']}" for record in records]


if __name__ == "__main__":
    main()
