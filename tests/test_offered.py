"""Choices that can only fail are not offered; what is typed the usual way is understood; numbers are shown as they are."""

import json

import numpy as np
import pyarrow as pa
import pytest

from components.charts.reward_figures import entropy_figure
from components.session import offered
from core.base.errors import CurationError
from core.daar.domains import DEFAULT_DOMAINS, domain_as_dict
from core.daar.params import DaarParams
from core.data.records import RecordParams
from core.evidence.ablation.arm_names import ARMS
from core.evidence.ablation.params import AblationParams
from core.quality.params import QualityParams
from core.refine.params import RefineParams
from core.run.pipeline import Pipeline
from core.selection.method import METHODS
from core.selection.params import SelectionParams
from core.vectors.cluster_counts import SuggestParams
from core.workspace.deciding import decide_cluster
from core.workspace.workspace import Workspace
from tests.conftest import TinyEncoder, small_records, write_jsonl
from tests.pages import check, open_page, words

STAGES = ("embed", "cluster", "project", "score")
OTHERS_SCORES = {name for name, method in METHODS.items() if method.scored_by}  # a judge's or IFD, which are not there


@pytest.fixture
def home_of(make_pipeline, tmp_path, monkeypatch):
    """Return a function that makes a prepared workspace of records as the home's `sample`, and returns (home, pipeline)."""

    def make(records, score: QualityParams | None = None):
        data = write_jsonl(tmp_path / "mine.jsonl", records)
        pipeline = make_pipeline("embed", "cluster", *([] if score else ["score"]), folder="sample", data=data)
        if score:
            pipeline.run("score", score, encoder=TinyEncoder(), device="cpu")
        monkeypatch.setenv("WINNOW_HOME", str(tmp_path))
        return tmp_path, pipeline

    return make


def learn(pipeline: Pipeline) -> Pipeline:
    """Put a reward stage's result there, without learning anything."""
    params = DaarParams(tuple(domain_as_dict(domain) for domain in DEFAULT_DOMAINS))
    n = len(pipeline.workspace.records())
    columns = {"reward": pa.array(np.linspace(-0.02, 1, n).astype(np.float32)), "domain": pa.array(np.arange(n) % 4)}
    info = {"names": [domain.name for domain in DEFAULT_DOMAINS], "warnings": []}
    pipeline.workspace.save("reward", pipeline.key("reward", params), info, value=pa.table(columns))
    pipeline.workspace.ledger.set_settings("reward", params.as_dict())
    return Pipeline(pipeline.workspace)


def offered_in(app):
    """Return the methods that the Select page lists."""
    return {line.split("**")[1] for each in app.radio for line in each.options}


def pick(app, method):
    check(next(each for each in app.radio if any(f"**{method}**" in o for o in each.options)).set_value(method).run())


def box(app, label):
    return next(each for each in app.selectbox if each.label == label)


def plain_records(n=60):
    return [{"instruction": r["instruction"], "output": r["output"]} for r in small_records(n)]


def test_before_reward_ran_select_offers_no_method_that_needs_it_and_leads_there(home_of):
    home, _ = home_of(plain_records())
    app = open_page(home, "select")
    by_domain = {"daar", "direct-diversity", "inter-band", "intra-band"}
    assert offered_in(app) == set(METHODS) - by_domain - OTHERS_SCORES
    pick(app, "random")
    assert "what the Reward page finds" in words(app)


def test_with_source_labels_bands_are_offered_by_source_alone(home_of):
    home, pipeline = home_of(small_records())
    app = open_page(home, "select")
    assert offered_in(app) == set(METHODS) - {"daar", "direct-diversity"} - OTHERS_SCORES
    pick(app, "inter-band")
    assert box(app, "Bands go by").options == ["source"]
    left_out = {"daar", "direct-diversity", "target"} | OTHERS_SCORES
    assert offered.methods(pipeline, ARMS, by_source=False) == [name for name in ARMS if name not in left_out]


