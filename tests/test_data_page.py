"""The Data page, without a browser: opening data, preparing it, numbers of clusters, scores."""

import json

import numpy as np
import pytest

from components.data.data_source import _folder_for
from core.base.files import file_sha256
from core.data.records import RecordParams
from core.run import jobs
from core.vectors.clustering import ClusterParams
from core.vectors.embedding import EmbedParams
from core.vectors.projection import ProjectParams
from core.workspace.workspace import Workspace
from tests.conftest import SAMPLE, write_jsonl
from tests.pages import (
    check,
    check_job_done,
    click_chart,
    draw_map,
    frame_with,
    new_app,
    open_page,
    pipeline_of,
    press,
    words,
)

pytestmark = pytest.mark.usefixtures("jobs_in_process")


def test_data_shows_what_was_not_taken(tmp_path, monkeypatch):
    monkeypatch.setenv("WINNOW_HOME", str(tmp_path))
    data = tmp_path / "bad.jsonl"
    data.write_text('{"prompt": "a", "completion": "b"}\n{oops\n')
    Workspace(tmp_path / "sample", create=True).import_data(data, RecordParams(on_error="skip"))
    app = open_page(tmp_path)
    rejects = frame_with(app, "reason")
    assert rejects["line"].tolist() == [2] and "not JSON" in rejects["reason"][0] and "file" not in rejects
    good = write_jsonl(tmp_path / "good.jsonl", [{"prompt": "c", "completion": "d"}])
    both = tmp_path / "both"
    Workspace(both / "sample", create=True).import_data([str(data), str(good)], RecordParams(on_error="skip"))
    monkeypatch.setenv("WINNOW_HOME", str(both))
    assert frame_with(open_page(both), "reason")["file"].tolist() == ["bad.jsonl"]


def test_a_wrong_path_or_wrong_fields_are_said_and_nothing_is_opened(sample_home):
    app = open_page(sample_home)
    app.text_input(key="path_file").set_value("/no/such/file.jsonl")
    form = (b for b in app.button if b.label == "Open" and b.key != "open_before" and "path" in str(b.proto.form_id))
    next(form).click()
    check(app.run(), "is not a file on this computer")
    assert not (sample_home / "file").exists()


def test_data_that_could_not_be_read_is_read_again_with_its_fields_named(tmp_path, monkeypatch):
    monkeypatch.setenv("WINNOW_HOME", str(tmp_path / "home"))
    data = tmp_path / "odd.jsonl"
    data.write_text('{"foo": "a", "bar": "b"}\n' * 3)
    app = check(new_app().run())
    app.text_input(key="path_file").set_value(str(data))
    press(app, "Open", error="No known field layout")
    assert "odd.jsonl could not be read" in words(app).replace("\\", "")
    app.text_input(key="again_fields").set_value("prompt=foo,response=bar")
    press(app, "Read it again")
    assert [metric.value for metric in app.metric][:2] == ["3", "0"]


def test_once_prepared_the_facts_and_the_way_to_the_map_come_before_settings(sample_home):
    app = open_page(sample_home)
    assert [metric.label for metric in app.metric] == ["Records", "Not read", "Sources", "Clusters"]
    assert all(metric.proto.help for metric in app.metric)
    said = words(app)
    assert said.index("Sources") < said.index("Settings") < said.index("What is already done is not done again")


def test_settings_that_make_no_sense_are_said(sample_home):
    app = open_page(sample_home)
    next(t for t in app.text_input if t.label == "Or your own embeddings").set_value("/none.npy")
    press(app, "Prepare with these settings", error="/none.npy can't be read")
    assert jobs.last_job(pipeline_of(sample_home).workspace) is None


def test_preparing_again_keeps_what_the_form_does_not_show(sample_home, tmp_path, jobs_never_begin):
    pipeline = pipeline_of(sample_home)
    np.save(tmp_path / "own.npy", np.random.default_rng(0).normal(size=(600, 5)).astype(np.float32))
    own = EmbedParams(model="", vectors=file_sha256(tmp_path / "own.npy"))
    pipeline.run("embed", own, vectors=tmp_path / "own.npy")
    pipeline.run("cluster", ClusterParams(9, iterations=3), device="cpu")
    draw_map(pipeline, ProjectParams(min_dist=0.4, seed=5))
    app = open_page(sample_home)
    press(app, "Prepare with these settings")
    steps = {step["do"]: step["params"] for step in jobs.last_job(pipeline.workspace).arguments["steps"]}
    assert steps["embed"] == own.as_dict() and steps["cluster"]["iterations"] == 3
    assert (steps["project"]["min_dist"], steps["project"]["seed"]) == (0.4, 5)
    assert list(steps).index("project") < list(steps).index("regions")


def test_other_data_of_the_same_name_gets_a_folder_of_its_own(sample_home, tmp_path):
    same = tmp_path / "sample.jsonl"
    same.write_bytes(SAMPLE.read_bytes())
    assert _folder_for(same, file_sha256(same), False) == sample_home / "sample"
    same.write_text('{"prompt": "a", "completion": "b"}\n')
    assert _folder_for(same, file_sha256(same), True) == sample_home / "sample-2"
    Workspace(sample_home / "sample-2", create=True).import_data(same, RecordParams())
    assert _folder_for(same, file_sha256(same), True) == sample_home / "sample-2"
    assert _folder_for(tmp_path / "sample.jsonl", "other content", True) == sample_home / "sample-3"
    assert _folder_for(same, "changed since", False) == sample_home / "sample-2"  # the same file, read again


