"""Maps of very many records: cells and their neighbours, the sample that every cell is in, trustworthiness, keys."""

import numpy as np
import pytest
from sklearn.manifold import trustworthiness as sklearn_trustworthiness

from core.base.arrays import unit_rows
from core.data.records import RecordParams
from core.run.pipeline import Pipeline
from core.vectors import cells as cells_module
from core.vectors.cells import find_cells, nearest_in_cells
from core.vectors.embedding import EmbedParams
from core.vectors.placing import draw_sample
from core.vectors.projection import ProjectParams, lay_out, layout_note
from core.vectors.trust import trustworthiness
from core.workspace.workspace import Workspace
from tests.test_clustering import blobs

N = 1800


@pytest.fixture(scope="module")
def vectors():
    return blobs(n_per=N // 12, k=12, seed=4)


@pytest.fixture(scope="module")
def laid_out(vectors):
    seen: list[float] = []
    xy, facts = lay_out(vectors, ProjectParams(fit_on=1000), lambda done, total: seen.append(done / total))
    return xy, facts, seen


def test_cells_hold_every_record_once_and_near_ones_begin_with_the_cell_itself(vectors):
    cells = find_cells(vectors)
    assert np.array_equal(np.sort(cells.rows), np.arange(N)) and cells.starts[-1] == N
    assert np.array_equal(cells.near[:, 0], np.arange(len(cells)))
    kept = np.arange(N) % 3 == 0
    some = cells.only(kept)
    assert np.array_equal(np.sort(some.rows), np.flatnonzero(kept))
    assert all(np.isin(some.members(cell), cells.members(cell)).all() for cell in range(len(cells)))


def test_a_heap_of_copies_is_chopped():
    x = np.concatenate([np.repeat(unit_rows(np.ones((1, 24))), 700, axis=0), blobs(n_per=20, k=5)])
    cells = find_cells(x)
    assert np.diff(cells.starts).max() <= cells_module._HEAP * len(x) / 10
    assert np.array_equal(np.sort(cells.rows), np.arange(len(x)))


def test_neighbours_in_cells_are_nearly_the_nearest(vectors):
    cells = find_cells(vectors)
    indices, cosines = nearest_in_cells(vectors, cells, cells, 10)
    exact = vectors @ vectors.T
    nearest = np.argsort(-exact, axis=1)[:, :10]
    found = np.mean([len(np.intersect1d(a, b)) / 10 for a, b in zip(indices, nearest, strict=True)])
    assert found > 0.9
    np.testing.assert_allclose(cosines, np.take_along_axis(exact, indices, axis=1), atol=1e-5)
    assert (np.diff(cosines, axis=1) <= 1e-6).all()


def test_where_near_cells_hold_too_few_more_are_searched(vectors):
    cells = find_cells(vectors)
    few = np.zeros(N, bool)
    few[np.random.default_rng(0).choice(N, 12, replace=False)] = True
    indices, _ = nearest_in_cells(vectors, cells.only(~few), cells.only(few), 12)
    assert (np.sort(indices[~few], axis=1) == np.flatnonzero(few)).all()
    assert (indices[few] == -1).all()  # were not asked for


def test_every_cell_has_its_share_of_the_sample_and_one_at_least(vectors):
    cells = find_cells(np.concatenate([vectors, -vectors[:1]]))  # the last record is far from all
    sample = draw_sample(cells, 180, seed=1)
    assert np.array_equal(sample, np.unique(sample)) and 180 <= len(sample) <= 180 + len(cells)
    for cell in range(len(cells)):
        members = cells.members(cell)
        n_drawn = np.isin(sample, members).sum()
        assert n_drawn >= 1 and abs(n_drawn - len(members) / 10) <= 2
    assert np.array_equal(sample, draw_sample(cells, 180, seed=1))
    assert not np.array_equal(sample, draw_sample(cells, 180, seed=2))


def test_trustworthiness_is_scikit_learns_where_all_are_asked_and_near_it_where_some_are(vectors):
    rng = np.random.default_rng(2)
    for xy in (rng.normal(size=(N, 2)), vectors[:, :2] + 0.0):
        theirs = sklearn_trustworthiness(vectors, xy, n_neighbors=15, metric="cosine")
        assert trustworthiness(vectors, xy, np.arange(N)) == pytest.approx(theirs, abs=1e-4)
        assert trustworthiness(vectors, xy, np.arange(N), queries=400) == pytest.approx(theirs, abs=0.03)
    with pytest.raises(ValueError, match="more than twice"):
        trustworthiness(vectors, vectors[:, :2], np.arange(30))


def test_a_map_by_a_sample_keeps_neighbours_together_as_a_plain_one_does(vectors, laid_out):
    xy, facts, seen = laid_out
    assert xy.shape == (N, 2) and xy.dtype == np.float32 and np.isfinite(xy).all()
    plain = trustworthiness(vectors, lay_out(vectors, ProjectParams())[0], np.arange(N))
    assert trustworthiness(vectors, xy, np.arange(N)) > plain - 0.03
    assert 1000 <= facts["fitted_on"] < N and facts["trustworthiness"]["fit"] > 0.8
    assert facts["trustworthiness"]["all"] == pytest.approx(trustworthiness(vectors, xy, np.arange(N)), abs=1e-4)
    assert seen == sorted(seen) and len(seen) > 10 and seen[-1] <= 1


def test_the_same_seed_gives_the_same_map_and_the_vectors_stay_as_they_were(vectors, laid_out):
    before = vectors.copy()
    again, _ = lay_out(vectors, ProjectParams(fit_on=1000))
    np.testing.assert_array_equal(laid_out[0], again)
    np.testing.assert_array_equal(vectors, before)


def test_the_note_says_how_a_map_was_laid_out(laid_out):
    facts = laid_out[1]
    note = layout_note(facts)
    assert (
        f"Fitted on {facts['fitted_on']:,} records" in note
        and f"{facts['trustworthiness']['fit']:.2f} of the fit" in note
    )
    assert layout_note({}) == ""


def test_a_limit_that_changes_nothing_keeps_the_key_and_a_map_of_all_records_holds(tmp_path, vectors):
    data = tmp_path / "many.jsonl"
    data.write_text("".join(f'{{"prompt": "p{i}", "response": "r{i}"}}\n' for i in range(N)))
    np.save(tmp_path / "own.npy", vectors)
    workspace = Workspace(tmp_path / "many", create=True)
    workspace.import_data(data, RecordParams())
    pipeline = Pipeline(workspace)
    pipeline.run("embed", EmbedParams(model="", vectors="0" * 64), vectors=tmp_path / "own.npy")
    plain, by_sample = pipeline.key("project", ProjectParams()), pipeline.key("project", ProjectParams(fit_on=1000))
    assert pipeline.key("project", ProjectParams(fit_on=5000)) == plain != by_sample
    assert "fit_on" not in ProjectParams().as_dict()
    workspace.save("project", plain, {}, value=np.zeros((N, 2), np.float32))
    assert pipeline.key("project", ProjectParams(fit_on=1000)) == plain
