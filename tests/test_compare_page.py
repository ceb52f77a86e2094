"""The Compare page as a curator meets it, by AppTest, on the prepared sample."""

import json
from pathlib import Path

import pytest

from components.charts.measure_figures import dots_over_bands
from components.records.record_reader import PER_PAGE
from components.session import opened
from core.data.records import RecordParams
from core.evidence.candidates import choices
from core.evidence.measuring import Evidence
from core.evidence.versions import find_version, save_version, version_rows, versions
from core.export.delivery import manifest_facts
from core.selection.params import SelectionParams
from core.vectors.embedding import EmbedParams
from core.workspace.workspace import Workspace
from tests.conftest import SAMPLE, TinyEncoder
from tests.pages import check, check_job_done, click_chart, frame_with, open_page, pipeline_of, press, readers, words

pytestmark = pytest.mark.usefixtures("jobs_in_process")


@pytest.fixture
def compared_home(home_of_sample):
    """Three selections of a size, one of them saved; small enough to measure at once."""

    def make(home):
        pipeline = pipeline_of(home)
        pipeline.run("select", SelectionParams("60", "random"))
        save_version(pipeline, "by chance", manifest_facts(pipeline), "to beat", "ann")
        pipeline.run("select", SelectionParams("60", "quality"))
        pipeline.run("select", SelectionParams("60"))

    return home_of_sample("compared", make)


def open_compare(home, view):
    app = open_page(home, "compare")
    return check(app.button_group(key="compare_view").set_value(view).run())


def test_selections_are_measured_as_a_job_and_shown_over_their_bands(compared_home):
    app = open_page(compared_home, "compare")
    assert app.multiselect(key="compared").value == ["version:by chance", "#3"]
    press(app, "Measure 2")
    check_job_done(compared_home)
    app = open_page(compared_home, "compare")
    assert "No different in" in words(app)  # than chance
    figures = frame_with(app, "Place")
    held = figures[(figures["Measure"] == "Mean quality") & (figures["Selection"] == "by chance")].iloc[0]
    pipeline = pipeline_of(compared_home)
    rows = version_rows(pipeline.workspace, find_version(pipeline.workspace, "by chance"))
    assert held["Value"] == pytest.approx(float(pipeline.column("score", "score")[rows].mean()), abs=1e-6)
    assert set(figures["Place"]) <= {"above", "inside", "below"}
    app = open_compare(compared_home, "pareto")
    assert "Measure 1" in [button.label for button in app.button]  # of #1 the version told already
    check(app.selectbox(key="pareto_measure").set_value("vendi").run())
    app = open_page(compared_home, "compare")
    click_chart(app, "bands")
    assert app.session_state["winnow"].focus.rows.tolist() == rows.tolist()  # read on the Map
    assert app.title[0].value == "Map"


def test_what_differs_is_counted_and_can_be_read(compared_home):
    pipeline = pipeline_of(compared_home)
    a = set(version_rows(pipeline.workspace, find_version(pipeline.workspace, "by chance")).tolist())
    b = set(pipeline.table("select")["row_id"].to_pylist())
    app = open_compare(compared_home, "difference")
    shown = {metric.label: metric.value for metric in app.metric}
    assert (
        shown["Only in A"] == str(len(a - b))
        and shown["Only in B"] == str(len(b - a))
        and shown["In both"] == str(len(a & b))
    )
    check(app.button_group(key="compare_part").set_value("only_b").run())
    shown = [record["row"] for record in readers(app)[0]["records"]]
    assert len(shown) == min(PER_PAGE, len(b - a)) and set(shown) <= b - a
    table = frame_with(app, "only_a")
    assert table["only_a"].sum() == len(a - b) and table["both"].sum() == len(a & b)
    press(app, "How much of this is chance?")
    check_job_done(compared_home)
    assert "over 5 seeds, two of its selections share" in words(open_compare(compared_home, "difference"))


