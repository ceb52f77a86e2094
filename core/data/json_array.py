"""A JSON array element by element, so that a large one never lies in memory whole. Elements keep their own text."""

import io
import json
import re
from collections.abc import Iterator

import orjson

from ..base.errors import CurationError
from .bounds import most_record, too_large

_CHUNK = 1 << 22
_LONG = 1 << 20  # letters of an element that is not decoded over and over
_SPACE_OUTSIDE_STRINGS = re.compile(r'("(?:[^"\\]++|\\.)*+")|\s+')
# A string may end with what was read; it is looked at again when more is there.
_TOKEN = re.compile(r'"(?:[^"\\]++|\\(?:.|\Z))*+(?:"|\Z)|[\[{]|[\]}]', re.DOTALL)
# Elements are only measured here, so numbers stay text: one of thousands of digits is no number for Python.
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str)


def arrays_inside(text: io.TextIOBase, name: str) -> tuple[list[str], bool]:
    """Return the names under which the object that `text` holds has arrays of objects, and whether another object follows it.

    It is read through; ([], False) where it holds no object. Raises CurationError where it is broken.
    """
    buffer = _Buffer(text)
    if buffer.next_char() != "{":
        return [], False
    names = [key for key in _members(buffer, name) if _skip_value(buffer, key, name)]
    return names, buffer.next_char() == "{"


def read_array(text: io.TextIOBase, name: str, inside: str = "") -> Iterator[tuple[int, bytes]]:
    """Yield (record number from 1, the element as one line of UTF-8) of the array that `text` holds.

    inside: under which name it is, in an object that wraps it; what else is in that object is passed over.
    Raises CurationError, naming the record, where the array is broken: the rest can't be read past that.
    """
    buffer = _Buffer(text)
    opening = buffer.next_char()
    if opening != ("{" if inside else "["):
        raise CurationError(
            f"{name} starts with {opening!r}, not with an array; write the records as one JSON array, "
            "or one object a line in a file named .jsonl."
        )
    if not inside:
        yield from _elements(buffer, name)
        if rest := buffer.next_char():
            raise CurationError(f"{name}: {rest!r} follows the end of the array; keep one array in the file.")
        return
    for key in _members(buffer, name):
        if key == inside:
            buffer.next_char()
            yield from _elements(buffer, name)
        else:
            _skip_value(buffer, key, name)


def _members(buffer: "_Buffer", name: str) -> Iterator[str]:
    """Yield the names of an object that has begun, the buffer standing before the value; whoever is told moves past that."""
    char = buffer.next_char()
    while char != "}":
        buffer.at -= len(char)
        key = _take_element(buffer, 0, name)
        if not key.startswith('"') or buffer.next_char() != ":":
            raise CurationError(f"{name}: the object is broken near {key[:40]!r}; it is not JSON.")
        yield json.loads(key)
        if (char := buffer.next_char()) == ",":
            char = buffer.next_char()
        elif char != "}":
            raise CurationError(f"{name}: no comma or closing bracket after {key[:40]}; the object is broken there.")


def _skip_value(buffer: "_Buffer", key: str, name: str) -> bool:
    """Move past a value; return whether it is an array of objects."""
    char = buffer.next_char()
    if char != "[":
        buffer.at -= len(char)
        _take_element(buffer, 0, f"{name}, {key!r}")
        return False
    kinds = {element[:1] for _, element in _elements(buffer, f"{name}, {key!r}")}
    return kinds == {b"{"}


def _elements(buffer: "_Buffer", name: str) -> Iterator[tuple[int, bytes]]:
    """Yield the elements of an array that has begun, and move past its end."""
    place, char = 1, buffer.next_char()
    while char != "]" or place > 1:
        buffer.at -= len(char)
        yield place, _one_line(_take_element(buffer, place, name))
        char = buffer.next_char()
        if char == "]":
            break
        if char != ",":
            raise CurationError(
                f"{name}, record {place}: no comma or closing bracket after it; the array is broken there."
            )
        place, char = place + 1, buffer.next_char()


