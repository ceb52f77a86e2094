from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from core.base.errors import CurationError
from core.selection.quotas import allocate_quotas


def quotas(weights, budget, capacity, least=None):
    return allocate_quotas(weights, budget, capacity, least).tolist()


def exact_shares(weights, budget, capacity, least):
    """Return clip(t * weight, least, capacity) at the t where the sum is `budget`, in fractions."""
    weights = [Fraction(weight) for weight in weights]

    def shares(t):
        return [max(low, min(high, t * w)) for w, low, high in zip(weights, least, capacity, strict=True)]

    bends = {0} | {
        Fraction(bound, 1) / w for w, *bounds in zip(weights, least, capacity, strict=True) if w for bound in bounds
    }
    bends = sorted(bends)
    below = max((t for t in bends if sum(shares(t)) <= budget), default=0)
    above = min((t for t in bends if sum(shares(t)) >= budget), default=bends[-1])
    rise = sum(shares(above)) - sum(shares(below))
    return shares(below + (above - below) * (budget - sum(shares(below))) / rise if rise else below)


@st.composite
def problems(draw, weights, most=200):
    """Draw (weights, budget, capacity, least) where the budget is at least what must be taken."""
    clusters = draw(
        st.lists(st.tuples(weights, st.integers(0, most), st.booleans(), st.floats(0, 1)), min_size=1, max_size=8)
    )
    capacity = [held for _, held, _, _ in clusters]
    least = [int(held * share) if pinned else 0 for _, held, pinned, share in clusters]
    budget = draw(st.integers(sum(least), sum(capacity) + 3))
    return [weight for weight, *_ in clusters], budget, capacity, least


WHOLE = st.integers(0, 20).map(float)
DECIMAL = st.integers(0, 100).map(lambda tenths: tenths / 10)
WIDE = st.floats(1e-4, 1e6) | st.just(0.0)


# By hand


@pytest.mark.parametrize(
    ("weights", "budget", "capacity", "expected"),
    [
        ([1, 1, 2], 10, [1, 9, 9], [1, 3, 6]),
        ([1, 1, 2], 8, [9, 9, 9], [2, 2, 4]),
        ([60, 30, 10], 10, [60, 30, 10], [6, 3, 1]),
        ([1, 1, 1], 10, [9, 9, 9], [4, 3, 3]),
        ([1, 1, 1], 11, [9, 9, 9], [4, 4, 3]),
        ([5, 3, 2], 7, [9, 9, 9], [4, 2, 1]),  # 3.5, 2.1, 1.4
        ([1, 2, 3], 100, [4, 5, 6], [4, 5, 6]),
        ([1, 2, 3], 15, [4, 5, 6], [4, 5, 6]),
        ([0, 1], 3, [9, 9], [0, 3]),
        ([0, 1], 5, [9, 2], [0, 2]),
        ([0, 0], 5, [9, 9], [0, 0]),
        ([1, 1], 1, [0, 9], [0, 1]),
        ([1, 1, 1, 1], 12, [1, 2, 9, 9], [1, 2, 5, 4]),
        ([3], 2, [9], [2]),
        ([1, 1], 0, [9, 9], [0, 0]),
    ],
)
def test_quotas_worked_by_hand(weights, budget, capacity, expected):
    assert quotas(weights, budget, capacity) == expected


@pytest.mark.parametrize(
    ("weights", "budget", "capacity", "least", "expected"),
    [
        ([1, 1], 10, [20, 20], [8, 0], [8, 2]),
        ([1, 1], 10, [20, 20], [3, 0], [5, 5]),
        ([1, 1, 2], 12, [9, 9, 9], [6, 0, 0], [6, 2, 4]),
        ([0, 1], 10, [9, 20], [3, 0], [3, 7]),
        ([0, 1], 3, [9, 20], [3, 0], [3, 0]),
        ([1, 1], 4, [2, 2], [2, 2], [2, 2]),
        ([1, 9], 10, [20, 5], [0, 0], [5, 5]),
        ([1, 9], 10, [20, 5], [4, 0], [5, 5]),
    ],
)
def test_quotas_with_pins_worked_by_hand(weights, budget, capacity, least, expected):
    assert quotas(weights, budget, capacity, least) == expected


# Properties


@pytest.mark.parametrize("weights", [WHOLE, DECIMAL, WIDE], ids=["whole", "decimal", "wide"])
@given(data=st.data())
def test_quotas_meet_the_budget_within_the_bounds_and_lie_within_one_of_the_exact_share(weights, data):
    weights, budget, capacity, least = problem = data.draw(problems(weights))
    found = quotas(*problem)
    open_to = [held if weight else pins for weight, held, pins in zip(weights, capacity, least, strict=True)]
    assert sum(found) == min(budget, sum(open_to))
    assert all(low <= quota <= high for low, quota, high in zip(least, found, open_to, strict=True))
    exact = exact_shares(weights, min(budget, sum(open_to)), open_to, least)
    assert all(abs(quota - share) <= 1 + 1e-6 for quota, share in zip(found, exact, strict=True))


