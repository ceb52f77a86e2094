"""RDS+ (arXiv 2503.01807): the records nearest to examples of a target, which take turns."""

import numpy as np

from ...base.errors import lacking
from ...base.text import counted, ordinal, shorten
from ..method import METHODS, Method
from ..params import Selection, SelectionParams, places
from ..pool import Picks, Pool
from ..target.round_robin import Turns, round_robin
from ..target.targets import SCALE, Nearest, Targets

_WIDTH = 60


def _targets(pool: Pool) -> Targets:
    if pool.targets is None:
        raise lacking("target goes by examples, and there are none yet", "targets")
    return pool.targets


def _overlapping(pool: Pool) -> np.ndarray:
    return _targets(pool).left_out


def _usable(pool: Pool) -> np.ndarray:
    """Return the ascending row ids that examples take: what is free, and what is pinned, which counts as taken by its nearest."""
    return np.union1d(pool.free_rows(), pool.pinned)


def _target(pool: Pool, params: SelectionParams, budget: int) -> Picks:
    targets, wanted = _targets(pool), budget - len(pool.pinned)
    by_label = params.balance == "labels"
    labels = targets.labels if by_label else np.zeros(len(targets), np.int32)
    pinned = np.zeros(pool.n_records, bool)
    pinned[pool.pinned] = True
    nearest = Nearest(targets, _usable(pool), budget)
    turns = Turns(labels, pool.costs if by_label else None)
    rows, cosines = round_robin(nearest.take, turns, wanted, pinned, pool.progress)
    return Picks(rows, cosines / SCALE)


def _why(pool: Pool, params: SelectionParams, chosen: Selection, rows: np.ndarray) -> list[str]:
    targets, picks = _targets(pool), places(pool, chosen)
    drawn, scores = chosen.rows[len(pool.pinned) :], chosen.scores[len(pool.pinned) :]
    took = targets.taken_by(drawn, scores)
    nearest = targets.cosines(rows).argmax(axis=0)
    by = np.array(
        [took[picks[row] - 1] if row in picks else nearest[i] for i, row in enumerate(rows.tolist())], np.int64
    )
    overlaps = dict(zip(targets.left_out.tolist(), zip(targets.by, targets.words, strict=True), strict=True))
    said = []
    for row, example, (rank, of, cosine) in zip(
        rows.tolist(), by.tolist(), _ranks(pool, targets, rows, by), strict=True
    ):
        if row in picks:
            said.append(
                f"pick {picks[row]:,} of {len(picks):,}, taken by {_named(targets, example)}: its {ordinal(rank)} nearest of "
                f"{of:,}, at cosine {cosine:.2f}."
            )
        elif row in overlaps:
            said.append(_left_out(targets, *overlaps[row]))
        else:
            own = scores[took == example]
            took_it = f"{counted(len(own), 'record')}, down to cosine {own.min():.2f}" if len(own) else "none"
            said.append(
                f"{ordinal(rank)} of {of:,} by nearness to its nearest, {_named(targets, example)}, at cosine {cosine:.2f}, "
                f"which took {took_it}."
            )
    return said


def _ranks(pool: Pool, targets: Targets, rows: np.ndarray, examples: np.ndarray) -> list[tuple[int, int, float]]:
    """Return of each row (its place among the records by nearness to its example, how many these are, the cosine)."""
    usable, said = np.setdiff1d(_usable(pool), targets.left_out), {}
    for example in np.unique(examples):
        near = targets.cosines(usable, np.array([example]))[0]
        for at in np.flatnonzero(examples == example).tolist():
            own = int(targets.cosines(rows[at : at + 1], np.array([example]))[0, 0])
            before = int((near > own).sum()) + int((near[usable < rows[at]] == own).sum())
            said[at] = (before + 1, len(usable), own / SCALE)
    return [said[at] for at in range(len(rows))]


def _named(targets: Targets, example: int) -> str:
    label = targets.names[targets.labels[example]]
    return f"example {example + 1:,} of {len(targets):,} ({label}: “{shorten(targets.texts[example], _WIDTH)}”)"


def _left_out(targets: Targets, example: int, words: int) -> str:
    if not words:
        return f"it is {_named(targets, example)} itself."
    return f"it overlaps with {_named(targets, example)}: {counted(int(words), 'word')} in a row are the same."


METHODS.add(
    Method(
        name="target",
        help="The nearest to your examples, which take turns.",
        best_when="you can show what the model is to be good at by 10 to 500 examples.",
        family="target",
        place=40,
        seconds=lambda n, m: 1.5e-5 * n + 3e-6 * m,  # of many examples, of which a method can't know here
        pick=_target,
        why=_why,
        needs=("targets",),
        options=("balance",),
        closes=_overlapping,
    )
)
