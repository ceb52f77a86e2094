"""Measures among pairs against naive implementations straight from their definitions, and on examples worked by hand."""

import numpy as np
import pytest

from core.base.arrays import unit_rows
from core.measures.pairwise import facility_coverage, vendi, within_selection
from core.vectors.cells import find_cells
from core.vectors.neighbours import density


def random_vectors(n=300, d=24, seed=0):
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(8, d))
    return unit_rows(centres[rng.integers(8, size=n)] + rng.normal(scale=0.7, size=(n, d))).astype(np.float32)


def cases():
    """Return {name: (pool, rows)}."""
    pool = random_vectors()
    doubled = np.concatenate([pool[:150], pool[:150]])
    return {
        "many": (pool, np.random.default_rng(1).choice(300, 120, replace=False)),
        "all": (pool, np.arange(300)),
        "near copies": (doubled, np.arange(100, 250)),
        "rows given twice": (pool, np.array([3, 3, 3, 9, 9, 50])),
        "two": (pool, np.array([5, 200])),
        "one": (pool, np.array([7])),
    }


# Straight from methods.md 3, with full matrices in float64.


def naive_density(pool, least=0.02):
    """As in the released code, which asks a FAISS index for squared distances."""
    pool = pool.astype(np.float64)
    distances = ((pool[:, None] - pool[None]) ** 2).sum(axis=2)
    np.fill_diagonal(distances, np.inf)
    nearest = np.sort(distances, axis=1)[:, :10]
    return 1 / np.maximum(nearest.mean(1), least)  # a heap of copies is dense, not infinitely so


def naive_novelsum(pool, rows):
    x, dens = pool[rows].astype(np.float64), naive_density(pool)[rows]
    total = 0.0
    for i in range(len(rows)):
        distances = 1 - x @ x[i]
        distances[i] = -1  # the record itself is rank 1
        order = np.argsort(distances)
        distances[i] = 0
        weights = 1 / np.arange(1, len(rows) + 1)
        total += dens[i] ** 0.5 * (weights / weights.sum() * distances[order]).sum()
    return total / len(rows)


def naive_dcscore(x):
    kernel = np.exp(x.astype(np.float64) @ x.T.astype(np.float64))
    return np.trace(kernel / kernel.sum(1, keepdims=True))


def naive_vendi(x):
    """By the n x n kernel of the definition."""
    values = np.linalg.eigvalsh(x.astype(np.float64) @ x.T.astype(np.float64) / len(x))
    values = values[values > 1e-12]
    return np.exp(-(values * np.log(values)).sum())


@pytest.mark.parametrize("case", cases())
def test_each_measure_equals_its_naive_reference(case, monkeypatch):
    pool, rows = cases()[case]
    x = pool[rows]
    found = within_selection(x, density(pool)[rows])
    assert found["novelsum"] == pytest.approx(naive_novelsum(pool, rows), abs=1e-5)
    assert found["dcscore"] == pytest.approx(naive_dcscore(x), abs=1e-5)
    cosines = x.astype(np.float64) @ x.T.astype(np.float64)
    np.fill_diagonal(cosines, -2)
    if len(rows) > 1:
        assert found["redundancy"] == pytest.approx((cosines.max(1) >= 0.95 - 1e-9).mean(), abs=1e-5)
        assert found["nearest"] == pytest.approx((1 - cosines.max(1)).mean(), abs=1e-5)
    else:
        assert found["redundancy"] == found["nearest"] == found["novelsum"] == 0
    assert facility_coverage(pool, x) == pytest.approx((pool @ x.T).max(1).mean(dtype=np.float64), abs=1e-5)
    assert vendi(x) == pytest.approx(naive_vendi(x), abs=1e-5)


@pytest.mark.parametrize("cells", [1, 700, 10**6])
def test_blocks_of_any_size_give_the_same(monkeypatch, cells):
    pool, rows = cases()["many"]
    dens = density(pool)[rows]
    whole = within_selection(pool[rows], dens) | {"coverage": facility_coverage(pool, pool[rows])}
    monkeypatch.setattr("core.measures.pairwise._CELLS", cells)
    parts = within_selection(pool[rows], dens) | {"coverage": facility_coverage(pool, pool[rows])}
    assert parts == pytest.approx(whole, abs=1e-6)


def test_a_sample_that_is_compared_with_all_estimates_what_all_give():
    pool = random_vectors(2000)
    dens = density(pool)
    whole = within_selection(pool, dens)
    assert within_selection(pool, dens, asked=np.arange(2000)) == whole
    asked = np.sort(np.random.default_rng(3).choice(2000, 800, replace=False))
    part = within_selection(pool, dens, asked=asked)
    assert part == pytest.approx(whole, rel=0.05, abs=0.01) and part != whole
    assert part["dcscore"] == pytest.approx(whole["dcscore"], rel=0.01)  # of all records, not of those asked


def test_densities_in_cells_are_nearly_the_exact_ones():
    pool = random_vectors(2000)
    exact, found = density(pool), density(pool, cells=find_cells(pool))
    assert (found <= exact * (1 + 1e-5)).all() and np.median(found / exact) > 0.97


def test_worked_by_hand():
    axes = np.eye(4, dtype=np.float32)
    found = within_selection(axes, np.full(4, 4.0))
    # Ranks 1 to 4 weigh 12, 6, 4 and 3 of 25; the record itself is at 0, the others at 1. A density of 4 by cosine is one of 2
    # by squared distances, and counts by its root.
    assert found["novelsum"] == pytest.approx(2**0.5 * 13 / 25)
    assert found["dcscore"] == pytest.approx(4 * np.e / (np.e + 3))
    assert found["redundancy"] == 0 and found["nearest"] == pytest.approx(1)
    assert vendi(axes) == pytest.approx(4) and vendi(axes[[0, 0, 0]]) == pytest.approx(1)
    assert facility_coverage(axes, axes[:1]) == pytest.approx(0.25)
    copies = within_selection(axes[[0, 0, 1]], np.ones(3))
    assert copies["redundancy"] == pytest.approx(2 / 3) and copies["nearest"] == pytest.approx(1 / 3)


def test_the_order_of_the_selection_does_not_matter_and_nothing_is_changed():
    pool, rows = cases()["many"]
    before, dens = pool.copy(), density(pool)
    forward = within_selection(pool[rows], dens[rows])
    assert within_selection(pool[rows[::-1]], dens[rows[::-1]]) == pytest.approx(forward, abs=1e-6)
    np.testing.assert_array_equal(pool, before)
