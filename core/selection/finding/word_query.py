"""What people type to search for words: parsed into a tree, and from there into FTS5's syntax. Reads no index.

    baking bread        both words, anywhere          "sour dough"     the words in this order
    photo*              words that begin so           *synth*          words that hold it anywhere
    prompt: bread       only in the prompt            bread OR cake    either (also |)
    bread -rye          not rye (also NOT)            (a OR b) c       brackets

Letters' case and accents make no difference. Nothing typed is an error of SQL: what makes no sense is a CurationError.
"""

import dataclasses
import re
import unicodedata
from collections.abc import Callable, Sequence

from ...base.errors import CurationError
from ...base.text import CONTROLS

FIELDS = ("prompt", "response", "source")
_MOST_PARTS, _DEEPEST = 100, 20
_TOKEN = re.compile(
    r'\s*(?:(?P<open>\()|(?P<close>\))|(?P<or>\|+)|(?P<quote>"(?P<phrase>[^"]*)(?P<end>"?)(?P<begins>\*?))'
    r'|(?P<minus>-(?=["(\w*]))|(?P<field>(?:' + "|".join(FIELDS) + r')\s*:(?!//))|(?P<word>[^\s()|"]+))',
    re.IGNORECASE,
)
# Scripts that part no words by blanks, or glue endings to them: every letter is a word to the index, and a word a phrase.
_UNPARTED = re.compile(
    "([\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
    "\uf900-\ufaff\U00020000-\U0003ffff])"
)


@dataclasses.dataclass(frozen=True)
class Leaf:
    """A word, or words in a row. field: where, "" for anywhere. begins, inside: the (last) word begins so, or holds it."""

    text: str
    field: str = ""
    begins: bool = False
    inside: bool = False


@dataclasses.dataclass(frozen=True)
class Group:
    """Parts of which all ("and") or any ("or") must be there, or the one that must not ("not")."""

    kind: str
    parts: tuple["Group | Leaf", ...]


Tree = Group | Leaf
Expand = Callable[[str], Sequence[str]]  # a piece of a word -> the index's words that hold it


def parted(text: str) -> str:
    """Return a text as the index takes it: letters of scripts without blanks stand alone."""
    return text if text.isascii() else _UNPARTED.sub(r" \1 ", text)


