"""Global inter- and intra-diversity of DaaR (equations 2 and 3): worked by hand, by brute force, as measures and in the report."""

import dataclasses
import itertools

import numpy as np
import pytest

from core.daar.params import DaarParams
from core.evidence.by_domain import means_by_domain
from core.evidence.ground import Ground, MeasureParams
from core.evidence.measuring import measure
from core.export.report.blocks import Paragraph, Table
from core.export.report.domains import domains
from core.measures.domain_means import DomainMeans, domain_variances, global_inter
from core.measures.measure import MEASURES
from core.selection.choosing import select_records
from core.selection.params import SelectionParams
from core.selection.pool import Pool
from core.selection.why import why_by_method
from tests.test_reward import blobs


def test_equations_2_and_3_worked_by_hand():
    # a: (0, 0) and (2, 0), centre (1, 0), variance 1. b: (1, 4) alone. c: (4, 3) and (4, 5), centre (4, 4), variance 1.
    x = np.array([[0, 0], [2, 0], [1, 4], [4, 3], [4, 5], [9, 9]], float)
    groups = np.array([0, 0, 1, 2, 2, 3])
    found = means_by_domain(x, np.arange(5), groups, 4)
    np.testing.assert_allclose(found.means, [[1, 0], [1, 4], [4, 4], [0, 0]])
    assert found.counts.tolist() == [2, 1, 2, 0]
    assert global_inter(found) == pytest.approx(
        (4 + 5 + 3) / 3
    )  # the pairs ab, ac and bc; d has no record and counts nowhere
    np.testing.assert_allclose(domain_variances(found), [1, 0, 1, np.nan])
    assert global_inter(DomainMeans(np.eye(2), np.array([3, 0]), np.ones(2))) is None


def test_they_are_what_brute_force_finds_with_a_record_given_twice_counted_twice():
    x, truth = blobs(spread=0.4)
    rows = np.array([3, 5, 5, 61, 70, 80, 92, 95])
    found = means_by_domain(x, rows, truth, 3)
    own = [x[rows[truth[rows] == k]].astype(np.float64) for k in range(3)]
    centres = [each.mean(axis=0) for each in own]
    pairs = [np.linalg.norm(a - b) for a, b in itertools.combinations(centres, 2)]
    assert global_inter(found) == pytest.approx(np.mean(pairs))
    variances = [((each - centre) ** 2).sum(axis=1).mean() for each, centre in zip(own, centres, strict=True)]
    np.testing.assert_allclose(domain_variances(found), variances, atol=1e-9)


def test_a_selection_is_measured_by_them_beside_random_ones(make_pipeline):
    pipeline = make_pipeline("embed")
    rows = np.arange(0, 60, 5)
    found = measure(pipeline, rows, MeasureParams(3), device="cpu")
    groups = Ground(pipeline, MeasureParams(3), "cpu").groups  # by source labels, while there are no domains
    by_hand = means_by_domain(np.asarray(pipeline.array("embed")), rows, groups, 4)
    assert found.values["global_inter"] == pytest.approx(global_inter(by_hand), abs=1e-7)
    assert found.values["global_intra"] == pytest.approx(domain_variances(by_hand).mean(), abs=1e-7)
    assert len(found.bands["global_inter"]) == len(found.bands["global_intra"]) == 3
    alone = measure(pipeline, np.arange(0, 20, 4), MeasureParams(3), device="cpu")  # of one source: there are no pairs
    assert "global_inter" not in alone.values and "global_intra" in alone.values
    assert MEASURES["global_inter"].better == MEASURES["global_intra"].better == "more"


def test_the_report_sets_each_domains_spread_beside_the_datas_and_tells_of_the_draws(make_pipeline, quick_probes):
    pipeline = make_pipeline("embed")
    assert domains(pipeline, np.arange(12)) == []  # none were found
    pipeline.run("reward", DaarParams(labels="source", draws=3, learning_rate=3e-3), device="cpu")
    pipeline.run("select", SelectionParams("12", "daar"))
    rows = pipeline.table("select")["row_id"].to_numpy()
    section = domains(pipeline, rows)[0]
    tables = {block.title: block for block in section.blocks if isinstance(block, Table)}
    lines = tables[""].rows
    assert [line[0] for line in lines] == pipeline.info("reward")["names"]
    x, groups = np.asarray(pipeline.array("embed")), pipeline.column("reward", "domain")
    every = domain_variances(means_by_domain(x, np.arange(60), groups, 4))
    assert [line[4] for line in lines] == [f"{value:.4f}" for value in every]
    pairs = tables["Draws, two by two"].rows
    assert [line[0] for line in pairs] == ["1 and 2", "1 and 3", "2 and 3"]
    shares = [f"{100 * share:.0f}%" for *_, share in pipeline.info("select")["draws"]["overlaps"]]
    assert [line[2] for line in pairs] == shares
    assert any("surely" in block.text for block in section.blocks if isinstance(block, Paragraph))


# Diversity itself as the reward


def test_direct_diversity_takes_the_nearest_to_the_other_centres_by_brute_force():
    x, truth = blobs(spread=0.5)
    shares = {"a": 0.0, "b": 0.0, "c": 0.0}
    pool = Pool(
        100, embeddings=x.astype(np.float32), reward=np.zeros(100), domains=truth.astype(np.int32), shares=shares
    )
    centres = [x[truth == k].mean(axis=0) for k in range(3)]
    units = [centre / np.linalg.norm(centre) for centre in centres]
    phi = np.array([sum(row @ units[k] for k in range(3) if k != own) for row, own in zip(x, truth, strict=True)])
    order = np.argsort(-phi, kind="stable")
    found = select_records(pool, SelectionParams("10", "direct-diversity"))
    assert found.rows.tolist() == order[:10].tolist()
    np.testing.assert_allclose(found.scores, phi[order[:10]], atol=1e-5)
    told = why_by_method(pool, SelectionParams("10", "direct-diversity"), found, order[[0, 99]])
    assert told[0].startswith("Selected by direct-diversity: 1st of 100 by likeness to the other domains (")
    assert told[1].startswith("Not selected by direct-diversity: 100th")
    favoured = select_records(pool, SelectionParams("20", "direct-diversity", target_domain="c"))
    held = np.bincount(truth[favoured.rows], minlength=3)
    own = [[row for row in order.tolist() if truth[row] == k][: held[k]] for k in range(3)]
    assert held[2] > 2 and set(favoured.rows) == {row for rows in own for row in rows}
    spread = select_records(
        dataclasses.replace(pool, shares=shares | {"b": 0.5}), SelectionParams("20", "direct-diversity")
    )
    assert np.bincount(truth[spread.rows])[1] == 10
