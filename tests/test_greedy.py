"""The methods without chance against plain loops and examples worked by hand."""

import numpy as np
import pytest

from core.base.arrays import unit_rows
from core.base.errors import CurationError
from core.selection.choosing import select_records
from core.selection.params import REASONS, SelectionParams
from core.selection.pool import Pool


def pool_of(n=80, d=6, seed=0, **changes):
    rng = np.random.default_rng(seed)
    values = {
        "labels": np.arange(n, dtype=np.int32) % 4,
        "quality": rng.uniform(0.1, 1, n).astype(np.float32),
        "embeddings": unit_rows(rng.normal(size=(n, d))),
        "distances": rng.uniform(0, 1, n).astype(np.float32),
    }
    return Pool(n, **(values | changes))


def select(pool, budget, method, **params):
    return select_records(pool, SelectionParams(str(budget), method, **params))


@pytest.mark.parametrize("seed", range(4))
def test_k_center_is_the_plain_loop(seed):
    pool = pool_of(n=700, seed=seed, pinned=np.array([3, 40]), dropped=np.array([5]))
    selection = select(pool, 120, "k-center")
    x, chosen = pool.embeddings.astype(np.float64), [3, 40]
    while len(chosen) < 120:
        gap = 1 - (x @ x[chosen].T).max(axis=1)
        gap[[*chosen, 5]] = -1
        chosen.append(int(gap.argmax()))
    assert selection.rows.tolist() == chosen
    assert (np.diff(selection.scores[2:]) <= 1e-6).all()


def test_deita_goes_down_by_quality_past_what_is_too_much_alike():
    # 0 and 1 are copies, 2 and 3 stand alone; 4 is a copy of the pinned 5
    x = np.array([[1, 0, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 1]], np.float32)
    quality = np.array([0.9, 0.8, 0.3, 0.7, 1.0, 0.1], np.float32)
    pool = Pool(6, embeddings=x, quality=quality, pinned=np.array([5]))
    selection = select(pool, 4, "deita")
    assert selection.rows.tolist() == [5, 0, 3, 2]
    filled = select(pool, 6, "deita")
    assert filled.rows.tolist() == [5, 0, 3, 2, 4, 1]
    assert [REASONS[r] for r in filled.reasons] == ["pinned", "drawn", "drawn", "drawn", "filled", "filled"]


@pytest.mark.parametrize("threshold", [0.3, 0.6, 0.9])
def test_deita_compares_with_what_is_kept_not_with_the_pool(threshold):
    pool = pool_of(n=900, d=4)
    selection = select(pool, 200, "deita", similarity_threshold=threshold)
    drawn = selection.rows[selection.reasons == REASONS.index("drawn")]
    cosine = pool.embeddings[drawn] @ pool.embeddings[drawn].T
    np.fill_diagonal(cosine, -1)
    assert cosine.max(initial=-1) <= threshold + 1e-6
    kept: list[int] = []
    for row in np.argsort(-pool.quality, kind="stable"):
        if len(kept) < 200 and (not kept or (pool.embeddings[kept] @ pool.embeddings[row]).max() <= threshold):
            kept.append(int(row))
    assert drawn.tolist() == kept


def test_closest_and_median_take_the_records_worked_by_hand():
    labels = np.array([0, 0, 0, 0, 0, 1, 1, 1], np.int32)
    distances = np.array(
        [0.01, 0.04, 0.09, 0.16, 0.25, 0.36, 0.04, 0.16], np.float32
    )  # roots .1 .2 .3 .4 .5 | .6 .2 .4
    pool = Pool(8, labels=labels, distances=distances)
    assert sorted(select(pool, 3, "kmeans-closest").rows.tolist()) == [0, 1, 6]
    assert sorted(select(pool, 2, "kmeans-median").rows.tolist()) == [2, 7]


def test_quality_takes_the_best():
    pool = pool_of()
    assert set(select(pool, 10, "quality").rows) == set(np.argsort(-pool.quality)[:10])


@pytest.mark.parametrize(
    ("method", "lacking", "stage"),
    [
        ("k-center", "embeddings", "embed"),
        ("deita", "quality", "score"),
        ("quality", "quality", "score"),
        ("kmeans-closest", "distances", "cluster"),
        ("kmeans-median", "labels", "cluster"),
    ],
)
def test_a_method_says_which_stage_it_lacks(method, lacking, stage):
    with pytest.raises(CurationError, match=f"run: python -m core {stage}"):
        select(pool_of(**{lacking: None}), 5, method)


def test_replacement_is_refused_where_it_means_nothing():
    with pytest.raises(CurationError, match="takes each record once"):
        SelectionParams("5", "k-center", replacement=True)
    with pytest.raises(CurationError, match="similarity_threshold is 2"):
        SelectionParams("5", "deita", similarity_threshold=2)


def test_a_stage_lets_a_gpu_choose_and_says_so(make_pipeline, monkeypatch):
    pipeline = make_pipeline("embed")
    keys, infos = [], []
    for budget, device in (("12", "cpu"), ("13", "cuda")):
        monkeypatch.setattr("core.selection.stage.resolve_device", lambda asked, device=device: device)
        monkeypatch.setattr("core.selection.methods._on_gpu._where", lambda pool: "cpu")
        keys.append(pipeline.run("select", SelectionParams(budget, "k-center")))
        infos.append(pipeline.workspace.info("select", keys[-1]))
    assert "device" not in infos[0] and infos[1]["device"] == "cuda"
    first, more = (pipeline.workspace.table("select", key)["row_id"].to_pylist() for key in keys)
    assert more[:5] == first[:5] and len(set(more)) == 13  # further on small records are worth the same


def test_on_a_gpu_nothing_left_to_choose_is_nothing_chosen(monkeypatch):
    monkeypatch.setattr("core.selection.methods._on_gpu._where", lambda pool: "cpu")
    for method in ("k-center", "facility-location", "qdit", "novelselect"):
        pool = pool_of(n=6, dropped=np.arange(6), device="cuda")
        assert len(select(pool, 2, method)) == 0
        assert select(pool_of(n=6, pinned=np.array([1, 4]), device="cuda"), 2, method).rows.tolist() == [1, 4]