@given(problems(DECIMAL, most=3_000_000))
def test_budgets_of_millions_are_met_to_the_record(problem):
    weights, budget, capacity, least = problem
    found = quotas(*problem)
    open_to = [held if weight else pins for weight, held, pins in zip(weights, capacity, least, strict=True)]
    assert sum(found) == min(budget, sum(open_to))
    assert all(low <= quota <= high for low, quota, high in zip(least, found, open_to, strict=True))


@given(st.lists(st.floats(0, 10) | st.just(0.0), min_size=1, max_size=8).filter(any), st.integers(0, 1000))
def test_every_quota_is_the_exact_share_rounded_down_or_up_where_nothing_is_full(weights, budget):
    assume(all(weight == 0 or weight > 1e-6 for weight in weights))
    for quota, weight in zip(quotas(weights, budget, [budget] * len(weights)), weights, strict=True):
        share = float(Fraction(weight) * budget / sum(map(Fraction, weights)))
        assert np.floor(share - 1e-6) <= quota <= np.ceil(share + 1e-6)


@given(problems(WHOLE))
def test_a_cluster_of_weight_zero_gives_only_what_it_must(problem):
    weights, budget, capacity, least = problem
    found = quotas([0.0, *weights], budget + 2, [50, *capacity], [2, *least])
    assert found[0] == 2
    assert found[1:] == quotas(weights, budget, capacity, least)


@given(problems(WHOLE), st.integers(-60, 60))
def test_the_scale_of_the_weights_changes_nothing(problem, power):
    weights, *rest = problem
    assert quotas([weight * 2.0**power for weight in weights], *rest) == quotas(weights, *rest)


@given(problems(DECIMAL), st.randoms())
def test_the_order_of_the_clusters_decides_ties_and_nothing_else(problem, random):
    weights, _, capacity, least = problem
    order = list(range(len(weights)))
    random.shuffle(order)
    shuffled = quotas(*([column[i] for i in order] if isinstance(column, list) else column for column in problem))
    found = quotas(*problem)
    assert sum(shuffled) == sum(found)
    assert all(abs(shuffled[place] - found[i]) <= 1 for place, i in enumerate(order))
    alike = list(zip(weights, capacity, least, strict=True))
    assert all(found[i] >= found[j] for i in range(len(alike)) for j in range(i, len(alike)) if alike[i] == alike[j])


@given(problems(WHOLE), st.integers(1, 5))
def test_a_larger_budget_takes_no_record_from_a_cluster_but_one_by_rounding(problem, extra):
    weights, budget, capacity, least = problem
    smaller, larger = quotas(weights, budget, capacity, least), quotas(weights, budget + extra, capacity, least)
    assert all(after >= before - 1 for before, after in zip(smaller, larger, strict=True))


@pytest.mark.parametrize("scale", [1e-300, 1e-12, 1e12, 1e300, 5e307])
def test_weights_may_be_of_any_scale(scale):
    assert quotas([scale, scale, 2 * scale], 10, [1, 9, 9]) == [1, 3, 6]


@given(problems(st.floats(1e-20, 1e9)))
@example(([1.0, 1e-17], 8, [5, 5], [0, 0]))
@example(([2.0, 2e-300], 3, [2, 2], [0, 0]))
def test_weights_of_very_different_scale_still_meet_the_budget_within_the_bounds(problem):
    _, budget, capacity, least = problem
    found = quotas(*problem)
    assert sum(found) == min(budget, sum(capacity))
    assert all(low <= quota <= high for low, quota, high in zip(least, found, capacity, strict=True))


def test_the_inputs_are_left_as_they_were():
    inputs = [np.array([0.0, 2.0, 1.0]), np.array([5, 5, 5]), np.array([1, 0, 0])]
    before = [array.copy() for array in inputs]
    weights, capacity, least = inputs
    found = allocate_quotas(weights, 7, capacity, least)
    assert found.dtype == np.int64
    for array, copy in zip(inputs, before, strict=True):
        np.testing.assert_array_equal(array, copy)


# Errors


@pytest.mark.parametrize("bad", [-1, np.nan, np.inf, -np.inf])
def test_a_weight_that_is_negative_or_not_finite_is_refused(bad):
    with pytest.raises(CurationError, match="weights"):
        allocate_quotas([1, bad], 3, [5, 5])


def test_more_to_be_taken_than_the_budget_is_refused_with_both_numbers():
    with pytest.raises(CurationError, match=r"7 records must be taken.* 6"):
        allocate_quotas([1, 1], 6, [5, 5], [3, 4])


def test_more_to_be_taken_than_a_cluster_holds_is_refused():
    with pytest.raises(CurationError):
        allocate_quotas([1, 1], 20, [5, 5], [6, 0])
