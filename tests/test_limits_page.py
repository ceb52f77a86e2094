"""A budget in tokens and rules, from the command line and the Select page to the manifest."""

import json

import numpy as np
import pytest

from core.base.text import rounded
from core.data.manifest import verify
from core.evidence.current import current_selection
from core.evidence.why import why
from core.export.delivery import export_selection
from core.refine.advance import Advance, advance
from core.refine.params import RefineParams
from core.refine.runs import Rounds
from core.run.pipeline import Pipeline
from core.selection.params import SelectionParams
from core.selection.token_counts import TokenParams, costs_of
from core.vectors.embedding import EmbedParams
from core.workspace.deciding import decide_records
from core.workspace.workspace import Workspace
from tests.command import run
from tests.pages import check, open_page, pipeline_of, press, words

pytestmark = pytest.mark.usefixtures("jobs_in_process")


@pytest.fixture
def pipeline(make_pipeline):
    return make_pipeline("embed", "cluster", "score")


def test_tokens_are_counted_once_and_by_the_tokenizer_that_is_named(pipeline, tiny_lm):
    counts = costs_of(pipeline, "")
    key = pipeline.key("tokens", TokenParams())
    assert pipeline.workspace.info("tokens", key)["tokenizer"] == EmbedParams().model
    assert pipeline.workspace.array("tokens", key).dtype == np.int32 and pipeline.key("tokens", TokenParams()) == key
    others = costs_of(pipeline, tiny_lm)
    assert others.sum() != counts.sum()
    info = pipeline.workspace.info("tokens", pipeline.key("tokens", TokenParams(tiny_lm)))
    assert info["tokenizer"] == tiny_lm and len(info["sha256"]) == 64 and info["n_tokens"] == others.sum()


def test_the_manifest_names_tokens_tokenizer_and_rules(pipeline, tmp_path, data_file):
    budget = int(costs_of(pipeline, "").sum()) // 3
    asked = {"at_least": ["source=bread:40%"], "at_most": ["source=travel:10%"]}
    params = SelectionParams(f"{budget:,} tokens", "kmeans-closest", **asked)
    assert params == SelectionParams.from_dict(json.loads(json.dumps(params.as_dict())))
    pipeline.run("select", params)
    held = json.loads(export_selection(pipeline, tmp_path / "o.jsonl").read_text())
    rows = np.array(held["row_ids"])
    taken = int(costs_of(pipeline, "")[rows].sum())
    tokenizer = {name: held["tokens"][name] for name in ("budget", "selected", "tokenizer")}
    assert tokenizer == {"budget": budget, "selected": taken, "tokenizer": EmbedParams().model} and taken <= budget
    floor, cap = held["rules"]
    assert floor["rule"] == "source=bread at least 40%" and floor["taken"] >= floor["asked"] >= 0.4 * budget
    assert cap["rule"] == "source=travel at most 10%" and cap["taken"] <= cap["asked"] and cap["unit"] == "tokens"
    assert verify(tmp_path / "o.jsonl.manifest.json", data_file)["row_ids"] == held["row_ids"]
    assert current_selection(pipeline).in_tokens == f"{taken:,} of {budget:,} tokens"
    assert "2 rules" in current_selection(pipeline).title
    names = pipeline.workspace.records().sources()[0]
    out = next(row for row in range(60) if row not in rows and row % 4 == 0)
    assert names and "source=bread at least 40%" in why(pipeline, np.array([out]))[0]


def test_a_decision_or_another_rule_makes_the_selection_stale_and_it_obeys_anew(pipeline):
    pipeline.run("select", SelectionParams("12", "quality", at_most=["source=bread:2"]))
    decide_records(pipeline.workspace, "pin", np.array([0, 4]))
    pipeline = Pipeline(Workspace(pipeline.workspace.folder))
    assert pipeline.state("select") == "stale"
    pipeline.run("select", pipeline.params("select"))
    rows = pipeline.table("select")["row_id"].to_numpy()
    assert len(rows) == 12 and sorted(rows[rows % 4 == 0]) == [0, 4]


def test_a_run_of_rounds_keeps_to_tokens_and_rules(pipeline):
    budget = int(costs_of(pipeline, "").sum()) // 2
    rounds = Rounds(pipeline)
    params = RefineParams(f"{budget} tokens", rounds=2, at_least=["source=garden:40%"])
    advance(rounds, Advance(rounds.start(params)))
    pipeline = Pipeline(Workspace(pipeline.workspace.folder))
    rows = pipeline.table("select")["row_id"].to_numpy()
    costs = costs_of(pipeline, "")
    assert budget - costs.max() < costs[rows].sum() <= budget
    assert costs[rows[rows % 4 == 2]].sum() >= 0.4 * budget
    info = pipeline.info("select")
    assert info["tokens"]["selected"] == costs[rows].sum() and info["rules"][0]["rule"] == "source=garden at least 40%"
    assert pipeline.params("select").budget == f"{budget} tokens" and current_selection(pipeline).is_finished


