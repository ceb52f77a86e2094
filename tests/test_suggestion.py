import numpy as np
import pytest

from core.base.arrays import unit_rows
from core.base.errors import CurationError
from core.vectors.cluster_counts import (
    WEAK,
    SuggestParams,
    advise,
    compare_counts,
    counts_to_try,
    elbow,
    parse_counts,
    silhouettes,
)
from core.vectors.clustering import ClusterParams, cluster_embeddings


def blobs(n_blobs=6, each=40, d=8, spread=0.1, seed=0):
    rng = np.random.default_rng(seed)
    centres = unit_rows(rng.normal(size=(n_blobs, d)))
    return unit_rows(np.repeat(centres, each, axis=0) + rng.normal(scale=spread, size=(n_blobs * each, d)))


@pytest.mark.parametrize("k", [2, 6, 50, 300])
def test_silhouettes_are_those_of_scikit_learn_though_no_pair_is_compared(k):
    from sklearn.metrics import silhouette_samples

    x = blobs(each=100)
    clusters = cluster_embeddings(x, ClusterParams(k), "cpu")
    rows = np.arange(0, len(x), 7)
    expected = silhouette_samples(x.astype(np.float64), clusters.labels, metric="cosine")
    np.testing.assert_allclose(silhouettes(x, clusters, rows), expected[rows], atol=1e-4)


def test_the_true_number_stands_out_and_every_figure_is_there():
    found = compare_counts(blobs(), SuggestParams("60", (2, 3, 6, 12, 40)), "cpu")
    best = max(found["choices"], key=lambda c: c["silhouette"])
    assert best["n_clusters"] == 6
    assert any("6 clusters" in line and WEAK in line for line in found["advice"])
    objectives = [c["objective"] for c in found["choices"]]
    assert objectives == sorted(objectives, reverse=True)


def test_clusters_too_small_for_their_share_and_singletons_are_counted():
    x = np.concatenate([np.repeat(np.eye(4, 6, dtype=np.float32)[:1], 50, 0), np.eye(4, 6, dtype=np.float32)[1:]])
    found = compare_counts(x, SuggestParams("20", (4,)), "cpu")["choices"][0]
    assert found["n_clusters"] == 4 and found["too_small"] == 0.75 and found["singletons"] == 0.75
    assert any("hold one record only" in line for line in advise([found]))


def test_the_elbow_is_the_bend():
    counts = np.array([2, 4, 8, 16, 32])
    assert elbow(counts, np.array([10.0, 5.0, 1.0, 0.9, 0.8])) == 2
    assert elbow(counts, np.array([1.0, 1.0, 1.0, 1.0, 1.0])) == 0


def test_the_numbers_to_try_lie_around_auto():
    assert counts_to_try(10_000) == (12, 25, 50, 100, 200, 400)
    assert counts_to_try(5) == (2,)
    assert parse_counts("64, 16,64") == (16, 64)
    for text in ("1,2", "a", "3.5"):
        with pytest.raises(CurationError, match="counts is"):
            parse_counts(text)
    with pytest.raises(CurationError, match="can't be"):
        compare_counts(blobs(), SuggestParams(counts=(1000,)), "cpu")


# Hierarchical k-means


def uneven(seed=0):
    """One crowded subject and nine rare ones."""
    rng = np.random.default_rng(seed)
    centres = unit_rows(rng.normal(size=(10, 12)))
    sizes = [2000] + [25] * 9
    return unit_rows(np.repeat(centres, sizes, axis=0) + rng.normal(scale=0.12, size=(sum(sizes), 12))), np.repeat(
        range(10), sizes
    )


def test_hierarchical_k_means_gives_rare_subjects_more_clusters():
    x, subject = uneven()
    plain = cluster_embeddings(x, ClusterParams(20, seed=1), "cpu")
    layered = cluster_embeddings(x, ClusterParams(20, seed=1, hierarchical=True), "cpu")

    def of_crowd(clusters):
        return len(np.unique(clusters.labels[subject == 0]))

    assert of_crowd(layered) < of_crowd(plain)
    again = cluster_embeddings(x, ClusterParams(20, seed=1, hierarchical=True), "cpu")
    assert (again.labels == layered.labels).all()


def test_hierarchical_centroids_are_the_means_and_distances_are_to_them():
    x, _ = uneven()
    found = cluster_embeddings(x, ClusterParams(20, hierarchical=True), "cpu")
    assert found.sizes.min() > 0 and (np.diff(found.sizes) <= 0).all()
    for cluster in range(len(found.centroids)):
        members = x[found.labels == cluster]
        np.testing.assert_allclose(found.centroids[cluster], members.mean(0), atol=1e-4)
        away = ((members - found.centroids[cluster]) ** 2).sum(1)
        np.testing.assert_allclose(found.distances[found.labels == cluster], away, atol=1e-4)


def test_where_there_are_few_records_hierarchical_is_plain():
    x = blobs(each=5)
    one, other = (cluster_embeddings(x, ClusterParams(20, hierarchical=h), "cpu") for h in (False, True))
    assert (one.labels == other.labels).all()


def test_records_that_are_all_alike_have_no_silhouette_and_break_nothing():
    found = compare_counts(np.repeat(blobs(each=1)[:1], 30, axis=0), SuggestParams("5", (2, 3)), "cpu")
    assert {choice["silhouette"] for choice in found["choices"]} == {0.0}
