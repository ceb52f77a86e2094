"""A job's line on the page that started it: how far it is in place of the button, and a way to cancel it there."""

import pytest

from core.refine.advance import Advance
from core.run import jobs
from core.run.tasks import Step
from tests.pages import check, open_page, pipeline_of

pytestmark = pytest.mark.usefixtures("jobs_never_begin")
_PLACES = [
    ("selected_home", "data", Step("embed", {}), "Prepare with these settings"),
    ("selected_home", "data", Step("score", {}), "Score the records"),
    ("selected_home", "data", Step("suggest", {}), "Try these numbers"),
    ("refined_home", "refine", Step("refine", Advance(1).as_dict()), "Next round"),
    ("selected_home", "reward", Step("reward", {}), "Train and select"),
    ("selected_home", "reward", Step("seeds", {}), "Write seeds"),
    ("selected_home", "select", Step("select", {}), ""),
    ("selected_home", "duplicates", Step("duplicates", {}), "Find near-duplicates"),
]


def buttons(app) -> list[str]:
    return [button.label for button in app.main.button]


@pytest.mark.parametrize(("home", "page", "step", "label"), _PLACES)
def test_how_far_a_job_is_stands_in_place_of_its_button_and_is_cancelled_there(home, page, step, label, request):
    folder = request.getfixturevalue(home)
    assert not label or label in buttons(open_page(folder, page))
    workspace = pipeline_of(folder).workspace
    jobs.start_job(workspace, "A job", [step])
    app = open_page(folder, page)
    assert "Cancel" in buttons(app) and label not in buttons(app)
    check(app.button(key="job_line_cancel").click().run())
    assert jobs.last_job(workspace).status == "cancelled"
    after = buttons(check(app.run()))
    assert "Cancel" not in after and (not label or label in after)


def test_a_job_of_another_page_leaves_the_buttons_where_they_are(refined_home):
    jobs.start_job(pipeline_of(refined_home).workspace, "A job", [Step("score", {})])
    app = open_page(refined_home, "refine")
    assert "Next round" in buttons(app) and "Cancel" not in buttons(app)
