"""Drawing anew: what a method would select with another seed, with everything redrawn that is random in how it came about.

Clusters start elsewhere, DaaR takes other seeds and trains other probes, a draw draws anew. Nothing here becomes the
workspace's own result; what was made once is kept.
"""

import dataclasses

import numpy as np

from ..base.progress import Progress, no_progress, part_of
from ..selection.over_draws import LEAST_OVERLAP, overlaps
from ..selection.params import SelectionParams
from ..selection.pool import Pool
from ..selection.stage import pool_of
from ..workspace.deciding import overrides_of
from ..workspace.results import Results


def redrawn_stages(results: Results, params: SelectionParams) -> dict[str, str]:
    """Return {stage: "" or why it is not drawn anew} of the random stages that the selection rests on."""
    found = {}
    if "cluster" in params.needs and results.current("cluster"):
        held = overrides_of(results).multipliers
        found["cluster"] = "people have given weights to some of today's clusters" if held else ""
        if "cluster" in params.rule_needs:
            found["cluster"] = "rules name some of today's clusters"
    if "reward" in params.needs and results.current("reward"):
        carried = results.params("reward").probes
        found["reward"] = "the probes came from another workspace" if carried else ""
        if "reward" in params.rule_needs:
            found["reward"] = "rules name some of today's domains"
    return found


def redrawn_pool(
    results: Results,
    params: SelectionParams,
    offset: int,
    progress: Progress = no_progress,
    device: str = "auto",
) -> Pool:
    """Return the pool as the stages make it with their seeds raised by `offset`; 0 gives today's. Raises CurationError."""
    pool = pool_of(results, groups=params.groups, limits=params)
    stages = [stage for stage, why_not in redrawn_stages(results, params).items() if not why_not]
    for place, stage in enumerate(stages if offset else ()):
        asked = results.params(stage)
        within = part_of(progress, place / len(stages), (place + 1) / len(stages))
        key = results.make(stage, dataclasses.replace(asked, seed=asked.seed + offset), within, device=device)
        workspace = results.workspace
        if stage == "cluster":
            distances = workspace.array("cluster", key, ".distances.npy")
            pool = dataclasses.replace(pool, labels=workspace.array("cluster", key), distances=distances)
        else:
            table = workspace.table("reward", key)
            columns = {"reward": table["reward"], "domains": table["domain"]}
            pool = dataclasses.replace(pool, **{n: c.combine_chunks().to_numpy() for n, c in columns.items()})
    return pool


def mean_overlap(selections: list[np.ndarray]) -> float:
    """Return the mean share of records that two of the selections have in common, of the smaller one; 1 for fewer than two."""
    shares = [share for _, _, share in overlaps([np.unique(rows) for rows in selections])]
    return float(np.mean(shares)) if shares else 1.0


def overlap_warning(method: str, overlap: float, n: int) -> str:
    """Return what a curator should know of a reward whose draws agree little, "" where they agree or nothing is rewarded."""
    if method != "daar" or overlap >= LEAST_OVERLAP:
        return ""
    return (
        f"{n} draws of the domains' seeds and probes share {overlap:.0%} of what daar selects (two by two, on average): the "
        "selection depends on the seed more than on the records. Give the domains more seeds, or take another method."
    )
