"""Every page, empty, ready and in error, without a browser (AppTest); jobs and addresses as every page shows them."""

import os
import shutil

import pytest

from components.frame import navigation
from core.base.errors import CurationError
from core.data.records import RecordParams
from core.run import jobs
from core.run.tasks import Step
from core.workspace.workspace import Workspace
from tests.conftest import SAMPLE
from tests.pages import check, new_app, open_page, press, words

pytestmark = pytest.mark.usefixtures("jobs_in_process")
PAGES = [entry.name for entry in navigation.PAGES]


@pytest.fixture
def empty_home(tmp_path, monkeypatch):
    monkeypatch.setenv("WINNOW_HOME", str(tmp_path))
    return tmp_path


def test_a_first_start_says_what_winnow_does_and_opens_the_sample_or_ones_own_data(empty_home):
    app = check(new_app().run())
    assert "let a method choose a small, diverse part" in words(app) and "No data open" in words(app)
    assert app.text_input(key="path_file") and not (empty_home / "sample" / "dataset.json").exists()
    press(app, "Open the sample")
    assert "sample" in words(app) and [m.value for m in app.metric][:2] == ["600", "0"]
    assert next(b for b in app.button if b.label == "Prepare the map").disabled is False
    assert "1 of 5" in words(app)  # the tour has begun
    assert "1 of 5" not in words(press(app, "Skip the tour")) and "1 of 5" in words(press(app, "Tour"))


def test_a_later_start_opens_the_workspace_that_changed_last(sample_home):
    shutil.copytree(sample_home / "sample", sample_home / "other")
    for name in ("other", "sample"):
        os.utime(sample_home / name / "dataset.json", (2e9, 2e9 + (name == "other")))
    assert check(new_app().run()).session_state["winnow"].workspace == sample_home / "other"


def test_the_tour_leads_over_five_pages_and_waits_for_what_is_missing(selected_home, empty_home):
    app = open_page(selected_home, tour=1)
    for step, title in enumerate(["Map", "Select", "Review", "Export"], 2):
        press(app, f"Next: {title}")
        assert f"{step} of 5" in words(app)
    assert "5 of 5" not in words(press(app, "End the tour"))
    Workspace(empty_home / "new", create=True).import_data(SAMPLE, RecordParams())
    app = open_page(empty_home, workspace="new", tour=1)
    assert next(button for button in app.button if button.label == "Next: Map").disabled


def test_the_words_are_a_press_away_on_every_page(sample_home):
    app = press(open_page(sample_home, "map"), "Words")
    assert "near-duplicate" in words(app).replace("\\", "") and "the export, byte for byte" in words(app)


@pytest.mark.parametrize("name", [name for name in PAGES if name != "data"])
def test_a_page_that_makes_no_sense_yet_says_what_it_needs(empty_home, name):
    Workspace(empty_home / "sample", create=True).import_data(SAMPLE, RecordParams())
    app = open_page(empty_home, name)
    assert "Nothing to show here yet" in words(app)


@pytest.mark.parametrize("name", [*PAGES])
def test_an_empty_workspace_leads_to_data(empty_home, name):
    Workspace(empty_home / "new", create=True)
    app = open_page(empty_home, name, workspace="new")
    assert "Open your data" in words(app) if name == "data" else "no data is open" in words(app)


@pytest.mark.parametrize("name", PAGES)
def test_a_ready_page_shows_its_things(selected_home, name):
    app = open_page(selected_home, name)
    expected = {
        "data": "Sources",
        "map": "60 of 60 selected",
        "duplicates": "It takes about 1 s for 600 records",
        "select": "60 of 60 selected",
        "refine": "No rounds yet",
        "reward": "No rewards yet",
        "review": "No decision yet",
        "compare": "Not measured yet",
        "export": "First lines",
    }
    assert expected[name] in words(app)


def test_a_job_that_failed_is_said_and_can_be_tried_again_or_dismissed(sample_home):
    workspace = Workspace(sample_home / "sample")
    jobs.start_job(workspace, "Preparing the map", [Step("score", {"column": "nothing"})])
    app = open_page(sample_home, error="Preparing the map did not finish")
    assert "nothing = None" in words(app)
    press(app, "Try again", error="Preparing the map did not finish")
    assert jobs.last_job(workspace).id == 2
    press(app, "Dismiss")


def test_an_import_that_was_cut_off_leads_back_to_opening_data(sample_home):
    shutil.copytree(sample_home / "sample", sample_home / "other")
    told = sample_home / "other" / "dataset.json"
    told.write_text(told.read_text().replace('"fingerprint": "', '"fingerprint": "0'))
    assert "Open your data" in words(open_page(sample_home, workspace="other"))
    assert "no data is open" in words(open_page(sample_home, "map", workspace="other"))


def test_a_job_at_work_is_shown_with_a_way_to_stop_it_and_a_reload_shows_the_same(sample_home, jobs_never_begin):
    workspace = Workspace(sample_home / "sample")
    job_id = jobs.start_job(workspace, "Preparing the map", [Step("project", {"n_neighbors": 9})])
    for _ in range(2):  # the second is a fresh session, as after a reload
        app = open_page(sample_home)
        assert "Starting" in words(app)
        assert any(button.label == "Cancel" for button in app.button)
    press(app, "Cancel")
    job = jobs.last_job(workspace)
    assert (job.id, job.status) == (job_id, "cancelled")


def test_an_address_names_a_workspace_and_never_a_path(sample_home, tmp_path):
    shutil.copytree(sample_home / "sample", sample_home / "other")
    os.utime(sample_home / "sample" / "dataset.json", (2e9, 2e9))
    for asked, shown in (("other", "other"), ("../../etc", "sample"), ("", "sample")):
        app = new_app()
        app.query_params["workspace"] = asked
        check(app.run())
        assert app.session_state["winnow"].workspace == sample_home / shown


def test_bad_workspace_content_is_an_error_not_a_guess(tmp_path):
    with pytest.raises(CurationError):
        Workspace(tmp_path / "w", create=True).records()
