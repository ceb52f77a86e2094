"""The records nearest to one record."""

import numpy as np
import pytest

from core.run.pipeline import Pipeline
from core.selection.finding import meaning
from core.selection.finding.find import neighbours_of
from core.selection.finding.meaning import MeaningParams


@pytest.mark.parametrize("row", [0, 5, 59])
def test_the_nearest_are_those_that_sorting_all_gives_without_the_record_itself(make_pipeline, row):
    pipeline = make_pipeline("embed")
    x = np.asarray(pipeline.array("embed"))
    found, note = neighbours_of(pipeline, row, 20)
    others = np.setdiff1d(np.arange(60), row)
    cosines = x[others] @ x[row]
    assert row not in found.rows and len(set(found.rows.tolist())) == 20 and found.is_exact and not note
    assert np.allclose(found.cosines, np.sort(cosines)[::-1][:20], atol=1e-6)
    assert np.allclose(found.cosines, np.clip(x[found.rows] @ x[row], -1, 1), atol=1e-6)


def test_there_are_never_more_than_there_are_others(make_pipeline):
    assert len(neighbours_of(make_pipeline("embed"), 5, 700)[0].rows) == 59


def test_without_embeddings_there_are_no_neighbours(make_pipeline):
    assert len(neighbours_of(make_pipeline(), 5, 7)[0].rows) == 0


def test_an_index_is_used_where_there_is_one_and_that_is_said(make_pipeline, monkeypatch):
    monkeypatch.setattr(meaning, "EXACT_UP_TO", 10)
    monkeypatch.setattr(meaning, "_GATHERED_UP_TO", 10)
    pipeline = make_pipeline("embed")
    pipeline.run("meaning", MeaningParams())
    pipeline = Pipeline(pipeline.workspace)
    found, note = neighbours_of(pipeline, 5, 4)
    assert 5 not in found.rows and len(found.rows) == 4
    assert found.is_exact == (not note) and (found.is_exact or note.startswith("By an index that finds"))
