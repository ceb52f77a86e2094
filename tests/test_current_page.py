"""The current selection as a curator meets it on the pages: named, followed, made current again, asked about at the export."""

import json

import numpy as np
import pytest

from components.session.state import Focus
from core.evidence.current import current_selection, make_current
from core.evidence.versions import find_version, save_version
from core.export.delivery import manifest_facts
from core.refine.advance import Advance, advance
from core.refine.params import RefineParams
from core.refine.runs import Rounds
from core.selection.params import SelectionParams
from core.vectors.clustering import ClusterParams
from core.workspace.deciding import decide_cluster, decide_records, overrides_of
from core.workspace.decisions import Decision
from core.workspace.workspace import Workspace
from tests.conftest import TinyEncoder
from tests.pages import check, open_page, pipeline_of, press, words

pytestmark = pytest.mark.usefixtures("jobs_in_process")
PART = r"run 2, round 2 of 3, unfinished"


@pytest.fixture
def forked_home(home_of_sample):
    """Run 1 is complete (60 records); beside it a fork of one round (40 of 60), which is current."""

    def make(home):
        Rounds(pipeline_of(home)).start(RefineParams("60", 3), who="ann")
        advance(Rounds(pipeline_of(home)), Advance(1), encoder=TinyEncoder())
        Rounds(pipeline_of(home)).fork(1, 1, RefineParams("60", 3, temperature=0.05), who="ann")
        advance(Rounds(pipeline_of(home)), Advance(2, until=2), encoder=TinyEncoder())

    return home_of_sample("forked", make)


def labels(app):
    return [button.label for button in app.button]


def title(home):
    return current_selection(pipeline_of(home)).title


def rows_now(home):
    return pipeline_of(home).table("select")["row_id"].to_pylist()


@pytest.mark.parametrize("page", ["select", "refine", "compare", "export"])
def test_the_current_selection_is_named_on_every_page(forked_home, page):
    app = open_page(forked_home, page)
    assert PART in " ".join(element.value for element in app.sidebar.caption)
    assert PART in words(app).replace(PART, "", 1)  # on the page too


def test_looking_at_another_run_or_round_changes_nothing_until_its_button_is_pressed(forked_home):
    app = open_page(forked_home, "refine", run=1)
    assert "Looked at here: run 1, all 3 rounds." in words(app)
    check(app.select_slider[0].set_value("Round 2").run())
    assert "Looked at here: run 1, round 2 of 3, unfinished." in words(app) and title(forked_home) == PART
    check(app.select_slider[0].set_value("Round 3").run())
    press(app, "Make this the current selection")
    assert title(forked_home) == "run 1, all 3 rounds" and "This is the current selection" in words(app)
    assert "run 1, all 3 rounds" in " ".join(element.value for element in app.sidebar.caption)
    assert "Make this the current selection" not in labels(app) and len(rows_now(forked_home)) == 60


def test_an_unfinished_run_is_asked_about_before_it_is_exported(forked_home, tmp_path):
    app = open_page(forked_home, "export")
    assert "40 of 60 records" in words(app)
    assert all(button.proto.disabled for button in app.get("download_button"))
    assert next(b for b in app.button if b.label == "Save").disabled
    app.checkbox[0].check().run()
    assert not any(button.proto.disabled for button in app.get("download_button"))
    app.text_input(key="save_path").set_value(str(tmp_path / "part.jsonl"))
    press(app, "Save")
    held = json.loads((tmp_path / "part.jsonl.manifest.json").read_text())
    assert held["selection"] == {"id": "round:2.2", "title": PART, "finished": False} and len(held["row_ids"]) == 40
    make_current(pipeline_of(forked_home), "run:1")
    app = open_page(forked_home, "export")
    assert not app.checkbox and not any(button.proto.disabled for button in app.get("download_button"))


def test_any_picked_selection_is_made_current_on_compare(forked_home):
    pipeline_of(forked_home).run("select", SelectionParams("30", "random", seed=2))
    app = open_page(forked_home, "compare")
    check(app.multiselect(key="compared").set_value(["#3", "#1", "round:1.2"]).run())
    assert sum("current" in label for label in labels(app)) == 2  # one for each picked one that isn't
    check(app.button(key="use-#1").click().run())
    assert title(forked_home) == "run 1, all 3 rounds" and "use-#1" not in [button.key for button in app.button]
    check(app.button(key="use-round:1.2").click().run())
    assert title(forked_home) == "run 1, round 2 of 3, unfinished"
    check(app.button(key="use-#3").click().run())
    assert title(forked_home) == "random, 30 records, seed 2"