def folded(text: str) -> str:
    """Return a text without case and accents, as the index holds words."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))


def parse(text: str) -> Tree:
    """Return the tree of what was typed. Raises CurationError that says what is wrong."""
    tokens = _tokens(text)
    if not tokens and text.strip():
        raise CurationError(f"“{text.strip()}” has no letter and no digit, and words are what is searched; add one.")
    if not tokens:
        raise CurationError("There is nothing to search for; type a word.")
    if sum(kind in ("word", "phrase") for kind, *_ in tokens) > _MOST_PARTS:
        raise CurationError(f"The search has more than {_MOST_PARTS} words; use fewer, or search by meaning.")
    tree, rest = _either(tokens, 0, "", 0)
    if rest < len(tokens):
        raise CurationError("A bracket “)” is closed that was not opened; take it out, or put the words in quotes.")
    return tree


def _tokens(text: str) -> list[tuple[str, str, bool]]:
    """Return (kind, text, whether it only begins a word); signs that stand alone are left out."""
    text = CONTROLS.sub(" ", text.encode("utf-8", "replace").decode())
    found, place = [], 0
    while place < len(text.rstrip()):
        token = _TOKEN.match(text, place)
        place = token.end()
        kind = token.lastgroup if token.lastgroup not in ("phrase", "end", "begins") else "quote"
        if kind == "quote":
            if not token["end"]:
                raise CurationError('A quote (") is opened and not closed; close it, or take it out.')
            found.append(("phrase", token["phrase"], bool(token["begins"])))
        elif kind == "word" and token["word"] in ("AND", "OR", "NOT"):
            found.append((token["word"].lower(), token["word"], False))
        elif kind == "minus":
            found.append(("not", "-", False))
        elif kind == "word" and not _tokens_of(token["word"]):
            continue
        elif kind == "field":
            found.append(("field", token["field"].rstrip(": \t").lower(), False))
        else:
            found.append((kind, token[kind], False))
    return found


def _either(tokens: list, place: int, field: str, depth: int) -> tuple[Tree, int]:
    if depth > _DEEPEST:
        raise CurationError(f"Brackets are nested more than {_DEEPEST} deep; use fewer.")
    part, place = _all(tokens, place, field, depth)
    parts = [part]
    while place < len(tokens) and tokens[place][0] == "or":
        part, place = _all(tokens, place + 1, field, depth)
        parts.append(part)
    return (parts[0] if len(parts) == 1 else Group("or", tuple(parts))), place


def _all(tokens: list, place: int, field: str, depth: int) -> tuple[Tree, int]:
    parts: list[Tree] = []
    after = "" if not place else tokens[place - 1][1]
    while place < len(tokens) and tokens[place][0] not in ("or", "close"):
        if tokens[place][0] == "and":
            if not parts or place + 1 == len(tokens) or tokens[place + 1][0] in ("and", "or", "close"):
                raise _dangling("AND")
            place += 1
        part, place = _one(tokens, place, field, depth)
        parts.append(part)
    if not parts:
        is_bracket = after in ("", "(")
        raise _dangling(after if not is_bracket else "OR" if place < len(tokens) and tokens[place][0] == "or" else "(")
    return (parts[0] if len(parts) == 1 else Group("and", tuple(parts))), place


def _one(tokens: list, place: int, field: str, depth: int) -> tuple[Tree, int]:
    if place == len(tokens) or tokens[place][0] in ("and", "or", "close"):
        raise _dangling(tokens[place - 1][1] if place else "AND")
    kind, text, begins = tokens[place]
    if kind == "not":
        part, place = _one(tokens, place + 1, field, depth + 1)
        return Group("not", (part,)), place
    if kind == "field":
        return _one(tokens, place + 1, text, depth + 1)
    if kind == "open":
        part, place = _either(tokens, place + 1, field, depth + 1)
        if place == len(tokens):
            raise CurationError("A bracket “(” is opened and not closed; close it, or put the words in quotes.")
        return part, place + 1
    return (_word(text, field) if kind == "word" else _leaf(text, field, begins)), place + 1


def _dangling(operator: str) -> CurationError:
    if operator in FIELDS:
        return CurationError(f"{operator}: has no word behind it; write {operator}: bread.")
    if operator == "(":
        return CurationError("The brackets hold no word; put words in them, or take them out.")
    return CurationError(f"{operator} lacks a word beside it; to search for the word itself, put it in quotes.")


def _word(text: str, field: str) -> Leaf:
    bare = text.strip("*")
    if text.startswith("*") and len(_tokens_of(bare)) == 1:
        return _leaf(bare, field, inside=True)
    return _leaf(bare, field, begins=text.endswith("*"))


def _leaf(text: str, field: str, begins: bool = False, inside: bool = False) -> Leaf:
    if not _tokens_of(text):
        raise CurationError(f"“{text}” has no letter and no digit, and words are what is searched; add one.")
    if inside and len(text) < 2:
        raise CurationError(f"*{text}* would be nearly every word; give two letters or more.")
    if begins and len(text) < 2:
        raise CurationError(f"{text}* begins too many words; give two letters or more.")
    return Leaf(text, field, begins, inside)


def _tokens_of(text: str) -> list[str]:
    """Return the words that the index would make of a text: runs of letters and digits."""
    return re.findall(r"[^\W_]+", folded(parted(text)))


def as_fts(tree: Tree, expand: Expand) -> str:
    """Return an expression of FTS5 for a tree, "" where nothing can match. Raises CurationError for a bare NOT inside."""
    if isinstance(tree, Leaf):
        return _leaf_as_fts(tree, expand)
    if tree.kind == "or":
        return _joined([as_fts(part, expand) for part in tree.parts], "OR")
    if is_negative(tree):
        raise CurationError(
            "A part of the search only says what must not be there; say beside it what must, as in bread -rye."
        )
    wanted = [as_fts(part, expand) for part in tree.parts if not is_negative(part)]
    if not all(wanted):
        return ""
    without = _joined([as_fts(negated(part), expand) for part in tree.parts if is_negative(part)], "OR")
    found = _joined(wanted, "AND")
    return f"({found} NOT {without})" if without else found


def is_negative(tree: Tree) -> bool:
    """Whether a tree only says what must not be there."""
    if isinstance(tree, Leaf):
        return False
    return tree.kind == "not" or (tree.kind == "and" and all(is_negative(part) for part in tree.parts))


def negated(tree: Group) -> Tree:
    """Return what a negative tree says must not be there."""
    if tree.kind == "not":
        inner = tree.parts[0]
        if is_negative(inner):
            raise CurationError("NOT NOT says nothing; take both out.")
        return inner
    parts = tuple(negated(part) for part in tree.parts)
    return parts[0] if len(parts) == 1 else Group("or", parts)


def _joined(parts: list[str], by: str) -> str:
    parts = [part for part in parts if part]
    return parts[0] if len(parts) == 1 else f"({f' {by} '.join(parts)})" if parts else ""


def _leaf_as_fts(leaf: Leaf, expand: Expand) -> str:
    where = f"{leaf.field} : " if leaf.field else ""
    if leaf.inside and not _UNPARTED.search(leaf.text):
        words = [_quoted(word) for word in expand(folded(leaf.text))]
        return f"{where}({' OR '.join(words)})" if words else ""
    return f"{where}{_quoted(parted(leaf.text))}{'*' if leaf.begins else ''}"


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def leaves(tree: Tree) -> list[Leaf]:
    """Return the words that must or may be there, in order."""
    if isinstance(tree, Leaf):
        return [tree]
    return [] if tree.kind == "not" else [leaf for part in tree.parts for leaf in leaves(part)]


def pattern(text: str) -> re.Pattern | None:
    """Return what finds the searched words in a text, to mark them there; None where there are none."""
    parts = []
    for leaf in leaves(parse(text)):
        unparted = _UNPARTED.search(leaf.text)
        words = [re.escape(word) for word in re.findall(r"[^\W_]+", parted(leaf.text))]
        within = r"[\W_]*" if unparted else r"[\W_]+"
        before = "" if leaf.inside or unparted else r"(?<![^\W_])"
        after = "" if leaf.inside or leaf.begins or unparted else r"(?![^\W_])"
        parts.append(before + within.join(words) + after)
    return re.compile("|".join(parts), re.IGNORECASE) if parts else None


def marked_words(text: str) -> tuple[str, ...]:
    """Return the words and phrases to mark in what was found; one that ends in * marks any ending."""
    return tuple(f"{leaf.text}*" if leaf.begins or leaf.inside else leaf.text for leaf in leaves(parse(text)))


def loosened(text: str) -> str:
    """Return the search in which every plain word is found inside longer ones too: photo -> *photo*; "" if none is plain."""
    words = _tokens(text)
    if not words or any(kind != "word" for kind, *_ in words):
        return ""
    plain = [word for _, word, _ in words]
    loose = [f"*{w.strip('*')}*" if len(_tokens_of(w)) == 1 and len(w.strip("*")) > 1 else w for w in plain]
    return " ".join(loose) if loose != plain else ""
