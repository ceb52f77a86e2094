import copy
import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.base.errors import CurationError
from core.selection.choosing import select_records
from core.selection.method import METHODS
from core.selection.params import REASONS, SelectionParams
from core.selection.pool import Pool
from tests.limits import drawn_targets

N = 120
SIZES = (60, 36, 18, 6)
DRAWING = WITH_REPLACEMENT = ("kmq", "kmeans-random", "random")


def make_pool(**changes):
    """120 records in four clusters of 60, 36, 18 and 6, with qualities and embeddings."""
    rng = np.random.default_rng(5)
    embeddings = rng.normal(size=(N, 8))
    values = {
        "labels": rng.permutation(np.repeat(np.arange(4), SIZES)).astype(np.int32),
        "quality": rng.uniform(0.1, 1, N).astype(np.float32),
        "distances": rng.uniform(0, 1, N).astype(np.float32),
        "reward": rng.uniform(0, 1, N).astype(np.float32),
        "domains": rng.permutation(np.repeat(np.arange(3), (70, 40, 10))).astype(np.int32),
        "shares": {"mathematics": 0.0, "coding": 0.0, "language": 0.0},
        "embeddings": (embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)).astype(np.float32),
    }
    values["targets"] = drawn_targets(rng, values["embeddings"], n_left_out=0)
    return Pool(N, **(values | changes))


def select(pool, budget=20, method="kmq", **params):
    return select_records(pool, SelectionParams(budget=str(budget), method=method, **params))


def of_cluster(pool, cluster):
    return np.flatnonzero(pool.labels == cluster)


def per_cluster(pool, rows):
    return np.bincount(pool.labels[rows], minlength=4).tolist()


# Any method

EVERY = pytest.mark.parametrize("method", METHODS)


@EVERY
@pytest.mark.parametrize("budget", [1, 2, 59, 119, 120])
def test_the_budget_is_met_exactly_with_distinct_rows(method, budget):
    selection = select(make_pool(), budget, method)
    assert len(selection) == len(set(selection.rows.tolist())) == selection.requested == budget
    assert selection.rows.min() >= 0 and selection.rows.max() < N
    assert selection.shortfall == ""


@EVERY
@pytest.mark.parametrize("quota", ["size", "equal"])
@settings(max_examples=25)
@given(
    decisions=st.lists(st.sampled_from(["free", "free", "pin", "drop"]), min_size=N, max_size=N),
    wanted=st.floats(0, 1),
    seed=st.integers(0, 99),
)
def test_pins_are_in_and_drops_are_out_of_an_exact_budget(method, quota, decisions, wanted, seed):
    decisions = np.array(decisions)
    pinned, dropped = np.flatnonzero(decisions == "pin"), np.flatnonzero(decisions == "drop")
    most = N - len(dropped)
    budget = max(1, len(pinned) + round(wanted * (most - len(pinned))))
    selection = select(make_pool(pinned=pinned, dropped=dropped), budget, method, quota=quota, seed=seed)
    assert len(selection) == len(set(selection.rows.tolist())) == min(budget, most)
    assert set(pinned) <= set(selection.rows)
    assert not set(dropped) & set(selection.rows)


@EVERY
def test_a_pinned_cluster_is_in_whole_and_a_dropped_one_is_not_in(method):
    pool = make_pool()
    pool = make_pool(pinned=of_cluster(pool, 2), dropped=of_cluster(pool, 0))
    selection = select(pool, 40, method)
    assert len(selection) == 40
    assert per_cluster(pool, selection.rows)[0] == 0
    assert per_cluster(pool, selection.rows)[2] == 18


@EVERY
def test_the_same_seed_gives_the_same_rows_and_another_seed_others(method):
    pool = make_pool(pinned=[3, 9])
    first, again, other = (select(pool, 30, method, seed=seed).rows.tolist() for seed in (7, 7, 8))
    assert first == again
    assert (set(first) != set(other)) == (
        method in DRAWING
    )  # the others leave nothing to chance once something is pinned


