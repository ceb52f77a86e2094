"""The records nearest to one record."""

import numpy as np
import pytest

from core.base.arrays import unit_rows
from core.vectors.alike import nearest_to, neighbours_of


@pytest.mark.parametrize("seed", range(5))
def test_the_nearest_are_those_that_sorting_all_gives(seed):
    rng = np.random.default_rng(seed)
    x = unit_rows(rng.normal(size=(300, 8)))
    x[rng.integers(300, size=40)] = x[3]  # copies: ties go to the lower row
    for row in (0, 3, 299):
        rows, cosines = nearest_to(x, row, 20)
        others = np.setdiff1d(np.arange(300), row)
        expected = others[np.lexsort((others, -(x @ x[row])[others].round(5)))][:20]
        assert rows.tolist() == expected.tolist() and (np.diff(cosines) <= 1e-6).all() and row not in rows
        assert np.allclose(cosines, (x @ x[row])[rows], atol=1e-6)


def test_there_are_never_more_than_there_are_others(make_pipeline):
    x = unit_rows(np.random.default_rng(0).normal(size=(3, 4)))
    assert len(nearest_to(x, 1, 10)[0]) == 2 and len(nearest_to(x[:1], 0, 10)[0]) == 0
    pipeline = make_pipeline("embed")
    assert len(neighbours_of(pipeline, 5, 7)[0]) == 7


def test_without_embeddings_there_are_no_neighbours(make_pipeline):
    assert len(neighbours_of(make_pipeline(), 5, 7)[0]) == 0
