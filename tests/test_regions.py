"""Regions of the map: near and alike, named like clusters, kept, and drawn from afar."""

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, linkage

from core.run.pipeline import Pipeline
from core.vectors.naming.regions import find_regions, middle_of, suggest_n_regions, ward
from core.vectors.naming.stage import RegionParams, regions_of
from core.vectors.projection import ProjectParams
from core.vectors.reshaping import merge_clusters, split_cluster
from core.vectors.topics import regions_of_clusters
from core.workspace.shape import NAMED, cluster_names
from tests.command import run
from tests.pages import draw_map


def test_there_are_8_to_24_and_none_where_clusters_are_few():
    assert [suggest_n_regions(k) for k in (2, 31, 32, 512, 1024, 2048, 100_000)] == [0, 0, 8, 20, 24, 24, 24]


def same_groups(one, other):
    return (
        len(set(zip(one.tolist(), other.tolist(), strict=True))) == len(set(one.tolist())) == len(set(other.tolist()))
    )


@pytest.mark.parametrize("seed", range(4))
def test_ward_is_the_libraries_where_all_weigh_the_same(seed):
    points = np.random.default_rng(seed).normal(size=(60, 3))
    for n in (1, 2, 7, 59, 60):
        assert same_groups(ward(points, np.ones(60), n), fcluster(linkage(points, "ward"), n, "maxclust"))


def test_a_weight_is_as_good_as_so_many_points():
    rng = np.random.default_rng(5)
    points, weights = rng.normal(size=(20, 2)), rng.integers(1, 6, 20)
    many = np.repeat(np.arange(20), weights)
    asked = ward(points, weights, 5)
    assert same_groups(asked[many], fcluster(linkage(points[many], "ward"), 5, "maxclust"))


def test_regions_are_near_on_the_map_and_the_largest_comes_first():
    rng = np.random.default_rng(0)
    truth = np.arange(40) % 4
    corners = np.array([[0, 0], [9, 0], [0, 9], [9, 9]])
    places = corners[truth] + rng.normal(size=(40, 2))
    centroids = np.eye(8)[truth] + rng.normal(size=(40, 8)) / 10
    sizes = np.where(truth == 2, 90, 10)
    sizes[7], places[7] = 0, np.nan
    found = find_regions(places, centroids, sizes, 4)
    assert found[7] == -1 and (found[truth == 2] == 0).all()
    there = found >= 0
    assert same_groups(found[there], truth[there])
    assert (find_regions(np.full((3, 2), np.nan), centroids[:3], np.zeros(3), 4) == -1).all()


def test_a_name_stands_on_one_of_the_places_it_is_about():
    ring = np.array([[np.cos(a), np.sin(a)] for a in np.linspace(0, 5, 30)])
    assert middle_of(np.vstack([ring, [[5, 5]]]), np.ones(31)) < 30
    assert middle_of(ring, np.where(np.arange(30) == 3, 1000, 1)) == 3


@pytest.fixture
def mapped(make_pipeline):
    """A pipeline with clusters and a map."""
    pipeline = make_pipeline("embed", "cluster")
    draw_map(pipeline, ProjectParams())
    return Pipeline(pipeline.workspace)


def test_the_stage_names_regions_and_keeps_them(mapped):
    mapped.run("regions", RegionParams(2))
    regions = regions_of(Pipeline(mapped.workspace))
    assert len(regions) == 2 and len({region.name for region in regions}) == 2
    assert sum(region.records for region in regions) == 60 and regions[0].records >= regions[1].records
    xy = np.array(mapped.array("project"))
    assert all(xy.min() <= value <= xy.max() for region in regions for value in (region.x, region.y))
    merge_clusters(Pipeline(mapped.workspace), [0, 1])
    assert regions_of(Pipeline(mapped.workspace)) == regions


def test_a_cluster_that_was_merged_or_split_is_in_the_region_of_most_of_its_records(mapped):
    assert regions_of_clusters(mapped) == []
    mapped.run("regions", RegionParams(2))
    now = Pipeline(mapped.workspace)
    names, of_cluster = [region.name for region in regions_of(now)], np.asarray(now.array("regions"))
    assert regions_of_clusters(now) == [names[region] for region in of_cluster]
    one, other = np.flatnonzero(of_cluster == of_cluster[0])[0], np.flatnonzero(of_cluster != of_cluster[0])[0]
    sizes = now.info("cluster")["sizes"]
    larger = one if sizes[one] >= sizes[other] else other
    merged = merge_clusters(Pipeline(mapped.workspace), [int(one), int(other)])
    after = regions_of_clusters(Pipeline(mapped.workspace))
    assert after[merged.cluster] == names[of_cluster[larger]] and after[merged.numbers[0]] == ""
    split_cluster(Pipeline(mapped.workspace), merged.cluster, 2)
    assert len(regions_of_clusters(Pipeline(mapped.workspace))) == len(of_cluster) + 1


def test_the_verb_prints_them_and_says_what_is_missing(mapped):
    said = run("regions", mapped.workspace.folder, "--regions", 2, check=0).stdout
    regions = regions_of(Pipeline(mapped.workspace))
    assert said == "".join(f"{region.records:>9,}  {region.name}\n" for region in regions) and len(regions) == 2
    assert "--regions is -1" in run("regions", mapped.workspace.folder, "--regions", -1, check=1).stderr


def test_few_clusters_make_no_regions(mapped):
    mapped.run("regions", RegionParams())
    assert mapped.state("regions") == "done" and regions_of(mapped) == []


def test_clusters_that_were_named_before_get_the_newer_names_and_keep_what_people_did(mapped):
    key, info = mapped.current("cluster"), mapped.info("cluster")
    now = info["names"]
    old = {name: value for name, value in info.items() if name != NAMED} | {"names": ["a", "b", "c", "d"]}
    labels, distances, centroids = (
        np.array(mapped.array("cluster", end)) for end in (".npy", ".distances.npy", ".centroids.npy")
    )
    mapped.workspace.save("cluster", key, old, value=labels, distances=distances, centroids=centroids)
    assert cluster_names(Pipeline(mapped.workspace)) == ["a", "b", "c", "d"]
    merge_clusters(Pipeline(mapped.workspace), [0, 1])
    merged = cluster_names(Pipeline(mapped.workspace))
    assert merged[1:] == ["", "c", "d"] and merged[0] not in "abcd"
    Pipeline(mapped.workspace).run("regions", RegionParams())
    assert cluster_names(Pipeline(mapped.workspace)) == [merged[0], "", now[2], now[3]]
