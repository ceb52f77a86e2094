"""Properties of every registered method: a budget in tokens is met to within one record, rules hold exactly, nothing is random."""

import dataclasses

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.base.errors import CurationError
from core.refine.drawing import rounds_target, select_round, spent_by
from core.refine.params import RefineParams
from core.selection.choosing import select_records
from core.selection.method import METHODS
from core.selection.params import SelectionParams
from core.selection.why import why_by_method
from tests.limits import drawn_pool, with_rules

WAYS = [(method, replacement) for method in METHODS for replacement in (False, True)[: 1 + METHODS[method].can_repeat]]
seeds = st.integers(0, 10_000)


def asked(method, budget, replacement=False, **more):
    return SelectionParams(str(budget), method, replacement=replacement, **more)


def free_to(pool, method):
    """Return which records a method can take beside the pins, (n,) bool."""
    can = np.zeros(pool.n_records, bool)
    can[pool.free_rows()] = True
    if (closes := METHODS[method].closes) is not None:
        can[closes(pool)] = False
    if "cluster" in METHODS[method].needs:
        can &= ~np.isin(pool.labels, [cluster for cluster, factor in pool.multipliers.items() if factor == 0])
    return can


@pytest.mark.parametrize(("method", "replacement"), WAYS)
@settings(max_examples=5)
@given(seed=seeds, share=st.floats(0.05, 0.95))
def test_a_budget_in_tokens_is_met_to_within_one_record(method, replacement, seed, share):
    pool = drawn_pool(seed)
    budget = max(int(pool.costs.sum() * share), int(pool.costs[pool.pinned].sum()), 1)
    chosen = select_records(pool, asked(method, f"{budget} tokens", replacement, seed=seed))
    assert chosen.tokens == pool.costs[chosen.rows].sum() <= budget
    assert chosen.requested == len(chosen) and np.isin(pool.pinned, chosen.rows).all()
    assert not np.isin(chosen.rows, pool.dropped).any()
    left = free_to(pool, method)
    if not replacement:
        assert len(np.unique(chosen.rows)) == len(chosen)
        left[chosen.rows] = False
    if left.any():
        assert budget - chosen.tokens < pool.costs[left].max() and not chosen.shortfall
    else:
        assert bool(chosen.shortfall) == (chosen.tokens < budget)


@pytest.mark.parametrize(
    "method", [m for m in METHODS if {"cluster", "quota"} <= {*METHODS[m].needs, *METHODS[m].options}]
)
@given(seed=seeds)
@settings(max_examples=5)
def test_by_clusters_the_quotas_are_in_tokens(method, seed):
    pool = drawn_pool(seed, n=600, pinned=[], dropped=[], multipliers={0: 0.5})
    budget = int(pool.costs.sum()) // 5
    chosen = select_records(pool, asked(method, f"{budget} tokens"))
    weights = np.bincount(pool.labels, minlength=6) * np.array([0.5, 1, 1, 1, 1, 1])
    given_by = np.bincount(pool.labels[chosen.rows], pool.costs[chosen.rows], minlength=6)
    assert np.abs(given_by - budget * weights / weights.sum()).max() <= 2 * pool.costs.max()


def test_the_first_record_that_no_longer_fits_ends_it():
    pool = drawn_pool(3, pinned=[], dropped=[])
    best = np.argsort(-pool.quality, kind="stable")
    total = np.cumsum(pool.costs[best])
    chosen = select_records(pool, asked("quality", f"{int(total[50]) - 1} tokens"))
    assert chosen.rows.tolist() == best[:50].tolist()
    assert select_records(pool, asked("quality", f"{int(total[50])} tokens")).rows.tolist() == best[:51].tolist()


RULES = [
    (("source=2:30%",), ()),
    ((), ("source=0:20%",)),
    (("source=1:40%", "cluster=4:5%"), ("source=0:35%", "cluster=0:30%")),
    (("cluster=3:20%", "source=3:3%"), ("cluster=3:25%", "source=3:6%", "cluster=1:10%")),
]


def check_rules(pool, rows, limit, by_token):
    costs = pool.costs if by_token else np.ones(pool.n_records, int)
    for bound in pool.rules:
        taken, rule = int(costs[rows[bound.held[rows]]].sum()), bound.rule
        assert taken >= rule.of(limit) if rule.kind == "least" else taken <= rule.of(limit), rule.words


def can_hold(pool, limit, by_token):
    """Whether what may be taken under each "at least" is enough for it."""
    costs = (pool.costs if by_token else np.ones(pool.n_records, int)).copy()
    costs[pool.dropped] = 0
    return all(costs[bound.held].sum() >= bound.rule.of(limit) for bound in pool.rules if bound.rule.kind == "least")


@pytest.mark.parametrize(("method", "replacement"), WAYS)
@pytest.mark.parametrize("by_token", [False, True], ids=["records", "tokens"])
@settings(max_examples=5)
@given(seed=seeds, rules=st.sampled_from(RULES))
def test_rules_hold_exactly_and_the_budget_with_them(method, replacement, by_token, seed, rules):
    pool = with_rules(drawn_pool(seed, n=400, longest=20, multipliers={5: 0.5}), *rules)
    limit = 1000 if by_token else 90
    assume(can_hold(pool, limit, by_token))
    budget = f"{limit} tokens" if by_token else str(limit)
    chosen = select_records(pool, asked(method, budget, replacement, seed=seed))
    check_rules(pool, chosen.rows, limit, by_token)
    assert np.isin(pool.pinned, chosen.rows).all() and not np.isin(chosen.rows, pool.dropped).any()
    if by_token:
        assert limit - pool.costs.max() < chosen.tokens <= limit
    else:
        assert len(chosen) == chosen.requested == limit and not chosen.shortfall
    again = select_records(pool, asked(method, budget, replacement, seed=seed))
    assert all(np.array_equal(a, b) for a, b in zip(vars(chosen).values(), vars(again).values(), strict=True))