@EVERY
def test_selecting_changes_neither_the_pool_nor_the_global_random_state(method):
    pool = make_pool(pinned=np.array([9, 3]), dropped=np.array([5]), multipliers={1: 2.0})
    before, state = copy.deepcopy(pool), np.random.get_state()[1].copy()
    for name in ("labels", "quality", "embeddings", "pinned", "dropped"):
        getattr(pool, name).setflags(write=False)
    select(pool, 30, method)
    for name in ("labels", "quality", "embeddings", "pinned", "dropped"):
        np.testing.assert_array_equal(getattr(pool, name), getattr(before, name))
    assert pool.multipliers == before.multipliers
    np.testing.assert_array_equal(np.random.get_state()[1], state)


@EVERY
def test_a_pick_comes_with_its_cluster_its_score_and_its_reason(method):
    pool = make_pool(pinned=[40, 2])
    selection = select(pool, 30, method)
    assert selection.rows[:2].tolist() == [2, 40]
    n_filled = int((selection.reasons == REASONS.index("filled")).sum())
    # A band holds a fifth of the pool, this budget is a quarter; of a judge's grades none here is high enough.
    assert n_filled == 0 or method.endswith("-band") or method == "alpagasus"
    expected = ["pinned"] * 2 + ["drawn"] * (28 - n_filled) + ["filled"] * n_filled
    assert [REASONS[reason] for reason in selection.reasons] == expected
    np.testing.assert_array_equal(selection.clusters, pool.labels[selection.rows])
    if method in (*DRAWING, "quality", "deita"):
        np.testing.assert_array_equal(selection.scores, pool.quality[selection.rows])
    assert [array.dtype for array in (selection.rows, selection.clusters, selection.scores, selection.reasons)] == [
        np.int64,
        np.int32,
        np.float32,
        np.int8,
    ]


@EVERY
def test_more_pins_than_the_budget_is_an_error_with_both_numbers(method):
    with pytest.raises(CurationError, match=r"21 records are pinned.*budget is 20"):
        select(make_pool(pinned=np.arange(21)), 20, method)
    assert set(select(make_pool(pinned=np.arange(20)), 20, method).rows) == set(range(20))


@EVERY
def test_drops_that_make_the_budget_impossible_give_a_stated_shortfall(method):
    pool = make_pool(pinned=[0], dropped=np.arange(1, 111))
    selection = select(pool, 20, method)
    assert sorted(selection.rows) == [0, *range(111, 120)]
    assert selection.requested == 20
    assert "10 records short" in selection.shortfall
    assert "110 of 120 records are dropped" in selection.shortfall


@EVERY
def test_a_percentage_is_of_all_records(method):
    assert len(select(make_pool(dropped=[0, 1, 2, 3]), "10%", method)) == 12


# Budgets


@pytest.mark.parametrize(
    ("budget", "n_pool", "expected"),
    [
        ("500", 1000, 500),
        (500, 1000, 500),
        (" 7 ", 10, 7),
        ("7.0", 10, 7),
        ("10%", 1000, 100),
        ("12.5 %", 100, 13),
        ("12.4%", 100, 12),
        ("1%", 10, 1),
        ("0.01%", 10, 1),
        ("100%", 10, 10),
        ("64.6%", 250, 162),
        ("32.3%", 500, 162),
    ],
)
def test_a_budget_is_a_count_or_a_percentage_rounded_half_up(budget, n_pool, expected):
    assert SelectionParams(budget=budget).n_records(n_pool) == expected


@given(hundredths=st.integers(1, 10_000), n_pool=st.integers(1, 200_000))
def test_any_percentage_is_rounded_to_the_nearest_half_up(hundredths, n_pool):
    share = Fraction(hundredths, 10_000) * n_pool
    expected = max(1, int(share + Fraction(1, 2)))
    assert SelectionParams(budget=f"{hundredths // 100}.{hundredths % 100:02}%").n_records(n_pool) == expected


@pytest.mark.parametrize(
    "budget", ["0", "0%", "-5", "101%", "100.1%", "1.5", "", "%", "abc", "1e3", "nan", "10%%", "5 records", None]
)
def test_a_budget_that_is_neither_is_refused_by_its_value(budget):
    with pytest.raises(CurationError, match="budget is"):
        SelectionParams(budget=budget)


