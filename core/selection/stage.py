"""Selecting on a workspace: the pool as of now, the stage, and selections that came about otherwise made current."""

import collections
import dataclasses
import functools
import time
import types
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from ..base import access
from ..base.budget import tokens_of
from ..base.device import resolve_device
from ..base.errors import CurationError
from ..base.params import Params, digest
from ..base.progress import Progress, no_progress, part_of
from ..base.text import counted
from ..data.tags import Tags, read_tags
from ..measures.selected import measure_selection
from ..vectors.cells_work import nearest_on_nodes
from ..workspace.artifacts import Result
from ..workspace.deciding import overrides_of
from ..workspace.decisions import Overrides
from ..workspace.results import Results, Run, Stage
from .balance.stage import balance_of, group_facts, groups_key
from .balance.within_groups import balance_in
from .choosing import limit_of, select_records
from .limits import LimitParams
from .method import METHODS
from .methods.by_domain import low_cuts, unmet_shares
from .named_scores import scores_by, scores_key
from .over_draws import cut_warning, draws_of, select_over_draws
from .params import GROUPED, REASONS, EarlierParams, RoundsParams, Selection, SelectionParams, VersionParams
from .pool import Pool, rules_held
from .rule_groups import bounds_of
from .target.facts import pinned_overlaps, target_facts
from .target.stage import NAME as TARGETS
from .target.stage import targets_of
from .token_counts import TokenParams, costs_of, tokenizer_facts

Published = RoundsParams | VersionParams | EarlierParams
OTHERS = {"rounds": RoundsParams, "version": VersionParams, "earlier": EarlierParams}  # by their method


def pool_of(
    results: Results,
    overrides: Overrides | None = None,
    groups: str = "domains",
    limits: LimitParams | None = None,
    progress: Progress = no_progress,
    device: str = "cpu",
) -> Pool:
    """Return what a selection method chooses from, as of now. groups: "source" where it goes by source labels.

    device: a resolved one.
    limits: whose budget, if it is in tokens, and rules the pool is to hold; tokens not counted yet are counted. Raises
    CurationError.
    """
    overrides = overrides or overrides_of(results)
    return Pool(
        n_records=results.n_records(),
        labels=results.array("cluster"),
        quality=_quality(results, limits),
        embeddings=results.array("embed"),
        distances=results.array("cluster", ".distances.npy"),
        reward=results.column("reward", "reward"),
        domains=results.column("reward", "domain"),
        sources=results.workspace.records().sources()[1] if groups == "source" else None,
        tags=_tags(results, getattr(limits, "tags", "")),
        shares=_shares(results),
        targets=targets_of(results),
        pinned=overrides.pinned,
        dropped=overrides.dropped,
        multipliers=overrides.multipliers,
        rules=bounds_of(results, limits.rules) if limits else (),
        costs=costs_of(results, limits.tokenizer, progress) if limits and tokens_of(limits.budget) else None,
        balance=balance_of(results, limits, progress) if isinstance(limits, SelectionParams) else None,
        device=device,
    )


def _quality(results: Results, asked: LimitParams | None) -> np.ndarray | None:
    """Return the scores that the method asked for goes by: those of its scorer, or the current ones."""
    name = METHODS[asked.method].scored_by if isinstance(asked, SelectionParams) else ""
    return scores_by(results, name, asked.method) if name else results.column("score", "score")


def _tags(results: Results, field: str) -> Tags | None:
    return read_tags(results.workspace.folder / "records.arrow", field) if field else None


def _shares(results: Results) -> dict[str, float]:
    params, info = results.params("reward"), results.info("reward")
    if params is None:
        return {}
    wished = {domain["name"]: float(domain.get("share") or 0) for domain in params.domains}
    names = info["names"] if info and not wished else wished  # by source labels, the data has the domains
    return {name: wished.get(name, 0.0) for name in names}


_known_keys: collections.OrderedDict[str, tuple[Overrides, str]] = collections.OrderedDict()
_MOST_KEYS = 16


def _key_under(constraints: Overrides, *parts: Any) -> str:
    """Return the key for `parts` under these constraints; worked out once, since reruns of a page ask again and again."""
    name = digest(*parts, id(constraints))
    held = _known_keys.get(name)
    if held is not None and held[0] is constraints:
        return held[1]
    rows = [constraints.pinned.tobytes().hex(), constraints.dropped.tobytes().hex()]
    key = digest(*parts, rows, list(constraints.multipliers.items()))
    _known_keys[name] = (constraints, key)
    while len(_known_keys) > _MOST_KEYS:
        _known_keys.popitem(last=False)
    return key


