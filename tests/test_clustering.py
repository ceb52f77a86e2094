"""k-means: both implementations, the rule for k, and what comes back."""

import numpy as np
import pytest

from core.base.arrays import unit_rows
from core.base.errors import CurationError
from core.base.progress import no_progress
from core.vectors import clustering
from core.vectors.clustering import ClusterParams, cluster_embeddings, suggest_n_clusters


def blobs(n_per: int = 60, k: int = 8, d: int = 24, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(k, d)) * 3
    return unit_rows(np.concatenate([centre + rng.normal(size=(n_per, d)) for centre in centres]))


def test_separated_groups_are_found():
    x = blobs()
    labels = cluster_embeddings(x, ClusterParams(8), "cpu").labels
    purity = sum(np.bincount(labels[i * 60 : (i + 1) * 60]).max() for i in range(8)) / len(x)
    assert purity > 0.9


def test_labels_are_the_nearest_centroids_and_distances_are_theirs():
    x = blobs()
    found = cluster_embeddings(x, ClusterParams(8), "cpu")
    squared = ((x[:, None] - found.centroids[None]) ** 2).sum(2)
    np.testing.assert_array_equal(found.labels, squared.argmin(1))
    np.testing.assert_allclose(found.distances, squared.min(1), atol=1e-4)
    assert found.objective == pytest.approx(squared.min(1).sum(), rel=1e-4)


def test_clusters_are_numbered_by_size_and_none_is_empty():
    sizes = cluster_embeddings(blobs(), ClusterParams(20), "cpu").sizes
    assert (np.diff(sizes) <= 0).all() and sizes.min() > 0 and sizes.sum() == 480


def test_fewer_distinct_vectors_than_clusters_give_fewer_clusters():
    x = np.repeat(unit_rows(np.eye(3, 8, dtype=np.float32)), 10, axis=0)
    found = cluster_embeddings(x, ClusterParams(7), "cpu")
    assert len(found.centroids) == 3 and found.objective < 1e-4


def test_same_seed_same_clusters_other_seed_other_start():
    x = blobs(k=12)
    first, again = (cluster_embeddings(x, ClusterParams(15, iterations=3, seed=4), "cpu") for _ in range(2))
    np.testing.assert_array_equal(first.labels, again.labels)
    np.testing.assert_array_equal(first.centroids, again.centroids)
    assert not np.array_equal(
        first.labels, cluster_embeddings(x, ClusterParams(15, iterations=3, seed=5), "cpu").labels
    )


def test_torch_reaches_the_objective_of_faiss(monkeypatch):
    x = blobs(n_per=200)
    by_faiss = cluster_embeddings(x, ClusterParams(24), "cpu")
    monkeypatch.setattr(clustering, "resolve_device", lambda device: "cuda")
    monkeypatch.setattr(clustering, "_torch_train", lambda *a, f=clustering._torch_train: f(*a, device="cpu"))
    monkeypatch.setattr(clustering, "_torch_assign", lambda *a, f=clustering._torch_assign: f(*a, device="cpu"))
    by_torch = cluster_embeddings(x, ClusterParams(24), "auto")
    assert by_torch.objective == pytest.approx(by_faiss.objective, rel=0.01)
    assert (np.diff(by_torch.sizes) <= 0).all()


def test_torch_splits_the_largest_cluster_for_an_empty_one():
    x = blobs(k=2)
    start = np.concatenate([x[:2], np.full((1, x.shape[1]), 100, np.float32)])
    centres = clustering._torch_train(x, start, ClusterParams(3, iterations=4), no_progress, device="cpu")
    labels, _ = clustering._torch_assign(x, centres, no_progress, device="cpu")
    assert len(np.unique(labels)) == 3


def test_large_data_is_trained_on_a_sample_and_labelled_whole(monkeypatch):
    x = blobs(n_per=100)
    whole = cluster_embeddings(x, ClusterParams(8), "cpu")
    monkeypatch.setattr(clustering, "_SAMPLE_PER_CLUSTER", 40)
    trained_on: list[int] = []
    train = clustering.faiss_train
    monkeypatch.setattr(
        clustering, "faiss_train", lambda sample, *a: trained_on.append(len(sample)) or train(sample, *a)
    )
    sampled = cluster_embeddings(x, ClusterParams(8), "cpu")
    assert trained_on == [320] and len(sampled.labels) == 800
    assert sampled.objective == pytest.approx(whole.objective, rel=0.15)


def test_input_is_unchanged_and_progress_reaches_the_end():
    x = blobs()
    before, seen = x.copy(), []
    cluster_embeddings(x, ClusterParams(8), "cpu", lambda done, total: seen.append(done / total))
    np.testing.assert_array_equal(x, before)
    assert seen == sorted(seen) and seen[-1] == pytest.approx(1)


@pytest.mark.parametrize(("n", "k"), [(1, 1), (2, 2), (3, 2), (600, 24), (67_193, 259), (5_000_000, 2048)])
def test_auto_takes_the_square_root_within_bounds(n, k):
    assert suggest_n_clusters(n) == k


@pytest.mark.parametrize("values", [{"n_clusters": -1}, {"iterations": 0}, {"seed": -1}, {"n_clusters": "many"}])
def test_bad_params_are_refused_by_name(values):
    with pytest.raises(CurationError, match=next(iter(values))):
        ClusterParams(**values)


@pytest.mark.parametrize(
    ("params", "alike"),
    [
        (ClusterParams(0), {0, 8}),
        (ClusterParams(8), {0, 8}),
        (ClusterParams(7), {7}),
        (ClusterParams(8, seed=1), {0, 8}),
    ],
)
def test_auto_and_the_number_that_it_takes_are_alike(params, alike):
    assert {each.n_clusters for each in params.alike(60)} == alike and params.alike(60)[0] == params
    assert {each.seed for each in params.alike(60)} == {params.seed}
