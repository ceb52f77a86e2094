"""Hidden states of a workspace's records, kept like other embeddings: made in shards, once for a model and layer."""

import functools

import numpy as np

from ..base.params import digest
from ..base.progress import Progress
from ..models.causal_lm import CausalModel
from ..models.hidden_states import layer_means
from ..workspace.artifacts import Result
from ..workspace.results import Run
from ..workspace.shards import make_in_shards
from ..workspace.states_work import StatesWork

VERSION = 1
_SHARD_RECORDS = 512


def states_of_records(run: Run, lm: CausalModel, model: str, layer: int, progress: Progress) -> np.ndarray:
    """Return (n, d) float32, memory-mapped: the mean of hidden layer `layer` over each record's tokens. A killed run goes on.

    model: the path or hub name of `lm`, which the states are kept under.
    """
    workspace = run.results.workspace
    key = digest("states", VERSION, model, layer, lm.max_tokens, workspace.dataset().fingerprint)
    means = functools.partial(layer_means, layer=layer)
    work = StatesWork(means, workspace.records().path, model, lm.max_tokens, lm.device, lm)

    def make() -> Result:
        make_in_shards(workspace, "states", key, _SHARD_RECORDS, work, progress, run.engine)
        return {"model": model, "layer": layer}, {}

    workspace.keep("states", key, make, shards=key)
    return workspace.array("states", key)