def test_a_version_is_made_current_and_says_that_it_is(forked_home):
    save_version(pipeline_of(forked_home), "half", manifest_facts(pipeline_of(forked_home)))
    app = open_page(forked_home, "compare")
    check(app.button_group(key="compare_view").set_value("versions").run())
    version = find_version(Workspace(forked_home / "sample"), "half")
    check(app.button(key=f"restore-{version.id}").click().run())
    assert title(forked_home) == "version half, unfinished"
    assert app.button(key=f"restore-{version.id}").label == "Is current"


def test_a_run_follows_decisions_without_a_button_and_nothing_runs(forked_home):
    before = rows_now(forked_home)
    app = open_page(forked_home, "refine")
    decide_records(Workspace(forked_home / "sample"), "drop", before[:3])  # in another tab
    check(app.run())
    assert "Update the selection" not in labels(app) and rows_now(forked_home) == before[3:]
    assert "3 records short since some were dropped; the next round fills their places." in words(app)
    assert len(Rounds(pipeline_of(forked_home)).rounds(2)) == 2
    press(app, "Undo the last decision")
    assert rows_now(forked_home) == before and "records short" not in words(app)


def test_a_complete_run_offers_its_last_round_anew_and_says_what_that_does(forked_home):
    make_current(pipeline_of(forked_home), "run:1")
    app = open_page(forked_home, "refine", run=1)
    assert "Select round 3 anew" not in labels(app)
    decide_records(Workspace(forked_home / "sample"), "drop", rows_now(forked_home)[:3])
    check(app.run())
    assert "Select round 3 anew" in labels(app) and "Update the selection" not in labels(app)
    assert "Rounds 1 to 2 and their feedback stay." in words(app) and "tuned" not in words(app)


def test_a_run_on_other_clusters_offers_no_update(forked_home):
    pipeline_of(forked_home).run("cluster", ClusterParams(7), device="cpu")
    app = open_page(forked_home, "export")
    assert "Update the selection" not in labels(app) and "out of date" in words(app)
    assert "Bring those back, make another selection current" in words(app)


def test_another_selection_is_still_updated_by_its_button(selected_home):
    before = rows_now(selected_home)
    decide_records(pipeline_of(selected_home).workspace, "drop", before[:2])
    make_current(pipeline_of(selected_home), "#1")
    app = open_page(selected_home, "export")
    assert "2 records dropped now are in it." in words(app)
    decide_records(pipeline_of(selected_home).workspace, "drop", before[2:5])
    check(app.run())
    press(app, "Update the selection")
    assert "5 records dropped now are in it." in words(app) and rows_now(selected_home) == before


def test_select_sets_what_is_asked_beside_what_is_selected(forked_home):
    app = open_page(forked_home, "select")
    assert "What would change" in words(app) and "Against the current selection, run" in words(app)
    pipeline_of(forked_home).run("select", SelectionParams("25%", "quality"))
    app = open_page(forked_home, "select")
    assert "Current selection: quality, 25 %" in words(app).replace("\\", "") and "What would" not in words(app)
    pipeline_of(forked_home).run("select", SelectionParams("30", "random"))  # in another tab
    check(app.run())
    assert "random, 30 records, seed 0" in words(app)


def test_the_maps_weight_shows_todays_value(selected_home):
    rows = np.flatnonzero(np.asarray(pipeline_of(selected_home).array("cluster")) == 2)
    app = open_page(selected_home, "map", focus=Focus("cluster", "name", rows, 2))

    def field():
        return next(number for number in app.number_input if number.label == "Weight of this cluster")

    check(field().set_value(2.5).run())
    assert overrides_of(pipeline_of(selected_home)).multipliers == {2: 2.5} and field().value == 2.5
    press(app, "Undo the last decision")
    assert field().value == 1.0
    decide_cluster(pipeline_of(selected_home), "weight", 2, value=4.0)  # in another tab
    check(app.run())
    assert field().value == 4.0


def test_the_reward_page_goes_by_its_last_selection_after_a_pin(rewarded_home):
    app = open_page(rewarded_home, "reward")
    n = next(m.value for m in app.metric if m.label == "Selected by it")
    taken = words(app).count("· selected")
    assert n == "120" and taken and "Out of date" not in words(app)
    pinned = decide_records(pipeline_of(rewarded_home).workspace, "pin", [0])
    check(app.run())
    assert next(m.value for m in app.metric if m.label == "Selected by it") == n
    assert words(app).count("· selected") == taken and "Out of date" in words(app)
    Workspace(rewarded_home / "sample").ledger.add_decision(Decision(action="undo", refers=pinned.id))
    pipeline_of(rewarded_home).run("select", SelectionParams("30", "random"))
    check(app.run())
    assert next(m.value for m in app.metric if m.label == "Selected by it") == n
    assert "Not the current selection, which is random, 30 records, seed 0." in words(app).replace("\\", "")
