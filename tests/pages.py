"""The app's pages without a browser (AppTest): opened, pressed, read, and asked at every step whether something went wrong."""

import functools
import json
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
from streamlit.components.v2 import manifest_scanner
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest

from components.session.state import AppState
from core.run import jobs
from core.run.pipeline import Pipeline
from core.vectors.projection import ProjectParams
from core.workspace.workspace import Workspace

# At every step AppTest looks through all installed packages for components: much of its time, and they stay the same.
manifest_scanner.scan_component_manifests = functools.cache(manifest_scanner.scan_component_manifests)
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
    app.session_state["winnow"] = AppState(home / workspace, who="ann", restored=True, **state)
    app.run()
    if name != "data":
        check(app, error)
        app.switch_page(f"{name}_page.py").run()
    return check(app, error)


def press(app: AppTest, label: str, error: str = "") -> AppTest:
    """Press a button. error: what the page is expected to say is wrong then."""
    next(button for button in app.button if button.label == label).click()
    return check(app.run(), error)


def readers(app: AppTest) -> list[dict[str, Any]]:
    """Return what each reader on the page was given to draw (see `record_reader.show`), in the page's order."""
    return [json.loads(each.proto.json) for each in _mounted(app, "record_reader")]


def _mounted(app: AppTest, name: str) -> list[Any]:
    return [each for each in app.get("bidi_component") if each.proto.component_name == name]


def read(app: AppTest, row: int = -1, reader: int = 0) -> dict[str, Any]:
    """Return a record as a reader shows it once it is read, by default its first."""
    record = next(record for record in readers(app)[reader]["records"] if row in (-1, record["row"]))
    if (
        readers(app)[reader]["views"].get(str(record["row"]), {}).get("why") is None
    ):  # not read yet, though it may be next
        ask_reader(app, "read", record["row"], reader)
        record = next(each for each in readers(app)[reader]["records"] if each["row"] == record["row"])
    return record | readers(app)[reader]["views"][str(record["row"])]


def ask_reader(app: AppTest, what: str, row: int = -1, reader: int = 0, error: str = "", **more: Any) -> AppTest:
    """Let a reader ask for something, as its buttons and keys do: "pin" a row, turn to the "page" 1, ….

    error: what the page is expected to say is wrong then.
    """
    component, shown = _mounted(app, "record_reader")[reader], readers(app)[reader]
    asked = {"session": shown["session"], "list": [{"n": shown["done"] + 1, "what": what, "row": row, **more}]}
    return check(give(app, component, asks=asked), error)


def give(app: AppTest, component: Any, **values: Any) -> AppTest:
    """Run the page with what a component of our own sends; AppTest runs no browser that could."""
    states = app._tree.get_widget_states()
    states.widgets.append(WidgetState(id=component.proto.id, json_value=json.dumps(values)))
    app._tree._runner._run(states)
    return app


def click_chart(app: AppTest, key: str, nth: int = 0) -> Any:
    """Click the nth point of a chart that has customdata; return that, which the page is told of it."""
    chart = next(each.proto for each in app.get("plotly_chart") if each.proto.id.endswith(f"-{key}"))
    held = [value for trace in go.Figure(json.loads(chart.spec)).data for value in _numbers(trace)]
    answer = {"points": [{"customdata": held[nth]}], "point_indices": [0], "box": [], "lasso": []}
    states = app._tree.get_widget_states()
    states.widgets.append(WidgetState(id=chart.id, string_value=json.dumps({"selection": answer})))
    app._tree._runner._run(states)
    check(app)
    return held[nth]


def _numbers(trace: Any) -> list[int]:
    """Return the customdata of a trace's points, but of bars of nothing."""
    if trace.customdata is None:
        return []
    if trace.type != "bar":
        return list(trace.customdata)
    along = trace.x if trace.orientation == "h" else trace.y
    return [value for value, much in zip(trace.customdata, along, strict=True) if much]


def words(app: AppTest) -> str:
    """Return all that the page says."""
    parts = (app.title, app.markdown, app.caption, app.text, app.info, app.warning, app.error, app.success)
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


def layer(app: AppTest, part: str, name: str = "map") -> dict:
    """Return the header of a layer of a map on the page ("points", "colours", "picked", "names"), and its bytes as "payload"."""
    for element in app.get("bidi_component"):
        held = element.proto.bytes
        if not held:
            continue
        length = int.from_bytes(held[:4], "little")
        header = json.loads(held[4 : 4 + length])
        if (header["map"], header["part"]) == (name, part):
            return header | {"payload": held[4 + length :]}
    raise AssertionError(f"no layer {part} of a map {name} on this page")
