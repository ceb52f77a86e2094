"""A record's words are never markup: the two functions that see to it, and a rule that holds pages to them."""

import re
from pathlib import Path

import pytest

from components.charts.escaping import as_markdown, plain
from tests.markup_rule import unescaped

TURNS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
ROOT = Path(__file__).resolve().parent.parent
# (file, expression): why it needs no escaping.
_ALLOWED: set[tuple[str, str]] = set()


def shown(markdown: str) -> str:
    """What a reader sees of escaped Markdown that holds no markup: no backslashes before signs, no invisible joiners."""
    return re.sub(r"\\([^a-zA-Z\d\s])", r"\1", markdown).replace("\u2060", "").replace("  \n", "\n")


@pytest.mark.parametrize(
    "text",
    [
        "![x](http://host/p.png)",
        "[link](https://host) www.host.com me@host.com <http://host>",
        ":material/home: :red[loud] :smile: :help $x^2$ ~~gone~~ `code` **bold** _so_",
        "<img src=http://host/p.png> &amp; &#33;",
        "1. first\n2) second\n- third\n+ fourth\n# fifth\n> sixth\na\n===",
        "a -> b <- c -- d >= e",
        "plain words, 12:30, a.b (c) and d!",
    ],
)
def test_escaped_words_read_as_they_were(text):
    escaped = as_markdown(text)
    assert shown(escaped) == text
    for markup in (r"(?<!\\)[\[\]<`*_$~&]", r"://", r"(?i)www\.", r"@\w", r":[a-z]+[:\[/]", r"(?m)^(\d+[.)]|[-+#>=])"):
        assert not re.search(markup, escaped), (markup, escaped)


def test_words_without_markup_stay_as_they_are():
    assert as_markdown("12 of 1,000 records, at 12:30 (a.b)!") == "12 of 1,000 records, at 12:30 (a.b)!"


def test_plotly_gets_no_tags_and_no_templates():
    assert plain("<a href='http://host'>x</a> & %{x}") == "&lt;a href='http://host'&gt;x&lt;/a&gt; &amp; %\u2060{x}"


@pytest.mark.parametrize("layer", ["app", "components"])
def test_what_pages_show_as_markup_went_through_one_function(layer):
    found = []
    for path in sorted((ROOT / layer).rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        for text in unescaped(source, plotly="plotly.graph_objects" in source):
            if (path.name, text) not in _ALLOWED:
                found.append(f"{path.name}: {text}")
    assert not found, "put these through components.words:\n" + "\n".join(found)


@pytest.mark.parametrize(
    "line",
    [
        "st.error(str(error))",
        "st.caption(f'by {version.who}')",
        "column.button(f'Open {name}')",
        "st.metric('File', path)",
        "st.selectbox('A', names, help=f'of {focus.label}')",
        "st.radio('A', names, format_func=lambda name: name)",
        "st.progress(0.5, text)",
        "st.page_link('x.py', label=title)",
        "def f(words):\n    st.caption(words)",
        "for a in found:\n    st.warning(a)",
        "st.dataframe(x, column_config={'a': st.column_config.NumberColumn('A', help=a.title_of)})",
    ],
)
def test_the_rule_finds_what_is_not_escaped(line):
    assert unescaped(line)


@pytest.mark.parametrize(
    "line",
    [
        "st.error(as_markdown(str(error)))",
        "st.caption(f'{n:,} of {counted(m, \"record\")} in run {run.id}')",
        "for a, b in (('x', 'y'), ('z', 'w')):\n    st.button(a, help=b)",
        "st.caption(NAMES[x])",
        "st.selectbox('A', names, format_func=lambda name: name)",
        "words = 'a' if x else 'b'\nst.caption(words)",
    ],
)
def test_the_rule_lets_own_words_pass(line):
    assert not unescaped(line)


def test_the_rule_finds_names_that_plotly_would_read():
    assert unescaped("go.Bar(x=x, name=name)", plotly=True) == ["name"]
    assert unescaped("go.Bar(hovertemplate=f'{name}: %{{y}}')", plotly=True)
    assert not unescaped("go.Bar(name=plain(name), text=[plain(t) for t in texts])", plotly=True)


@pytest.mark.parametrize("escaped", [as_markdown, plain])
def test_no_name_turns_the_words_behind_it(escaped):
    assert not set(TURNS) & {*escaped(f"file {TURNS}.jsonl, kept here")}
    assert (
        "u202e" in escaped("\u202eevil") and escaped("\u05d0\u200f") == "\u05d0\u200f"
    )  # what is written that way stays
