"""The pools that the ablation is made on: the shared one as it is, and mixes of it drawn by a seed; what of each is held out."""

import dataclasses
import json
import lzma
from pathlib import Path

import numpy as np

from core.base.files import file_sha256, replacing
from core.data.records import RecordParams
from core.quality.params import QualityParams
from core.run.pipeline import Pipeline
from core.vectors.clustering import ClusterParams
from core.vectors.embedding import EmbedParams
from core.workspace.workspace import Workspace
from tests.benchmarks.data import POOL, VECTORS

FAMILIES = ("t0", "gsm8k", "codealpaca")
HELD_A_FAMILY = 400
_SEED = 20_261


@dataclasses.dataclass(frozen=True)
class MixedPool:
    """A pool. records: of each family, None for all of the shared pool as it is. budget: of a selection."""

    name: str
    records: tuple[int, int, int] | None
    budget: str


POOLS = (
    MixedPool("whole", None, "4%"),
    MixedPool("even", (4500, 4500, 4500), "20%"),
    MixedPool("code", (1500, 1500, 4500), "36%"),
    MixedPool("math", (1500, 6500, 1500), "28%"),
)


def pool_workspace(pool: MixedPool, folder: Path) -> Pipeline:
    """Return the pool's workspace in `folder`, made if it is not there: vectors, clusters and scores."""
    data, vectors = (POOL, VECTORS) if pool.records is None else _mixed(pool, folder)
    workspace = Workspace(folder / pool.name, create=True)
    workspace.import_data(data, RecordParams())
    pipeline = Pipeline(workspace)
    pipeline.run("embed", EmbedParams(model="", vectors=file_sha256(vectors)), vectors=vectors)
    pipeline.run("score", QualityParams())
    pipeline.run("cluster", ClusterParams())
    return pipeline


def _mixed(pool: MixedPool, folder: Path) -> tuple[Path, Path]:
    """Write the drawn records and their vectors, in the shared pool's order."""
    data, vectors = folder / f"{pool.name}.jsonl", folder / f"{pool.name}.npy"
    if data.exists() and vectors.exists():
        return data, vectors
    folder.mkdir(parents=True, exist_ok=True)
    with lzma.open(POOL, "rt", encoding="utf-8") as file:
        lines = file.readlines()
    families = np.array([FAMILIES.index(json.loads(line)["source"].partition("/")[0]) for line in lines])
    rng = np.random.default_rng(_SEED)
    drawn = [
        rng.choice(np.flatnonzero(families == code), count, replace=False) for code, count in enumerate(pool.records)
    ]
    rows = np.sort(np.concatenate(drawn))
    with replacing(data) as temporary:
        temporary.write_text("".join(lines[row] for row in rows), encoding="utf-8")
    with replacing(vectors) as temporary, temporary.open("wb") as file:
        np.save(file, np.load(VECTORS, mmap_mode="r")[rows])
    return data, vectors


def families_of(pipeline: Pipeline) -> np.ndarray:
    """Return (n,) int8 positions in FAMILIES: the truth, for judging only."""
    names, codes = pipeline.workspace.records().sources()
    place = np.array([FAMILIES.index(name.partition("/")[0]) for name in names], np.int8)
    return place[codes]


def held_out(families: np.ndarray) -> np.ndarray:
    """Return the ascending row ids held out: the same number of each family, the same for every arm and seed."""
    rng = np.random.default_rng([_SEED, 7])
    drawn = [
        rng.choice(np.flatnonzero(families == code), HELD_A_FAMILY, replace=False) for code in range(len(FAMILIES))
    ]
    return np.sort(np.concatenate(drawn))
