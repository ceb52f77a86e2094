"""The table of clusters: its columns, its search, its filters."""

import numpy as np
import pytest

from components.records.cluster_frame import Wanted, cluster_frame
from core.selection.status import DROPPED, FREE, PINNED, SELECTED
from core.vectors.naming.stage import RegionParams, regions_of
from core.workspace.deciding import decide_cluster
from tests.pages import check, frame_with, open_page, pipeline_of

pytestmark = pytest.mark.usefixtures("jobs_in_process")


@pytest.fixture
def frame():
    labels = np.array([0, 0, 0, 1, 1, 3], np.int32)
    statuses = np.array([SELECTED, PINNED, FREE, DROPPED, FREE, FREE], np.int8)
    made = cluster_frame(labels, ["Flour, oven", "list, PYTHON", "", "tickets"], statuses, None, {3: 2.0})
    return made.assign(source=["a", "b", "", "b"], region=["Kitchen", "Code", "", "Code"])


def test_counts_are_by_cluster(frame):
    assert frame["records"].tolist() == [3, 2, 0, 1] and frame["selected"].tolist() == [2, 0, 0, 0]
    assert frame["pinned"].tolist() == [1, 0, 0, 0] and frame["dropped"].tolist() == [0, 1, 0, 0]


@pytest.mark.parametrize(
    ("wanted", "clusters"),
    [
        (Wanted(), [0, 1, 3]),
        (Wanted("python"), [1]),
        (Wanted("OVEN flour"), [0]),
        (Wanted("3"), [3]),
        (Wanted("oven ["), []),
        (Wanted(only=("nothing selected",)), [1, 3]),
        (Wanted(only=("nothing selected", "weighted")), [3]),
        (Wanted(only=("pinned",)), [0]),
        (Wanted(only=("dropped",)), [1]),
        (Wanted(source="b"), [1, 3]),
        (Wanted("list", source="a"), []),
        (Wanted(region="Code"), [1, 3]),
        (Wanted("code tickets"), [3]),
    ],
)
def test_it_is_searched_and_filtered(frame, wanted, clusters):
    assert wanted.of(frame)["cluster"].tolist() == clusters


def test_the_page_shows_what_clusters_are_like_and_is_searched_on_it(selected_home):
    decide_cluster(pipeline_of(selected_home), "weight", 5, "ann", value=2)
    app = open_page(selected_home, "map")
    whole = frame_with(app, "share")
    assert {"alike", "words", "source", "source_share"} <= set(whole.columns) and whole["alike"].between(0, 1).all()
    check(app.pills(key="cluster_only").set_value(["weighted"]).run())
    shown = frame_with(app, "share")
    assert shown["cluster"].tolist() == [5]
    check(app.pills(key="cluster_only").set_value([]).run())
    check(app.text_input(key="cluster_words").set_value(whole["name"][7].split(",")[0]).run())
    assert 7 in frame_with(app, "share")["cluster"].tolist() and len(frame_with(app, "share")) < len(whole)


def test_the_weights_over_the_rounds_are_a_line_where_there_were_rounds(refined_home):
    lines = frame_with(open_page(refined_home, "map"), "share")["rounds"]
    assert len(lines[0]) == 3 and np.mean([line[0] for line in lines]) == pytest.approx(1)


def test_a_cluster_s_region_is_a_column_to_sort_and_filter_by_while_the_map_has_regions(selected_home):
    assert "region" not in frame_with(open_page(selected_home, "map"), "share")
    pipeline_of(selected_home).run("regions", RegionParams(3))
    pipeline = pipeline_of(selected_home)
    names, of_cluster = [region.name for region in regions_of(pipeline)], np.asarray(pipeline.array("regions"))
    app = open_page(selected_home, "map")
    whole = frame_with(app, "share")
    assert whole["region"].tolist() == [names[region] for region in of_cluster[whole["cluster"]]]
    check(app.selectbox(key="cluster_region").set_value(names[1]).run())
    assert frame_with(app, "share")["cluster"].tolist() == np.flatnonzero(of_cluster == 1).tolist()
    check(app.selectbox(key="cluster_region").set_value("any region").run())
    check(next(box for box in app.selectbox if box.label == "Order").set_value("region").run())
    assert frame_with(app, "share")["region"].tolist() == sorted(whole["region"])
