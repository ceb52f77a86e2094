"""What takes long to make and is the same for many tests: made once in a test run, by whichever worker asks first."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import filelock
import numpy as np
import pytest

from core.base.params import Params
from core.daar.domains import DEFAULT_DOMAINS, domain_as_dict
from core.daar.params import DaarParams
from core.data.records import RecordParams
from core.models.encoder import Encoder
from core.run.pipeline import Pipeline
from core.selection.params import SelectionParams
from core.workspace.workspace import Workspace


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return the folder `name`, which was new and empty when `make` was given it. All workers share it: never change it."""
    base = factory.getbasetemp()
    common = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "made-once"
    common.mkdir(exist_ok=True)
    folder, whole = common / name, common / f"{name}.whole"
    with filelock.FileLock(common / f"{name}.lock"):
        if not whole.exists():
            shutil.rmtree(folder, ignore_errors=True)  # half made, where its maker failed
            folder.mkdir()
            make(folder)
            whole.touch()
    return folder


def make_workspace(folder: Path, data: Path, stages: dict[str, Params], encoder: Encoder | None) -> Pipeline:
    """Import `data` and run stages on it, embedding by `encoder`, or by the model that the stage names where it is None."""
    workspace = Workspace(folder, create=True)
    workspace.import_data(data, RecordParams())
    pipeline = Pipeline(workspace)
    for stage, params in stages.items():
        pipeline.run(stage, params, encoder=encoder, device="cpu")
    return pipeline


def copy_workspace(made: Path, folder: Path, made_from: Path, data: Path) -> None:
    """Copy a workspace that was made from the data file `made_from`, as if it had been made from its copy `data`."""
    shutil.copytree(made, folder)
    told = folder / "dataset.json"
    told.write_text(told.read_text("utf-8").replace(json.dumps(str(made_from)), json.dumps(str(data))), "utf-8")


def train_rewards(pipeline: Pipeline) -> None:
    """Train the probes of DaaR on the usual domains, of three records of the sample each, and select by it."""
    domains = tuple(domain_as_dict(domain) for domain in DEFAULT_DOMAINS)
    labels = np.asarray(pipeline.array("cluster"))
    for k, domain in enumerate(domains):
        rows = np.flatnonzero(labels == k)[:3].tolist()
        domain["seeds"] = [{"text": "", "origin": "record", "row": row} for row in rows]
    pipeline.run("reward", DaarParams(domains, sample=300, steps=300), device="cpu")
    pipeline.run("select", SelectionParams("20%", "daar"))
