"""Compare's ablation by AppTest on a tiny workspace: what came out, and the form that begins as the last one was."""

import pytest

from components.charts.escaping import as_markdown
from core.evidence.ablation.latest import last_ablation
from core.evidence.ablation.run import ablate
from core.run.pipeline import Pipeline
from core.selection.params import SelectionParams
from core.workspace.workspace import Workspace
from tests.pages import check, frame_with, open_page, press, words
from tests.test_ablation import params

ARM = "kmq:quota=equal"


@pytest.fixture
def home(make_pipeline):
    """A selection, and an ablation of random and another arm with two seeds."""
    pipeline = make_pipeline("embed", "cluster", "score")
    pipeline.run("select", SelectionParams("12", "random"))
    ablate(Pipeline(pipeline.workspace), params(methods=("random", ARM)), device="cpu")
    return pipeline.workspace.folder.parent


def test_the_page_shows_what_came_out_and_its_form_begins_as_the_last_one_was(home):
    name = next(folder.name for folder in home.iterdir() if (folder / "dataset.json").exists())
    app = open_page(home, "compare", workspace=name, compare_view="ablation")
    ablation = last_ablation(Pipeline(Workspace(home / name)))
    line = next(line for line in ablation.lines if line.method == ARM)
    table = frame_with(app, "against random").set_index("method")
    row = table.loc[ARM]
    assert row["says"] == line.verdict != "" and row["could show"] == pytest.approx(line.least)
    assert row["against random"] == f"{line.against:+.4f} ± {line.against_half:.4f}"
    assert table.loc["random", "against random"] == "–" and table.loc["random", "says"] == "–"
    forest = next(each.proto for each in app.get("plotly_chart") if each.proto.id.endswith("-ablation_forest"))
    assert f"{ARM} {line.verdict}" in forest.alt
    told = words(app)
    assert (
        as_markdown(ablation.verdict) in told and "2 seeds, fixed beforehand" in told and "width 64, 2 layers" in told
    )
    assert app.multiselect(key="ablation_methods").value == ["random", ARM]
    assert app.number_input(key="ablation_most_seeds").value == 2
    assert app.number_input(key="ablation_width_fast").value == 16
    check(app.selectbox(key="ablation_size").set_value("usual").run())
    assert app.number_input(key="ablation_width_usual").value == 128
    app.text_input(key="ablation_contrast").set_value("luck")
    press(app, "Train and compare", error="luck is not among the methods")
