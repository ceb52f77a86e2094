"""Two selections beside each other, on hand-made examples; stability and Pareto."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.base.errors import CurationError
from core.measures.compare import by_cluster, compare, mean_jaccard, pareto

A, B = np.array([0, 1, 2, 5]), np.array([2, 3, 5, 6, 6])
LABELS = np.array([0, 0, 0, 1, 1, 1, 2, 2])


def test_a_comparison_worked_by_hand():
    found = compare(A, B)
    assert found.only_a.tolist() == [0, 1] and found.only_b.tolist() == [3, 6] and found.both.tolist() == [2, 5]
    assert found.jaccard == pytest.approx(2 / 6)
    table = by_cluster(found, LABELS, ["bread", "code", "trees"])
    assert table.to_dict("records") == [
        {"cluster": 0, "name": "bread", "held": 3, "only_a": 2, "only_b": 0, "both": 1},
        {"cluster": 1, "name": "code", "held": 3, "only_a": 0, "only_b": 1, "both": 1},
        {"cluster": 2, "name": "trees", "held": 2, "only_a": 0, "only_b": 1, "both": 0},
    ]
    assert mean_jaccard([A, B, A]) == pytest.approx((2 / 6 + 1 + 2 / 6) / 3)
    with pytest.raises(CurationError, match="There is 1 selection"):
        mean_jaccard([A])


ROWS = st.lists(st.integers(0, 30), max_size=20).map(lambda rows: np.array(rows, np.int64))


@given(ROWS, ROWS)
def test_the_three_parts_are_disjoint_and_give_both_back(a, b):
    found = compare(a, b)
    parts = np.concatenate([found.only_a, found.only_b, found.both])
    assert len(np.unique(parts)) == len(parts)
    assert set(found.only_a) | set(found.both) == set(a.tolist()) and set(found.only_b) | set(found.both) == set(
        b.tolist()
    )
    assert 0 <= found.jaccard == compare(b, a).jaccard <= 1
    assert compare(a, a).jaccard == 1


def test_whom_no_other_beats_worked_by_hand():
    x, y = np.array([1.0, 2, 3, 1, 3]), np.array([3.0, 2, 1, 1, 1])
    assert pareto(x, y).tolist() == [True, True, True, False, True]  # of two alike neither beats the other


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=15))
def test_pareto_is_what_a_plain_loop_finds(points):
    x, y = (np.array(part, float) for part in zip(*points, strict=True))
    plain = [
        not any(a >= x[i] and b >= y[i] and (a > x[i] or b > y[i]) for a, b in zip(x, y, strict=True))
        for i in range(len(x))
    ]
    assert pareto(x, y).tolist() == plain