class _Select(Stage):
    """Selecting needs what its method needs; its result depends on the decisions too, and every one made is listed."""

    def needs_of(self, params: Params) -> tuple[str, ...]:
        return params.needs

    def key(self, results: Results, params: Params) -> str:
        if any(not results.current(need) for need in params.needs):
            return ""
        inputs = [results.current(stage) for stage in ("records", "cluster", "score", *params.needs)]
        if isinstance(params, SelectionParams) and (name := METHODS[params.method].scored_by):
            inputs.append(scores_key(results, name))
        if tokens_of(params.budget) and isinstance(params, LimitParams):
            inputs.append(results.key("tokens", TokenParams(params.tokenizer)))
        if isinstance(params, SelectionParams) and (groups := groups_key(results, params)):
            inputs.append(groups)
        return _key_under(overrides_of(results), self.name, self.version, params.as_dict(), inputs)

    def read_params(self, values: dict[str, Any]) -> Params:
        return OTHERS.get(values.get("method"), self.params).from_dict(values)

    def remember(self, results: Results, key: str, params: Params) -> None:
        super().remember(results, key, params)
        _note_down(results.forget(), key, params)


def _select(run: Run) -> Result:
    device = resolve_device(run.device)
    pool = pool_of(run.results, groups=run.params.groups, limits=run.params, progress=run.progress, device=device)
    if not run.engine.is_local:
        pool = dataclasses.replace(pool, within=functools.partial(nearest_on_nodes, run, "select"))
    began = time.monotonic()  # groups and counts of tokens are found once: the next selection has them
    draws = draws_of(run.results) if run.params.method == "daar" else []
    alone = 1 / (1 + len(draws))
    selection = select_records(pool, run.params, part_of(run.progress, 0, alone))
    info, parts = _result(run.results, selection, run.params)
    if device != "cpu" and METHODS[run.params.method].on_gpu:
        info["device"] = device
    _add_facts(run, pool, selection, info)
    if draws:
        facts, taken = select_over_draws(pool, run.params, selection, draws, part_of(run.progress, alone, 1))
        info["draws"], parts["taken"] = facts, taken
        info["warnings"] += cut_warning(facts)
    return info | {"seconds": round(time.monotonic() - began, 3)}, parts


def _add_facts(run: Run, pool: Pool, selection: Selection, info: dict[str, Any]) -> None:
    """Add to what is written down of a selection what its budget, its quota and its method have to say."""
    info |= limit_facts(run.results, pool, run.params, selection)
    if notes := METHODS[run.params.method].notes:
        info["warnings"] += notes(pool, run.params, selection)
    if groups := group_facts(balance_in(pool, run.params), selection.rows):
        info["groups"] = {"by": run.params.quota, "each": groups}
    if "target_domain" in METHODS[run.params.method].options and run.params.quota not in GROUPED:
        limit = limit_of(pool, run.params)
        info["warnings"] += unmet_shares(pool, selection.rows, limit, run.params.target_domain)
    if run.params.method == "daar":
        drawn = selection.rows[selection.reasons == REASONS.index("drawn")]
        info["warnings"] += low_cuts(pool, drawn, run.params.target_domain)
    if run.params.method == "target":
        picks = slice(len(pool.pinned), None)
        info["target"] = target_facts(run.results, selection.rows[picks], selection.scores[picks])
        info["warnings"] += [*run.results.info(TARGETS)["warnings"], *pinned_overlaps(pool.targets, pool.pinned)]


def limit_facts(results: Results, pool: Pool, params: SelectionParams, selection: Selection) -> dict[str, Any]:
    """Return {"tokens": …, "rules": …}: what a budget in tokens came to, and each rule beside what was taken; nothing without."""
    facts: dict[str, Any] = {}
    if selection.tokens is not None:
        asked = {"budget": tokens_of(params.budget), "selected": selection.tokens}
        facts["tokens"] = asked | tokenizer_facts(results, params.tokenizer)
    if pool.rules:
        facts["rules"] = [each.as_dict() for each in rules_held(pool, selection.rows, limit_of(pool, params))]
    return facts


def _result(results: Results, selection: Selection, params: SelectionParams | Published) -> Result:
    """Return what is written down of a selection, and its table."""
    inputs = dict.fromkeys(("records", "cluster", "score", *params.needs))
    info = {
        "n_selected": len(selection),
        "requested": selection.requested,
        "shortfall": selection.shortfall,
        "warnings": _warnings(results, params),
        "measures": measure_selection(selection.rows, results.array("cluster"), results.column("score", "score")),
        "inputs": {stage: results.current(stage) for stage in inputs},
        "last_decision": results.workspace.ledger.last_decision_id(),
    }
    return info, {"value": _table(selection)}