def test_a_count_over_the_pool_is_refused_without_replacement_only():
    with pytest.raises(CurationError, match=r"121 records.*only 120"):
        select(make_pool(), 121)
    assert len(select(make_pool(), 121, replacement=True)) == 121


@pytest.mark.parametrize(
    "values",
    [{"method": "best"}, {"quota": "fair"}, {"sampling_probability": "x"}, {"seed": -1}, {"seed": 1.5}, {"seed": "1"}],
)
def test_params_check_their_values_at_once(values):
    ((name, value),) = values.items()
    with pytest.raises(CurationError, match=f"{name} is {value!r}"):
        SelectionParams(**values)


# The pool


@pytest.mark.parametrize("name", ["labels", "quality", "embeddings"])
def test_an_array_with_another_number_of_rows_is_refused(name):
    with pytest.raises(CurationError, match=f"{name} has 119 rows for 120"):
        make_pool(**{name: getattr(make_pool(), name)[:-1]})


@pytest.mark.parametrize("name", ["pinned", "dropped"])
@pytest.mark.parametrize("row", [-1, N])
def test_a_decision_on_a_record_that_is_not_there_is_refused(name, row):
    with pytest.raises(CurationError, match=f"{name} names record {row}"):
        make_pool(**{name: [3, row, 5]})


def test_a_record_both_pinned_and_dropped_is_refused():
    with pytest.raises(CurationError, match="record 4 is both"):
        make_pool(pinned=[3, 4], dropped=[4, 5])


def test_a_record_pinned_twice_is_taken_once():
    assert sorted(select(make_pool(pinned=[4, 4, 3]), 2).rows) == [3, 4]


@pytest.mark.parametrize("multipliers", [{4: 2.0}, {-1: 0.5}, {0: -1.0}, {0: np.nan}])
def test_a_weight_on_no_cluster_or_below_zero_is_refused(multipliers):
    with pytest.raises(CurationError):
        select(make_pool(multipliers=multipliers))


@pytest.mark.parametrize(("method", "missing"), [("kmq", "quality"), ("kmq", "labels"), ("kmeans-random", "labels")])
def test_a_method_that_lacks_its_input_says_which_stage_to_run(method, missing):
    stage = {"quality": "score", "labels": "cluster"}[missing]
    with pytest.raises(CurationError, match=f"{method} .*run: python -m core {stage}"):
        select(make_pool(**{missing: None}), method=method)


def test_random_needs_nothing_and_has_no_clusters_to_tell():
    selection = select(Pool(10), 4, "random")
    assert selection.clusters.tolist() == [-1] * 4
    assert selection.scores.tolist() == [0] * 4


# Quotas of the clustered methods

CLUSTERED = pytest.mark.parametrize("method", ["kmq", "kmeans-random"])


@CLUSTERED
@pytest.mark.parametrize(
    ("quota", "multipliers", "expected"),
    [
        ("size", {}, [10, 6, 3, 1]),
        ("equal", {}, [5, 5, 5, 5]),
        ("size", {0: 0.0}, [0, 12, 6, 2]),
        ("equal", {3: 2.0}, [5, 5, 4, 6]),  # 4.67, 4.67, 4.67 and all 6
        ("equal", {0: 3.0, 1: 0.0}, [12, 0, 4, 4]),
        ("size", {2: 10.0, 1: 0.0, 3: 0.0}, [5, 0, 15, 0]),
    ],
)
def test_a_cluster_s_share_is_by_size_or_equal_times_the_curators_weight(method, quota, multipliers, expected):
    pool = make_pool(multipliers=multipliers)
    assert per_cluster(pool, select(pool, 20, method, quota=quota).rows) == expected


@CLUSTERED
def test_what_a_small_cluster_cannot_give_goes_to_the_others(method):
    pool = make_pool()
    assert per_cluster(pool, select(pool, 60, method, quota="equal").rows) == [18, 18, 18, 6]


@CLUSTERED
def test_pins_count_towards_their_cluster_s_share(method):
    pool = make_pool()
    pool = make_pool(pinned=of_cluster(pool, 1)[:5])
    assert per_cluster(pool, select(pool, 20, method).rows) == [10, 6, 3, 1]
    pool = make_pool(pinned=of_cluster(pool, 3))
    assert per_cluster(pool, select(pool, 25, method).rows) == [10, 6, 3, 6]


