"""Paths typed into fields: what can't be one is said, in a line, and no page breaks."""

import re
from pathlib import Path

import pytest

from core.base.errors import CurationError
from core.base.given_path import given_path
from core.run import jobs
from core.run.pipeline import Pipeline
from core.selection.params import SelectionParams
from core.workspace.uploads import keep_upload
from core.workspace.workspace import Workspace
from tests.browser import ROOT
from tests.pages import check, open_page
from tests.test_select_page import pick

ODD = {
    "~nosuchuser/x.jsonl": "does not know",
    "/" + "n" * 300: "File name too long",
    "a\0b.jsonl": "null byte",
}
# Every field that takes a path: {page: {what it is found by: the button that reads it}}.
FIELDS = {
    "data": {
        "path_file": "Open",
        "pool_paths": "Open as one pool",
        "Or your own embeddings": "Prepare the map",
    },
    "duplicates": {"overlap_paths": "Look for overlap", "overlap_vectors": "Look for overlap"},
    "select": {"target_paths": "Set the examples"},
    "export": {"save_path": "Save", "trainer_path": "Save for the trainer", "split_path": "Save the parts"},
}


def test_a_path_is_put_in_full():
    assert given_path(" ~/a.jsonl ") == Path.home() / "a.jsonl" and given_path("b") == Path("b")


@pytest.mark.parametrize(("text", "said"), ODD.items())
def test_what_can_be_no_path_is_said_in_a_line_that_fits(text, said):
    with pytest.raises(CurationError, match=said) as error:
        given_path(text)
    assert "\n" not in str(error.value) and len(str(error.value)) < 250


@pytest.mark.parametrize("page", FIELDS)
def test_every_field_that_takes_a_path_says_so(workspace, page, monkeypatch):
    results = Pipeline(Workspace(workspace))
    results.run("select", SelectionParams("12"))
    monkeypatch.setenv("WINNOW_HOME", str(workspace.parent))
    app = open_page(workspace.parent, page, "w", duplicates_view="evaluations")
    for fold in ("for_trainer", "in_parts") if page == "export" else ():
        app.session_state[fold] = True
    if page == "select":
        pick(app, "target")
    app.run()
    for name, label in FIELDS[page].items():
        for text, said in ODD.items():
            field = next(each for each in (*app.text_input, *app.text_area) if name in (each.key, each.label))
            field.set_value(text)
            if name == "overlap_vectors":
                app.text_area(key="overlap_paths").set_value(str(results.workspace.dataset().path))
            next(each for each in app.button if each.label == label and each.key != "open_before").click()
            check(app.run(), said)
            field.set_value("")
    assert jobs.last_job(results.workspace) is None


def test_no_other_field_takes_a_path():
    """As far as the words of the pages' source say: where a new one asks for a path, it is tried here too."""
    asks = re.compile(r"[Pp]aths? (?:of|on|to)|[Ff]iles and folders|/path/to|\.npy")
    sources = {file: file.read_text(encoding="utf-8") for file in (ROOT / "components").rglob("*.py")}
    asking = [
        file for file, text in sources.items() if asks.search(text) and ("text_input(" in text or "text_area(" in text)
    ]
    assert sum(map(len, FIELDS.values())) == len(asking) + 1, asking  # the form of evaluations has two


@pytest.mark.parametrize("name", ["n" * 300 + ".jsonl", "a\0b.jsonl", ".."])
def test_a_file_that_is_dropped_under_such_a_name_is_refused(workspace, name):
    with pytest.raises(CurationError):
        keep_upload(Workspace(workspace), name, b"{}")
