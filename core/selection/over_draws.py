"""A selection by DaaR over the draws whose mean it goes by: how often a record is taken by them, how alike they select."""

import dataclasses
import itertools
from typing import Any

import numpy as np

from ..base.progress import Progress, part_of
from ..base.text import counted
from ..workspace.results import Results
from .choosing import select_records
from .params import Selection, SelectionParams
from .pool import Pool

LEAST_OVERLAP = 0.7  # of what two draws select; below this a curator is warned
SURELY, PERHAPS, HARDLY = "surely", "perhaps", "hardly"
TAKEN = ".taken.npy"  # of a selection: (n,) uint8, in how many draws' own selections a record is


@dataclasses.dataclass(frozen=True)
class Draw:
    """What one draw found: reward (n,) float32 in nats, domains (n,) int32."""

    reward: np.ndarray
    domains: np.ndarray


def draws_of(results: Results) -> list[Draw]:
    """Return the draws that the current rewards are the mean of, memory-mapped; none where they are of a single draw."""
    keys = (results.info("reward") or {}).get("draws", [])
    tables = [results.workspace.table("reward", key) for key in keys]
    return [Draw(*(table[name].combine_chunks().to_numpy() for name in ("reward", "domain"))) for table in tables]


def select_over_draws(
    pool: Pool, params: SelectionParams, chosen: Selection, draws: list[Draw], progress: Progress
) -> tuple[dict[str, Any], np.ndarray]:
    """Select by each draw alone, under the same decisions and rules; return what is written down of it, and (n,) uint8 counts.

    chosen: the selection by their mean. Written down: n; of the records that the mean took, pins left out, how many are taken
    surely (by every draw), perhaps (by half of them at least) and hardly; passed_over: how many others half of the draws take;
    overlaps: [i, j, the shared share of the smaller one]; shares: {domain: [least, most] of a draw's selection}.
    """
    taken, rows = np.zeros(pool.n_records, np.uint8), []
    for i, draw in enumerate(draws):
        by_it = dataclasses.replace(pool, reward=draw.reward, domains=draw.domains)
        within = part_of(progress, i / len(draws), (i + 1) / len(draws))
        rows.append(select_records(by_it, params, within).rows)
        taken[rows[-1]] += 1
    drawn = np.setdiff1d(chosen.rows, pool.pinned)
    words = words_of(taken[drawn], len(draws))
    others = taken.copy()
    others[chosen.rows] = 0
    facts = {"n": len(draws)} | {word: int((words == word).sum()) for word in (SURELY, PERHAPS, HARDLY)}
    facts |= {"passed_over": int((2 * others.astype(int) >= len(draws)).sum())}
    facts["overlaps"] = [[i, j, round(share, 6)] for i, j, share in overlaps(rows)]
    return facts | {"shares": _shares(pool, draws, rows)}, taken


def words_of(taken: np.ndarray, n: int) -> np.ndarray:
    """Return (m,) words for (m,) counts out of n draws: surely in all, perhaps in half of them at least, else hardly."""
    taken = np.asarray(taken, int)
    return np.where(taken == n, SURELY, np.where(2 * taken >= n, PERHAPS, HARDLY))


def overlaps(selections: list[np.ndarray]) -> list[list[float]]:
    """Return [i, j, share] of each pair: what two selections have in common, of the smaller one. Rows come once in each."""
    found = []
    for (i, one), (j, other) in itertools.combinations(enumerate(selections), 2):
        shared = len(np.intersect1d(one, other)) / max(min(len(one), len(other)), 1)
        found.append([i, j, shared])
    return found


def cut_warning(facts: dict[str, Any]) -> list[str]:
    """Say where the draws' own selections have too little in common. facts: as `select_over_draws` gives them."""
    shares = [share for _, _, share in facts["overlaps"]]
    if not shares or np.mean(shares) >= LEAST_OVERLAP:
        return []
    by_all = counted(facts[SURELY], "record is", "records are")
    return [
        f"What the {facts['n']} draws would select by themselves overlaps by {np.mean(shares):.0%} (two by two, on average; "
        f"{LEAST_OVERLAP:.0%} is wanted), and {by_all} selected by all of them: the cut depends on the seeds. "
        "Give the domains more seeds, or take another method."
    ]


def told_of_draws(results: Results, key: str, rows: np.ndarray) -> list[str]:
    """Return for each of `rows` how many draws take it, as " Taken by 4 of 5 draws (perhaps)."; "" where there is one draw.

    key: of the selection.
    """
    facts = results.workspace.info("select", key).get("draws")
    if not facts:
        return [""] * len(rows)
    taken, n = np.array(results.workspace.array("select", key, TAKEN)[rows], int), facts["n"]
    words = words_of(taken, n)
    return [
        f" Taken by {count} of {n} draws ({word})." if count else f" Taken by none of {n} draws."
        for count, word in zip(taken.tolist(), words.tolist(), strict=True)
    ]


def _shares(pool: Pool, draws: list[Draw], rows: list[np.ndarray]) -> dict[str, list[float]]:
    """Return {domain: [least, most]}: its share of the records that a draw selects, by that draw's domains."""
    names = list(pool.shares)
    shares = np.stack(
        [
            np.bincount(draw.domains[own], minlength=len(names)) / max(len(own), 1)
            for draw, own in zip(draws, rows, strict=True)
        ]
    )
    return {
        name: [round(float(shares[:, k].min()), 6), round(float(shares[:, k].max()), 6)] for k, name in enumerate(names)
    }
