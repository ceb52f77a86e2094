"""Baselines of papers that go by one score alone: DEITA's two, AlpaGasus and Superfiltering. Each names the scorer it needs."""

import numpy as np

from ...base.text import ordinal
from ..method import METHODS, Method
from ..params import Selection, SelectionParams
from ..pool import Picks, Pool, finite_quality
from .plain import best_first

_HELPS = 1.0  # an IFD from which the prompt does not help at all


def alpagasus(pool: Pool, params: SelectionParams, budget: int) -> Picks:
    """Draw at random from the records whose grade is at least `least_score`; score: the grade.

    The paper (arXiv 2307.08701) takes all from 4.5 of 5, which gave 9,229 of Alpaca's 52,002. Where there are fewer than the
    budget, the best of the others fill it, marked so.
    """
    quality, free = finite_quality(pool, "alpagasus"), pool.free_rows()
    good = free[quality[free] >= params.least_score]
    wanted = budget - len(pool.pinned)
    drawn = np.random.default_rng(params.seed).permutation(good)[:wanted]
    rest = free[quality[free] < params.least_score]
    filled = rest[np.argsort(-quality[rest], kind="stable")][: wanted - len(drawn)]
    rows = np.concatenate([drawn, filled])
    return Picks(rows, quality[rows], len(filled))


def superfilter(pool: Pool, params: SelectionParams, budget: int) -> Picks:
    """Take the records of the highest IFD below 1, by a small language model (arXiv 2402.00530); score: the IFD.

    The paper's model is GPT-2. Where too few are below 1, the lowest of the others fill the budget, marked so.
    """
    ifd, free = finite_quality(pool, "superfilter"), pool.free_rows()
    wanted = budget - len(pool.pinned)
    helped, rest = free[ifd[free] < _HELPS], free[ifd[free] >= _HELPS]
    taken = helped[np.argsort(-ifd[helped], kind="stable")][:wanted]
    filled = rest[np.argsort(ifd[rest], kind="stable")][: wanted - len(taken)]
    rows = np.concatenate([taken, filled])
    return Picks(rows, ifd[rows], len(filled))


def _why(pool: Pool, params: SelectionParams, chosen: Selection, rows: np.ndarray) -> list[str]:
    quality, free, said = finite_quality(pool, params.method), pool.free_rows(), []
    what = "IFD" if params.method == "superfilter" else "grade"
    for row in rows.tolist():
        if params.method == "superfilter" and quality[row] >= _HELPS:
            said.append(
                f"its IFD is {quality[row]:.3g}, at 1 or above: the prompt does not help to predict the response."
            )
            continue
        better = (quality[free] > quality[row]).sum() + (free[quality[free] == quality[row]] < row).sum()
        if params.method == "superfilter":
            better -= (quality[free] >= _HELPS).sum()
        said.append(f"{ordinal(int(better) + 1)} of {len(free):,} by its {what} ({quality[row]:.3g}).")
    return said


def _why_alpagasus(pool: Pool, params: SelectionParams, chosen: Selection, rows: np.ndarray) -> list[str]:
    quality, free = finite_quality(pool, "alpagasus"), pool.free_rows()
    n_good, least = int((quality[free] >= params.least_score).sum()), f"{params.least_score:g}"
    chance = min(1, (len(chosen.rows) - len(pool.pinned)) / max(n_good, 1))
    return [
        f"its grade, {quality[row]:.3g}, is at least {least}; each of {n_good:,} such records had a chance of {chance:.1%}."
        if quality[row] >= params.least_score
        else f"its grade, {quality[row]:.3g}, is below {least}; such records only fill the budget, the best first."
        for row in rows.tolist()
    ]


def _notes_alpagasus(pool: Pool, params: SelectionParams, chosen: Selection) -> list[str]:
    n_good = int((finite_quality(pool, "alpagasus") >= params.least_score).sum())
    return [f"{n_good:,} of {pool.n_records:,} records have a grade of {params.least_score:g} or more."]


def _baseline(name: str, place: int, scored_by: str, **about) -> None:
    METHODS.add(
        Method(
            name=name,
            place=place,
            scored_by=scored_by,
            family="papers",
            seconds=lambda n, m: 1e-7 * n,
            needs=("score",),
            **about,
        )
    )


_baseline(
    "deita-c",
    33,
    "judge-complexity",
    help="The most complex prompts, as a judge grades them.",
    best_when="DEITA is taken apart: its complexity alone.",
    pick=best_first,
    why=_why,
)
_baseline(
    "deita-q",
    34,
    "judge-quality",
    help="The best responses, as a judge grades them.",
    best_when="DEITA is taken apart: its quality alone.",
    pick=best_first,
    why=_why,
)
_baseline(
    "alpagasus",
    35,
    "judge-quality",
    help="At random from what a judge grades high enough.",
    best_when="a judge has graded all records, and bad ones are to go.",
    pick=alpagasus,
    why=_why_alpagasus,
    notes=_notes_alpagasus,
    options=("least_score", "seed"),
)
_baseline(
    "superfilter",
    36,
    "ifd",
    help="The hardest to follow, by a small model's IFD.",
    best_when="no judge is at hand, but a small language model is.",
    pick=superfilter,
    why=_why,
)
