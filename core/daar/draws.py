"""Several draws of DaaR averaged: each is a result of its own, by its own seeds, sample and probes; and how far they agree."""

import itertools
import re
from typing import Any

import numpy as np
import pyarrow as pa

from ..base.progress import part_of
from ..vectors.clustering import cluster_means
from ..workspace.artifacts import Result
from ..workspace.results import Run
from .inputs import states_of
from .params import DaarParams

LEAST_AGREEMENT = 0.7  # Spearman's, the mean over pairs of draws; below this a curator is warned
_DRAWING = 0.95  # of the time
_FIGURES = re.compile(r"[-\d.,]+%?")


def mean_of_draws(run: Run) -> Result:
    """Make the draws that are not there yet, and average them. A killed run goes on with the draw that it was at."""
    params: DaarParams = run.params
    results, n, means = run.results, params.draws, {"device": run.device, "encoder": run.encoder, "engine": run.engine}
    keys = [
        results.make(
            "reward", params.of_draw(i), part_of(run.progress, _DRAWING * i / n, _DRAWING * (i + 1) / n), **means
        )
        for i in range(n)
    ]
    infos = [results.workspace.info("reward", key) for key in keys]
    tables = [results.workspace.table("reward", key) for key in keys]
    names = infos[0]["names"]
    agreement = agreement_of(np.stack([column_of(table, "reward") for table in tables]))
    centres = _centres_agree(states_of(run), [column_of(table, "domain") for table in tables], len(names))
    info = _mean_info(infos) | {"draws": keys, "agreement": agreement, "centres": centres}
    return info | {"warnings": _warnings(infos, agreement)}, {"value": mean_table(tables, len(names))}


def mean_table(tables: list[pa.Table], k: int) -> pa.Table:
    """Return domain, reward, K mean probabilities and spread, the standard deviation of the entropy over the draws (nats).

    The mean of entropies and not of ranks: it stays in nats, which the cut and the histogram go by, and a draw whose probe is
    sure of everything, so that its order is chance, then counts for as little as it says. The domain is that of the highest
    mean probability. Column by column, for there may be many records.
    """
    rewards = np.stack([column_of(table, "reward") for table in tables])
    domain, best, chances = np.zeros(rewards.shape[1], np.int32), np.full(rewards.shape[1], -1.0), {}
    for i in range(k):
        mean = np.mean([column_of(table, f"p{i}") for table in tables], axis=0, dtype=np.float64)
        domain[mean > best] = i
        best = np.maximum(best, mean)
        chances[f"p{i}"] = pa.array(mean.astype(np.float32))
    of_reward = {"reward": rewards.mean(axis=0, dtype=np.float64), "spread": rewards.std(axis=0, dtype=np.float64)}
    reward, spread = (pa.array(of_reward[name].astype(np.float32)) for name in ("reward", "spread"))
    return pa.table({"domain": pa.array(domain), "reward": reward} | chances | {"spread": spread})


def column_of(table: pa.Table, name: str) -> np.ndarray:
    """Return a column as an (n,) array."""
    return table[name].combine_chunks().to_numpy()


def agreement_of(rewards: np.ndarray) -> list[list[float]]:
    """Return [i, j, Spearman's rank correlation] of each pair of draws; 0 where one is constant. rewards: (draws, n)."""
    import pandas as pd

    ranks = [pd.Series(each).rank().to_numpy() for each in rewards]
    ranks = [(rank - rank.mean()) / max(rank.std(), 1e-12) for rank in ranks]
    pairs = itertools.combinations(range(len(ranks)), 2)
    return [[i, j, round(float(np.mean(ranks[i] * ranks[j])), 6)] for i, j in pairs]


def agreement_warning(agreement: list[list[float]]) -> list[str]:
    """Say where the draws rank the records too differently. agreement: as `agreement_of` gives it."""
    values = [rho for _, _, rho in agreement]
    if not values or np.mean(values) >= LEAST_AGREEMENT:
        return []
    n = len({i for pair in agreement for i in pair[:2]})
    return [
        f"The {n} draws of seeds and probes rank the records differently: two by two, Spearman's rank correlation is "
        f"{np.mean(values):.2f} on average and {min(values):.2f} at least, where {LEAST_AGREEMENT:g} is wanted. Their mean is "
        "steadier than one draw, but give the domains more seeds, or describe domains that lie apart."
    ]


def _centres_agree(states: np.ndarray, domains: list[np.ndarray], k: int) -> list[float | None]:
    """Return for each domain the least cosine of its centre in one draw to that in another; None where a draw has none of it.

    As in table 15 of the paper, but of the records that each draw's probe puts there, not of the seeds alone.
    """
    means = np.stack([cluster_means(states, domain, k) for domain in domains])
    lengths = np.linalg.norm(means, axis=2)
    units = means / np.maximum(lengths, 1e-12)[:, :, None]
    least = np.einsum("ikd,jkd->kij", units, units).min(axis=(1, 2))
    held = lengths.min(axis=0) > 0
    return [round(float(value), 6) if there else None for value, there in zip(least, held, strict=True)]


def _mean_info(infos: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what one draw writes down, of all of them: means, or sums of counts; curves are the first draw's."""
    first = infos[0]
    info = {
        name: first[name]
        for name in ("names", "embedded_by", "device", "from", "curve", "reward_curve")
        if name in first
    }
    for name in ("accuracy", "spearman", "shares", "drift", "seeds_kept"):
        if name in first:
            known = [each[name] for each in infos if each[name] is not None]
            info[name] = np.mean(known, axis=0).round(6).tolist() if known else None
    for name in ("n_held_out", "confusion"):
        if name in first:
            info[name] = np.sum([each[name] for each in infos], axis=0).tolist()
    sources = list(dict.fromkeys(source for each in infos for source in each["sources"]))
    counts = {s: [each["sources"][s] for each in infos if s in each["sources"]] for s in sources}
    info["sources"] = {source: np.sum(of_draws, axis=0).tolist() for source, of_draws in counts.items()}
    if "seed_rows" in first:
        of_domains = zip(*(each["seed_rows"] for each in infos), strict=True)
        info["seed_rows"] = [sorted({row for rows in of_draws for row in rows}) for of_draws in of_domains]
    return info | {"of_draws": [{name: each[name] for name in ("accuracy", "spearman", "shares")} for each in infos]}


def _warnings(infos: list[dict[str, Any]], agreement: list[list[float]]) -> list[str]:
    """Return what the draws were warned of, each kind once, with how many say it: they differ in their figures alone."""
    kinds: dict[str, list[str]] = {}
    for text in (text for info in infos for text in info["warnings"]):
        kinds.setdefault(_FIGURES.sub("", text), []).append(text)
    n = len(infos)
    told = [
        same[0] if len(same) == n and len(set(same)) == 1 else f"In {len(same)} of {n} draws{_as_one(same)}: {same[0]}"
        for same in kinds.values()
    ]
    return told + agreement_warning(agreement)


def _as_one(same: list[str]) -> str:
    return ", for example" if len(set(same)) > 1 else ""
