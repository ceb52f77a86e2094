"""Another embedder: what of clusters, selection and nearest records stays, worked by brute force; the verb; the report's table."""

import numpy as np
import pytest

from core.base.arrays import unit_rows
from core.base.errors import CurationError
from core.base.files import file_sha256
from core.base.progress import no_progress
from core.cli.parser import main
from core.evidence.embedders import EmbedderParams, _neighbors_shared, compare_embedders, known_transfer
from core.export.report.structure import cluster_quality
from core.run.pipeline import Pipeline
from core.selection.params import SelectionParams
from core.vectors.cluster_counts import SuggestParams
from core.vectors.clustering import ClusterParams


@pytest.fixture
def pipeline(make_pipeline):
    return make_pipeline("embed", "cluster", "score", "select")


def other_vectors(tmp_path, vectors, name="other.npy"):
    path = tmp_path / name
    np.save(path, np.asarray(vectors, np.float32))
    return path, EmbedderParams(file_sha256(path), path.name, sample=30)


def test_under_the_same_vectors_everything_stays(pipeline, tmp_path):
    path, params = other_vectors(tmp_path, 3 * np.asarray(pipeline.array("embed")))
    found = compare_embedders(pipeline, path, params, device="cpu")
    assert (found.clusters, found.neighbors, found.selection) == (1, 1, 1)
    assert found.by_chance == pytest.approx(12 / 60) and found.neighbors_by_chance == pytest.approx(10 / 59, abs=1e-6)
    assert found.n_clusters == 4 and not found.why_not
    assert known_transfer(Pipeline(pipeline.workspace)) == found


def test_under_random_vectors_hardly_anything_does(pipeline, tmp_path):
    # By a draw, the same random numbers would make the selections alike.
    pipeline.run("select", SelectionParams("12", "kmeans-closest"))
    path, params = other_vectors(tmp_path, np.random.default_rng(0).normal(size=(60, 8)))
    found = compare_embedders(pipeline, path, params, device="cpu")
    assert abs(found.clusters) < 0.2 < found.clusters_by_seed
    assert found.neighbors < 0.4 and found.selection < found.selection_by_seed


def test_nearest_records_are_compared_without_the_record_itself():
    rng = np.random.default_rng(3)
    one, other = unit_rows(rng.normal(size=(80, 4))), unit_rows(rng.normal(size=(80, 5)))
    rows, shared = np.array([0, 7, 79]), 0
    for row in rows:
        first = [[i for i in np.argsort(-(x @ x[row])) if i != row][:6] for x in (one, other)]
        shared += len(set(first[0]) & set(first[1]))
    assert _neighbors_shared(one, other, rows, 6, no_progress) == pytest.approx(shared / 18)


def test_it_is_out_of_date_once_the_clusters_are_others(pipeline, tmp_path):
    path, params = other_vectors(tmp_path, np.random.default_rng(0).normal(size=(60, 8)))
    compare_embedders(pipeline, path, params, device="cpu")
    pipeline.run("cluster", ClusterParams(6), device="cpu")
    assert known_transfer(pipeline) is None
    found = compare_embedders(pipeline, path, params, device="cpu")
    assert found.selection is None and "out of date" in found.why_not


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"method": "quality"}, "quality goes by neither"),
        ({"method": "random", "quota": "tree"}, "the groups of the quota tree were found in today's"),
        ({"method": "kmq", "at_most": ("cluster=0:2",)}, "its rules name some of today's clusters"),
    ],
)
def test_a_selection_that_cannot_be_made_under_other_embeddings_says_why(pipeline, tmp_path, asked, said):
    pipeline.run("select", SelectionParams("12", **asked))
    path, params = other_vectors(tmp_path, np.random.default_rng(0).normal(size=(60, 8)))
    found = compare_embedders(pipeline, path, params, device="cpu")
    assert found.selection is None and found.why_not.startswith(said)


def test_a_file_that_does_not_fit_is_refused(pipeline, tmp_path):
    path, params = other_vectors(tmp_path, np.ones((59, 8)))
    with pytest.raises(CurationError, match="59 rows for 60 records"):
        compare_embedders(pipeline, path, params, device="cpu")
    assert known_transfer(pipeline) is None


def test_the_verb_prints_what_stays(pipeline, tmp_path, capsys):
    path, _ = other_vectors(tmp_path, pipeline.array("embed"))
    folder = str(pipeline.workspace.folder)
    assert main(["compare-embedders", folder, str(path), "--neighbors", "5", "--device", "cpu"]) == 0
    out = capsys.readouterr().out
    assert "clusters (adjusted mutual info)       1.000" in out and "a record's 5 nearest" in out
    assert main(["compare-embedders", folder, str(tmp_path / "none.npy")]) == 1
    assert "none.npy" in capsys.readouterr().err


def test_the_report_shows_both_or_says_how(pipeline, tmp_path):
    texts = [block.text for block in cluster_quality(pipeline).blocks]
    assert "Other numbers of clusters were not tried" in texts[0] and "were not compared" in texts[1]
    pipeline.run("suggest", SuggestParams(counts=(2, 4, 8)), device="cpu")
    path, params = other_vectors(tmp_path, pipeline.array("embed"))
    compare_embedders(pipeline, path, params, device="cpu")
    by_number, advice, transfer, *_ = cluster_quality(Pipeline(pipeline.workspace)).blocks
    assert [row[0] for row in by_number.rows] == [
        "2",
        "4, as here",
        "8",
    ] and "Silhouette is weak evidence" in advice.text
    made = pipeline.info("suggest")["choices"]
    assert [row[1] for row in by_number.rows] == [f"{choice['silhouette']:.3f}" for choice in made]
    assert [row[:2] for row in transfer.rows] == [
        ("Clusters, adjusted mutual information", "1.000"),
        ("The selection", "100.0%"),
        ("A record's 10 nearest", "100.0%"),
    ]