def test_a_selection_is_saved_restored_and_brought_in_from_the_page(compared_home):
    app = open_compare(compared_home, "versions")
    app.text_input(key="version_name").set_value("mine")
    app.text_input(key="version_note").set_value("a note")
    press(app, "Save")
    held = {version.name: version for version in versions(Workspace(compared_home / "sample"))}
    assert held["mine"].n == 60 and held["mine"].note == "a note"
    app = open_compare(compared_home, "versions")
    app.text_input(key="version_name").set_value("mine")
    press(app, "Save", error="already, and it never changes")
    app = open_compare(compared_home, "versions")
    check(app.button(key=f"restore-{held['by chance'].id}").click().run())
    assert pipeline_of(compared_home).params("select").name == "by chance"
    lines = SAMPLE.read_bytes().splitlines(keepends=True)
    app = open_compare(compared_home, "versions")
    app.file_uploader(key="version_file").set_value(("theirs.jsonl", b"".join(lines[3:8]), "application/jsonl"))
    press(app, "Bring in")
    pipeline = pipeline_of(compared_home)
    assert version_rows(pipeline.workspace, find_version(pipeline.workspace, "theirs")).tolist() == [3, 4, 5, 6, 7]


def test_a_proof_is_run_from_the_page_and_shown(compared_home):
    app = open_compare(compared_home, "ablation")
    # One of them typed, with an option of its own.
    app.multiselect(key="ablation_methods").set_value(["random", "kmq:quota=equal"])
    app.text_input(key="ablation_budget").set_value("40")
    app.number_input(key="ablation_seeds").set_value(2)
    app.number_input(key="ablation_most_seeds").set_value(2)
    app.number_input(key="ablation_held").set_value(120)
    app.number_input(key="ablation_steps_fast").set_value(3)
    app.number_input(key="ablation_width_fast").set_value(16)
    app.number_input(key="ablation_layers_fast").set_value(1)
    press(app, "Train and compare")
    check_job_done(compared_home)
    app = open_compare(compared_home, "ablation")
    table = frame_with(app, "against random")
    assert sorted(table["method"]) == ["kmq:quota=equal", "random"] and (table["records"] == 40).all()
    shares = table.filter(like="share of ").to_numpy()
    assert shares.size and ((shares >= 0) & (shares <= 100)).all() and shares.any()
    assert "is a proxy" in words(app)
    app.multiselect(key="ablation_methods").set_value([])
    press(app, "Train and compare", error="methods are none")


def changed_data(workspace, folder, lines):
    """Return a file of `lines` that the workspace takes for its own data, changed since."""
    own = folder / Path(workspace.dataset().path).name
    own.write_bytes(b"".join(lines))
    told = json.loads((workspace.folder / "dataset.json").read_text()) | {"path": str(own.resolve())}
    (workspace.folder / "dataset.json").write_text(json.dumps(told))
    return own


def test_a_version_is_found_anew_in_data_imported_anew(compared_home, tmp_path):
    open_compare(compared_home, "difference")
    workspace = Workspace(compared_home / "sample")
    lines = Path(workspace.dataset().path).read_bytes().splitlines(keepends=True)
    turned = changed_data(workspace, tmp_path, lines[::-1])
    pipeline = pipeline_of(compared_home)
    choice = next(each for each in choices(pipeline) if each.id == "version:by chance")
    before = opened.chosen_rows(pipeline, choice)
    workspace.import_data(turned, RecordParams())
    fresh = pipeline_of(compared_home)
    assert opened.chosen_rows(fresh, choice).tolist() == sorted((len(lines) - 1 - before).tolist())


def test_data_imported_anew_leaves_nothing_to_compare_and_says_so(compared_home, tmp_path):
    workspace = Workspace(compared_home / "sample")
    with workspace.ledger.connect() as db:
        db.execute("DELETE FROM versions")
    lines = Path(workspace.dataset().path).read_bytes().splitlines(keepends=True)
    own = changed_data(workspace, tmp_path, lines[:300])
    workspace.import_data(own, RecordParams())
    pipeline_of(compared_home).run("embed", EmbedParams(), device="cpu", encoder=TinyEncoder())
    assert "Nothing to compare" in words(open_page(compared_home, "compare"))


def test_names_that_begin_alike_or_look_like_dates_have_lines_of_their_own():
    found = Evidence({"vendi": 2.0}, {"vendi": [1.0, 3.0]}, {})
    figure = dots_over_bands(
        ["2026-01-05", "a very long name of a version 1", "a very long name of a version 2"], [found] * 3, False
    )
    dots = [trace.y[0] for trace in figure.data if trace.mode == "markers"]
    assert dots == [0, 1, 2] and list(figure.layout.yaxis.tickvals) == [0, 1, 2]


def test_one_selection_alone_is_measured_and_says_what_a_difference_needs(sample_home):
    pipeline_of(sample_home).run("select", SelectionParams("60"))
    assert "Pick two selections" in words(open_compare(sample_home, "difference"))
    assert "No versions yet" in words(open_compare(sample_home, "versions"))