def test_the_command_line_takes_tokens_and_rules(workspace, tmp_path):
    rules = ("--at-least", "source=bread:40%", "--at-most", "cluster=0:5%", "--at-most", "rating=..2:60%")
    said = run("select", workspace, "--budget", "0.4k tokens", *rules, check=0)
    assert "of 400 tokens, by all-MiniLM-L6-v2" in said.stdout and "source=bread at least 40%: " in said.stdout
    said = run("select", workspace, "--budget", "20", "--at-least", "source=bread:90%", check=1)
    assert "can't hold, by 3 records: source=bread at least 90% (18 records), where 15 can be taken" in said.stderr
    for rule, why_not in (("bread:10%", "no filter"), ("source=bread", "is no rule"), ("nope=1:5", "no such column")):
        assert why_not in run("select", workspace, "--budget", "20", "--at-least", rule, check=1).stderr
    assert "can't be loaded" in run("tokens", workspace, "--tokenizer", tmp_path, check=1).stderr
    said = run("refine", workspace, "--budget", "0.4k tokens", "--rounds", 2, "--feedback", "proxy", check=0)
    assert "of 400 tokens selected" in said.stdout


# The Select page


def budget_of(app):
    return next(each for each in app.text_input if each.label == "Budget")


def test_a_budget_turns_into_another_unit_and_tokens_are_shown_as_spent(selected_home):
    app = open_page(selected_home, "select")
    units = next(each for each in app.get("button_group") if set(each.options) == {"records", "%", "tokens"})
    assert units.value == "records" and budget_of(app).value == "60"
    check(units.set_value("%").run())
    assert budget_of(app).value == "10%"
    check(budget_of(app).set_value("5k tokens").run())
    units = next(each for each in app.get("button_group") if "tokens" in each.options)
    assert units.value == "tokens" and "of 5,000** tokens" not in words(app) and "of 5,000 tokens" in words(app)
    assert any(each.label == "Tokenizer" for each in app.text_input)
    shown = next(each.value for each in app.metric if each.label == "Tokens")
    press(app, "Select")
    info = pipeline_of(selected_home).info("select")
    assert shown == rounded(info["tokens"]["selected"])
    assert info["tokens"]["budget"] == 5000 and info["tokens"]["selected"] <= 5000
    assert f"{info['tokens']['selected']:,} of 5,000 tokens" in words(app)


def test_rules_are_written_checked_before_they_are_applied_and_taken_out(selected_home):
    app = open_page(selected_home, "select")
    check(budget_of(app).set_value("120").run())
    app.session_state["select_rules"] = True
    check(app.run())
    press(app, "Add a rule")
    amount = next(each for each in app.text_input if each.label == "Rule 1: how much")
    assert amount.value == "10%"
    check(amount.set_value("99%").run(), error="The rule can't hold, by ")
    press(app, "Select", error="The rule can't hold, by ")
    next(each for each in app.text_input if each.label == "Rule 1: how much").set_value("20%")
    check(app.run())
    press(app, "Select")
    params = pipeline_of(selected_home).params("select")
    assert len(params.at_least) == 1 and params.at_least[0].endswith(":20%")
    assert pipeline_of(selected_home).info("select")["rules"][0]["taken"] >= 24
    next(each for each in app.button if each.help == "Take rule 1 out").click()
    check(app.run())
    press(app, "Select")
    assert not pipeline_of(selected_home).params("select").at_least


def test_the_refine_page_starts_a_run_in_tokens_under_rules(selected_home):
    app = open_page(selected_home, "refine")
    app.text_input(key="new-run-budget").set_value("6k tokens")
    app.text_input(key="new-run-at_most").set_value("source=python:10%; cluster=0:5%")
    check(app.run())
    press(app, "Start, one round")
    pipeline = pipeline_of(selected_home)
    info = pipeline.info("select")
    assert [rule["rule"] for rule in info["rules"]] == ["source=python at most 10%", "cluster=0 at most 5%"]
    assert info["tokens"]["budget"] == 2000 >= info["tokens"]["selected"]
    out = int(
        np.setdiff1d(np.flatnonzero(pipeline.array("cluster") == 0), pipeline.table("select")["row_id"].to_numpy())[0]
    )
    assert "the rule cluster=0 at most 5%" in why(pipeline, np.array([out]))[0]
