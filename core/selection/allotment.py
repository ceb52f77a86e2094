"""What each group of records is to give where rules bind a selection: as near to the method's own shares as the rules allow.

Records that the same rules are about make a cell. How much each cell gives is whole numbers under linear rules, found exactly by
mixed-integer programming (HiGHS), nearest to the method's own shares scaled to the rules; and if nothing can be found, the fewest
rules that can't hold together are named, with what is missing.
"""

import dataclasses

import numpy as np

from ..base.errors import CurationError
from ..base.text import counted
from .rules import Rule

_SWEEPS = 200
_LEAST_SHARE = 1e-6


@dataclasses.dataclass(frozen=True)
class Cells:
    """of: (n,) int32, the cell of each record. rules: the rules, in order; inside: (r, c) bool, whether a cell is under a rule.

    least, most: (r,) int64 units that a rule asks of its cells. pinned, held: (c,) int64 units that a cell must and can give.
    unit: "record" or "token".
    """

    of: np.ndarray
    rules: tuple[Rule, ...]
    inside: np.ndarray
    least: np.ndarray
    most: np.ndarray
    pinned: np.ndarray
    held: np.ndarray
    unit: str


def cells_of(masks: list[np.ndarray], n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return ((n,) int32 cells, (r, c) bool: which cells each mask covers). masks: (n,) bool each."""
    codes = np.zeros(n, np.int64)
    for mask in masks:
        codes = np.unique(codes * 2 + mask, return_inverse=True)[1].reshape(-1)
    _, first, cells = np.unique(codes, return_index=True, return_inverse=True)
    inside = np.array([mask[first] for mask in masks], bool).reshape(len(masks), len(first))
    return cells.astype(np.int32).reshape(-1), inside


def hold(cells: Cells, taken: np.ndarray) -> bool:
    """Whether what the cells give, (c,) units, is as all rules ask."""
    given = cells.inside @ taken
    return bool((given >= cells.least).all() and (given <= cells.most).all())


def allot(cells: Cells, own: np.ndarray, total: int) -> np.ndarray:
    """Return (c,) int64 units that each cell gives, `total` together, under all rules. own: (c,) what the method itself took.

    Raises CurationError with the rules that can't hold together.
    """
    found = _solve(cells, _target(cells, own, total), total)
    if found is None:
        raise CurationError(_why_not(cells, total))
    return found


def can_hold(cells: Cells, total: int) -> bool:
    """Whether all rules can hold together in a selection of `total` units."""
    return _missing(cells, total, np.ones(len(cells.rules), bool)) == 0


def with_margins(cells: Cells, margins: np.ndarray) -> Cells:
    """Return the cells with their floors raised by `margins`, (r,) units: records of several units fill a cell unevenly."""
    return dataclasses.replace(cells, least=np.where(cells.least > 0, cells.least + margins, 0))


def _target(cells: Cells, own: np.ndarray, total: int) -> np.ndarray:
    """Return (c,) int64: the method's shares, scaled rule by rule until they hold (iterative proportional fitting); rounded."""
    room = (cells.held - cells.pinned).astype(np.float64)
    x = np.maximum(own, _LEAST_SHARE * total * cells.held / max(int(cells.held.sum()), 1)).astype(np.float64)
    for _ in range(_SWEEPS):
        before = x
        for row, least, most in zip(cells.inside, cells.least, cells.most, strict=True):
            given = x[row].sum()
            if given > 0:
                x = np.where(row, x * np.clip(given, least, most) / given, x)
        x = np.clip(x * total / max(x.sum(), 1e-12), cells.pinned, cells.pinned + room)
        if np.abs(x - before).max(initial=0) < 1e-6:
            break
    whole = np.floor(x + 1e-9)
    more = np.argsort(-np.round(x - whole, 9), kind="stable")[: max(total - int(whole.sum()), 0)]
    whole[more] += 1
    return whole.astype(np.int64)


def _solve(cells: Cells, target: np.ndarray, total: int) -> np.ndarray | None:
    """Return the whole numbers nearest to `target` that sum to `total` under the rules, or None."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    c = len(target)
    eye = np.eye(c)
    rows = [LinearConstraint(np.hstack([np.ones((1, c)), np.zeros((1, c))]), total, total)]
    rows += [LinearConstraint(np.hstack([eye, -eye]), -np.inf, target), LinearConstraint(np.hstack([eye, eye]), target)]
    under = np.hstack([cells.inside.astype(float), np.zeros(cells.inside.shape)])
    rows.append(LinearConstraint(under, cells.least, cells.most))
    bounds = Bounds(np.concatenate([cells.pinned, np.zeros(c)]), np.concatenate([cells.held, np.full(c, np.inf)]))
    cost = np.concatenate([np.zeros(c), np.ones(c)])
    found = milp(cost, constraints=rows, bounds=bounds, integrality=np.ones(2 * c))
    return np.round(found.x[:c]).astype(np.int64) if found.success else None


def _why_not(cells: Cells, total: int) -> str:
    """Return which rules can't hold together, what each asks and finds, and by how much they miss."""
    missing, which = _missing(cells, total, np.ones(len(cells.rules), bool)), np.arange(len(cells.rules))
    helps = np.array([_missing(cells, total, which != i) < missing for i in which], bool)
    helps = helps if helps.any() else ~helps
    told = "; ".join(_finds(cells, i) for i in np.flatnonzero(helps))
    by = counted(missing, cells.unit)
    if helps.sum() == 1:
        return f"The rule can't hold, by {by}: {told}. Change it, the budget, or what is pinned and dropped."
    of = counted(total, cells.unit)
    return (
        f"These rules can't hold together in a selection of {of}, by {by}: {told}. Change one of them, or the budget."
    )


def _finds(cells: Cells, i: int) -> str:
    rule, row = cells.rules[i], cells.inside[i]
    asks = cells.least[i] if rule.kind == "least" else cells.most[i]
    held, pinned = int(cells.held[row].sum()), int(cells.pinned[row].sum())
    of = f" ({counted(int(asks), cells.unit)})" if rule.units is None else f" {cells.unit}s"
    there = f", {pinned:,} pinned" if pinned else ""
    if rule.kind == "least":
        return f"{rule.words}{of}, where {held:,} can be taken{there}"
    others = int(cells.held[~row].sum())
    return f"{rule.words}{of}, where the others have {others:,} to give{there}"


def _missing(cells: Cells, total: int, kept: np.ndarray) -> int:
    """Return the least number of units by which the `kept` rules, or the total, must give way."""
    from scipy.optimize import linprog

    c, rules = cells.inside.shape[1], np.flatnonzero(kept)
    r = len(rules)
    inside, slack = cells.inside[rules].astype(float), np.eye(r)
    upper = np.vstack([np.hstack([-inside, -slack]), np.hstack([inside, -slack])])
    finite = np.concatenate([-cells.least[rules], np.minimum(cells.most[rules], total)]).astype(float)
    whole = np.concatenate([np.ones(c), np.zeros(r)])[None]
    limits = [*zip(cells.pinned, cells.held, strict=True), *[(0, None)] * r]
    cost = np.concatenate([np.zeros(c), np.ones(r)])
    found = linprog(cost, A_ub=upper, b_ub=finite, A_eq=whole, b_eq=[total], bounds=limits)
    return int(np.ceil(found.fun - 1e-6)) if found.success else total
