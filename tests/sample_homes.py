"""Homes, each with a workspace `sample`: the sample prepared with the real encoder, then selected from, refined, rewarded."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from core.quality.params import QualityParams
from core.refine.advance import Advance, advance
from core.refine.params import RefineParams
from core.refine.runs import Rounds
from core.run.pipeline import Pipeline
from core.selection.balance.stage import proposed_groups
from core.selection.params import SelectionParams
from core.vectors.clustering import ClusterParams
from core.vectors.embedding import EmbedParams
from core.vectors.projection import ProjectParams
from core.workspace.workspace import Workspace
from tests.conftest import SAMPLE, TinyEncoder
from tests.made_once import made_once, make_workspace, train_rewards


@pytest.fixture(scope="session")
def prepared_sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def make(home: Path) -> None:
        stages = {
            "embed": EmbedParams(),
            "cluster": ClusterParams(),
            "project": ProjectParams(),
            "score": QualityParams(),
            "balance": proposed_groups(),
        }
        make_workspace(home / "sample", SAMPLE, stages, None)  # by the encoder that a user gets

    return made_once(tmp_path_factory, "sample", make)


@pytest.fixture
def home_of_sample(prepared_sample: Path, copied_home, tmp_path_factory) -> Callable[..., Path]:
    """Return a function that gives this test the sample's home as `make` leaves it, which is asked once a test run."""

    def home_of(name: str, make: Callable[[Path], object]) -> Path:
        def make_first(home: Path) -> None:
            shutil.copytree(prepared_sample, home, dirs_exist_ok=True)
            make(home)

        return copied_home(made_once(tmp_path_factory, f"{name}-sample", make_first))

    return home_of


@pytest.fixture
def copied_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], Path]:
    """Return a function that copies a home and makes the copy this test's."""

    def copy(made: Path) -> Path:
        home = tmp_path / "home"
        shutil.copytree(made, home)
        monkeypatch.setenv("WINNOW_HOME", str(home))
        return home

    return copy


@pytest.fixture
def sample_home(prepared_sample: Path, copied_home) -> Path:
    return copied_home(prepared_sample)


@pytest.fixture
def selected_home(sample_home: Path) -> Path:
    """60 records are selected."""
    Pipeline(Workspace(sample_home / "sample")).run("select", SelectionParams("60"))
    return sample_home


@pytest.fixture
def refined_home(home_of_sample) -> Path:
    """Two of three rounds have run."""

    def make(home: Path) -> None:
        rounds = Rounds(Pipeline(Workspace(home / "sample")))
        rounds.start(RefineParams("60", 3), who="ann")
        advance(rounds, Advance(1, until=2), encoder=TinyEncoder())

    return home_of_sample("refined", make)


@pytest.fixture
def rewarded_home(home_of_sample) -> Path:
    """DaaR has trained its probes, and a fifth is selected by it."""
    return home_of_sample("rewarded", lambda home: train_rewards(Pipeline(Workspace(home / "sample"))))
