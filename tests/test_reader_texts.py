"""How the reader cuts texts into turns and blocks, and what rendering makes of them: a few harmless elements, no more."""

import json
from pathlib import Path

import hypothesis
import hypothesis.strategies as st
import pytest

from components.records import as_rendered
from components.records.as_rendered import ATTRIBUTES, ELEMENTS, MATHS, MOST_RENDERED, rendered
from components.records.as_written import LONG, LONG_LINES, blocks_of, is_long
from components.records.record_view import MOST_SENT, turn_view, turns_in
from core.data.fields import FieldMap

_SCRIPTS = sorted((Path(as_rendered.__file__).parent / "js").glob("*.js"))
READER = "\n".join(path.read_text(encoding="utf-8") for path in _SCRIPTS)


def all_of(tree):
    """Every (element, attributes) of a tree."""
    if isinstance(tree, str):
        return []
    return [(tree[0], tree[1]), *(each for child in tree[2:] for each in all_of(child))]


def text_of(tree) -> str:
    return tree if isinstance(tree, str) else "".join(text_of(child) for child in tree[2:])


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("a\n```py\nb = 1\n```\nc", [("text", "a"), ("code", "b = 1", "py"), ("text", "c")]),
        ("```\nopen to the end\nx", [("code", "open to the end\nx", "")]),
        ("~~~c++\n```\n~~~", [("code", "```", "c++")]),
        ("````\n```\n````", [("code", "```", "")]),
        ("one ``` is no fence", [("text", "one ``` is no fence")]),
        ("```\n```", [("code", "", "")]),
        ("**b** $x$ <b>", [("text", "**b** $x$ <b>")]),
        ("", []),
    ],
)
def test_a_text_is_cut_at_its_fences_and_else_left_as_it_is(text, blocks):
    assert [tuple(block.values()) for block in blocks_of(text)] == blocks


def test_long_turns_are_folded_and_very_long_ones_sent_when_asked_for():
    assert is_long("x" * (LONG + 1)) and is_long("\n" * LONG_LINES) and not is_long("x" * LONG)
    view = turn_view("user", "y" * (MOST_SENT + 5), "written", whole=False)
    assert view["long"] and view["more"] and view["n"] == MOST_SENT + 5 and len(view["blocks"][0]["text"]) == MOST_SENT
    whole = turn_view("user", "y" * (MOST_SENT + 5), "written", whole=True)
    assert not whole["more"] and len(whole["blocks"][0]["text"]) == MOST_SENT + 5


def test_turns_are_the_chats_own_with_their_roles_else_prompt_and_response():
    chat = {
        "messages": [
            {"role": "system", "content": "s"},
            {"role": "tool", "content": "t"},
            {"role": "user", "content": ""},
        ]
    }
    record = {"raw": json.dumps(chat), "prompt": "p", "response": "r"}
    assert turns_in(record, FieldMap(messages="messages")) == [("system", "s"), ("tool", "t")]
    assert turns_in(record, FieldMap(prompt=("p",))) == [("user", "p"), ("assistant", "r")]
    assert turns_in(record | {"raw": "[1"}, FieldMap(messages="messages")) == [("user", "p"), ("assistant", "r")]
    assert [turn_view(role, "x", "written", False)["kind"] for role in ("tool", "user")] == ["other", "user"]


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script> <img src=x onerror=alert(1)> <b onclick=x>b</b>",
        "![alt](http://host/p.png) [go](http://host) <http://host> [x](javascript:alert(1))",
        "| a | b |\n|---|:-:|\n| 1 | <i>2</i> |",
        r"$\href{http://host}{x}$ $\text{<script>}$ $\unicode{60}$ $$\color{red} x$$",
        "\\begin{align}\na &= b \\\\\n\\end{align}",
        "1. a\n2. b\n\n> c\n\n```html\n<script>\n```\n\n***d***",
        '{"html": "<script>", "n": [1, 2]}',
    ],
)
def test_rendering_makes_harmless_elements_only_and_keeps_the_words(text):
    tree = rendered(text)
    for element, attributes in all_of(tree):
        assert element in ELEMENTS | MATHS, element
        assert set(attributes) <= ATTRIBUTES and all(isinstance(value, str) for value in attributes.values())
    for word in ("script", "host", "alert"):
        assert (word in text_of(tree)) == (word in text), tree


def test_links_and_images_become_words_beside_their_address():
    tree = rendered("![alt](http://host/p.png) [go](http://host/x)")
    assert text_of(tree) == "[image: alt, http://host/p.png] go <http://host/x>"
    assert not {name for name, _ in all_of(tree)} & {"a", "img"}


@pytest.mark.parametrize(
    "formula", [r"$\frac{a}{b}$", r"\(x^2\)", "$$x$$", r"\[ y_1 \]", "\\begin{align}\na &= b\n\\end{align}"]
)
def test_formulas_become_mathml(formula):
    assert "math" in [name for name, _ in all_of(rendered(formula))]


def test_a_price_is_no_formula_and_a_broken_formula_stays_as_written():
    assert text_of(rendered("costs $5 and $10")) == "costs $5 and $10"
    assert text_of(rendered(r"so $\frac{$ it is")) == r"so \frac{ it is"


def test_json_is_laid_out_and_what_only_begins_like_it_is_not():
    assert text_of(rendered('{"a": [1, "é"]}')) == '{\n  "a": [\n    1,\n    "é"\n  ]\n}'
    assert text_of(rendered("{not json}")) == "{not json}" and text_of(rendered("[1] is a note")) == "[1] is a note"
    assert rendered("[" * 5000 + "]" * 5000) is not None


def test_what_is_too_long_to_render_is_shown_as_written():
    assert rendered("x" * (MOST_RENDERED + 1)) is None
    assert turn_view("user", "x" * (MOST_RENDERED + 1), "rendered", whole=True)["blocks"][0]["kind"] == "text"


@hypothesis.given(st.text(alphabet="*_`[](){}<>!$\\#|>-1.\n a&;", max_size=80))
def test_rendering_takes_whatever_comes(text):
    assert {name for name, _ in all_of(rendered(text))} <= ELEMENTS | MATHS


def test_the_browsers_lists_are_these_and_it_makes_no_markup_of_a_text():
    for names in (ELEMENTS, MATHS, ATTRIBUTES):
        assert any(set(line.split('"')[1].split()) <= names for line in READER.splitlines() if line.count('"') == 2), (
            names
        )
    for forbidden in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "DOMParser", "eval("):
        assert forbidden not in "\n".join(line for line in READER.splitlines() if not line.startswith("//"))
    assert not ELEMENTS & {"a", "img", "script", "iframe", "style", "svg", "form", "input", "object"}
    assert not ATTRIBUTES & {"href", "src", "style", "id"} and not any(name.startswith("on") for name in ATTRIBUTES)