def test_once_reward_ran_everything_is_offered(home_of):
    home, pipeline = home_of(small_records())
    pipeline = learn(pipeline)
    app = open_page(home, "select")
    assert offered_in(app) == set(METHODS) - OTHERS_SCORES
    pick(app, "inter-band")
    assert box(app, "Bands go by").options == ["domains", "source"]
    assert "what the Reward page finds" not in words(app)
    without = {"target"} | OTHERS_SCORES  # it has no examples
    assert offered.methods(pipeline, ARMS) == [name for name in ARMS if name not in without]


def test_a_method_no_longer_there_gives_way_to_the_first(home_of):
    home, pipeline = home_of(plain_records())
    pipeline.workspace.ledger.set_settings("select", SelectionParams("10", "daar").as_dict())
    assert [each.value for each in open_page(home, "select").radio] == ["kmq", None, None, None]


def test_negative_quality_leaves_softmax_alone(home_of):
    records = [record | {"grade": i - 30} for i, record in enumerate(small_records())]
    home, pipeline = home_of(records, QualityParams("grade"))
    app = open_page(home, "select")
    pick(app, "kmq")
    assert box(app, "A record's chance").options == ["softmax"]
    refine = next(each for each in open_page(home, "refine").selectbox if each.label == "In kmq, a record's chance")
    assert refine.options == ["softmax"]
    assert offered.probabilities(pipeline) == ["softmax"]


@pytest.mark.parametrize("written", ["1,000", "1 000", "1'000", " 1,000 ", "1\u202f000"])
@pytest.mark.parametrize("kind", [SelectionParams, RefineParams, SuggestParams, lambda b: AblationParams(budget=b)])
def test_a_count_with_separators_is_the_same_budget(written, kind):
    assert kind(written) == kind("1000") and kind(written).budget == "1000"


@pytest.mark.parametrize("budget", ["10%", "12.5%", " 10 %", "500", "0500", "12.5 %"])
def test_other_budgets_keep_their_text_and_with_it_their_key(budget):
    assert SelectionParams(budget).budget == budget


@pytest.mark.parametrize("budget", ["1,00", "10,5%", "1,0000", "1,000 000", "1 0", "1,000%"])
def test_a_budget_that_reads_in_two_ways_is_refused_and_says_how_to_write_it(budget):
    with pytest.raises(CurationError, match="two ways; write a count as 1000 or 1,000, and a percentage with a point"):
        SelectionParams(budget)


def test_select_takes_a_budget_with_a_separator(home_of, jobs_in_process):
    home, pipeline = home_of([record | {"id": i} for i, record in enumerate(small_records(1200))])
    app = open_page(home, "select")
    check(next(each for each in app.text_input if each.label == "Budget").set_value("1,000").run())
    check(next(each for each in app.button if each.label == "Select").click().run())
    assert Pipeline(pipeline.workspace).params("select").budget == "1000"


def test_no_entropy_is_shown_below_zero():
    reward, domain = np.array([-0.006, -0.2, 0.4, 1.0], np.float32), np.zeros(4, np.int32)
    figure = entropy_figure(reward, domain, ["a"], np.array([-0.006]), dark=False)
    assert min(figure.data[0].x) >= 0 and sum(figure.data[0].y) == 4
    assert [shape.x0 for shape in figure.layout.shapes] == [0]


def test_weights_are_shown_in_full(home_of):
    home, pipeline = home_of(small_records())
    pipeline.run("select", SelectionParams("12"))
    decide_cluster(pipeline, "weight", 1, value=1.25)
    app = open_page(home, "select")
    table = next(frame for frame in app.dataframe if "weight" in json.loads(frame.proto.columns))
    assert json.loads(table.proto.columns)["weight"]["type_config"]["format"] == "%g"
    assert table.value["weight"][1] == 1.25


def test_a_workspace_of_one_record_is_said_in_the_singular(tmp_path, monkeypatch):
    monkeypatch.setenv("WINNOW_HOME", str(tmp_path))
    Workspace(tmp_path / "sample", create=True).import_data(
        write_jsonl(tmp_path / "one.jsonl", small_records(1)), RecordParams()
    )
    shown = words(open_page(tmp_path))
    assert "1 record" in shown.splitlines() and "1 records" not in shown
