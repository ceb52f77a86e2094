"""Evidence on a workspace: every measure beside its random band, kept, and right about what it depends on."""

import dataclasses

import numpy as np
import pytest

from core.base.errors import CurationError
from core.evidence.ground import MeasureParams
from core.evidence.measuring import expected, found_before, found_so_far, measure, params_in_use
from core.measures.kinds.mix import shares, total_variation_distance
from core.measures.measure import MEASURES
from core.measures.pairwise import vendi
from core.measures.traits import UNKNOWN, languages, token_counts, word_counts
from core.run.pipeline import Pipeline
from core.vectors.clustering import ClusterParams
from tests.conftest import write_jsonl

ROWS = np.arange(0, 24, 2)
KINDS = ("prompts", "responses")


@pytest.fixture
def pipeline(make_pipeline):
    return make_pipeline("embed", "cluster", "score")


def test_every_measure_has_its_value_and_its_band(pipeline):
    found = measure(pipeline, ROWS, MeasureParams(), device="cpu")
    assert list(found.values) == [name for name in MEASURES if name in found.values]
    assert set(MEASURES) == set(found.values) == set(found.bands)
    assert all(len(band) == 10 and np.isfinite(band).all() for band in found.bands.values())
    x = np.array(pipeline.array("embed"))
    assert found.values["vendi"] == pytest.approx(vendi(x[ROWS]), abs=1e-6)
    drawn = np.sort(np.random.default_rng([0, 3]).choice(60, 12, replace=False))
    assert found.bands["vendi"][3] == pytest.approx(vendi(x[drawn]), abs=1e-6)
    assert found.values["quality"] == pytest.approx(pipeline.column("score", "score")[ROWS].mean(), abs=1e-6)
    table = pipeline.workspace.records()
    assert found.values["tokens"] == token_counts(table, ROWS).sum() == sum(found.details["tokens"][k] for k in KINDS)
    assert found.values["source_shift"] == pytest.approx(0.5)  # two of the four subjects
    assert found.details["sources"]["bread"] == [0.5, 0.25] and found.details["compared"] == 12
    assert found.place("source_shift") == "above"


def test_a_selection_inside_one_cluster_is_worse_than_chance(pipeline):
    rows = np.flatnonzero(pipeline.array("cluster") == 0)[:12]
    found = measure(pipeline, rows, MeasureParams(), device="cpu")
    assert {found.place(name) for name in ("vendi", "coverage", "cluster_coverage")} == {"below"}


def test_what_was_measured_is_kept_until_what_it_rests_on_changes(pipeline, monkeypatch):
    assert found_before(pipeline, ROWS, MeasureParams()) is None
    first = measure(pipeline, ROWS, MeasureParams(), device="cpu")
    monkeypatch.setattr("core.evidence.ground.within_selection", None)  # whoever computes now, fails
    fresh = Pipeline(pipeline.workspace)
    assert measure(fresh, ROWS[::-1], MeasureParams()) == first == found_before(fresh, ROWS, MeasureParams())
    with pytest.raises(TypeError):
        measure(fresh, ROWS, MeasureParams(seed=1), device="cpu")
    fresh.run("cluster", ClusterParams(3), device="cpu")
    assert found_before(Pipeline(pipeline.workspace), ROWS, MeasureParams()) is None


def test_the_band_is_made_once_for_a_size(pipeline, monkeypatch):
    import core.evidence.ground as evidence

    calls, real = [], evidence.within_selection
    monkeypatch.setattr(evidence, "within_selection", lambda *a, **k: calls.append(1) or real(*a, **k))
    measure(pipeline, ROWS, MeasureParams(), device="cpu")
    assert len(calls) == 11
    measure(pipeline, ROWS + 1, MeasureParams(), device="cpu")
    assert len(calls) == 12


def test_measures_come_one_by_one_and_go_on_where_a_job_ended(pipeline, monkeypatch):
    import core.evidence.ground as ground

    assert not found_so_far(pipeline, ROWS, MeasureParams()).values
    real = ground.within_selection
    monkeypatch.setattr(ground, "within_selection", None)
    with pytest.raises(TypeError):
        measure(pipeline, ROWS, MeasureParams(), device="cpu")
    early = found_so_far(pipeline, ROWS, MeasureParams())
    assert {"quality", "vendi", "cluster_coverage"} <= set(early.values) and not {"novelsum"} & set(early.values)
    assert len(early.bands["quality"]) == 10 and early.judged("words") == ""
    monkeypatch.setattr(ground, "within_selection", real)
    monkeypatch.setattr("core.measures.kinds.pairs.vendi", None)  # whoever takes it again, fails
    whole = measure(pipeline, ROWS, MeasureParams(), device="cpu")
    assert {name: whole.values[name] for name in early.values} == early.values
    assert list(whole.values) == expected(pipeline, MeasureParams())
    assert not list(pipeline.workspace.artifacts.glob("measure-*.shards"))


def test_large_selections_and_pools_are_measured_on_samples_and_it_is_said(pipeline):
    small = MeasureParams(most_selected=8, most_pool=30)
    found = measure(pipeline, ROWS, small, device="cpu")
    assert found.details["compared"] == 8 and found.details["audience"] == 30
    whole = measure(pipeline, ROWS, MeasureParams(), device="cpu")
    assert found.values["words"] == whole.values["words"] and 0 < found.values["coverage"] <= 1


