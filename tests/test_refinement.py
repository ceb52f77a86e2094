"""Algorithm 1 as pure functions: targets, weights in both update modes, floors, quotas by weight, what people decide."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.base.errors import CurationError
from core.refine.drawing import rounds_target, select_round
from core.refine.params import RefineParams
from core.refine.support import support_of
from core.refine.weights import cluster_scores, explain, first_weights, update_by_records, update_weights
from tests.test_selection import N, make_pool

K = 4


def none():
    return np.zeros(0, np.int64)


def run_rounds(pool, params, weights=None):
    """All rounds with weights that never change; return each round's rows."""
    taken, rounds = none(), []
    for number in range(1, params.rounds + 1):
        made = select_round(pool, params, number, first_weights(K) if weights is None else weights, taken)
        rounds.append(made.selection.rows)
        taken = np.union1d(taken, made.selection.rows)
    return rounds


# The budget


@given(budget=st.integers(1, 10_000), rounds=st.integers(1, 30))
def test_rounds_take_the_budget_exactly_and_the_remainder_first(budget, rounds):
    each = np.diff([rounds_target(budget, rounds, t) for t in range(rounds + 1)])
    assert each.sum() == budget and each.max() - each.min() <= 1 and (np.diff(each) <= 0).all()


@pytest.mark.parametrize("inside", ["kmq", "kmeans-random", "kmeans-closest", "kmeans-median"])
@pytest.mark.parametrize("budget", [7, 50, 119, 120])
def test_all_rounds_together_take_exactly_the_budget_without_a_record_twice(inside, budget):
    rounds = run_rounds(make_pool(), RefineParams(str(budget), 4, inside=inside))
    rows = np.concatenate(rounds)
    assert len(rows) == len(set(rows.tolist())) == budget
    assert [len(r) for r in rounds] == [budget // 4 + (t < budget % 4) for t in range(4)]


def test_it_takes_all_of_the_budget_not_a_part_as_the_released_code_does():
    """The released code draws |D| * portion / K / rounds, truncated, of each cluster, and gives nothing on."""
    pool, params = make_pool(), RefineParams("50", 3)
    assert sum(int(N * (50 / N) / K / 3) for _ in range(K)) * 3 < 50
    assert sum(len(r) for r in run_rounds(pool, params)) == 50


def test_the_same_seed_takes_the_same_records_and_each_round_draws_anew():
    pool = make_pool()
    first, again = run_rounds(pool, RefineParams("30", 3, seed=1)), run_rounds(pool, RefineParams("30", 3, seed=1))
    assert [r.tolist() for r in first] == [r.tolist() for r in again]
    assert [r.tolist() for r in first] != [r.tolist() for r in run_rounds(pool, RefineParams("30", 3, seed=2))]


def test_the_first_round_gives_every_cluster_the_same():
    made = select_round(make_pool(), RefineParams("36", 3), 1, first_weights(K), none())
    assert made.quotas.tolist() == [3, 3, 3, 3] and made.weights.tolist() == [0.25] * 4


def test_a_round_draws_by_its_weights_and_what_a_small_cluster_lacks_goes_to_the_others():
    made = select_round(make_pool(), RefineParams("40", 1), 1, np.array([0.5, 0.25, 0.0, 0.25]), none())
    # Cluster 3 holds 6 of the 10 it is due; the other 4 go to clusters 0 and 1 by 2 to 1: 20 + 2.67, 10 + 1.33.
    assert made.quotas.tolist() == [23, 11, 0, 6]
    assert made.left.tolist() == [37, 25, 18, 0] and made.held.tolist() == [60, 36, 18, 6]


# People


def test_pins_come_first_and_drops_never_and_a_dropped_one_is_filled_again():
    pool = make_pool(pinned=np.array([1, 2, 3]), dropped=np.arange(60, 90))
    first = select_round(pool, RefineParams("24", 2), 1, first_weights(K), none())
    assert {1, 2, 3} <= set(first.selection.rows.tolist()) and not set(range(60, 90)) & set(
        first.selection.rows.tolist()
    )
    gone = int(first.selection.rows[-1])
    later = dataclasses.replace(pool, dropped=np.union1d(pool.dropped, [gone]))
    second = select_round(later, RefineParams("24", 2), 2, first_weights(K), np.setdiff1d(first.selection.rows, [gone]))
    assert len(second.selection) == 13 and gone not in second.selection.rows


def test_a_pin_made_between_rounds_is_in_the_next_one():
    first = select_round(make_pool(), RefineParams("24", 2), 1, first_weights(K), none())
    pin = int(np.setdiff1d(np.arange(N), first.selection.rows)[0])
    second = select_round(
        make_pool(pinned=np.array([pin])), RefineParams("24", 2), 2, first_weights(K), first.selection.rows
    )
    assert pin in second.selection.rows and len(second.selection) == 12


def test_more_pins_than_the_round_has_room_for_are_an_error():
    with pytest.raises(CurationError, match="20 pinned records are not taken yet, but round 1 takes 12"):
        select_round(make_pool(pinned=np.arange(20)), RefineParams("24", 2), 1, first_weights(K), none())


def test_a_multiplier_moves_the_rounds_quotas_and_not_the_learned_weight():
    pool = make_pool(multipliers={0: 3.0, 2: 0.0})
    made = select_round(pool, RefineParams("50", 1), 1, first_weights(K), none())
    assert made.weights.tolist() == [0.25] * 4
    np.testing.assert_allclose(made.effective, [0.6, 0.2, 0, 0.2])
    assert made.quotas.tolist() == [33, 11, 0, 6]


def test_a_round_that_cannot_be_filled_says_so():
    pool = make_pool(dropped=np.arange(100))
    made = select_round(pool, RefineParams("30", 1), 1, first_weights(K), none())
    assert len(made.selection) == 20 and "Round 1 is 10 records short" in made.selection.shortfall


# Scores and weights (eq. 5, eq. 6)


def test_a_clusters_score_is_the_mean_of_its_records_and_none_without_a_record():
    scores = cluster_scores(np.array([1.0, 3.0, -2.0]), np.array([0, 0, 2]), 4)
    np.testing.assert_array_equal(scores, [2.0, np.nan, -2.0, np.nan])


def test_a_score_that_is_no_number_is_an_error():
    with pytest.raises(CurationError, match="not a finite number"):
        cluster_scores(np.array([1.0, np.nan]), np.array([0, 1]), 2)


def raw(**values):
    return RefineParams(scale="raw", temperature=1.0, **values)


def test_the_softmax_worked_by_hand_in_both_modes():
    # exp(log 3) : exp(0) = 3 : 1, so the factors are 1.5 and 0.5.
    scores, weights = np.array([np.log(3), 0.0]), np.array([0.2, 0.8])
    multiplied = update_weights(weights, scores, raw())
    np.testing.assert_allclose(multiplied.factors, [1.5, 0.5])
    np.testing.assert_allclose(multiplied.weights, [0.3 / 0.7, 0.4 / 0.7])
    replaced = update_weights(weights, scores, raw(update="replace"))
    np.testing.assert_allclose(replaced.weights, [0.75, 0.25])


def test_eq_6_as_printed_worked_by_hand():
    """Shares of the scores 1/6, 2/6, 3/6 times the weights: 0.1, 0.1, 0.1, renormalised."""
    found = update_weights(np.array([0.6, 0.3, 0.2]) / 1.1, np.array([1.0, 2.0, 3.0]), RefineParams(update="paper"))
    np.testing.assert_allclose(found.weights, [1 / 3] * 3)
    np.testing.assert_allclose(found.factors, [0.5, 1.0, 1.5])


def test_in_eq_6_as_printed_a_negative_score_has_no_share_and_none_at_all_leaves_the_weights():
    weights = np.array([0.5, 0.3, 0.2])
    found = update_weights(weights, np.array([1.0, -2.0, 1.0]), RefineParams(update="paper"))
    np.testing.assert_allclose(found.weights, [0.5 / 0.7, 0, 0.2 / 0.7])
    assert "no share in equation 6" in explain(1, 0.3, found, 1.0, 5)
    found = update_weights(weights, np.array([0.0, -2.0, np.nan]), RefineParams(update="paper"))
    np.testing.assert_allclose(found.weights, weights)


@given(
    st.lists(st.integers(-20, 20), min_size=3, max_size=12).filter(lambda values: len(set(values)) > 1),
    st.floats(0.01, 1000),
    st.floats(-100, 100),
    st.sampled_from(["multiply", "replace"]),
)
def test_a_scorers_scale_does_not_matter(scores, times, plus, update):
    scores, params = np.array(scores, np.float64), RefineParams(update=update)
    weights = np.linspace(1, 2, len(scores)) / np.linspace(1, 2, len(scores)).sum()
    one, other = (update_weights(weights, values, params).weights for values in (scores, times * scores + plus))
    np.testing.assert_allclose(one, other, rtol=1e-5)


def test_two_deviations_above_the_mean_get_e_times_the_mean_factor():
    """A judge's points of 1 to 5 and losses a hundred times smaller: the same factors, none near e to the fourth."""
    for times in (1.0, 0.01):
        scores = times * np.array([1.0, 1, 1, 1, 5])  # mean 1.8, deviation 1.6: the last lies 2 above
        found = update_weights(first_weights(5), scores, RefineParams(feedback="lm"))
        assert found.factors[4] / np.exp(np.log(found.factors[0]) + 0.25) == pytest.approx(np.e)
    np.testing.assert_allclose(update_weights(first_weights(3), np.full(3, 0.1), RefineParams()).factors, 1.0)


def test_the_temperature_says_how_far_weights_move():
    scores = np.array([np.log(3), 0.0])
    moved = update_weights(np.array([0.5, 0.5]), scores, RefineParams(scale="raw", temperature=0.5)).weights
    np.testing.assert_allclose(moved, [0.9, 0.1])
    assert {RefineParams(feedback=name).softmax_temperature for name in ("proxy", "lm", "import")} == {2.0}
    assert RefineParams(feedback="proxy", scale="raw").softmax_temperature == 0.25
    assert RefineParams(feedback="lm", scale="raw").softmax_temperature == 1


@pytest.mark.parametrize("scale", ["standardised", "raw"])
def test_the_other_reading_turns_the_factors_round(scale):
    scores = np.array([0.3, 0.1, 0.2])
    harder, easier = (
        update_weights(first_weights(3), scores, RefineParams(scale=scale, direction=direction))
        for direction in ("harder", "easier")
    )
    assert np.argsort(harder.weights).tolist() == [1, 2, 0] and np.argsort(easier.weights).tolist() == [0, 2, 1]
    up = explain(1, 1 / 3, easier, 1.0, 5)
    assert "does better" in up and "gives weight to what it does well on, so its weight went" in up


def test_a_score_of_one_record_is_told_of_and_moves_a_weight_as_far_as_that_of_many():
    labels = np.array([0] * 50 + [1] * 50 + [2])
    scores = np.r_[np.full(50, 0.1), np.full(50, 0.2), 0.9]
    update = update_by_records(first_weights(4), scores, labels, RefineParams())
    support = support_of(update)
    assert update.counts.tolist() == [50, 50, 1, 0] and (support.n_scored, support.one, support.few) == (3, 1, 1)
    assert (
        support.most == update.factors[2]
        and "(1 on one)" in support.warning
        and f"{support.most:.2f}" in support.warning
    )
    assert "by 1 record only" in explain(2, 0.25, update, 1.0, 5) and "only" not in explain(1, 0.25, update, 1.0, 5)
    many = update_by_records(first_weights(3), np.r_[scores, np.full(9, 0.9)], np.r_[labels, [2] * 9], RefineParams())
    assert support_of(many).warning == "" and support_of(many).few == 0
    with pytest.raises(ValueError, match="no counts"):
        support_of(update_weights(first_weights(2), np.array([1.0, 2.0]), RefineParams()))


@given(
    st.lists(st.floats(-50, 50), min_size=2, max_size=12),
    st.sampled_from(["multiply", "replace"]),
    st.floats(0.05, 10),
    st.floats(0, 1),
)
def test_negative_scores_break_nothing(scores, update, temperature, floor):
    """Eq. 6 as printed divides by a sum that can be 0 or negative."""
    k = len(scores)
    params = RefineParams(update=update, temperature=temperature, floor=floor)
    found = update_weights(first_weights(k), np.array(scores), params)
    assert (found.weights >= 0).all() and found.weights.sum() == pytest.approx(1)
    assert found.weights.min() >= floor / k - 1e-9
    above = found.weights > floor / k + 1e-12
    order = np.argsort(np.array(scores)[above], kind="stable")
    assert (np.diff(found.weights[above][order]) >= -1e-9).all()


def test_a_cluster_without_a_score_keeps_its_weight_relative_to_the_mean():
    weights = np.array([0.5, 0.3, 0.2])
    found = update_weights(weights, np.array([1.0, np.nan, 1.0]), raw())
    np.testing.assert_allclose(found.weights, weights)
    found = update_weights(weights, np.array([np.log(3), np.nan, 0.0]), raw())
    np.testing.assert_allclose(found.factors, [1.5, 1.0, 0.5])
    nothing = update_weights(weights, np.full(3, np.nan), RefineParams())
    np.testing.assert_allclose(nothing.weights, weights)


def test_the_floor_holds_and_the_rest_is_shared_by_weight():
    found = update_weights(first_weights(4), np.array([0.0, 0.0, 0.0, -100.0]), raw(floor=0.4))
    np.testing.assert_allclose(found.weights, [0.3, 0.3, 0.3, 0.1])
    assert found.floored.tolist() == [False, False, False, True]


# Words and params


@given(
    st.lists(st.floats(0, 1), min_size=2, max_size=12),
    st.sampled_from(["multiply", "replace"]),
    st.sampled_from([0.05, 0.25, 1.0]),
    st.sampled_from(["standardised", "raw"]),
    st.sampled_from(["harder", "easier"]),
)
def test_an_explanation_never_says_so_of_a_move_the_other_way(scores, update, temperature, scale, direction):
    k = len(scores)
    weights = np.linspace(1, 2, k) / np.linspace(1, 2, k).sum()
    params = RefineParams(update=update, temperature=temperature, scale=scale, direction=direction)
    found = update_weights(weights, np.array(scores), params)
    for cluster in range(k):
        text = explain(cluster, weights[cluster], found, 1.0, 5)
        if ", so its weight went" in text:
            assert (found.factors[cluster] > 1) == (found.weights[cluster] > weights[cluster])
            rises = found.weights[cluster] > weights[cluster]
            assert ("does worse" in text) == (rises == (direction == "harder")) or "set the scale" in text


def test_a_move_is_explained_in_a_sentence():
    found = update_weights(first_weights(2), np.array([np.log(3), 0.0]), raw())
    up = explain(0, 0.5, found, 2.0, 0)
    assert "does worse" in up and "from 1.00 to 1.50" in up and "multiplies it by 2" in up and "no record left" in up
    assert "does better" in explain(1, 0.5, found, 1.0, 5)
    unscored = update_weights(first_weights(2), np.array([1.0, np.nan]), RefineParams())
    assert "No record of it was scored" in explain(1, 0.5, unscored, 1.0, 5)


@pytest.mark.parametrize(
    "values",
    [
        {"rounds": 0},
        {"feedback": "magic"},
        {"update": "add"},
        {"scale": "log"},
        {"direction": "up"},
        {"update": "paper", "direction": "easier"},
        {"temperature": -1},
        {"floor": 1.5},
        {"inside": "k-center"},
        {"scored": "none"},
        {"budget": "0"},
        {"seed": -1},
    ],
)
def test_bad_params_are_refused(values):
    with pytest.raises(CurationError):
        RefineParams(**values)


def test_a_budget_below_one_record_a_round_is_refused():
    with pytest.raises(CurationError, match="can't be spread over 5 rounds"):
        RefineParams("4", 5).units(100)
