"""The app's pages without a browser (AppTest): opened, pressed, read, and asked at every step whether something went wrong."""

from pathlib import Path

import numpy as np
from streamlit.testing.v1 import AppTest

from components.session.state import AppState
from core.run import jobs
from core.run.pipeline import Pipeline
from core.vectors.projection import ProjectParams
from core.workspace.workspace import Workspace

MAIN = str(Path(__file__).resolve().parent.parent / "app" / "main.py")


def check(app: AppTest, error: str = "") -> AppTest:
    """Assert that the page shows no exception and no error, or where one is expected, that one alone."""
    assert not app.exception, [each.message for each in app.exception]
    shown = [each.value for each in app.error]
    assert len(shown) == bool(error), shown
    assert not error or error in shown[0], shown[0]
    return app


def new_app() -> AppTest:
    """Return the app before its first run. A job that a page starts may run inside of it, and takes its time."""
    return AppTest.from_file(MAIN, default_timeout=180)


def open_page(home: Path, name: str = "data", workspace: str = "sample", error: str = "", **state) -> AppTest:
    """Open a page of a workspace as ann. state: of AppState. error: what it is expected to say is wrong."""
    app = new_app()
    app.session_state["winnow"] = AppState(home / workspace, who="ann", **state)
    app.run()
    if name != "data":
        check(app, error)
        app.switch_page(f"{name}_page.py").run()
    return check(app, error)


def press(app: AppTest, label: str, error: str = "") -> AppTest:
    """Press a button. error: what the page is expected to say is wrong then."""
    next(button for button in app.button if button.label == label).click()
    return check(app.run(), error)


def words(app: AppTest) -> str:
    """Return all that the page says."""
    parts = (app.header, app.markdown, app.caption, app.text, app.info, app.warning, app.error, app.success)
    return "\n".join(str(element.value) for kind in parts for element in kind)


def frame_with(app: AppTest, column: str):
    """Return the first table that has a column of this name."""
    return next(frame.value for frame in app.dataframe if column in frame.value)


def pipeline_of(home: Path, workspace: str = "sample") -> Pipeline:
    """Return the pipeline of a home's workspace as it is now."""
    return Pipeline(Workspace(home / workspace))


def draw_map(pipeline: Pipeline, params: ProjectParams) -> None:
    """Put a map there, drawn at random: umap takes long."""
    n = pipeline.workspace.dataset().n_records
    xy = np.random.default_rng(0).normal(size=(n, 2)).astype(np.float32)
    pipeline.workspace.save("project", pipeline.key("project", params), {"params": params.as_dict()}, value=xy)
    pipeline.workspace.ledger.set_settings("project", params.as_dict())


def check_job_done(home: Path, workspace: str = "sample") -> jobs.Job:
    """Assert that the newest job is over and went well."""
    job = jobs.last_job(Workspace(home / workspace))
    assert job is not None and job.status == "done", job
    return job
