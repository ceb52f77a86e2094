"""What stands in for what takes long: jobs without processes, probes that train for a moment."""

import dataclasses
import types
from collections.abc import Callable, Sequence

import pytest

from core.daar import stage as daar_stage
from core.daar.probes import ProbeParams
from core.run import jobs
from core.workspace.workspace import Workspace


@pytest.fixture
def jobs_in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a job's work be done in this process, before `start_job` returns."""

    def work(command: Sequence[str], **_) -> types.SimpleNamespace:
        jobs.run_job(Workspace(command[-2]), int(command[-1]))
        return types.SimpleNamespace(pid=None)

    monkeypatch.setattr(jobs, "subprocess", types.SimpleNamespace(Popen=work, DEVNULL=None, STDOUT=None))


@pytest.fixture
def jobs_never_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a job be queued, and nobody take it up."""
    nobody = types.SimpleNamespace(pid=None)
    monkeypatch.setattr(jobs, "subprocess", types.SimpleNamespace(Popen=lambda *_, **__: nobody, DEVNULL=0, STDOUT=0))


def quick(train: Callable) -> Callable:
    """Return what trains one of DaaR's probes for 60 steps at most."""

    def trained(*given):
        return train(
            *(
                dataclasses.replace(each, steps=min(each.steps, 60)) if isinstance(each, ProbeParams) else each
                for each in given
            )
        )

    return trained


@pytest.fixture
def quick_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let DaaR's probes be trained for 60 steps at most: for tests that ask what is done with them, not what they know."""
    for name in ("train_domain_probe", "train_entropy_probe"):
        monkeypatch.setattr(daar_stage, name, quick(getattr(daar_stage, name)))
