"""An error says its fix in the words of where it is read: a command there, a button on the pages."""

import ast
import re
from pathlib import Path

import pytest

from core.base.errors import CurationError, lacking
from core.base.text import counted
from core.data.layouts.detecting import detect_fields
from core.run.pipeline import STAGES

ROOT = Path(__file__).resolve().parent.parent
_COMMAND = re.compile(r"python -m core|\bCOMMAND\b|(?<![\w-])--[a-z]")


@pytest.mark.parametrize("stage", ["records", *(stage for stage in STAGES if stage != "suggest")])
def test_a_missing_stage_is_a_command_there_and_a_place_on_the_pages(stage):
    error = lacking("x needs it", stage, "here")
    assert "run: python -m core" in str(error)
    assert not _COMMAND.search(error.on_page) and error.on_page.startswith("x needs it; ")
    assert " page" in error.on_page


def test_an_error_with_one_fix_says_it_in_both_places():
    assert CurationError("seed is -1; it must be 0.").on_page == str(CurationError("seed is -1; it must be 0."))


def test_unknown_fields_are_named_where_they_can_be_named():
    with pytest.raises(CurationError) as raised:
        detect_fields([{"a": 1}])
    assert "--fields" in str(raised.value) and "--fields" not in raised.value.on_page
    assert "under Settings" in raised.value.on_page


def test_no_message_of_core_sends_a_page_to_the_command_line():
    for path in sorted((ROOT / "core").rglob("*.py")):
        if path.is_relative_to(ROOT / "core" / "cli"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("CurationError", "lacking"):
                said = ast.unparse(node.args[0]) if node.args else ""
                page = next((ast.unparse(k.value) for k in node.keywords if k.arg == "page"), "")
                assert not _COMMAND.search(said) and not _COMMAND.search(page), f"{path.name}: {said} {page}"


@pytest.mark.parametrize(
    ("n", "said"), [(0, "0 records"), (1, "1 record"), (2, "2 records"), (12000, "12,000 records")]
)
def test_things_are_counted_in_the_singular_and_the_plural(n, said):
    assert counted(n, "record") == said
    assert counted(n, "of it is", "of them are").endswith("of it is" if n == 1 else "of them are")


_PLURAL = re.compile(r"\{[^{}]*\} (records|decisions|domains|rounds|seeds)\b")
# What always is more than one, or stands for all there are.
_MANY = {"of the picked records"}


def test_pages_count_with_the_helper():
    for path in [*sorted((ROOT / "components").rglob("*.py")), *sorted((ROOT / "app").glob("*.py"))]:
        for i, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            assert not _PLURAL.search(line) or any(many in line for many in _MANY), f"{path.name}:{i}: {line.strip()}"
