"""The verb compare-embedders: how much stays when the same records are embedded otherwise."""

import argparse
from pathlib import Path

from ..base.files import file_sha256
from ..evidence.embedders import EmbedderParams, known_transfer
from ..run.tasks import Step
from .opening import open_pipeline, run_in_workspace
from .options import add_device, add_options, read
from .verbs import Verbs


def add_verbs(verbs: Verbs) -> None:
    """Declare the verb."""
    sub = verbs.add(
        "compare-embedders", "Say how much of clusters and selection another embedder would change.", compare_embedders
    )
    sub.add_argument("embeddings", metavar="FILE.npy", help="other embeddings of the same records, one row a record")
    add_options(sub, EmbedderParams)
    add_device(sub)


def compare_embedders(arguments: argparse.Namespace) -> None:
    """Compare and print."""
    path = Path(arguments.embeddings)
    pipeline = open_pipeline(arguments)
    pipeline.workspace.dataset()
    params = read(arguments, EmbedderParams, vectors=file_sha256(path) if path.is_file() else "", file=path.name)
    run_in_workspace(pipeline.workspace, [Step("embedders", params.as_dict())], arguments)
    found = known_transfer(open_pipeline(arguments))
    print(f"{'':<34} {'stays':>8} {'another seed':>13} {'chance':>8}")
    print(f"{'clusters (adjusted mutual info)':<34} {found.clusters:>8.3f} {found.clusters_by_seed:>13.3f} {0:>8.3f}")
    if found.selection is None:
        print(f"the selection: {found.why_not}")
    else:
        shares = f"{found.selection:>8.1%} {found.selection_by_seed:>13.1%} {found.by_chance:>8.1%}"
        print(f"{'the selection':<34} {shares}")
    nearest = f"a record's {params.neighbors} nearest"
    print(f"{nearest:<34} {found.neighbors:>8.1%} {'100.0%':>13} {found.neighbors_by_chance:>8.1%}")
    print(
        "another seed: of k-means, on today's embeddings, which by itself changes clusters and what is drawn from them"
    )
