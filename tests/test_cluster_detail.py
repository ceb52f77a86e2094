"""A cluster opened on the Map page."""

import numpy as np
import pytest

from components.charts.escaping import as_markdown
from components.records.cluster_detail import N_TELLING
from components.session.state import Focus
from core.vectors.cluster_facts import nearest_clusters, telling_records
from core.vectors.naming.stage import RegionParams, regions_of
from tests.pages import check, frame_with, open_page, pipeline_of, press, read, words

pytestmark = pytest.mark.usefixtures("jobs_in_process")


def opened_cluster(home, cluster=2):
    rows = np.flatnonzero(np.asarray(pipeline_of(home).array("cluster")) == cluster)
    app = open_page(home, "map", focus=Focus("cluster", "name", rows, cluster))
    assert not [button for button in app.button if str(button.key).startswith("near-")]  # nothing is looked for unasked
    app.session_state["about_cluster"] = True
    return check(app.run())


def test_it_shows_numbers_terms_telling_records_and_the_nearest_clusters(selected_home):
    pipeline = pipeline_of(selected_home)
    labels, distances = np.asarray(pipeline.array("cluster")), np.asarray(pipeline.array("cluster", ".distances.npy"))
    centroids = np.asarray(pipeline.array("cluster", ".centroids.npy"))
    app = opened_cluster(selected_home)
    said = words(app)
    assert f"{(labels == 2).sum()} records · " in said and "weight × 1 · mean quality" in said and "alike 0." in said
    assert "In the region" not in said
    first = pipeline.info("cluster")["names"][2].split(", ")[0]
    assert any(f"{first} " in line and " · " in line for line in said.splitlines())
    near = nearest_clusters(centroids, np.bincount(labels), 2, 5)[0]
    assert [b.key for b in app.button if str(b.key).startswith("near-2-")] == [f"near-2-{other}" for other in near]
    found = telling_records(pipeline.array("embed"), labels, centroids, distances, 2, N_TELLING)
    for kind in ("typical", "extreme", "contested"):
        check(app.segmented_control(key="telling").set_value(kind).run())
        shown = [b.key for b in app.button if str(b.key).startswith("tell-")]
        assert shown == [f"tell-{kind}-{row}" for row in getattr(found, kind)]


def test_a_telling_record_is_read_first_and_a_near_cluster_opened(selected_home):
    app = opened_cluster(selected_home)
    check(app.segmented_control(key="telling").set_value("extreme").run())
    button = next(b for b in app.button if str(b.key).startswith("tell-extreme-"))
    check(button.click().run())
    assert read(app)["row"] == int(button.key.rsplit("-", 1)[1])
    near = next(b for b in app.button if str(b.key).startswith("near-2-"))
    check(near.click().run())
    assert app.session_state["winnow"].focus.cluster == int(near.key.rsplit("-", 1)[1])


def test_a_cluster_is_renamed_merged_with_a_near_one_split_and_given_back(selected_home):
    app = opened_cluster(selected_home)
    before = np.array(pipeline_of(selected_home).array("cluster"))
    name = next(box for box in app.text_input if box.label == "Its name")
    name.set_value("Python lists")
    check(app.button(key="rename_cluster").click().run())
    assert "Python lists" in words(app) and app.session_state["winnow"].focus.label == "Python lists"
    near = int(next(b.key for b in app.button if str(b.key).startswith("near-2-")).rsplit("-", 1)[1])
    next(box for box in app.multiselect if box.label.startswith("With these")).set_value([near])
    app.run()
    check(app.button(key="merge_clusters").click().run())
    merged, first = np.asarray(pipeline_of(selected_home).array("cluster")), min(2, near)
    assert (merged == first).sum() == ((before == 2) | (before == near)).sum()
    assert app.session_state["winnow"].focus.cluster == first and not app.session_state["winnow"].message
    check(app.button(key="split_cluster").click().run())
    parts = np.asarray(pipeline_of(selected_home).array("cluster"))
    assert parts.max() == before.max() + 1 and 0 < (parts == first).sum() < (merged == first).sum()
    app.session_state["winnow"].side = "clusters"
    check(app.run())
    assert "words" in frame_with(app, "share") and len(frame_with(app, "share")) == len(np.unique(parts))
    for _ in range(3):
        press(app, "Undo the last decision")
    assert np.array_equal(pipeline_of(selected_home).array("cluster"), before)


def test_it_says_the_region_where_the_map_has_regions(selected_home):
    pipeline_of(selected_home).run("regions", RegionParams(3))
    pipeline = pipeline_of(selected_home)
    named = regions_of(pipeline)[int(pipeline.array("regions")[2])].name
    assert as_markdown(f"In the region {named}") in words(opened_cluster(selected_home))
