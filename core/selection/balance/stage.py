"""The groups that a quota goes by, on a workspace: found once for their params and seed, and kept."""

import dataclasses
from typing import Any

import numpy as np

from ...base.params import Params
from ...base.progress import Progress, no_progress, part_of
from ...vectors.coarse import Coarse, coarse_clusters
from ...vectors.style import STYLE, StyleParams
from ...workspace.artifacts import Result
from ...workspace.results import Results, Run, Stage
from ..params import GROUPED, PROPOSED, SelectionParams
from ..pool import Balance
from .gain import learning_slopes
from .tree import split_by_two_means

KINDS, ISOLATED, DEPTH, STARTS = 4, 8, 5, 12
_FIRST = 1  # the version of this stage, and of `style`, that selections' keys say nothing of
_BY_STYLE = ("style", "gain")
_AT_ONCE_UP_TO = 2_000  # records whose few clusters are found below a second; how they are written takes longer to read


@dataclasses.dataclass(frozen=True)
class BalanceParams(Params):
    """Of `SelectionParams` what makes the groups and their weights, and no more: another budget or method keeps them."""

    quota: str
    n_groups: int = 0
    power: float = 0.0
    split_alpha: float = 0.0
    seed: int = 0


class _Balance(Stage):
    def key(self, results: Results, params: BalanceParams) -> str:
        rests_on = results.key("style", StyleParams()) if params.quota in _BY_STYLE else results.current("embed")
        return self.digest(params, [rests_on]) if rests_on else ""


def _run(run: Run) -> Result:
    params: BalanceParams = run.params
    if params.quota in _BY_STYLE:
        return _by_style(run)
    vectors = run.results.array("embed")
    if params.quota == "tree":
        groups, shares = split_by_two_means(vectors, DEPTH, params.split_alpha, params.seed)
        return _result(groups, shares)
    found = coarse_clusters(vectors, params.n_groups or ISOLATED, params.seed, STARTS)
    return _by_isolation(found, params.power)


def _by_style(run: Run) -> Result:
    params: BalanceParams = run.params
    key = run.results.make("style", StyleParams(), part_of(run.progress, 0, 0.9))
    vectors = run.results.workspace.array("style", key)
    found = coarse_clusters(vectors, params.n_groups or KINDS, params.seed, STARTS)
    if params.quota == "gain":
        slopes = learning_slopes(run.results.workspace.records(), found.labels, len(found.centroids), params.seed)
        return _result(found.labels, slopes)
    return _by_isolation(found, params.power)


def _by_isolation(found: Coarse, power: float) -> Result:
    return _result(found.labels, np.maximum(found.isolation, 1e-9) ** power)


def _result(groups: np.ndarray, weights: np.ndarray) -> Result:
    sizes = np.bincount(groups, minlength=len(weights))
    shares = weights / weights.sum()
    info = {"sizes": sizes.tolist(), "shares": shares.round(6).tolist()}
    return info, {"value": groups, "weights": weights.astype(np.float64)}


BALANCE = _Balance(
    name="balance",
    params=BalanceParams,
    version=1,
    needs=("records",),
    run=_run,
    help="Find the groups that a quota goes by.",
    doing="Finding groups that share the budget",
    leads=False,
)


def balance_params(params: SelectionParams) -> BalanceParams | None:
    """Return what makes the groups of a selection, None where it has none or domains, which their own stage finds."""
    if params.quota not in GROUPED or params.quota == "domains":
        return None
    n_groups = params.n_groups if params.quota in (*_BY_STYLE, "isolation") else 0
    power = {"isolation": params.isolation_power, "style": params.style_power}.get(params.quota, 0.0)
    alpha = params.split_alpha if params.quota == "tree" else 0.0
    return BalanceParams(params.quota, n_groups, power, alpha, params.seed)


def proposed_groups() -> BalanceParams:
    """Return the groups of the selection that is proposed first, for whoever prepares a workspace."""
    return balance_params(SelectionParams(**PROPOSED))


def balance_of(results: Results, params: SelectionParams, progress: Progress = no_progress) -> Balance | None:
    """Return the groups of a selection and their weights, found now where they are not there yet; None where it has none."""
    asked = balance_params(params)
    if asked is None:
        return None
    key = results.make("balance", asked, progress)
    workspace = results.workspace
    return Balance(workspace.array("balance", key), np.array(workspace.array("balance", key, ".weights.npy")))


def groups_key(results: Results, params: SelectionParams) -> str:
    """Return what a selection's key says of how its groups are found: "" while that is as it was when there were groups first.

    So a change of how they are found, or of the vectors that they rest on, gives another key, and the keys of before still hold.
    """
    asked = balance_params(params)
    if asked is None:
        return ""
    stages = (BALANCE, STYLE) if asked.quota in _BY_STYLE else (BALANCE,)
    is_as_first = all(stage.version == _FIRST for stage in stages)
    return "" if is_as_first else results.key("balance", asked)


def is_balance_at_hand(results: Results, params: SelectionParams) -> bool:
    """Whether the groups are there, or so few records are to be clustered that a page may do it."""
    asked = balance_params(params)
    if asked is None or (asked.quota not in _BY_STYLE and results.n_records() <= _AT_ONCE_UP_TO):
        return True
    key = results.key("balance", asked)
    return bool(key) and results.workspace.has("balance", key)


def group_facts(balance: Balance | None, rows: np.ndarray) -> list[dict[str, Any]]:
    """Return {"records", "share", "taken"} of each group, in its order. rows: (m,) selected row ids."""
    if balance is None:
        return []
    k = len(balance.weights)
    sizes, taken = np.bincount(balance.groups, minlength=k), np.bincount(balance.groups[rows], minlength=k)
    shares = balance.weights / balance.weights.sum()
    return [
        {"records": int(size), "share": round(float(share), 6), "taken": int(n)}
        for size, share, n in zip(sizes, shares, taken, strict=True)
    ]