@pytest.mark.parametrize(("method", "replacement"), WAYS)
def test_rules_that_hold_already_change_nothing(method, replacement):
    pool = drawn_pool(1)
    for budget in ("60", "1500 tokens"):
        plain = select_records(pool, asked(method, budget, replacement))
        ruled = select_records(with_rules(pool, ["source=0:1"], ["source=1:99%"]), asked(method, budget, replacement))
        assert plain.rows.tolist() == ruled.rows.tolist()


def test_a_cap_leaves_the_best_of_each_side():
    pool = with_rules(drawn_pool(2, pinned=[], dropped=[]), (), ["source=0:10%"])
    chosen = set(select_records(pool, asked("quality", "50")).rows.tolist())
    best = np.argsort(-pool.quality, kind="stable")
    in_cap = best[pool.sources[best] == 0][:5], best[pool.sources[best] != 0][:45]
    assert chosen == set(np.concatenate(in_cap).tolist())


def test_the_other_groups_keep_the_methods_own_proportions():
    pool = with_rules(drawn_pool(7, n=2000, pinned=[], dropped=[]), ["source=3:20%"])
    chosen = select_records(pool, asked("random", "400"))
    taken, held = np.bincount(pool.sources[chosen.rows]), np.bincount(pool.sources)
    assert taken[3] == 80
    plain = np.bincount(pool.sources[select_records(dataclasses.replace(pool, rules=()), asked("random", "400")).rows])
    others = plain[:3] * 320 / plain[:3].sum()
    assert held[3] < 140 and np.abs(taken[:3] - others).sum() < 12


@pytest.mark.parametrize(
    ("at_least", "at_most", "said"),
    [
        (["source=3:100"], [], "The rule can't hold, by .* source=3 at least 100 records, where .* can be taken"),
        (["source=0:60%", "source=1:60%"], [], r"can't hold together .* by 20 records: source=0 at least 60% \(60 rec"),
        ([], ["source=0:30%", "source=1:30%", "source=2:10%", "source=3:0"], "can't hold together .* by 30 records"),
        (["source=0:50%"], ["source=0:40%"], "source=0 at least 50%.*source=0 at most 40%"),
        ([], ["cluster=2:3"], "The rule can't hold, by 2 records: cluster=2 at most 3 records.* 5 pinned"),
    ],
)
def test_what_cannot_hold_is_explained(at_least, at_most, said):
    pool = drawn_pool(4, dropped=[])
    pool = dataclasses.replace(pool, pinned=np.flatnonzero(pool.labels == 2)[:5])
    pool = with_rules(pool, at_least, [*at_most, "cluster=0:90%"])
    with pytest.raises(CurationError, match=said) as error:
        select_records(pool, asked("random", "100"))
    assert "cluster=0" not in str(error.value)


def test_pins_longer_than_the_budget_are_said():
    pool = drawn_pool(5, pinned=[1, 2, 3])
    held = int(pool.costs[[1, 2, 3]].sum())
    with pytest.raises(
        CurationError, match=f"3 records are pinned and hold {held} tokens, but the budget is {held - 1}"
    ):
        select_records(pool, asked("random", f"{held - 1} tokens"))
    with pytest.raises(CurationError, match="all records together have only"):
        select_records(pool, asked("random", "9M tokens"))
    with pytest.raises(CurationError, match="not counted"):
        select_records(dataclasses.replace(pool, costs=None), asked("random", "10 tokens"))


@pytest.mark.parametrize("budget", ["2000 tokens", "90"])
def test_rounds_keep_to_tokens_and_rules_together(budget):
    pool = with_rules(drawn_pool(3, n=400, longest=30, multipliers={}), ["cluster=4:10%"], ["source=0:30%"])
    pool = pool if "tokens" in budget else dataclasses.replace(pool, costs=None)
    params, taken, weights = RefineParams(budget, rounds=4), np.zeros(0, np.int64), np.full(6, 1 / 6)
    whole = params.units(pool.n_records)
    for number in range(1, 5):
        made = select_round(pool, params, number, weights, taken)
        assert not np.isin(made.selection.rows, taken).any()
        taken = np.union1d(taken, made.selection.rows)
        spent, target = spent_by(pool, taken), rounds_target(whole, 4, number)
        assert target - 30 < spent <= target if pool.costs is not None else spent == target
        weights = weights * np.arange(1, 7) / (weights * np.arange(1, 7)).sum()
    check_rules(pool, taken, whole, pool.costs is not None)
    assert np.isin(pool.pinned, taken).all()


@pytest.mark.parametrize(("method", "replacement"), WAYS)
@pytest.mark.parametrize("budget", ["700 tokens", "40"])
def test_why_names_the_rule_and_the_tokens(method, replacement, budget):
    pool = with_rules(drawn_pool(6), ["source=2:30%"], ["source=0:20%"])
    pool = pool if "tokens" in budget else dataclasses.replace(pool, costs=None)
    params = asked(method, budget, replacement)
    chosen = select_records(pool, params)
    rows = pool.free_rows()
    for row, said in zip(rows.tolist(), why_by_method(pool, params, chosen, rows), strict=True):
        is_in = bool((chosen.rows == row).any())
        assert said.startswith(f"Selected by {method}: " if is_in else f"Not selected by {method}: ")
        assert ("source=2 at least 30%" in said) == (pool.sources[row] == 2)
        assert ("source=0 at most 20%" in said) == (pool.sources[row] == 0)
        assert ("of the budget of 700" in said) == (pool.costs is not None and not is_in)