def _warnings(results: Results, params: SelectionParams | Published) -> list[str]:
    """Return what a curator decided and this selection could not obey."""
    overrides = overrides_of(results)
    warnings = []
    if overrides.set_aside:
        warnings.append(
            f"Decisions about clusters that no longer exist have no effect: {len(overrides.set_aside):,}. "
            "Carry them over on the Review page, or decide again."
        )
    if overrides.multipliers and "cluster" not in params.needs:
        stands = params.method in ("version", "earlier")
        why = "It stands as it was" if stands else f"{params.method} has no clusters"
        warnings.append(f"{why}, so the weights on {counted(len(overrides.multipliers), 'cluster')} have no effect.")
    return warnings


def _table(selection: Selection) -> pa.Table:
    return pa.table(
        {
            "row_id": pa.array(selection.rows, pa.int64()),
            "cluster": pa.array(selection.clusters, pa.int32()),
            "score": pa.array(selection.scores, pa.float32()),
            "reason": pa.array(selection.reasons, pa.int8()),
        }
    )


SELECT = _Select(
    name="select",
    params=SelectionParams,
    version=1,
    needs=(),
    run=_select,
    help="Choose records.",
    doing="Choosing records",
)


# Selections that no method made from the pool: rounds, versions, earlier ones as they stood


def publish_selection(
    results: Results, params: Published, selection: Selection, limits: Mapping[str, Any] = types.MappingProxyType({})
) -> str:
    """Make a selection that rounds have made, or a restored one, the current one, and return its key.

    limits: what `limit_facts` says of it.
    """
    key = _keep(results, params, selection, limits)
    results.remember("select", key, params)
    return key


def follow_selection(
    results: Results, params: Published, selection: Selection, limits: Mapping[str, Any] = types.MappingProxyType({})
) -> str:
    """Keep what the current selection, of `params`, is under today's decisions, and return its key.

    What is current is not written anew: a job may have gone on to another one meanwhile, and that must stand.
    """
    key = _keep(results, params, selection, limits)
    _follow(results, key, params)
    return key


def select_again(results: Results, params: SelectionParams) -> str:
    """Keep what the current selection, of `params`, is under today's decisions, and return its key; see `follow_selection`."""
    access.require(access.RUN)
    results.workspace.check_writable()
    key = results.make("select", params)
    _follow(results, key, params)
    return key


def _follow(results: Results, key: str, params: SelectionParams | Published) -> None:
    """Put what the current selection has become on the list of those made, unless it is the latest there."""
    listed = results.once("selections", results.workspace.ledger.selections)
    if not listed or listed[-1]["key"] != key:
        n, last = results.workspace.info("select", key)["n_selected"], listed[-1]["id"] if listed else 0
        current = results.once("settings", results.workspace.ledger.settings)["select"]
        results.workspace.ledger.follow_selection(key, params.as_dict(), n, current, last)
    results.forget()


def _keep(results: Results, params: Published, selection: Selection, limits: Mapping[str, Any]) -> str:
    key = results.key("select", params)
    if not key:
        raise CurationError("The clusters that this selection was drawn from are no longer there; cluster again.")

    def made() -> Result:
        info, parts = _result(results, selection, params)
        return {"params": params.as_dict()} | info | dict(limits), parts

    return results.keep("select", key, made)


def take_again(results: Results, params: Params) -> str:
    """Make a selection current again whose result under today's decisions is there; return its key, else ""."""
    key = results.key("select", params)
    if not key or not results.workspace.has("select", key):
        return ""
    access.require(access.RUN)
    results.remember("select", key, params)
    return key


def _note_down(results: Results, key: str, params: Params) -> None:
    """Put a selection on the list of those made, unless it is the latest there."""
    if _last_made(results) != key:
        n = results.workspace.info("select", key)["n_selected"]
        results.workspace.ledger.add_selection(key, params.as_dict(), n)


def last_selection_key(results: Results) -> str:
    """Return the key of the current selection, or where it is out of date of the latest made; "" without any."""
    last = _last_made(results)
    return results.current("select") or (last if last and results.workspace.has("select", last) else "")


def _last_made(results: Results) -> str:
    made = results.once("selections", results.workspace.ledger.selections)
    return made[-1]["key"] if made else ""