@CLUSTERED
def test_a_cluster_of_weight_zero_gives_only_its_pins_and_a_shortfall_says_so(method):
    pool = make_pool()
    pool = make_pool(pinned=of_cluster(pool, 0)[:2], multipliers={0: 0.0})
    assert per_cluster(pool, select(pool, 20, method).rows)[0] == 2
    selection = select(pool, 70, method)
    assert per_cluster(pool, selection.rows) == [2, 36, 18, 6]
    assert "8 records short" in selection.shortfall
    assert "1 cluster" in selection.shortfall and "weight 0" in selection.shortfall


def test_random_has_no_clusters_whose_weights_could_explain_a_shortfall():
    selection = select(make_pool(dropped=[0], multipliers={0: 0.0}), 120, "random")
    assert "1 record short" in selection.shortfall
    assert "weight" not in selection.shortfall


@pytest.mark.parametrize("factor", [1e-6, 1e-18, 1e-300])
def test_a_tiny_weight_gives_way_and_the_budget_is_still_exact(factor):
    pool = make_pool(multipliers={0: factor})
    assert per_cluster(pool, select(pool, 50, "kmeans-random").rows) == [0, 30, 15, 5]
    assert per_cluster(pool, select(pool, 70, "kmeans-random").rows) == [10, 36, 18, 6]


@CLUSTERED
@given(seed=st.integers(0, 1000), size=st.integers(1, 60))
def test_any_first_part_of_the_picks_has_the_clusters_in_proportion(method, seed, size):
    pool = make_pool()
    first = select(pool, 60, method, seed=seed).rows[:size]
    shares = np.array([30, 18, 9, 3]) * size / 60
    assert np.abs(per_cluster(pool, first) - shares).max() <= 2


def test_the_first_half_of_the_picks_is_half_of_every_cluster():
    pool = make_pool()
    for seed in range(20):
        first = select(pool, 40, "kmeans-random", seed=seed).rows[:20]
        assert np.abs(np.array(per_cluster(pool, first)) - [10, 6, 3, 1]).max() <= 1


# Chances. The seeds are fixed, so nothing here is left to chance.

DRAWS = 4000


def frequencies(pool, place, budget, **params):
    """Return how often each record is the pick at `place`, over many seeds."""
    picks = [select(pool, budget, seed=seed, **params).rows[place] for seed in range(DRAWS)]
    return np.bincount(picks, minlength=pool.n_records) / DRAWS


def assert_near(found, expected):
    expected = np.asarray(expected)
    margin = 4 * np.sqrt(expected * (1 - expected) / DRAWS)
    assert (np.abs(found - expected) <= margin + 1e-12).all(), (found, expected)


def ordered_draw(chances, place):
    """Return the chance of each record to be drawn at `place`, one after another without replacement."""
    total = np.zeros(len(chances))
    for picked in itertools.permutations(range(len(chances)), place + 1):
        left, chance = 1.0, 1.0
        for i in picked:
            chance *= chances[i] / left
            left -= chances[i]
        total[picked[-1]] += chance
    return total


def one_cluster(quality):
    quality = np.array(quality, np.float32)
    return Pool(len(quality), labels=np.zeros(len(quality), np.int32), quality=quality)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_kmq_draws_in_proportion_to_quality_without_replacement(place):
    chances = np.array([0.1, 0.2, 0.3, 0.4])
    assert_near(frequencies(one_cluster(chances * 50), place, 3, method="kmq"), ordered_draw(chances, place))


@pytest.mark.parametrize("place", [0, 1])
def test_kmq_with_softmax_draws_in_proportion_to_its_exponential(place):
    chances = np.array([0.1, 0.2, 0.3, 0.4])
    pool = one_cluster(np.log(chances) - 3)
    assert_near(frequencies(pool, place, 2, method="kmq", sampling_probability="softmax"), ordered_draw(chances, place))


def test_kmq_weighs_quality_inside_a_cluster_only():
    pool = Pool(4, labels=np.array([0, 0, 1, 1], np.int32), quality=np.array([1, 3, 100, 100], np.float32))
    rows = np.concatenate([select(pool, 2, "kmq", seed=seed).rows for seed in range(DRAWS)])
    assert_near(np.bincount(rows) / DRAWS, [0.25, 0.75, 0.5, 0.5])


