"""Several people in one workspace: decisions made at once, seen by the others, every one of them taken back to the byte."""

import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from core.export.decision_lines import write_log
from core.run.pipeline import Pipeline
from core.selection.params import SelectionParams
from core.vectors.reshaping import merge_clusters, rename_cluster, split_cluster
from core.workspace.deciding import decide_cluster, decide_records, overrides_of, revise
from core.workspace.decisions import next_undo
from core.workspace.edits import edit_record, standing_edits
from core.workspace.revising import revise_own
from core.workspace.workspace import Workspace
from tests.browser import CHROMIUM, ROOT, browser_page, check_page, running_app, settled
from tests.pages import check, frame_with, open_page, pipeline_of, words

READY = ("embed", "cluster", "score")


def again(pipeline: Pipeline) -> Pipeline:
    return Pipeline(Workspace(pipeline.workspace.folder))


def decide_many(folder: Path, who: str, seed: int) -> None:
    workspace, rng = Workspace(folder), np.random.default_rng(seed)
    for number in range(200):
        if number % 10 == 9:
            revise(workspace, "undo", next_undo, who)
        else:
            rows = rng.choice(60, 3, replace=False)
            decide_records(workspace, ("pin", "drop", "clear")[rng.integers(3)], rows, who)


def in_another_process(call, folder: Path, *rest) -> subprocess.Popen:
    """Call a function of this file on a workspace in a new process; it ends with status 0 where nothing went wrong."""
    code = f"from pathlib import Path; from {__name__} import {call.__name__} as f; f(Path({str(folder)!r}), *{rest!r})"
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)


def test_two_who_make_200_decisions_each_at_once_lose_none_and_see_the_same(make_pipeline):
    pipeline = make_pipeline(*READY)
    folder = pipeline.workspace.folder
    each = [in_another_process(decide_many, folder, who, seed) for seed, who in enumerate(("ann", "ben"))]
    assert [process.wait() for process in each] == [0, 0]
    made = pipeline.workspace.ledger.decisions()
    assert [decision.id for decision in made] == list(range(1, 401))
    assert [sum(decision.who == who for decision in made) for who in ("ann", "ben")] == [200, 200]
    seen = what_is_seen(folder)
    assert [in_another_process(check_seen, folder, seen).wait() for _ in range(2)] == [0, 0]


def check_seen(folder: Path, seen: tuple) -> None:
    assert what_is_seen(folder) == seen


def what_is_seen(folder: Path) -> tuple[list[int], list[int], int]:
    overrides = overrides_of(Pipeline(Workspace(folder)))
    return overrides.pinned.tolist(), overrides.dropped.tolist(), len(Workspace(folder).ledger.decisions())


KINDS = {
    "pin records": lambda p: decide_records(p.workspace, "pin", np.array([7, 8])),
    "drop records": lambda p: decide_records(p.workspace, "drop", np.array([1, 7])),
    "clear records": lambda p: decide_records(p.workspace, "clear", np.array([0, 20])),
    "pin a cluster": lambda p: decide_cluster(p, "pin", 1),
    "drop a cluster": lambda p: decide_cluster(p, "drop", 1),
    "weight a cluster": lambda p: decide_cluster(p, "weight", 1, value=5.0),
    "clear a cluster": lambda p: decide_cluster(p, "clear", 2),
    "edit": lambda p: edit_record(p.workspace, 0, "response", "better"),
    "rename": lambda p: rename_cluster(p, 1, "Mine"),
    "merge": lambda p: merge_clusters(p, [0, 3]),
    "split": lambda p: split_cluster(p, 1, 2),
}


@pytest.mark.parametrize("kind", KINDS)
def test_undo_of_every_kind_of_decision_gives_the_earlier_selections_very_bytes(make_pipeline, kind, tmp_path):
    from core.export.delivery import export_selection

    pipeline = make_pipeline(*READY)
    decide_records(pipeline.workspace, "pin", np.array([0, 5]), "ann")  # there is something to clear
    decide_records(pipeline.workspace, "drop", np.array([20, 21]), "ann")
    decide_cluster(pipeline, "weight", 2, value=2.0)
    params = SelectionParams("30", "kmq")
    again(pipeline).run("select", params)

    def bytes_now() -> dict[str, bytes]:
        now = again(pipeline)
        key = now.current("select")
        export_selection(now, tmp_path / "out.jsonl")
        files = {
            path.name: path.read_bytes() for path in now.workspace.artifacts.glob(f"select-{key}*") if path.is_file()
        }
        return files | {"export": (tmp_path / "out.jsonl").read_bytes()}

    before = bytes_now()
    KINDS[kind](again(pipeline))
    now = again(pipeline)
    if not now.current("select"):
        now.run("select", params)
    changed = bytes_now()
    assert (changed == before) == (kind == "rename")
    revise(pipeline.workspace, "undo", next_undo)
    assert bytes_now() == before
    again(pipeline).run("select", params)  # made anew it is the same as well
    assert bytes_now() == before


