"""The shared pool that benchmarks measure on. It is not part of the repository."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SHARED = Path(os.environ.get("WINNOW_SHARED_DATA", ROOT.parent / "shared" / "data"))
POOL = SHARED / "pool.jsonl.xz"
VECTORS = SHARED / "pool.minilm.npy"


def have_pool() -> bool:
    """Whether the pool is there."""
    return POOL.exists() and VECTORS.exists()
