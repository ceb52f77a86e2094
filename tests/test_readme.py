"""The README names what there is: every verb, option, page and picture; and its commands are the ones CI runs."""

import re
from pathlib import Path

import pytest

from components.frame import navigation
from core.cli.parser import build_parser
from core.selection.method import METHODS

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def verbs():
    return next(action for action in build_parser()._actions if action.dest == "verb").choices


@pytest.mark.parametrize("verb", list(verbs()))
def test_every_verb_and_option_is_in_the_readme(verb):
    assert f"`{verb}" in README or f"core {verb} " in README, verb
    for action in verbs()[verb]._actions:
        for option in action.option_strings:
            assert option in ("-h", "--help") or is_named(option, README), (verb, option)


def is_named(option: str, text: str) -> bool:
    """Whether a text names the whole option, not only a longer one that begins or ends like it."""
    return re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", text) is not None


def test_an_option_inside_a_longer_one_is_not_named():
    assert is_named("--seed", "`--seed 0`") and is_named("--seed", "`--seed`, `--seeds-each`")
    assert not is_named("--seed", "`--seeds-each`, `--the--seed`") and not is_named("-d", "`--device`")


def test_every_page_is_in_the_readme_with_a_picture():
    for entry in navigation.PAGES:
        assert f"**{entry.title}**" in README
        assert f"assets/screenshots/{entry.name}.png" in README
    for picture in re.findall(r"assets/screenshots/[\w-]+\.png", README):
        assert (ROOT / picture).is_file(), picture


@pytest.mark.parametrize("folder", [path.parent.name for path in sorted((ROOT / "core").glob("*/__init__.py"))])
def test_every_folder_of_core_has_its_line_in_the_readme(folder):
    lines = [line for line in README.splitlines() if line.startswith("|") and f"`{folder}/`" in line.split("|")[1]]
    assert len(lines) == 1


def test_every_method_is_in_the_readme():
    for method in METHODS:
        assert f"| `{method}` |" in README, method


def test_ci_runs_the_readmes_test_command():
    command = "python -m pytest"
    assert command in README and command in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_two_commands_stand_on_the_first_screen():
    first = "\n".join(README.splitlines()[:40])
    assert "streamlit run app/main.py" in first and "python -m pytest" in first