class _Buffer:
    """The unread part of a text stream."""

    def __init__(self, stream: io.TextIOBase) -> None:
        self.stream, self.text, self.at, self.ended = stream, "", 0, False
        self.most = most_record()  # characters that may be held

    def more(self) -> None:
        # Reading as much again as is held keeps the retries on one huge element linear.
        chunk = self.stream.read(max(_CHUNK, len(self.text) - self.at))
        self.ended = not chunk
        self.text, self.at = self.text[self.at :] + chunk, 0

    def next_char(self) -> str:
        """Return the next character that is no white space and step over it; "" at the end."""
        while True:
            while self.at < len(self.text):
                char = self.text[self.at]
                self.at += 1
                if not char.isspace():
                    return char
            if self.ended:
                return ""
            self.more()


def _take_element(buffer: _Buffer, place: int, name: str) -> str:
    while True:
        try:
            _, end = _DECODER.raw_decode(buffer.text, buffer.at)
        except (json.JSONDecodeError, RecursionError) as error:
            if buffer.ended or isinstance(error, RecursionError):
                raise _broken(place, name, error) from error
            if len(buffer.text) - buffer.at > _LONG and buffer.text[buffer.at] in "{[":
                return _take_long(buffer, place, name)
            if len(buffer.text) - buffer.at > buffer.most:
                raise _too_long(buffer, place, name) from error
        else:
            if buffer.ended or _is_whole(buffer.text, buffer.at, end):
                element, buffer.at = buffer.text[buffer.at : end], end
                return element
        buffer.more()


def _take_long(buffer: _Buffer, place: int, name: str) -> str:
    """Return an element that is longer than a read, found by its brackets: to build it over and over would take gigabytes."""
    at, depth = 0, 0  # from where the element begins
    while True:
        for match in _TOKEN.finditer(buffer.text, buffer.at + at):
            token = match[0]
            if token[0] == '"' and match.end() == len(buffer.text) and not buffer.ended:
                at = match.start() - buffer.at
                break
            depth += (token[0] in "{[") - (token[0] in "]}")
            if not depth:
                element, buffer.at = buffer.text[buffer.at : match.end()], match.end()
                _check_json(element, place, name)
                return element
        else:
            at = len(buffer.text) - buffer.at
        if len(buffer.text) - buffer.at > buffer.most:
            raise _too_long(buffer, place, name)
        if buffer.ended:
            raise _broken(place, name, "it has no end")
        buffer.more()


def _check_json(element: str, place: int, name: str) -> None:
    try:
        orjson.loads(element)
    except orjson.JSONDecodeError:
        try:
            _DECODER.raw_decode(element)
        except (json.JSONDecodeError, RecursionError) as error:
            raise _broken(place, name, error) from error


def _broken(place: int, name: str, why: object) -> CurationError:
    return CurationError(
        f"{f'{name}, record {place}' if place else name}: not JSON ({why}); the rest of an array can't be read past that. "
        "Fix it, or convert the file to .jsonl, where one bad line costs one record."
    )


def _too_long(buffer: _Buffer, place: int, name: str) -> CurationError:
    return CurationError(
        f"{f'{name}, record {place}' if place else name}: {too_large(buffer.most)}. In .jsonl it would cost one record."
    )


def _is_whole(text: str, start: int, end: int) -> bool:
    """Whether more text could not make the element longer: a number at the end of what was read may go on."""
    return text[start] in '{["' or (end < len(text) and (text[end] in ",]" or text[end].isspace()))


def _one_line(element: str) -> bytes:
    """Drop the white space between tokens and nothing else: numbers, escapes and order stay as written."""
    if len(element) > _LONG:  # one piece a token would take many times as much
        kept, at = io.StringIO(), 0
        for match in _SPACE_OUTSIDE_STRINGS.finditer(element):
            if match[1] is None:
                kept.write(element[at : match.start()])
                at = match.end()
        element = kept.getvalue() + element[at:]
    else:
        element = _SPACE_OUTSIDE_STRINGS.sub(r"\1", element)
    return element.encode("utf-8", "surrogatepass")
