"""The map: it keeps neighbours together, repeats itself, and copes with few or equal records."""

import numpy as np
import pytest

from core.base.arrays import unit_rows
from core.vectors.neighbours import nearest_neighbours
from core.vectors.projection import ProjectParams, lay_out
from tests.test_clustering import blobs


def test_neighbours_are_the_nearest_by_cosine_and_each_record_is_its_own_first():
    x = np.concatenate([blobs(n_per=20), blobs(n_per=20)])  # every record has a copy
    indices, distances = nearest_neighbours(x, 6)
    np.testing.assert_array_equal(indices[:, 0], np.arange(len(x)))
    cosine = 1 - x @ x.T
    np.testing.assert_allclose(np.sort(distances, 1), np.sort(cosine, 1)[:, :6].clip(0), atol=1e-5)
    assert all(len(set(row)) == 6 for row in indices)


def test_groups_stay_together_on_the_map_and_the_same_seed_gives_the_same_map():
    x = blobs(n_per=40, k=6)
    seen: list[float] = []
    first, _ = lay_out(x, ProjectParams(seed=3), lambda done, total: seen.append(done / total))
    assert first.shape == (240, 2) and first.dtype == np.float32 and np.isfinite(first).all()
    gaps = ((first[:, None] - first[None]) ** 2).sum(2)
    np.fill_diagonal(gaps, np.inf)
    nearest = gaps.argsort(1)[:, :5]
    assert (nearest // 40 == (np.arange(240) // 40)[:, None]).mean() > 0.85
    np.testing.assert_array_equal(first, lay_out(x, ProjectParams(seed=3))[0])
    assert seen == sorted(seen) and len(seen) > 3 and seen[-1] <= 1


@pytest.mark.parametrize("n", [1, 2, 5, 6, 9])
def test_few_records_have_a_place(n):
    xy, _ = lay_out(unit_rows(np.eye(n, 10, dtype=np.float32) + 0.1), ProjectParams())
    assert xy.shape == (n, 2) and np.isfinite(xy).all()


def test_equal_records_have_a_place():
    assert np.isfinite(lay_out(np.repeat(unit_rows(np.ones((1, 4))), 30, axis=0), ProjectParams())[0]).all()
