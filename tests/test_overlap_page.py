"""Overlap with evaluations on a workspace: the stage, its verb, the page, and what manifest, report and Export say of it."""

import json
import os

import numpy as np
import pytest

import core
from core.base.errors import CurationError
from core.base.files import file_sha256
from core.data.records import RecordParams
from core.export.decontamination import checked, checked_facts
from core.export.delivery import export_selection
from core.export.report.writing import write_report
from core.quality.params import QualityParams
from core.run.pipeline import Pipeline
from core.selection.params import SelectionParams
from core.vectors.clustering import ClusterParams
from core.vectors.embedding import EmbedParams
from core.vectors.overlap.evaluations import evaluations_in
from core.vectors.overlap.hits import hits_of, items_of, to_drop
from core.vectors.overlap.params import OverlapParams
from core.vectors.overlap.stage import COSINE, WORDS
from core.workspace.deciding import decide_records, overrides_of
from core.workspace.workspace import Workspace
from tests.command import run
from tests.conftest import TinyEncoder, write_jsonl
from tests.pages import check, check_job_done, frame_with, open_page, press, words

pytestmark = pytest.mark.usefixtures("jobs_in_process")

QUESTION = (
    "In the village number {} there are twelve red hens, seven white ducks and nobody knows how many <b>birds</b> swim"
)
LEAKED = (2, 5, 9)  # records that say what the evaluation asks