@pytest.mark.parametrize("method", ["kmeans-random", "random"])
def test_without_quality_every_record_is_equally_likely(method):
    assert_near(frequencies(one_cluster([1, 5, 100, 0]), 0, 1, method=method), [0.25] * 4)


def test_kmq_draws_records_of_quality_zero_last_and_by_equal_chance():
    pool = one_cluster([0, 2, 0, 3, 0])
    for seed in range(50):
        assert set(select(pool, 2, seed=seed).rows) == {1, 3}
        assert {1, 3} < set(select(pool, 4, seed=seed).rows)
    assert_near(frequencies(pool, 2, 3, method="kmq"), [1 / 3, 0, 1 / 3, 0, 1 / 3])
    assert_near(frequencies(one_cluster([0, 0, 0]), 0, 1, method="kmq"), [1 / 3] * 3)


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_kmq_works_at_any_scale_of_quality(scale):
    assert_near(frequencies(one_cluster([scale, 3 * scale]), 0, 1, method="kmq"), [0.25, 0.75])


def test_softmax_of_large_scores_does_not_overflow():
    for seed in range(20):
        assert select(one_cluster([5000, -5000, 4000]), 2, sampling_probability="softmax", seed=seed).rows.tolist() == [
            0,
            2,
        ]


def test_kmq_refuses_negative_quality_unless_by_softmax():
    pool = one_cluster([1, -0.5, 2])
    with pytest.raises(CurationError, match=r"-0\.5.*softmax"):
        select(pool, 1)
    assert len(select(pool, 2, sampling_probability="softmax")) == 2


@pytest.mark.parametrize("replacement", [False, True])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_kmq_refuses_quality_that_is_not_finite(bad, replacement):
    with pytest.raises(CurationError, match="quality"):
        select(one_cluster([1, bad, 2]), 2, replacement=replacement)


# With replacement


@pytest.mark.parametrize("method", WITH_REPLACEMENT)
def test_with_replacement_the_count_is_exact_and_rows_may_repeat(method):
    pool = make_pool(pinned=[1, 2, 3], dropped=[4, 5])
    for budget in (3, 4, 50, 500):
        rows = select(pool, budget, method, replacement=True).rows
        assert len(rows) == budget
        assert not {4, 5} & set(rows.tolist())
        assert all((rows == pin).sum() == 1 for pin in (1, 2, 3))
    assert len(set(rows.tolist())) < 120


@pytest.mark.parametrize("method", WITH_REPLACEMENT)
def test_with_replacement_a_seed_decides_too(method):
    first, again, other = (select(make_pool(), 50, method, replacement=True, seed=s).rows.tolist() for s in (1, 1, 2))
    assert first == again
    assert sorted(first) != sorted(other)


@CLUSTERED
def test_with_replacement_a_cluster_gives_its_whole_share_however_small_it_is(method):
    pool = make_pool()
    for budget, expected in ((200, [50, 50, 50, 50]), (40, [10, 10, 10, 10])):
        rows = select(pool, budget, method, quota="equal", replacement=True).rows
        assert per_cluster(pool, rows) == expected


def test_with_replacement_kmq_draws_in_proportion_to_quality():
    rows = select(one_cluster([1, 2, 0, 5]), DRAWS, replacement=True).rows
    assert_near(np.bincount(rows, minlength=4) / DRAWS, [1 / 8, 2 / 8, 0, 5 / 8])


def test_with_replacement_a_cluster_of_quality_zero_is_drawn_by_equal_chance():
    rows = select(one_cluster([0, 0]), DRAWS, replacement=True).rows
    assert_near(np.bincount(rows, minlength=2) / DRAWS, [0.5, 0.5])


@pytest.mark.parametrize("method", WITH_REPLACEMENT)
def test_with_replacement_nothing_left_to_draw_is_a_shortfall(method):
    pool = make_pool(pinned=[0], dropped=np.arange(1, 120))
    selection = select(pool, 5, method, replacement=True)
    assert selection.rows.tolist() == [0]
    assert "4 records short" in selection.shortfall
