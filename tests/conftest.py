"""What several tests share: a tiny encoder, small workspaces, tiny models; see also the plugins."""

import hashlib
import json
import os
import shutil
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

# Before numpy and torch: on small models threads mostly wait for each other, and more so beside another process.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("NUMBA_NUM_THREADS", "1")  # umap would set the threads of torch to its own

import hypothesis
import numpy as np
import pytest

from core.models.encoder import SentenceEncoder
from core.quality.params import QualityParams
from core.run.pipeline import Pipeline
from core.selection.params import SelectionParams
from core.vectors.clustering import ClusterParams
from core.vectors.embedding import EmbedParams
from core.vectors.projection import ProjectParams
from core.workspace.workspace import Workspace
from tests.command import run
from tests.made_once import copy_workspace, made_once, make_workspace

pytest_plugins = ["tests.damaging", "tests.hub_stand_in", "tests.refining", "tests.sample_homes", "tests.stand_ins"]

# How long an example takes says nothing on a busy machine. The same examples every time, unless one goes looking for more.
hypothesis.settings.register_profile("winnow", deadline=None, derandomize=True)
hypothesis.settings.register_profile("search", deadline=None)
hypothesis.settings.load_profile(os.environ.get("WINNOW_HYPOTHESIS", "winnow"))

SAMPLE = Path(__file__).resolve().parent.parent / "assets" / "sample.jsonl"


class TinyEncoder:
    """Hashed words: alike texts get alike vectors, in no time."""

    dimension = 16

    def __init__(self) -> None:
        self.n_encoded = 0

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        self.n_encoded += len(texts)
        vectors = np.full((len(texts), self.dimension), 0.01, np.float32)
        for i, text in enumerate(texts):
            for word in text.lower().split():
                vectors[i, zlib.crc32(word.encode()) % self.dimension] += 1
        return vectors


@pytest.fixture
def tiny_encoder() -> TinyEncoder:
    return TinyEncoder()


@pytest.fixture(scope="session")
def real_encoder() -> SentenceEncoder:
    """The bundled model, loaded once."""
    return SentenceEncoder(device="cpu")


def write_jsonl(path: Path, records: Sequence[dict]) -> Path:
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
    return path


def small_records(n: int = 60) -> list[dict]:
    """n short records on four subjects, no two alike."""
    subjects = ["bread oven flour", "python function list", "garden soil seeds", "travel train ticket"]
    return [
        {
            "instruction": f"{subjects[i % 4]} question number {i}",
            "output": f"{subjects[i % 4]} answer number {i} " + "which goes on for some words " * (i % 5) + ".",
            "source": subjects[i % 4].split()[0],
            "rating": i % 7,
        }
        for i in range(n)
    ]


# Small workspaces


@pytest.fixture
def data_file(tmp_path: Path) -> Path:
    return write_jsonl(tmp_path / "small.jsonl", small_records())


@pytest.fixture
def make_pipeline(tmp_path: Path, data_file: Path, tmp_path_factory) -> Callable[..., Pipeline]:
    """Return a function that makes a workspace of the small records with the named stages run (a copy of one made before)."""

    def make(*stages: str, folder: str = "workspace", n_clusters: int = 4, data: Path = data_file) -> Pipeline:
        known = {
            "embed": EmbedParams(),
            "cluster": ClusterParams(n_clusters),
            "project": ProjectParams(),
            "score": QualityParams(),
            "select": SelectionParams("12"),
        }
        wanted = {stage: known[stage] for stage in stages}
        content = data.read_bytes()
        name = hashlib.sha256(repr((data.name, wanted)).encode() + content).hexdigest()[:16]

        def make_first(common: Path) -> None:
            (common / data.name).write_bytes(content)
            make_workspace(common / "made", common / data.name, wanted, TinyEncoder())

        if (tmp_path / folder).exists():  # asked for again with more stages
            return make_workspace(tmp_path / folder, data, wanted, TinyEncoder())
        common = made_once(tmp_path_factory, name, make_first)
        copy_workspace(common / "made", tmp_path / folder, common / data.name, data)
        return Pipeline(Workspace(tmp_path / folder))

    return make


@pytest.fixture
def vectors(tmp_path: Path) -> Path:
    """A file of vectors for the small records."""
    path = tmp_path / "vectors.npy"
    np.save(path, np.random.default_rng(1).normal(size=(60, 8)).astype(np.float32))
    return path


@pytest.fixture
def workspace(tmp_path: Path, data_file: Path, vectors: Path, tmp_path_factory) -> Path:
    """The folder of a workspace that commands made of the small records and their vectors."""

    def make_first(common: Path) -> None:
        shutil.copy(data_file, common)
        run("import", common / data_file.name, "--workspace", common / "w", check=0)
        run("embed", common / "w", "--embeddings", vectors, check=0)
        run("cluster", common / "w", "--clusters", 5, check=0)
        run("score", common / "w", check=0)

    common = made_once(tmp_path_factory, "by-commands", make_first)
    copy_workspace(common / "w", tmp_path / "w", common / data_file.name, data_file)
    return tmp_path / "w"


# Tiny models


@pytest.fixture(scope="session")
def tiny_lm(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a tiny causal LM with a chat template."""
    from tests.tiny_models import make_causal_lm

    return str(made_once(tmp_path_factory, "lm", make_causal_lm))


@pytest.fixture(scope="session")
def tiny_reward_model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a tiny sequence classifier with one label."""
    from tests.tiny_models import make_classifier

    return str(made_once(tmp_path_factory, "reward-model", make_classifier))
