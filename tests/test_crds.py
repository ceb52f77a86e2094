"""CRDS-W against the loop of its released code, and the whitening against a decomposition of the whole matrix."""

import collections
import dataclasses

import numpy as np
import pytest

from core.base.arrays import unit_rows
from core.selection.choosing import select_records
from core.selection.methods.crds import by_turns_of
from core.selection.params import SelectionParams
from core.selection.why import why_by_method
from core.vectors import whitening as whitening_module
from core.vectors.whitening import fit_whitening
from tests.limits import drawn_pool


def svd_whitened(x, n):
    """What sklearn's PCA(n, whiten=True).transform gives, to the sign of each column."""
    away = x - x.mean(axis=0)
    u = np.linalg.svd(away.astype(np.float64), full_matrices=False)[0]
    return u[:, :n] * np.sqrt(len(x) - 1)


@pytest.mark.parametrize("block", [7, 16_384])
def test_whitened_columns_are_those_of_the_decomposition(block, monkeypatch):
    monkeypatch.setattr(whitening_module, "_BLOCK", block)
    x = unit_rows(np.random.default_rng(0).normal(size=(60, 5)) * [9, 4, 2, 1, 1] + 3)
    whitening, known = fit_whitening(x, 3), svd_whitened(x, 3)
    plain = (x - whitening.mean) @ whitening.turn
    assert np.cov(plain.T) == pytest.approx(np.eye(3), abs=1e-3)
    assert np.abs(plain) == pytest.approx(np.abs(known), abs=1e-2)
    assert np.linalg.norm(whitening.apply(x), axis=1) == pytest.approx(np.ones(60), abs=1e-5)


def test_directions_in_which_nothing_varies_are_left_out():
    x = np.zeros((30, 6), np.float32)
    x[:, :2] = np.random.default_rng(0).normal(size=(30, 2))
    assert fit_whitening(x, 6).turn.shape == (6, 2)
    assert fit_whitening(np.ones((5, 3), np.float32), 2).turn.shape[1] == 0


def naive(states, examples, wanted):
    """`get_top_influences.py --selection_method max`: deques of each example's nearest, popped by turns; a repeat loses it."""
    queues = [collections.deque(np.argsort(-(states @ e), kind="stable").tolist()) for e in examples]
    seen = {}
    while len(seen) < wanted:
        for queue in queues:
            if queue and len(seen) < wanted:
                seen.setdefault(queue.popleft())
    return list(seen)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("wanted", [1, 40, 199, 200])
def test_the_examples_take_turns_as_in_the_released_loop(seed, wanted):
    rng = np.random.default_rng(seed)
    states, examples = unit_rows(rng.normal(size=(200, 4))), unit_rows(rng.normal(2, 1, (7, 4)))
    rows = np.arange(200) * 3
    picks = by_turns_of(states, examples, rows, wanted)
    assert picks.rows.tolist() == [3 * at for at in naive(states, examples, wanted)]
    cosines = states[picks.rows // 3] @ examples.T
    assert np.abs(cosines - picks.scores[:, None]).min(axis=1).max() < 1e-6


def test_over_a_pool_clusters_centres_are_the_examples():
    pool = drawn_pool(4, pinned=[], dropped=[], multipliers={})
    chosen = select_records(pool, SelectionParams("50", "crds"))
    states = svd_whitened(pool.embeddings, 2)
    centres = np.stack([states[pool.labels == k].mean(axis=0) for k in range(6)])
    assert chosen.rows.tolist() == naive(unit_rows(states), unit_rows(centres), 50)


def test_a_cluster_of_weight_none_gives_nothing():
    pool = drawn_pool(4, pinned=[], dropped=[], multipliers={0: 0.0})
    chosen = select_records(pool, SelectionParams("50", "crds"))
    assert not (pool.labels[chosen.rows] == 0).any()
    said = why_by_method(pool, SelectionParams("50", "crds"), chosen, np.array([chosen.rows[0], 0]))
    assert said[0].startswith("Selected by crds: pick 1 of 50, named by a cluster's centre at a cosine of")
    assert said[1].startswith("Not selected by crds: the weight of cluster 0 is 0.")


def test_a_direction_that_all_share_no_longer_decides():
    # All rows lie near one direction; what tells them apart is small, and is all that whitened states go by.
    rng = np.random.default_rng(1)
    small = rng.normal(size=(240, 5)) * 0.01
    pool = drawn_pool(0, pinned=[], dropped=[], multipliers={})
    shared = dataclasses.replace(pool, embeddings=unit_rows(np.column_stack([np.ones(240), small])))
    states = fit_whitening(shared.embeddings, 5).apply(shared.embeddings)
    assert (shared.embeddings @ shared.embeddings.T).min() > 0.99 and np.abs(states @ states.T).mean() < 0.5


def test_a_selection_says_that_centres_stand_in(make_pipeline):
    pipeline = make_pipeline("embed", "cluster")
    pipeline.run("select", SelectionParams("12", "crds"))
    assert "the centres of 4 clusters stood in for them" in pipeline.info("select")["warnings"][-1]
