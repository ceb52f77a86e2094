"""A turn's text rendered: Markdown, LaTeX and JSON to a tree of a few harmless elements. No HTML is read, nothing is fetched.

A tree is a text, or [element, attributes, *trees]; the reader builds it with `createElement` and `textContent` and takes no
other element or attribute than those of ELEMENTS, MATHS and ATTRIBUTES, so that what a record holds can't become a page.
"""

import functools
import html
import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from markdown_it.tree import SyntaxTreeNode

Tree = str | list[Any]
MOST_RENDERED = 60_000  # characters; a longer text is shown as it was written
_SAME = "p h1 h2 h3 h4 h5 h6 ul ol li blockquote pre code em strong s hr br table thead tbody tr th td span div".split()
ELEMENTS = frozenset(_SAME)
MATHS = frozenset(
    "math mrow mi mn mo mtext mspace mfrac msqrt mroot msup msub msubsup munder mover munderover mtable mtr mtd mstyle "
    "mpadded mphantom menclose mmultiscripts mprescripts none".split()
)
ATTRIBUTES = frozenset(
    "class start display mathvariant stretchy fence form columnalign accent lspace rspace linebreak width".split()
)
_CALLED = {"bullet_list": "ul", "ordered_list": "ol", "list_item": "li", "paragraph": "p", "strong": "strong"}
_ALIGNED = re.compile(r"\\(begin|end)\{(?:aligned|align\*?|gathered|gather\*?|split|eqnarray\*?|multline\*?)\}")


def rendered(text: str) -> Tree | None:
    """Return a text's tree: JSON laid out, else Markdown with its formulas; None where the text is too long for it."""
    if len(text) > MOST_RENDERED:
        return None
    if (laid_out := pretty_json(text)) is not None:
        return ["pre", {"class": "json"}, ["code", {}, laid_out]]
    from markdown_it.tree import SyntaxTreeNode

    return ["div", {}, *_children(SyntaxTreeNode(_reader().parse(text)))]


def pretty_json(text: str) -> str | None:
    """Return a JSON object or array laid out over lines, or None where the text is no such thing, whole."""
    text = text.strip()
    if not (text.startswith(("{", "[")) and text.endswith(("}", "]"))):
        return None
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return None


@functools.cache
def _reader() -> Any:
    from markdown_it import MarkdownIt
    from mdit_py_plugins.amsmath import amsmath_plugin
    from mdit_py_plugins.dollarmath import dollarmath_plugin
    from mdit_py_plugins.texmath import texmath_plugin

    reader = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    # A price is no formula: no blank inside the dollars, no digit right behind them.
    reader.use(dollarmath_plugin, allow_space=False, allow_digits=False, double_inline=True)
    return reader.use(texmath_plugin, delimiters="brackets").use(amsmath_plugin)


def _children(node: "SyntaxTreeNode") -> list[Tree]:
    return [tree for child in node.children for tree in _trees(child)]


def _trees(node: "SyntaxTreeNode") -> list[Tree]:
    kind = node.type
    if kind in ("text", "text_special", "html_inline", "html_block"):
        return [node.content]
    if kind == "inline":
        return _children(node)
    if kind in ("softbreak", "hardbreak"):
        return [["br", {}]]
    if kind in ("fence", "code_block"):
        language = node.info.split()[0] if kind == "fence" and node.info.split() else ""
        return [["pre", {"class": "code"}, ["span", {"class": "language"}, language], ["code", {}, node.content]]]
    if kind == "code_inline":
        return [["code", {}, node.content]]
    if kind == "image":
        words = f"image: {node.content}" if node.content else "image"
        return [["span", {"class": "image"}, f"[{words}, {node.attrs.get('src', '')}]"]]
    if kind == "link":
        return [
            ["span", {"class": "link"}, *_children(node)],
            ["span", {"class": "address"}, f" <{node.attrs.get('href', '')}>"],
        ]
    if "math" in kind or kind == "eqn":
        return [_formula(node.content, in_a_line="inline" in kind and "double" not in kind)]
    name = _CALLED.get(kind, node.tag)
    if name not in ELEMENTS:
        return _children(node) or ([node.content] if getattr(node, "content", "") else [])
    start = {"start": str(node.attrs["start"])} if name == "ol" and "start" in node.attrs else {}
    return [[name, start, *_children(node)]]


def _formula(latex: str, in_a_line: bool) -> Tree:
    """Return a formula as MathML, or as it was written where it can't be read."""
    from latex2mathml.converter import convert_to_element

    if "\\href" in latex:  # MathML would hide where it leads
        return ["code", {"class": "formula"}, latex.strip()]
    try:
        element = convert_to_element(
            _ALIGNED.sub(r"\\\1{matrix}", latex.strip()), display="inline" if in_a_line else "block"
        )
    except _unreadable():
        return ["code", {"class": "formula"}, latex.strip()]
    return _maths(element)


@functools.cache
def _unreadable() -> tuple[type[Exception], ...]:
    """Return what the converter raises for a formula that it can't read: its own errors have no class in common."""
    from latex2mathml import exceptions

    own = [each for each in vars(exceptions).values() if isinstance(each, type) and issubclass(each, Exception)]
    return (*own, ValueError, StopIteration, LookupError, TypeError, AttributeError, RecursionError)


def _maths(element: Any) -> Tree:
    name = element.tag.rsplit("}", 1)[-1]
    inside = [_plain_text(element.text)] if element.text else []
    inside += [_maths(child) for child in element]
    attributes = {key: value for key, value in element.attrib.items() if key in ATTRIBUTES and key != "class"}
    return [name if name in MATHS else "mrow", attributes, *inside]


def _plain_text(text: str) -> str:
    return html.unescape(text)  # the converter writes some signs as character references