def test_a_large_pool_is_measured_in_cells_near_the_exact_values_and_kept_apart(pipeline, monkeypatch):
    import core.evidence.ground as ground

    exact = measure(pipeline, ROWS, MeasureParams(), device="cpu")
    monkeypatch.setattr(ground, "DENSITY_EXACT_UP_TO", 10)
    monkeypatch.setattr(ground, "_EXACT_COVERAGE", 0)
    assert found_before(pipeline, ROWS, MeasureParams()) is None
    found = measure(pipeline, ROWS, MeasureParams(), device="cpu")
    assert found.details["estimated"] and not exact.details["estimated"]
    assert found.values == pytest.approx(exact.values, rel=0.05)
    assert found.values["coverage"] == pytest.approx(
        exact.values["coverage"], abs=1e-5
    )  # so few that all are looked at


def test_without_domains_or_sources_there_is_no_likeness_to_them(make_pipeline, tmp_path):
    data = write_jsonl(
        tmp_path / "plain.jsonl", [{"prompt": f"say {i}", "completion": f"yes {i % 5}"} for i in range(20)]
    )
    pipeline = make_pipeline("embed", data=data)
    found = measure(pipeline, np.arange(5), MeasureParams(), device="cpu")
    assert not {"inter", "intra", "source_shift", "quality", "cluster_entropy"} & set(found.values)
    assert expected(pipeline, MeasureParams()) == list(found.values)
    assert found.details["sources"] == {} and "vendi" in found.values


def test_what_was_measured_with_other_params_is_found_again(pipeline):
    assert params_in_use(pipeline) == MeasureParams()
    measure(pipeline, ROWS, MeasureParams(4, seed=2), device="cpu")
    used = params_in_use(Pipeline(pipeline.workspace))
    assert used == MeasureParams(4, seed=2) and len(found_before(pipeline, ROWS, used).bands["vendi"]) == 4


def test_nothing_to_measure_is_said(pipeline, make_pipeline):
    with pytest.raises(CurationError, match="Nothing is selected"):
        measure(pipeline, np.zeros(0, np.int64), MeasureParams())
    with pytest.raises(CurationError, match="run: python -m core embed"):
        measure(make_pipeline(folder="bare"), ROWS, MeasureParams())
    for bad in ({"n_random": 1}, {"seed": -1}, {"most_pool": 0}):
        with pytest.raises(CurationError, match=next(iter(bad))):
            MeasureParams(**bad)


def test_the_same_seed_gives_the_same_evidence(make_pipeline):
    found = [
        measure(make_pipeline("embed", "cluster", "score", folder=name), ROWS, MeasureParams(seed=3), device="cpu")
        for name in ("a", "b")
    ]
    assert dataclasses.asdict(found[0]) == dataclasses.asdict(found[1])


# Words, tokens, languages, shares


def test_shift_and_shares_worked_by_hand():
    codes = np.array([0, 0, 1, -1])
    assert total_variation_distance(codes, np.arange(4)) == 0
    assert total_variation_distance(codes, np.array([2])) == pytest.approx(0.75)
    assert shares(["a", "b"], codes, np.array([2, 0])) == {"a": [0.5, 0.5], "none": [0.0, 0.25], "b": [0.5, 0.25]}


def test_words_tokens_and_languages_of_records(make_pipeline, tmp_path):
    texts = [
        ("How do I bake bread in an oven that is far too small?", "With patience, flour and water."),
        ("Wie backe ich Brot in einem Ofen, der viel zu klein ist?", "Mit Geduld, Mehl und Wasser."),
        ("¿Cómo puedo hornear pan en un horno demasiado pequeño?", "Con paciencia, harina y agua."),
        ("1 + 1", "2"),
    ]
    data = write_jsonl(tmp_path / "w.jsonl", [{"prompt": p, "completion": r} for p, r in texts])
    records = make_pipeline(data=data).workspace.records()
    assert word_counts(records).tolist()[0] == 18 and word_counts(records)[3] == 3
    counts = token_counts(records, np.arange(4))
    assert counts.shape == (4, 2) and counts[3].tolist() == [3, 1]
    names, codes = languages(records, np.arange(4))
    assert [names[code] for code in codes] == ["en", "de", "es", UNKNOWN]


def test_words_are_words_in_any_script(make_pipeline, tmp_path):
    texts = ["Привет мир", "你好 世界", "café naïve", "snake_case 12"]
    data = write_jsonl(tmp_path / "s.jsonl", [{"prompt": text, "completion": ""} for text in texts])
    assert word_counts(make_pipeline(data=data).workspace.records()).tolist() == [2, 2, 2, 2]


def test_a_measure_that_only_some_draws_have_is_left_out(pipeline):
    found = measure(pipeline, np.arange(3), MeasureParams(most_pool=6, seed=1), device="cpu")
    assert set(found.values) == set(found.bands) and "tokens" not in found.values
    assert all(found.place(name) for name in found.values)


def test_long_texts_are_counted_whole(make_pipeline, tmp_path):
    data = write_jsonl(tmp_path / "long.jsonl", [{"prompt": "word " * 2000, "completion": "yes"}])
    records = make_pipeline(data=data).workspace.records()
    assert token_counts(records, np.array([0])).tolist() == [[2000, 1]]
