"""Paths typed into fields: what can't be one is said, in a line, and no page breaks."""

from pathlib import Path

import pytest

from core.base.errors import CurationError
from core.base.given_path import given_path
from tests.pages import check, open_page

ODD = {"~nosuchuser/x.jsonl": "does not know", "/" + "n" * 300: "File name too long"}


def test_a_path_is_put_in_full():
    assert given_path(" ~/a.jsonl ") == Path.home() / "a.jsonl" and given_path("b") == Path("b")


@pytest.mark.parametrize(("text", "said"), ODD.items())
def test_what_can_be_no_path_is_said_in_a_line_that_fits(text, said):
    with pytest.raises(CurationError, match=said) as error:
        given_path(text)
    assert "\n" not in str(error.value) and len(str(error.value)) < 250


@pytest.mark.parametrize(("text", "said"), ODD.items())
def test_the_data_page_says_so(make_pipeline, tmp_path, text, said):
    make_pipeline("embed", folder="home/sample")
    page = open_page(tmp_path / "home")
    page.text_input(key="path_file").set_value(text)
    form = (b for b in page.button if b.label == "Open" and b.key != "open_before" and "path" in str(b.proto.form_id))
    next(form).click()
    check(page.run(), said)
    page.text_area(key="pool_paths").set_value(text)
    next(button for button in page.button if button.label == "Open as one pool").click()
    check(page.run(), said)
