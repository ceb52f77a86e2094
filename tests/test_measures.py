import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.measures.kinds.clusters import cluster_coverage, normalised_cluster_entropy
from core.measures.selected import measure_selection

LABELS = np.array([0, 0, 0, 1, 1, 2])


@pytest.mark.parametrize(
    ("rows", "coverage", "entropy"),
    [
        ([0], 1 / 3, 0),
        ([0, 1, 2], 1 / 3, 0),
        ([0, 3], 2 / 3, math.log(2) / math.log(3)),
        ([0, 3, 5], 1, 1),
        ([0, 1, 3, 4, 5, 5], 1, 1),
        ([0, 1, 5], 2 / 3, (2 / 3 * math.log(3 / 2) + 1 / 3 * math.log(3)) / math.log(3)),
        ([], 0, 0),
    ],
)
def test_coverage_and_entropy_worked_by_hand(rows, coverage, entropy):
    rows = np.array(rows, np.int64)
    assert cluster_coverage(LABELS, rows) == pytest.approx(coverage)
    assert normalised_cluster_entropy(LABELS, rows) == pytest.approx(entropy)


def test_clusters_count_that_have_records_and_not_numbers_between_them():
    labels = np.array([3, 3, 8])
    assert cluster_coverage(labels, np.array([0, 2])) == 1
    assert normalised_cluster_entropy(labels, np.array([0, 2])) == pytest.approx(1)


def test_one_cluster_is_covered_by_any_record_and_has_no_entropy():
    assert cluster_coverage(np.zeros(5, int), np.array([2])) == 1
    assert normalised_cluster_entropy(np.zeros(5, int), np.array([2, 3])) == 0


def test_no_entropy_is_plain_zero_and_not_minus_zero():
    assert str(normalised_cluster_entropy(LABELS, np.array([0, 1]))) == "0.0"


CLUSTERS = st.lists(st.integers(0, 6), min_size=1, max_size=40)


@given(CLUSTERS, st.data())
def test_coverage_and_entropy_lie_in_0_to_1_whatever_the_order(labels, data):
    rows = np.array(data.draw(st.lists(st.integers(0, len(labels) - 1), max_size=40)), np.int64)
    labels = np.array(labels)
    for measure in (cluster_coverage, normalised_cluster_entropy):
        value = measure(labels, rows)
        assert 0 <= value <= 1 + 1e-12
        assert measure(labels, rows[::-1]) == value
        assert measure(6 - labels, rows) == pytest.approx(value)


@given(CLUSTERS)
def test_the_whole_pool_covers_every_cluster_and_one_of_each_is_spread_evenly(labels):
    labels = np.array(labels)
    assert cluster_coverage(labels, np.arange(len(labels))) == 1
    _, one_of_each = np.unique(labels, return_index=True)
    assert normalised_cluster_entropy(labels, one_of_each) == pytest.approx(1 if len(one_of_each) > 1 else 0)


def test_the_measures_are_those_that_the_inputs_allow_in_six_places():
    rows, quality = np.array([0, 3, 3]), np.array([1, 9, 9, 0.5, 9, 9], np.float32)
    by_quality = {"mean_quality": 0.666667, "mean_quality_of_all": 6.25}
    by_cluster = {"cluster_coverage": 0.666667, "cluster_entropy": 0.57938}
    assert measure_selection(rows, None, None) == {}
    assert measure_selection(rows, None, quality) == by_quality
    assert measure_selection(rows, LABELS, None) == by_cluster
    assert measure_selection(rows, LABELS, quality) == by_cluster | by_quality


def test_an_empty_selection_has_no_mean_quality():
    assert measure_selection(np.zeros(0, np.int64), LABELS, np.ones(6, np.float32)) == {
        "cluster_coverage": 0,
        "cluster_entropy": 0,
    }
