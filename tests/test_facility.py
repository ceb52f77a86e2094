import itertools

import numpy as np
import pytest

from core.selection.choosing import select_records
from core.selection.methods import facility as facility_module
from core.selection.methods import novelselect as novel_module
from core.selection.methods._moments import MomentBounds
from core.selection.params import SelectionParams
from core.selection.pool import Pool
from core.vectors.neighbours import density
from tests.test_selection import make_pool


def unit(rng, n, d):
    x = rng.normal(size=(n, d))
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


def coverage(x, rows, heard=None):
    heard = np.arange(len(x)) if heard is None else heard
    return np.maximum(x[heard].astype(np.float64) @ x[rows].T, 0).max(axis=1, initial=0).sum()


def assert_greedy(pool, picks, factor=1.0, bonus=None):
    """Every pick is worth as much as any other would have been (two that cover one another tie up to rounding)."""
    x = pool.embeddings.astype(np.float64)
    heard = np.setdiff1d(np.arange(pool.n_records), pool.dropped)
    cosines = np.maximum(x @ x[heard].T, 0)
    cover = cosines[pool.pinned].max(axis=0, initial=0)
    free = np.setdiff1d(heard, pool.pinned).tolist()
    for pick in picks.tolist():
        worth = factor * np.maximum(cosines - cover, 0).sum(axis=1) + (0 if bonus is None else bonus)
        assert worth[pick] >= worth[free].max() - 1e-5
        free.remove(pick)
        cover = np.maximum(cover, cosines[pick])


@pytest.mark.parametrize("listed", [0, 3000, 10**9])
@pytest.mark.parametrize("decisions", [{}, {"pinned": np.array([3, 7]), "dropped": np.array([0, 50, 51])}])
def test_lazy_facility_location_picks_what_the_plain_loop_picks(monkeypatch, listed, decisions):
    monkeypatch.setattr(
        facility_module, "_MOST_LISTED", listed
    )  # dense to the end, switching on the way, lists at once
    for seed in range(4):
        pool = make_pool(embeddings=unit(np.random.default_rng(seed), 120, 6), **decisions)
        picks = select_records(pool, SelectionParams("40", "facility-location")).rows[len(pool.pinned) :]
        assert len(picks) == 40 - len(pool.pinned)
        assert_greedy(pool, picks)


@pytest.mark.parametrize("alpha", [0.0, 0.3, 0.9, 1.0])
def test_lazy_qdit_picks_what_the_plain_loop_picks(alpha):
    pool = make_pool()
    scaled = (pool.quality - pool.quality.min()) / (pool.quality.max() - pool.quality.min())
    picks = select_records(pool, SelectionParams("30", "qdit", alpha=alpha)).rows
    assert_greedy(pool, picks, 1 - alpha, alpha * scaled.astype(np.float64))


def test_qdit_with_alpha_one_takes_the_best_and_with_zero_covers():
    pool = make_pool()
    best = select_records(pool, SelectionParams("15", "quality")).rows
    assert sorted(select_records(pool, SelectionParams("15", "qdit", alpha=1.0)).rows) == sorted(best)
    covering = select_records(pool, SelectionParams("15", "facility-location")).rows
    assert select_records(pool, SelectionParams("15", "qdit", alpha=0.0)).rows.tolist() == covering.tolist()


def test_qdit_weighs_the_same_whatever_the_scale_of_quality():
    pool = make_pool()
    larger = make_pool(quality=pool.quality * 1000 - 300)
    params = SelectionParams("20", "qdit")
    assert select_records(pool, params).rows.tolist() == select_records(larger, params).rows.tolist()


@pytest.mark.parametrize("seed", range(5))
def test_facility_location_is_within_one_minus_one_over_e_of_the_best(seed):
    x = unit(np.random.default_rng(seed), 8, 3)
    pool = Pool(8, embeddings=x)
    rows = select_records(pool, SelectionParams("3", "facility-location")).rows
    best = max(coverage(x, list(some)) for some in itertools.combinations(range(8), 3))
    assert coverage(x, rows) >= (1 - 1 / np.e) * best


def test_the_scores_are_the_gains():
    pool = make_pool()
    selection = select_records(pool, SelectionParams("10", "facility-location"))
    gained = np.diff([coverage(pool.embeddings, selection.rows[:m]) for m in range(11)])
    np.testing.assert_allclose(selection.scores, gained, rtol=1e-4)
    assert (np.diff(selection.scores) <= 1e-4).all()


def test_the_moment_bounds_are_never_below_the_gains():
    rng = np.random.default_rng(0)
    x = unit(rng, 1500, 12)
    bounds = MomentBounds(x, x)
    for top in (0.0, 0.3, 0.9):
        cover = rng.uniform(0, top + 1e-9, len(x)).astype(np.float32)
        gains = np.maximum(x @ x.T - cover, 0).sum(axis=1)
        assert (bounds.bounds(cover) >= gains).all()


# NovelSelect


def naive_novelselect(pool, budget):
    """As published: every pick sorts the distances to everything picked."""
    x = pool.embeddings.astype(np.float64)
    dense = density(pool.embeddings) ** 0.5
    picked = list(pool.pinned)
    while len(picked) < budget:
        if not picked:
            worth = dense.copy()
        else:
            distances = np.sort(np.maximum(1 - x @ x[picked].T, 0), axis=1)
            weights = 1 / np.arange(1, len(picked) + 1)
            worth = dense * (distances @ weights) / weights.sum()
        worth[[*picked, *pool.dropped]] = -np.inf
        picked.append(int(worth.argmax()))
    return picked


@pytest.mark.parametrize("decisions", [{}, {"pinned": np.array([5, 9, 11]), "dropped": np.array([1, 2])}])
def test_novelselect_is_the_published_rule_while_the_list_holds_all_picks(decisions):
    pool = make_pool(**decisions)
    assert select_records(pool, SelectionParams("40", "novelselect")).rows.tolist() == naive_novelselect(pool, 40)


def test_novelselect_with_a_short_list_goes_by_the_nearest_picks(monkeypatch):
    monkeypatch.setattr(novel_module, "KEPT", 3)
    pool = make_pool()
    x, dense = pool.embeddings.astype(np.float64), density(pool.embeddings) ** 0.5
    rows = select_records(pool, SelectionParams("60", "novelselect")).rows
    for m in (1, 2, 3, 4, 10, 59):
        distances = np.sort(np.maximum(1 - x @ x[rows[:m]].T, 0), axis=1)[:, :3]
        weights = 1 / np.arange(1, distances.shape[1] + 1)
        worth = dense * (distances @ weights) / weights.sum()
        worth[rows[:m]] = -np.inf
        assert worth[rows[m]] >= worth.max() - 1e-5


def test_density_is_one_over_the_mean_distance_to_the_ten_nearest_others():
    x = unit(np.random.default_rng(1), 50, 5)
    distances = 1 - x.astype(np.float64) @ x.T
    np.fill_diagonal(distances, np.inf)
    np.testing.assert_allclose(density(x), 1 / np.sort(distances, axis=1)[:, :10].mean(axis=1), rtol=1e-4)
    assert density(np.repeat(x[:1], 20, axis=0)).max() <= 100 * (1 + 1e-6)
    assert density(x[:1]).tolist() == [1.0]
