"""The ways of wide pools, made to do with small ones: the picks of plain loops, exact budgets, rules, and what takes too long."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.select import known
from core.base.errors import CurationError
from core.selection import expected
from core.selection.choosing import check_limits, select_records
from core.selection.method import METHODS
from core.selection.methods import _novel_waves, _sparse_cover, _wide
from core.selection.methods import novelselect as novel_module
from core.selection.methods._sparse_cover import near_of
from core.selection.params import SelectionParams
from core.selection.pool import Pool
from core.vectors.neighbours import density
from tests.command import run
from tests.limits import drawn_pool, with_rules
from tests.test_facility import coverage, unit
from tests.test_limits import check_rules

WIDE = ("k-center", "novelselect", "facility-location", "qdit")


@pytest.fixture
def wide(monkeypatch):
    """Return what makes pools of more than so many records wide; waves are small."""
    for name, small in {"_WAVE": 24, "_LEAST": 4, "_WIDTH": 32, "_WIDEST": 64, "_STEP": 7}.items():
        monkeypatch.setattr(_wide, name, small)

    def set_to(most: int = 0) -> None:
        monkeypatch.setattr(_wide, "DENSE_UP_TO", most)

    set_to()
    return set_to


def pool_of(seed, n=500, d=6, **more):
    rng = np.random.default_rng(seed)
    quality = rng.uniform(0.1, 1, n).astype(np.float32)
    return Pool(n, embeddings=unit(rng, n, d), quality=quality, labels=np.zeros(n, np.int32), **more)


def choose(pool, budget, method, **more):
    return select_records(pool, SelectionParams(str(budget), method, **more))


DECIDED = ({}, {"pinned": np.arange(3, 90, 9), "dropped": np.array([0, 50, 51]), "closed": np.array([7, 8])})


@pytest.mark.parametrize("decided", DECIDED)
@pytest.mark.parametrize("seed", range(2))
def test_k_center_in_waves_picks_what_it_picks_without(wide, seed, decided):
    found = choose(pool_of(seed, **decided), 180, "k-center")
    wide(10_000)
    plain = choose(pool_of(seed, **decided), 180, "k-center")
    assert found.rows.tolist() == plain.rows.tolist()
    np.testing.assert_allclose(found.scores, plain.scores, atol=1e-6)


@pytest.mark.parametrize("kept", [5, 64])  # more pins than are kept, and fewer
@pytest.mark.parametrize("decided", DECIDED)
def test_novelselect_in_waves_picks_what_it_picks_without(wide, monkeypatch, kept, decided):
    monkeypatch.setattr(novel_module, "KEPT", kept)
    monkeypatch.setattr(novel_module, "_density", lambda pool: density(pool.embeddings))
    monkeypatch.setattr(_novel_waves, "_PART", 7)  # several parts side by side
    found = choose(pool_of(3, **decided), 150, "novelselect")
    monkeypatch.setattr(_novel_waves, "cores", lambda: 1)
    assert choose(pool_of(3, **decided), 150, "novelselect").scores.tobytes() == found.scores.tobytes()
    wide(10_000)
    plain = choose(pool_of(3, **decided), 150, "novelselect")
    assert found.rows.tolist() == plain.rows.tolist()
    np.testing.assert_allclose(found.scores, plain.scores, rtol=1e-5)


def test_copies_in_heaps_are_all_taken_in_the_end(wide):
    x = np.repeat(unit(np.random.default_rng(0), 3, 5), 40, axis=0)
    for method in WIDE:
        rows = choose(Pool(120, embeddings=x, quality=np.arange(120, dtype=np.float32)), 120, method).rows
        assert sorted(rows) == list(range(120))
        assert method == "qdit" or len({row // 40 for row in rows[:3].tolist()}) == 3


def listed_cosines(pool):
    """Return (n, n) float64: the cosine of row v to column c where v lists c, above 0, else 0; rows that are dropped are 0."""
    near, found = near_of(pool), np.zeros((pool.n_records, pool.n_records))
    v, k = np.nonzero(near.rows >= 0)
    found[v, near.rows[v, k]] = near.cosines[v, k]
    return found


@pytest.mark.parametrize(("method", "alpha"), [("facility-location", 0.0), ("qdit", 0.3), ("qdit", 1.0)])
@pytest.mark.parametrize("decided", DECIDED)
def test_over_neighbours_every_pick_is_worth_as_much_as_any_other(wide, monkeypatch, method, alpha, decided):
    monkeypatch.setattr(_sparse_cover, "NEIGHBOURS", 12)
    monkeypatch.setattr(_sparse_cover, "_ROW", 16)
    pool = pool_of(5, **decided)
    found = choose(pool, 160, method, alpha=alpha)
    cosines, scaled = listed_cosines(pool), (pool.quality - pool.quality.min()) / np.ptp(pool.quality)
    assert (
        (cosines > 0).sum(axis=1).max() <= 12 and not cosines[pool.dropped].any() and not cosines[:, pool.dropped].any()
    )
    cover, free = cosines[:, pool.pinned].max(axis=1, initial=0), pool.free_rows().tolist()
    assert len(found) == 160 and found.rows[: len(pool.pinned)].tolist() == pool.pinned.tolist()
    for pick, score in zip(found.rows[len(pool.pinned) :].tolist(), found.scores[len(pool.pinned) :], strict=True):
        worth = (1 - alpha) * np.maximum(cosines - cover[:, None], 0).sum(axis=0) + alpha * scaled.astype(np.float64)
        assert worth[pick] >= worth[free].max() - 1e-9 and score == pytest.approx(worth[pick], abs=1e-5)
        free.remove(pick)
        cover = np.maximum(cover, cosines[:, pick])


def test_the_selection_says_how_many_records_have_no_neighbour_in_it(wide):
    pool = pool_of(5, n=300, dropped=np.array([4]))
    chosen = choose(pool, 3, "facility-location")
    bare = (listed_cosines(pool)[:, chosen.rows] == 0).all(axis=1)
    bare[4] = False
    (said,) = METHODS["qdit"].notes(pool, SelectionParams("3", "qdit"), chosen)
    assert bare.any() and f"{bare.sum()} records have none of them selected" in said
    wide(300)
    assert not METHODS["qdit"].notes(pool, SelectionParams("3", "qdit"), chosen)


def test_what_neighbours_cover_is_a_lower_bound_and_near_the_dense_sum(wide):
    pool = pool_of(2, n=600)
    rows = choose(pool, 60, "facility-location").rows
    sparse = listed_cosines(pool)[:, rows].max(axis=1).sum()
    wide(10_000)
    best = coverage(pool.embeddings, choose(pool, 60, "facility-location").rows)
    assert sparse <= coverage(pool.embeddings, rows) + 1e-3
    assert coverage(pool.embeddings, rows) >= 0.98 * best


@pytest.mark.parametrize("method", WIDE)
@pytest.mark.parametrize("by_token", [False, True], ids=["records", "tokens"])
@settings(max_examples=2)
@given(seed=st.integers(0, 10_000))
def test_budgets_pins_drops_and_rules_hold_in_wide_pools(method, by_token, seed):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_wide, "DENSE_UP_TO", 0)
        rules = ("source=1:40%", "cluster=4:5%"), ("source=0:35%", "cluster=0:30%")
        pool = with_rules(drawn_pool(seed, n=400, longest=20), *rules)
        limit = 1000 if by_token else 90
        chosen = choose(pool, f"{limit} tokens" if by_token else limit, method)
        check_rules(pool, chosen.rows, limit, by_token)
        assert np.isin(pool.pinned, chosen.rows).all() and not np.isin(chosen.rows, pool.dropped).any()
        assert len(np.unique(chosen.rows)) == len(chosen)
        assert limit - pool.costs.max() < chosen.tokens <= limit if by_token else len(chosen) == limit


def test_rules_that_ask_a_method_again_seek_the_neighbours_once(wide, monkeypatch):
    times, real = [], _sparse_cover.near_of
    monkeypatch.setattr(_sparse_cover, "near_of", lambda pool: times.append(1) or real(pool))
    pool = with_rules(drawn_pool(1, n=400), (), ("source=0:10%", "source=1:10%"))
    first = choose(pool, 90, "facility-location")
    assert len(times) == 1
    assert choose(dataclasses.replace(pool, found={}), 90, "facility-location").rows.tolist() == first.rows.tolist()
    choose(dataclasses.replace(pool, dropped=np.append(pool.dropped, first.rows[-1])), 90, "facility-location")
    assert len(times) == 3


def test_up_to_a_hundred_and_fifty_thousand_records_nothing_changes():
    assert not _wide.is_wide(100_000) and not _wide.is_wide(150_000) and _wide.is_wide(150_001)


# What takes long


@pytest.fixture
def slow(monkeypatch):
    """k-center taking a second a record, deita a tenth of one a hundred."""
    for name, second in {"k-center": 1.0, "deita": 0.001}.items():
        changed = dataclasses.replace(METHODS[name], seconds=lambda n, m, second=second: second * m)
        monkeypatch.setitem(METHODS, name, changed)
    monkeypatch.setattr(expected, "pairs_a_second", lambda d: expected._PAIRS_A_SECOND)


def test_what_would_take_too_long_is_refused_with_the_estimate_and_a_way_out(wide, slow, monkeypatch):
    pool = pool_of(0, n=500)
    monkeypatch.setenv(expected.LONGEST, "0.05")  # 180 s
    for refusing in (select_records, check_limits):
        with pytest.raises(
            CurationError, match=r"about 5 min here to choose 300 of 500.*the 3 min.*180 records at most"
        ) as told:
            refusing(pool, SelectionParams("300", "k-center"))
    assert f"take {METHODS['k-center'].instead}, which takes about 1 s" in str(told.value)
    assert expected.LONGEST in str(told.value)
    assert len(choose(pool, 180, "k-center")) == 180
    wide(500)  # as large as before there was a limit
    assert len(choose(pool, 300, "k-center")) == 300


def test_a_method_without_another_to_take_instead_is_refused_all_the_same(wide, monkeypatch):
    monkeypatch.setenv(expected.LONGEST, "0.0001")
    monkeypatch.setattr(expected, "seconds_by", lambda *_: 60.0)
    assert not METHODS["crds"].instead
    with pytest.raises(CurationError, match=f"crds would take about 60 s .* may take; or set {expected.LONGEST}"):
        check_limits(pool_of(0), SelectionParams("50", "crds"))


def test_a_pin_that_stands_in_a_list_for_no_neighbour_covers_what_lists_it_first():
    rows = np.array([[0, 1, -1], [1, 0, -1], [2, -1, -1]], np.int32)
    near = _sparse_cover.listed(rows, np.array([[1, 0.9, 0], [1, 0.9, 0], [1, 0, 0]], np.float32))
    pool = Pool(3, pinned=np.array([0]))
    search = _sparse_cover._Search(near, pool, np.array([1, 2]), 1.0, np.zeros(3))
    np.testing.assert_allclose(search.worth, [-np.inf, 0.1, 1.0], atol=1e-6)


def test_the_page_too_refuses_what_would_take_too_long(wide, slow, make_pipeline, monkeypatch):
    pipeline = make_pipeline("embed", "cluster", "score")
    monkeypatch.setenv(expected.LONGEST, "0.005")  # 18 s
    assert "k-center would take about 30 s" in str(known.why_not(pipeline, SelectionParams("30", "k-center")))
    assert known.why_not(pipeline, SelectionParams("12", "k-center")) is None


@pytest.mark.parametrize("value", ["soon", "0", "-1", "nan"])
def test_the_longest_is_a_number_of_hours(wide, monkeypatch, value):
    monkeypatch.setenv(expected.LONGEST, value)
    with pytest.raises(CurationError, match=f"{expected.LONGEST} is '{value}'"):
        choose(pool_of(0), 5, "k-center")


def test_the_time_is_put_right_by_how_quick_this_machine_is(slow, monkeypatch):
    method = METHODS["k-center"]
    assert expected.seconds_by(method, 500, 300, 6) == 300
    monkeypatch.setattr(expected, "pairs_a_second", lambda d: expected._PAIRS_A_SECOND / d)
    assert expected.seconds_by(method, 500, 300, 6) == pytest.approx(1800)
    assert expected.seconds_by(method, 500, 3, 6) == 3  # too short to be worth a measurement


def test_this_machine_is_measured():
    assert 1e5 < expected.pairs_a_second(64) < 1e13


def test_methods_that_may_be_refused_say_what_to_take_instead():
    for name in WIDE:
        assert METHODS[METHODS[name].instead].seconds(10**6, 10**5) < METHODS[name].seconds(10**6, 10**5) / 4


def test_the_command_line_says_beforehand_how_long_choosing_takes(workspace, slow):
    assert (
        "select: k-center takes about 12 s here"
        in run("select", workspace, "--method", "k-center", "--budget", 12).stderr
    )
    again = run("select", workspace, "--method", "k-center", "--budget", 12).stderr  # is there
    assert "takes about" not in again
    assert "takes about" not in run("select", workspace, "--method", "random", "--budget", 12).stderr
