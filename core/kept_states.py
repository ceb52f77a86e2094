"""Hidden states of a workspace's records, kept like other embeddings: made in shards, once for a model and layer."""

import numpy as np

from core.causal import CausalModel
from core.files import replacing, write_array
from core.params import digest
from core.progress import Progress
from core.states import layer_means
from core.workspace import Workspace

VERSION = 1
_SHARD_RECORDS = 512


def states_of_records(workspace: Workspace, lm: CausalModel, model: str, layer: int, progress: Progress) -> np.ndarray:
    """Return (n, d) float32, memory-mapped: the mean of hidden layer `layer` over each record's tokens. A killed run goes on.

    model: the path or hub name of `lm`, which the states are kept under.
    """
    key = digest("states", VERSION, model, layer, lm.max_tokens, workspace.dataset().fingerprint)
    with workspace.lock("states", key):
        if not workspace.has("states", key):
            _join(workspace, key, _make_shards(workspace, key, lm, layer, progress))
            workspace.save("states", key, {"model": model, "layer": layer})
            workspace.remove_shards("states", key)
    return workspace.array("states", key)


def _make_shards(workspace: Workspace, key: str, lm: CausalModel, layer: int, progress: Progress) -> list:
    records, folder = workspace.records(), workspace.shard_folder("states", key)
    shards = []
    for start in range(0, len(records), _SHARD_RECORDS):
        stop = min(start + _SHARD_RECORDS, len(records))
        path = folder / f"shard-{start // _SHARD_RECORDS:06d}.npy"
        if not path.exists():
            write_array(path, layer_means(lm, records.texts(start, stop), layer))
        shards.append(path)
        progress(stop, len(records))
    return shards


def _join(workspace: Workspace, key: str, shards: list) -> None:
    width = np.load(shards[0], mmap_mode="r", allow_pickle=False).shape[1]
    with replacing(workspace.path("states", key, ".npy")) as temporary:
        whole = np.lib.format.open_memmap(temporary, "w+", np.float32, (len(workspace.records()), width))
        for i, path in enumerate(shards):
            whole[i * _SHARD_RECORDS : (i + 1) * _SHARD_RECORDS] = np.load(path, allow_pickle=False)
        whole.flush()