def test_several_numbers_of_clusters_are_tried_and_one_is_taken(sample_home):
    app = open_page(sample_home)
    app.text_input(key="suggest_counts").set_value("4, 8")
    press(app, "Try these numbers")
    check_job_done(sample_home)
    app = open_page(sample_home)
    assert "Silhouette is weak evidence" in words(app)
    assert click_chart(app, "suggest_chart") == app.selectbox(key="suggest_use").value == 4
    press(app, "Cluster into these")
    check_job_done(sample_home)
    assert len(set(pipeline_of(sample_home).array("cluster"))) == 4
    app = open_page(sample_home)
    app.text_input(key="suggest_counts").set_value("many")
    press(app, "Try these numbers", error="counts is 'many'")


def test_a_reward_model_scores_from_the_page_and_combines(sample_home, tiny_reward_model):
    app = open_page(sample_home)
    check(app.selectbox(key="scorer").set_value("reward").run())
    press(app, "Score the records", error="needs a model")
    app.text_input(key="model_reward").set_value(tiny_reward_model)
    press(app, "Score the records")
    check_job_done(sample_home)
    assert pipeline_of(sample_home).params("score").scorer == "reward"
    app = open_page(sample_home)
    check(app.selectbox(key="scorer").set_value("combine").run())
    press(app, "Score the records")
    check_job_done(sample_home)
    assert len(pipeline_of(sample_home).params("score").parts) == 2


def test_the_cost_of_a_judge_is_said_before_it_starts(sample_home):
    app = open_page(sample_home)
    check(app.selectbox(key="scorer").set_value("judge").run())
    assert "Judging takes 600 requests" in words(app)


def test_what_was_understood_is_shown_and_changed_field_by_field_with_the_preview(tmp_path, monkeypatch):
    monkeypatch.setenv("WINNOW_HOME", str(tmp_path))
    data = tmp_path / "dolly.jsonl"
    row = {
        "id": 7,
        "instruction": "Who?",
        "context": "Ann sang.",
        "response": "Ann.",
        "note": "<b>a</b>",
        "category": "qa",
    }
    data.write_text(f"{json.dumps(row)}\n")
    workspace = Workspace(tmp_path / "sample", create=True)
    workspace.import_data(data, RecordParams())
    app = open_page(tmp_path)
    assert understood_parts(app) == [
        ("prompt", "Who?"),
        ("prompt", "Ann sang."),
        ("response", "Ann."),
        ("source", "qa"),
        ("left out", "7"),
        ("left out", "<b>a</b>"),
    ]
    assert "Not read, and kept in the record: id, note" in words(app)
    app.session_state[f"understood-{workspace.dataset().fingerprint}"] = True
    check(app.run())
    choose = {each.label: each for each in app.selectbox if str(each.key).startswith("understood-")}
    choose["note"].set_value("system")
    check(app.run())
    assert understood_parts(app)[0] == ("system", "<b>a</b>")
    next(each for each in app.selectbox if each.label == "category").set_value("messages")
    check(app.run(), "name either messages, or prompt and response")
    next(each for each in app.selectbox if each.label == "category").set_value("source")
    check(app.run())
    press(app, "Read the data again so")
    check_job_done(tmp_path)
    assert Workspace(tmp_path / "sample").dataset().fields == (
        "prompt=instruction+context,response=response,system=note,source=category"
    )


def understood_parts(app):
    """Return (part, text) of all that the preview shows."""
    shown = next(e for e in app.get("bidi_component") if e.proto.component_name == "understood")
    return [
        (part["part"], part["text"]) for record in json.loads(shown.proto.json)["records"] for part in record["parts"]
    ]


def test_several_files_are_opened_as_one_pool_and_what_they_share_is_left_out(sample_home, tmp_path):
    for name, texts in (("a", "xy"), ("b", "yz")):
        (tmp_path / f"{name}.jsonl").write_text("".join(f'{{"prompt": "{t}", "completion": "c"}}\n' for t in texts))
    app = open_page(sample_home)
    app.text_area(key="pool_paths").set_value(f"{tmp_path / 'a.jsonl'}\n{tmp_path / 'none.jsonl'}")
    press(app, "Open as one pool", error="none.jsonl can't be read")
    app.text_area(key="pool_paths").set_value(f"{tmp_path / 'a.jsonl'}\n\n second={tmp_path / 'b.jsonl'} ")
    press(app, "Open as one pool")
    check_job_done(sample_home, "a-and-1-more")
    app = open_page(sample_home, workspace="a-and-1-more")
    assert frame_with(app, "in an earlier source").values.tolist() == [
        ["a", "a.jsonl", 2, 0],
        ["second", "b.jsonl", 2, 1],
    ]
    assert "1 record is in an earlier source too." in words(app)
    next(each for each in app.toggle if str(each.key).startswith("leave-out-")).set_value(True)
    check(app.run())
    check_job_done(sample_home, "a-and-1-more")
    dataset = Workspace(sample_home / "a-and-1-more").dataset()
    assert (dataset.n_records, dataset.n_duplicates) == (3, 1)
