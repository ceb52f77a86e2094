"""Words for people: cut where there is no room, and one word for one thing everywhere (see CONTRIBUTING.md)."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.base.glossary import GLOSSARY
from core.base.text import one_line, shorten


def test_blanks_breaks_and_control_characters_become_one_blank():
    assert one_line("  a\tb\r\n\n c\x00\x1b[31md\ufffe ") == "a b c [31md"


@pytest.mark.parametrize("length", [1, 2, 5, 11, 12])
def test_a_text_is_never_longer_than_asked_and_whole_where_it_fits(length):
    short = shorten("eleven char", length)
    assert len(short) <= length and (short == "eleven char") == (length >= 11)
    assert length >= 11 or short.endswith("…")


def test_a_long_text_is_not_read_to_its_end():
    class Text(str):
        def split(self, *_):
            raise AssertionError("the whole text was split")

    assert shorten(Text("word " * 1000), 10) == "word word…"


# The words of Winnow

ROOT = Path(__file__).resolve().parent.parent
_CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("## Words")[1]
STYLE = {row[0]: row[1:] for line in _CONTRIBUTING.splitlines() if len(row := line.strip("| ").split(" | ")) == 3}
BANNED = [word for _, banned in list(STYLE.values())[2:] for word in banned.split(", ")]
# Words for models, and of what there is outside of Winnow.
_NOT_FOR_PEOPLE = {
    "core/daar/domains.py",
    "core/daar/seed_generation.py",
    "core/models/endpoint.py",
    "core/workspace/picks.py",
}


def said_in(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (line, text) of the texts of a file that are sentences, labels or parts of them; its docstrings are not."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Constant) and isinstance(node.value, str)) or id(node) in docstrings:
            continue
        if re.search(r"\w \w|^[A-Z][a-z]", node.value) and not node.value.startswith("<style>"):
            yield node.lineno, node.value


def test_the_style_page_is_the_glossary():
    words = {word: meaning for word, (meaning, _) in list(STYLE.items())[2:]}
    assert words == GLOSSARY and len(words) == 33


def test_one_word_for_one_thing_on_every_page_and_on_the_command_line():
    banned = re.compile(rf"\b({'|'.join(map(re.escape, BANNED))})(e?s|d|ing)?\b")
    files = [path for layer in ("app", "components", "core") for path in sorted((ROOT / layer).rglob("*.py"))]
    texts = [(path, *said) for path in files for said in said_in(path)]
    readme = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    texts += [(ROOT / "README.md", i, re.sub(r"`[^`]*`", "", line)) for i, line in enumerate(readme, 1)]
    found = {
        (str(path.relative_to(ROOT)), line, banned.search(text.lower())[0])
        for path, line, text in texts
        if banned.search(text.lower())
    }
    assert not [each for each in found if each[0] not in _NOT_FOR_PEOPLE]


def test_every_figure_on_a_page_says_what_it_is():
    for path in sorted((ROOT / "components").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "metric":
                assert "help" in {keyword.arg for keyword in node.keywords}, f"{path.name}, line {node.lineno}"
