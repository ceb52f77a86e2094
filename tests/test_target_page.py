"""The Select page's examples of a target, and their stars on the map."""

import pytest

from core.selection.params import SelectionParams
from core.selection.target.examples import picked
from core.selection.target.params import TargetParams
from core.vectors.embedding import EmbedParams
from core.vectors.overlap.evaluations import evaluations_in
from core.vectors.projection import ProjectParams
from core.workspace.deciding import decide_records
from tests.conftest import TinyEncoder, write_jsonl
from tests.pages import check, draw_map, layer, open_page, pipeline_of, press, words
from tests.test_offered import pick

pytestmark = pytest.mark.usefixtures("jobs_in_process")
HOSTILE = "<img src=x onerror=alert(1)> **bread** :red[flour]"


@pytest.fixture
def home(make_pipeline, tmp_path, monkeypatch):
    pipeline = make_pipeline("embed", "cluster", "score", folder="sample")
    draw_map(pipeline, ProjectParams())
    monkeypatch.setenv("WINNOW_HOME", str(tmp_path))
    return tmp_path


def set_target(home, rows, **asked):
    pipeline = pipeline_of(home)
    pipeline.run("targets", TargetParams(**picked(pipeline.workspace.records(), rows), **asked))


def test_without_examples_the_page_says_what_to_do_and_selects_nothing(home):
    app = open_page(home, "select")
    pick(app, "target")
    assert "There are no examples yet" in words(app) and "Give examples of the target first" in words(app)
    press(app, "Select")
    assert not pipeline_of(home).current("select")
    press(app, "Set the examples", error="No example is named; drop a file, give its path, or pick records")


def test_pinned_records_become_examples_and_target_selects_toward_them(home):
    decide_records(pipeline_of(home).workspace, "pin", [0, 4, 8])
    app = open_page(home, "select")
    pick(app, "target")
    app.selectbox(key="target_records").set_value("pinned")
    press(app, "Set the examples")
    said = words(check(app.run()))
    assert "**3 examples**: 3 bread. They are the stars on the map." in said
    assert "3 examples are few" in said and "overlap with them and are left out" in said
    press(app, "Select")
    now = pipeline_of(home)
    assert now.params("select").method == "target" and now.info("select")["target"]["n_picked"] == 3
    press(app, "Look at on the map")
    assert {0, 4, 8} <= set(app.session_state["winnow"].focus.rows.tolist())


def test_examples_of_a_file_are_labelled_by_a_field_and_labels_can_take_turns(home, tmp_path):
    records = [{"prompt": f"{HOSTILE} {i}", "response": "x", "of": f"*{i % 2}*"} for i in range(12)]
    path = write_jsonl(tmp_path / "target.jsonl", records)
    params = TargetParams(label="of", files=evaluations_in([str(path)]))
    pipeline_of(home).run("targets", params, encoder=TinyEncoder())
    app = open_page(home, "select")
    pick(app, "target")
    assert r"**12 examples**: 6 \*0\*, 6 \*1\*." in words(app)
    check(
        app.selectbox(key=next(each.key for each in app.selectbox if each.label == "Turns")).set_value("labels").run()
    )
    press(app, "Select")
    assert pipeline_of(home).params("select") == SelectionParams("10%", "target", balance="labels")
    facts = pipeline_of(home).info("select")["target"]
    assert facts["taken"] == {"*0*": 3, "*1*": 3}


def test_what_is_out_of_date_is_said_and_read_again(home):
    set_target(home, range(12))
    pipeline = pipeline_of(home)
    for stage, params in (("embed", EmbedParams(max_tokens=9)), ("cluster", pipeline.params("cluster"))):
        pipeline.run(stage, params, encoder=TinyEncoder())
    app = open_page(home, "select")
    pick(app, "target")
    assert "The examples are out of date" in words(app)
    press(app, "Read them again")
    assert pipeline_of(home).current("targets")


def test_stars_stand_where_the_examples_are_with_their_text_as_text(home, tmp_path):
    app = open_page(home, "map")
    assert layer(app, "stars")["stars"] == []
    set_target(home, [3, 30])
    app = open_page(home, "map")
    stars = layer(app, "stars")["stars"]
    assert [label for _, _, label, _ in stars] == ["travel", "garden"]
    assert [0 <= x <= 1 and 0 <= y <= 1 for x, y, _, _ in stars] == [True, True]
    assert stars[0][3].startswith("travel train ticket question number 3")
    assert [text.split(" ")[0] for _, _, _, text in stars] == ["travel", "garden"]
