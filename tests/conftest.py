"""What several tests share: a tiny encoder, small workspaces, and the sample prepared once with the real one."""

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

from core.data.records import RecordParams
from core.models.encoder import SentenceEncoder
from core.quality.params import QualityParams
from core.run.pipeline import Pipeline
from core.selection.params import SelectionParams
from core.vectors.clustering import ClusterParams
from core.vectors.embedding import EmbedParams
from core.vectors.projection import ProjectParams
from core.workspace.workspace import Workspace

# How long an example takes says nothing on a busy machine.
hypothesis.settings.register_profile("winnow", deadline=None)
hypothesis.settings.load_profile("winnow")

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


@pytest.fixture
def data_file(tmp_path: Path) -> Path:
    return write_jsonl(tmp_path / "small.jsonl", small_records())


@pytest.fixture
def make_pipeline(tmp_path: Path, data_file: Path) -> Callable[..., Pipeline]:
    """Return a function that makes a workspace of the small records with the named stages run."""

    def make(*stages: str, folder: str = "workspace", n_clusters: int = 4, data: Path = data_file) -> Pipeline:
        workspace = Workspace(tmp_path / folder, create=True)
        workspace.import_data(data, RecordParams())
        pipeline = Pipeline(workspace)
        params = {
            "embed": EmbedParams(),
            "cluster": ClusterParams(n_clusters),
            "project": ProjectParams(),
            "score": QualityParams(),
            "select": SelectionParams("12"),
        }
        for stage in stages:
            pipeline.run(stage, params[stage], encoder=TinyEncoder(), device="cpu")
        return pipeline

    return make


@pytest.fixture(scope="session")
def prepared_sample(tmp_path_factory: pytest.TempPathFactory, real_encoder: SentenceEncoder) -> Path:
    """A home folder whose workspace `sample` holds the sample, prepared with the real encoder. Copy it before a change."""
    home = tmp_path_factory.mktemp("prepared")
    workspace = Workspace(home / "sample", create=True)
    workspace.import_data(SAMPLE, RecordParams())
    pipeline = Pipeline(workspace)
    for stage, params in (
        ("embed", EmbedParams()),
        ("cluster", ClusterParams()),
        ("project", ProjectParams()),
        ("score", QualityParams()),
    ):
        pipeline.run(stage, params, encoder=real_encoder, device="cpu")
    return home


@pytest.fixture
def sample_home(prepared_sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the prepared sample, as the home of workspaces."""
    home = tmp_path / "home"
    shutil.copytree(prepared_sample, home)
    monkeypatch.setenv("WINNOW_HOME", str(home))
    return home


@pytest.fixture(scope="session")
def tiny_lm(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a tiny causal LM with a chat template."""
    from tests.tiny_models import make_causal_lm

    return make_causal_lm(tmp_path_factory.mktemp("tiny") / "lm")


@pytest.fixture(scope="session")
def tiny_reward_model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a tiny sequence classifier with one label."""
    from tests.tiny_models import make_classifier

    return make_classifier(tmp_path_factory.mktemp("tiny") / "reward")