# On the pages


def test_the_sidebar_says_what_others_decided_and_what_undo_takes_back(selected_home):
    workspace = pipeline_of(selected_home).workspace
    decide_records(workspace, "pin", np.array([1, 2, 3]), "Ana [x](http://host)")
    decide_records(workspace, "drop", np.array([9]), "ann")
    app = open_page(selected_home, "review")
    said = [caption.value for caption in app.sidebar.caption if "pinned 3 records" in caption.value]
    assert len(said) == 1 and "Ana" in said[0] and "\\](" in said[0]
    assert "ann dropped record 9" in app.button(key="sidebar_undo").help
    mine = open_page(selected_home, "review")
    mine.session_state["winnow"].who = "Ana [x](http://host)"
    assert "ann dropped record 9" in words(check(mine.run()))


def test_the_log_is_filtered_and_what_is_pressed_is_what_was_seen(selected_home):
    pipeline = pipeline_of(selected_home)
    decide_records(pipeline.workspace, "pin", np.array([1]), "bob", "why not")
    decide_cluster(pipeline, "weight", 2, "ann", value=3.0)
    decide_records(pipeline.workspace, "drop", np.array([4, 5]), "bob")
    edit_record(pipeline.workspace, 6, "response", "better", "cid")
    app = open_page(selected_home, "review")
    check(app.selectbox(key="whose").select("bob").run())
    assert frame_with(app, "State")["No."].tolist() == [3, 1]
    check(app.selectbox(key="log_action").select("pin").run())
    assert frame_with(app, "State")["No."].tolist() == [1]
    check(app.text_input(key="log_words").set_value("nothing such").run())
    assert "No decision is like that" in words(app)
    check(app.selectbox(key="whose").select(None).run())
    check(app.selectbox(key="log_action").select(None).run())
    check(app.text_input(key="log_words").set_value("better").run())
    assert frame_with(app, "State")["What"].tolist() == ["record 6, messages[1]"]


def test_edits_stand_on_the_review_page_beside_the_originals_and_are_taken_back(selected_home):
    workspace = pipeline_of(selected_home).workspace
    edit_record(workspace, 6, "response", "better :red[words]", "cid")
    app = open_page(selected_home, "review")
    assert "better :red[words]" in words(app) and "Record 6, messages[1] by cid" in words(app)
    check(next(button for button in app.button if button.label == "Take back").click().run())
    assert standing_edits(workspace) == []


@pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="no Chromium on this machine; install it to run this")
def test_another_browser_sees_a_decision_within_two_seconds_and_nobody_is_disturbed(selected_home, tmp_path):
    decide_records(pipeline_of(selected_home).workspace, "pin", np.array([3]), "Zoe")
    with running_app(selected_home) as address, browser_page() as page:
        other = page.context.browser.new_context().new_page()
        other.set_default_timeout(60_000)
        for each, name in ((page, "Ana"), (other, "Ben")):
            each.goto(f"{address}/review?workspace=sample")
            field = each.get_by_role("textbox", name="Decisions are signed")
            field.fill(name)
            field.press("Enter")
            settled(each)
        check_page(other)
        other.get_by_role("textbox", name="Words").click()
        other.keyboard.type("half a wo")  # typed, not sent
        decide_records(pipeline_of(selected_home).workspace, "drop", np.array([4]), "Zoe")
        decided = time.monotonic()
        for each in (page, other):
            each.get_by_text(re.compile(r"Zoe dropped record 4")).first.wait_for(timeout=20_000)
            each.get_by_text("Dropped (1)").wait_for(timeout=20_000)
        print(f"\nboth saw it {time.monotonic() - decided:.2f} s later (meant: within 2 s)", file=sys.stderr)
        other.keyboard.type("rd")
        assert other.get_by_role("textbox", name="Words").input_value() == "half a word"
        revise_own(pipeline_of(selected_home).workspace, "undo", "Ana", 2)  # another's decision, by its number
        other.get_by_text(re.compile(r"Ana took back decision 2")).first.wait_for(timeout=20_000)
        assert other.get_by_role("textbox", name="Words").input_value() == "half a word"
        for each in (page, other):
            check_page(each)
        write_log(pipeline_of(selected_home), tmp_path / "log.jsonl")
        with (tmp_path / "log.jsonl").open("a") as log:  # one that was made elsewhere
            log.write(
                '{"id": 9, "action": "pin", "who": "Eve", "origin": "elsewhere", "hashes": ["%s"]}\n' % ("00" * 16)
            )
        page.get_by_role("button", name="Replay a log").click()
        page.locator("input[type=file]").set_input_files(tmp_path / "log.jsonl")
        page.get_by_role("button", name="Replay it").click()
        page.get_by_text("0 decisions replayed, 3 were here before").wait_for()
        page.get_by_text("Decision 9, pin: none of its records is in this data").wait_for()
        check_page(page)
