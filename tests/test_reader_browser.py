"""The reader in a real browser: its keys, its marks, its fold, and that it draws no markup of a record's words."""

from pathlib import Path

import numpy as np
import pytest

from core.run.pipeline import Pipeline
from core.workspace.deciding import overrides_of
from core.workspace.workspace import Workspace
from tests.browser import CHROMIUM, browser_page, check_page, running_app, settled
from tests.conftest import write_jsonl

pytestmark = pytest.mark.skipif(
    not Path(CHROMIUM).exists(), reason="no Chromium on this machine; install it to run this"
)
_CODE = (
    "Look:\n```python\nprint('<b>')\n```\nand $x^2$ ![x](http://127.0.0.1:9/x.png) <img src=http://127.0.0.1:9/y.png>"
)


@pytest.fixture
def home(make_pipeline, tmp_path):
    """A home whose workspace `sample` has three records, with code, a long turn and right-to-left writing."""
    turns = [
        [("user", "show me code"), ("assistant", _CODE)],
        [("system", "be brief"), ("user", "a long one"), ("tool", "x"), ("assistant", "word " * 1400 + "the end")],
        [("user", "ما هي عاصمة فرنسا؟"), ("assistant", "باريس")],
    ]
    records = [{"messages": [{"role": role, "content": text} for role, text in each]} for each in turns]
    make_pipeline(
        "embed", "cluster", folder="home/sample", data=write_jsonl(tmp_path / "three.jsonl", records), n_clusters=2
    )
    return tmp_path / "home"


def pinned(home) -> list[int]:
    return overrides_of(Pipeline(Workspace(home / "sample"))).pinned.tolist()


def dropped(home) -> list[int]:
    return overrides_of(Pipeline(Workspace(home / "sample"))).dropped.tolist()


def test_records_are_read_and_decided_on_by_keys(home):
    with running_app(home) as address, browser_page() as page:
        failures, asked = [], []
        page.on("pageerror", lambda error: failures.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{address}/?workspace=sample")
        page.locator(".row").first.wait_for()
        settled(page)

        def current() -> int:
            return int(page.locator(".row[aria-current]").get_attribute("data-row"))

        assert current() == 0
        page.keyboard.press("p")
        page.locator(".row[data-status=pinned]").wait_for()
        assert current() == 1
        page.keyboard.press("k")
        page.keyboard.press("c")  # before the pin is confirmed
        page.keyboard.press("j")
        page.keyboard.press("j")
        page.keyboard.press("d")
        assert current() == 2
        page.get_by_text("Dropped 1 record").first.wait_for()
        settled(page)
        assert pinned(home) == [] and dropped(home) == [2]
        page.keyboard.press("u")
        page.locator(".row[data-status=dropped]").wait_for(state="detached")
        assert dropped(home) == []

        page.keyboard.press("?")
        page.get_by_role("dialog", name="Keys of the reader").wait_for()
        page.keyboard.press("p")  # belongs to nobody while the list is open
        page.keyboard.press("Escape")
        page.get_by_text("Open other data").click()
        page.get_by_role("textbox", name="Or the path of a file on this computer").press_sequentially("/tmp/pdcu.jsonl")
        settled(page)
        assert len(Workspace(home / "sample").ledger.decisions()) == 4

        page.locator(".row").first.click()
        sheet = page.get_by_role("dialog", name="Record")
        page.get_by_role("button", name="Pin", exact=True).click()
        sheet.get_by_text("2 of 3").wait_for()  # on to the next
        settled(page)
        page.keyboard.press("n")
        page.keyboard.type("pdcu j")
        page.keyboard.press("Enter")
        page.keyboard.press("d")
        sheet.get_by_text("3 of 3").wait_for()
        sheet.locator(".turn.assistant").get_by_text("باريس").wait_for()
        assert page.get_by_role("button", name="Next", exact=True).is_disabled()
        page.get_by_text("Dropped 1 record").first.wait_for(state="attached")
        settled(page)
        page.keyboard.press("e")  # another dialog takes its place, and gives it back
        page.get_by_role("button", name="Cancel").wait_for()
        page.locator(".row button").first.dispatch_event("focusin")  # as when a dialog closes that was opened there
        page.get_by_role("button", name="Cancel").click()
        sheet.get_by_text("3 of 3").wait_for()
        page.keyboard.press("Escape")
        sheet.wait_for(state="hidden")
        page.locator(".row[data-status=dropped]").wait_for()
        settled(page)
        made = Workspace(home / "sample").ledger.decisions()[4:]
        assert [(each.action, each.rows.tolist(), each.note) for each in made] == [
            ("pin", [0], ""),
            ("drop", [1], "pdcu j"),
        ]
        check_page(page)
        assert not failures and not [url for url in asked if ":9/" in url]


def test_what_records_hold_is_drawn_as_text_code_and_formulas_and_folded_where_it_is_long(home):
    inside = """(name) => [...document.querySelectorAll('*')]
        .flatMap(e => e.shadowRoot ? [...e.shadowRoot.querySelectorAll(name)] : []).length"""
    with running_app(home) as address, browser_page(dark=True) as page:
        page.goto(f"{address}/?workspace=sample")
        page.locator(".row").first.click()
        sheet = page.locator("dialog.sheet")
        assert page.locator("pre.code .language").inner_text() == "python"
        assert page.locator("pre.code code").inner_text() == "print('<b>')"
        assert page.evaluate(inside, "img, a, iframe, script") == 0
        page.get_by_role("button", name="Rendered").click()
        page.locator(".body math msup").wait_for()
        assert page.evaluate(inside, "img, a, iframe, script") == 0
        assert "[image: x, http://127.0.0.1:9/x.png]" in sheet.inner_text()
        page.keyboard.press("s")
        page.locator(".similar .item").first.wait_for()
        assert np.isfinite(float(page.locator(".similar .cosine").first.inner_text()))
        page.keyboard.press("j")
        sheet.locator(".turn.system").wait_for()
        names = ["System", "Prompt", "tool", "Response"]
        assert [each.strip() for each in sheet.locator(".turn h3").all_inner_texts()] == names
        assert sheet.locator(".turn.folded").count() == 1
        page.get_by_role("button", name="Show all 7,007 characters").click()
        assert sheet.locator(".turn.folded").count() == 0
        user, answer = (sheet.locator(f".turn.{kind}").bounding_box() for kind in ("user", "assistant"))
        assert user["x"] > answer["x"] + 20 and user["x"] + user["width"] > answer["x"] + answer["width"] + 20
        page.keyboard.press("j")
        sheet.get_by_text("3 of 3").wait_for()
        arabic = sheet.get_by_text("باريس")
        assert arabic.evaluate("e => getComputedStyle(e).direction") == "rtl"
        check_page(page)
