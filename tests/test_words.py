"""Words for people: one line, cut where there is no room."""

import pytest

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