@pytest.fixture
def evaluation(tmp_path):
    items = [
        {
            "question": "Which river of the north runs through four lands before it meets the cold grey sea?",
            "answer": "-",
        }
    ]
    items += [{"question": QUESTION.format(i).upper(), "answer": f"Unknown {i}"} for i in LEAKED]
    return write_jsonl(tmp_path / "birds.jsonl", items)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A workspace `farm` of 16 records, four of them selected, among these the leaked ones."""
    records = [
        {"prompt": f"subject {i % 4} question {i} of its own", "response": f"answer {i}", "rating": i}
        for i in range(16)
    ]
    for i in LEAKED:
        records[i] |= {"prompt": f"Please say: {QUESTION.format(i)}", "rating": 50}
    workspace = Workspace(tmp_path / "home" / "farm", create=True)
    workspace.import_data(write_jsonl(tmp_path / "farm.jsonl", records), RecordParams())
    pipeline = Pipeline(workspace)
    pipeline.run("embed", EmbedParams(), encoder=TinyEncoder())
    pipeline.run("cluster", ClusterParams(2), device="cpu")
    pipeline.run("score", QualityParams(column="rating"))
    pipeline.run("select", SelectionParams("4", "quality"))
    monkeypatch.setenv("WINNOW_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def opened(home) -> Pipeline:
    return Pipeline(Workspace(home / "farm"))


def search(home, evaluation, **params) -> Pipeline:
    asked = OverlapParams(evaluations=evaluations_in(evaluation), **params)
    opened(home).run("decontaminate", asked, encoder=TinyEncoder())
    return opened(home)


def dropped(home) -> list[int]:
    return overrides_of(opened(home)).dropped.tolist()


# The stage


def test_hits_say_record_item_way_score_and_words(home, evaluation):
    pipeline = search(home, evaluation, cosine=0.9)
    hits = hits_of(pipeline)
    by_words = hits.only(way=WORDS)
    assert by_words.rows.tolist() == list(LEAKED) and by_words.items.tolist() == [1, 2, 3]
    assert by_words.words(0).startswith("in the village number 2 there are") and by_words.scores[0] > 13
    near = hits.only(way=COSINE)
    assert set(LEAKED) <= set(near.rows.tolist()) and (near.scores >= 0.9 - 1e-6).all() and near.words(0) == ""
    assert len(hits.only(way=COSINE, cosine=1.0)) < len(near)
    strongest = by_words.strongest_first()
    assert (np.diff(strongest.scores) <= 0).all()
    assert [item["response"] for item in items_of(pipeline, by_words)] == ["Unknown 2", "Unknown 5", "Unknown 9"]
    assert pipeline.finished("decontaminate")["evaluations"][0]["n_items_hit"]["words"] == 3


def test_the_same_search_gives_the_same_bytes_wherever_the_file_lies(home, evaluation, tmp_path):
    def made() -> list[bytes]:
        pipeline = opened(home)
        return [pipeline.workspace.path("decontaminate", pipeline.current("decontaminate"), end).read_bytes()
                for end in (".arrow", ".items.arrow")]  # fmt: skip

    first, key = made() if search(home, evaluation) else [], opened(home).current("decontaminate")
    (tmp_path / "moved").mkdir()
    moved = evaluation.rename(tmp_path / "moved" / evaluation.name)
    assert opened(home).current("decontaminate") == key  # a file that is gone is what it was
    for end in (".arrow", ".items.arrow", ".json"):
        opened(home).workspace.path("decontaminate", key, end).unlink()
    search(home, moved)
    assert opened(home).current("decontaminate") == key and made() == first


def test_it_is_out_of_date_once_a_file_the_embeddings_or_the_data_are_others(home, evaluation, tmp_path):
    search(home, evaluation)
    held = evaluation.read_bytes()
    evaluation.write_bytes(held + b'{"question": "one more", "answer": "x"}\n')
    assert opened(home).state("decontaminate") == "stale" and not checked(opened(home)).is_up_to_date
    with pytest.raises(CurationError, match="out of date already"):
        hits_of(opened(home))
    evaluation.write_bytes(held)
    os.utime(evaluation)
    assert opened(home).state("decontaminate") == "done"
    opened(home).run("embed", EmbedParams(max_tokens=7), encoder=TinyEncoder())
    assert opened(home).state("decontaminate") == "stale"
    search(home, evaluation, cosine=0)  # which needs no embeddings
    opened(home).run("embed", EmbedParams(), encoder=TinyEncoder())
    assert opened(home).state("decontaminate") == "done"
    data = tmp_path / "farm.jsonl"
    data.write_text(data.read_text() + '{"prompt": "new", "response": "one"}\n')
    opened(home).workspace.import_data(data, RecordParams())
    assert opened(home).state("decontaminate") == "stale"


def test_own_embeddings_are_taken_where_the_records_have_some(home, evaluation, tmp_path):
    own, theirs = tmp_path / "own.npy", tmp_path / "items.npy"
    vectors = np.eye(16, dtype=np.float32)
    np.save(own, vectors)
    np.save(theirs, vectors[[3, 3, 7, 8]] + 0.01)
    opened(home).run("embed", EmbedParams(model="", vectors=file_sha256(own)), vectors=own)
    folder = home / "farm"
    assert "name the model with --model" in run("decontaminate", folder, evaluation, check=1).stderr
    run("decontaminate", folder, evaluation, "--words", 0, "--embeddings", theirs, check=0)
    hits = hits_of(opened(home))
    assert list(zip(hits.rows.tolist(), hits.items.tolist(), strict=True)) == [(3, 0), (7, 2), (8, 3)]
    np.save(theirs, vectors[:3])
    assert "3 rows for 4" in run("decontaminate", folder, evaluation, "--embeddings", theirs, check=1).stderr
    np.save(theirs, np.eye(4, 5, dtype=np.float32))
    said = run("decontaminate", folder, evaluation, "--embeddings", theirs, check=1).stderr
    assert "have 5 dimensions and the records' 16" in said


# The verb


def test_the_verb_counts_shows_and_drops_as_one_decision_that_undo_takes_back(home, evaluation):
    folder = home / "farm"
    done = run("decontaminate", folder, f"birds test={evaluation}", "--cosine", 0, check=0)
    assert "13 words in a row: 3 records, with 3 items" in done.stdout and "cosine" not in done.stdout
    assert "3 records to drop: add --drop" in done.stdout and "IN THE VILLAGE NUMBER 2" in done.stdout
    assert dropped(home) == []
    decide_records(Workspace(folder), "pin", np.array([5]))
    done = run("decontaminate", folder, f"birds test={evaluation}", "--cosine", 0, "--limit", 0, "--drop", check=0)
    assert "drop: 2 records (decision 2)" in done.stdout and "1 of them is pinned" in done.stderr
    assert dropped(home) == [2, 9]
    (_, decision) = Workspace(folder).ledger.decisions()
    assert decision.note == "overlap with birds test: 13 words in a row"
    run("undo", folder, check=0)
    assert dropped(home) == []
    assert (
        "0 records, with 0 items"
        in run("decontaminate", folder, evaluation, "--words", 40, "--cosine", 0, check=0).stdout
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nothing.jsonl",), "can't be read"),
        (("EVAL", "--words", 0, "--cosine", 0), "Neither words nor cosine"),
        (("EVAL", "--cosine", 2), "from 0 to 1"),
        (("EVAL", "--fields", "prompt=x,response=y"), "No record has a field 'x'"),
        (("EVAL", "EVAL"), "named twice"),
    ],
)
def test_bad_input_is_refused_and_nothing_changes(home, evaluation, arguments, said):
    arguments = [str(evaluation) if each == "EVAL" else each for each in arguments]
    assert said in run("decontaminate", home / "farm", *arguments, check=1).stderr
    assert opened(home).state("decontaminate") == "missing"


def test_entries_that_cannot_be_read_are_told(home, evaluation):
    evaluation.write_text(evaluation.read_text() + "{nonsense\n")
    done = run("decontaminate", home / "farm", evaluation, "--cosine", 0, check=0)
    assert "1 entry of" in done.stderr and "3 records, with 3 items" in done.stdout


def test_a_notebook_gets_a_frame(home, evaluation):
    workspace = core.open_workspace(home / "farm", encoder=TinyEncoder())
    frame = workspace.decontaminate(evaluation, drop=True, cosine=0)
    assert list(frame) == ["row_id", "evaluation", "item", "way", "score", "words"]
    assert frame["row_id"].tolist() == list(LEAKED) == dropped(home)
    assert set(frame["evaluation"]) == {"birds"} and set(frame["way"]) == {"words"}


# What an export says


def test_manifest_report_and_command_name_the_files_the_rule_and_what_is_left(home, evaluation, tmp_path):
    out, folder = tmp_path / "out.jsonl", home / "farm"
    assert checked_facts(opened(home)) == {}
    report = write_report(opened(home), tmp_path / "report.html")[1].read_text()
    assert "were not checked against evaluation data" in report
    search(home, evaluation, cosine=0)
    done = run("export", folder, "--out", out, check=0)
    assert "warning: Checked against birds: 3 records overlap, 0 dropped; 3 still in the selection." in done.stderr
    held = json.loads((tmp_path / "out.jsonl.manifest.json").read_text())["evaluations"]
    (file,) = held["files"]
    assert (file["name"], file["file"], file["sha256"]) == ("birds", "birds.jsonl", file_sha256(evaluation))
    assert file["hits"] == {"words": 3} and (file["n_items"], file["n_unread"]) == (4, 0)
    assert (held["rule"], held["n_overlapping"], held["n_dropped"], held["n_in_export"]) == (
        "13 words in a row",
        3,
        0,
        3,
    )
    assert "3 still in the selection" in held["warning"]
    decide_records(Workspace(folder), "drop", to_drop(opened(home), hits_of(opened(home))))
    opened(home).run("select", SelectionParams("4", "quality"))
    done = run("export", folder, "--out", out, check=0)
    assert "Checked against birds: 3 records overlap, all dropped." in done.stdout and not done.stderr
    held = json.loads((tmp_path / "out.jsonl.manifest.json").read_text())["evaluations"]
    assert (held["n_dropped"], held["n_in_export"], "warning" in held) == (3, 0, False)
    report = write_report(opened(home), tmp_path / "report.html")[1].read_text()
    assert (
        "3 records overlap, all dropped. A record overlaps by 13 words in a row." in report and "birds.jsonl" in report
    )
    run("verify", tmp_path / "out.jsonl.manifest.json", "--data", tmp_path / "farm.jsonl", check=0)


def test_a_check_that_holds_no_longer_is_a_warning_without_counts(home, evaluation, tmp_path):
    search(home, evaluation, cosine=0)
    evaluation.write_text("")
    export_selection(opened(home), tmp_path / "out.jsonl")
    held = json.loads((tmp_path / "out.jsonl.manifest.json").read_text())["evaluations"]
    assert held["up_to_date"] is False and "changed since" in held["warning"] and "n_in_export" not in held
    report = write_report(opened(home), tmp_path / "report.html")[1].read_text()
    assert "Warning: Checked against birds, but" in report
    assert "Checked against birds, but" in open_page(home, "export", "farm").warning[0].value


# The page


def test_from_a_path_to_dropped_and_back(home, evaluation):
    app = open_page(home, "duplicates", "farm", duplicates_view="evaluations")
    press(app, "Look for overlap", error="No evaluation data is named")
    app.text_area(key="overlap_paths").set_value(f"birds test={evaluation}\n")
    app.slider(key="overlap_cosine").set_value(0.0)
    press(app, "Look for overlap")
    assert check_job_done(home, "farm").arguments["steps"][0]["do"] == "decontaminate"
    app = open_page(home, "duplicates", "farm", duplicates_view="evaluations")
    said = words(app)
    assert "**3 records overlap**; **3 records** would be dropped." in said
    assert frame_with(app, "evaluation")["words"].tolist()[0] == "3 records, 75.0 % of items"
    assert ":blue-background[" in said and "<b>" not in said  # as text, never as markup
    assert "record 2" in said and "item 1 of birds test" in said
    press(app, "Drop 3 records")
    assert dropped(home) == list(LEAKED)
    (decision,) = opened(home).workspace.ledger.decisions()
    assert decision.note == "overlap with birds test: 13 words in a row" and decision.who == "ann"
    assert next(button for button in app.button if button.key == "overlap_drop").disabled
    press(app, "Undo the last decision")
    assert dropped(home) == []


def test_hits_are_narrowed_by_file_way_and_cosine_and_so_is_what_is_dropped(home, evaluation, tmp_path):
    other = write_jsonl(
        tmp_path / "other.jsonl", [{"question": "subject 0 question 0 of its own", "answer": "answer 0"}]
    )
    pipeline = search(home, [str(evaluation), str(other)], cosine=0.9)
    app = open_page(home, "duplicates", "farm", duplicates_view="evaluations")
    check(app.selectbox(key="overlap_which").set_value(1).run())
    check(app.get("button_group")[-1].set_value("words").run())
    assert "**1 record overlaps**" in words(app) and not [each for each in app.slider if "from-" in str(each.key)]
    press(app, "Drop 1 record")
    (decision,) = pipeline.workspace.ledger.decisions()
    assert decision.rows.tolist() == [0] and decision.note == "overlap with other: 13 words in a row"
    check(app.get("button_group")[-1].set_value("cosine").run())
    check(app.slider(key="overlap_cosine_from-0.9").set_value(1.0).run())
    drop = next(button for button in app.button if button.key == "overlap_drop")
    assert drop.disabled and "cosine 1 or more" in drop.help


def test_the_page_says_that_nothing_overlaps_and_that_a_check_is_out_of_date(home, evaluation):
    search(home, evaluation, words=40, cosine=0)
    app = open_page(home, "duplicates", "farm", duplicates_view="evaluations")
    assert "Checked against birds: no overlap. By 40 words in a row." in app.success[0].value.replace("\u2060", "")
    evaluation.write_text(evaluation.read_text() + "\n")
    app = open_page(home, "duplicates", "farm", duplicates_view="evaluations")
    assert "look for overlap again" in app.info[0].value and app.text_area(key="overlap_paths").value.startswith(
        "birds="
    )


def test_files_of_one_name_are_looked_for_again_as_they_are_named(home, evaluation, tmp_path):
    (tmp_path / "more").mkdir()
    other = tmp_path / "more" / evaluation.name
    other.write_bytes(evaluation.read_bytes())
    search(home, [str(evaluation), str(other)], cosine=0)
    app = open_page(home, "duplicates", "farm", duplicates_view="evaluations")
    assert app.text_area(key="overlap_paths").value.splitlines() == [str(evaluation), str(other)]
    press(app, "Look for overlap")
    assert opened(home).params("decontaminate").evaluations == evaluations_in([str(evaluation), str(other)])


def test_the_export_page_says_what_was_checked(home, evaluation):
    assert "Not checked against evaluation data yet" in words(open_page(home, "export", "farm"))
    search(home, evaluation, cosine=0)
    assert "3 still in the selection" in open_page(home, "export", "farm").warning[0].value
    decide_records(Workspace(home / "farm"), "drop", np.array(LEAKED))
    opened(home).run("select", SelectionParams("4", "quality"))
    app = open_page(home, "export", "farm")
    assert "3 records overlap, all dropped" in words(app) and not app.warning
