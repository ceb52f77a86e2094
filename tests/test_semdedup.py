"""SemDeDup as a method against its released code: whole matrices, the upper triangle, and a threshold."""

import dataclasses

import numpy as np
import pytest

from core.base.errors import CurationError
from core.selection.choosing import select_records
from core.selection.methods import semdedup as module
from core.selection.params import SelectionParams
from core.selection.pool import Pool
from core.selection.why import why_by_method
from tests.limits import drawn_pool


def centred(seed, n=200, **changes):
    """A pool whose distances are those to its clusters' centres."""
    pool = drawn_pool(seed, n=n, multipliers={}, **changes)
    centres = np.stack([pool.embeddings[pool.labels == k].mean(axis=0) for k in range(pool.n_clusters)])
    return dataclasses.replace(pool, distances=((pool.embeddings - centres[pool.labels]) ** 2).sum(axis=1))


def released(pool):
    """{row: M}, as `semdedup.py` has it: by cluster, "keep hard", the maximum of the upper triangle's column."""
    found = {}
    for cluster in range(pool.n_clusters):
        rows = np.flatnonzero((pool.labels == cluster) & ~np.isin(np.arange(pool.n_records), pool.dropped))
        rows = rows[np.lexsort((rows, -pool.distances[rows]))]
        rows = np.concatenate([rows[np.isin(rows, pool.pinned)], rows[~np.isin(rows, pool.pinned)]])
        cosines = pool.embeddings[rows] @ pool.embeddings[rows].T
        np.fill_diagonal(cosines, 0)
        found |= dict(zip(rows.tolist(), np.triu(cosines, 1).max(axis=0).tolist(), strict=True))
    return found


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("budget", [30, 120])
def test_one_epsilon_keeps_just_the_budget(seed, budget, monkeypatch):
    monkeypatch.setattr(module, "_BLOCK", 16)
    monkeypatch.setattr(module, "_STRIP", 24)
    pool = centred(seed)
    chosen = select_records(pool, SelectionParams(str(budget), "semdedup"))
    drawn = chosen.rows[len(pool.pinned) :]
    likeness = released(pool)
    most = max(likeness[row] for row in drawn.tolist())
    kept = {row for row, m in likeness.items() if m < most - 1e-6 and row not in pool.pinned}
    assert len(chosen) == budget and kept <= set(drawn.tolist())
    assert chosen.scores[len(pool.pinned) :] == pytest.approx([likeness[r] for r in drawn.tolist()], abs=1e-5)


def test_of_copies_the_one_farthest_from_the_centre_stays():
    # Directions at 0, 5, 20 and 90 degrees; from the centre the farthest is 2, then 3, 1, 0. So 3 is at 70 degrees from 2, 1 at 15
    # from 2, 0 at 5 from 1: 0 is the first to go.
    angles = np.radians([0, 5, 20, 90])
    x = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    pool = Pool(4, labels=np.zeros(4, np.int32), embeddings=x, distances=np.float32([0.1, 0.2, 0.4, 0.3]))
    chosen = select_records(pool, SelectionParams("3", "semdedup"))
    assert chosen.rows.tolist() == [2, 3, 1]
    assert chosen.scores.tolist() == pytest.approx([0, np.cos(np.radians(70)), np.cos(np.radians(15))], abs=1e-5)
    # A pinned 0 comes first, and 1 is then nearer to it than to 2.
    pinned = select_records(dataclasses.replace(pool, pinned=np.array([0])), SelectionParams("4", "semdedup"))
    assert pinned.rows.tolist() == [0, 3, 2, 1]


def test_only_records_of_one_cluster_are_compared():
    x = np.float32([[1, 0], [1, 0], [0, 1]])
    pool = Pool(3, labels=np.int32([0, 1, 0]), embeddings=x, distances=np.float32([0.3, 0.2, 0.1]))
    assert select_records(pool, SelectionParams("3", "semdedup")).scores.tolist() == [0, 0, 0]


def test_too_large_clusters_are_refused_before_anything_is_compared(monkeypatch):
    monkeypatch.setattr(module, "_MOST_PAIRS", 1000)
    with pytest.raises(CurationError, match=r"here 4,144; .* Make more clusters, at least about 40, or take deita"):
        select_records(centred(1), SelectionParams("20", "semdedup"))


def test_why_names_what_came_before_it():
    pool, params = centred(2, pinned=[], dropped=[]), SelectionParams("30", "semdedup")
    chosen = select_records(pool, params)
    left_out = np.setdiff1d(np.arange(pool.n_records), chosen.rows)
    said = why_by_method(pool, params, chosen, np.array([chosen.rows[-1], left_out[0]]))
    assert said[0].startswith("Selected by semdedup: its highest cosine to a record that comes before it in cluster")
    assert "which comes before it in cluster" in said[1]


def test_a_selection_says_its_epsilon(make_pipeline):
    pipeline = make_pipeline("embed", "cluster")
    pipeline.run("select", SelectionParams("12", "semdedup"))
    told = pipeline.info("select")["warnings"]
    limit = float(pipeline.table("select")["score"].to_numpy().max())
    assert told[0].startswith(f"epsilon came to {1 - limit:.4f}:")
