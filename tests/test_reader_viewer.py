"""The reader's own drawing in a browser, without an app around it: what it offers to those who may only read."""

import json
from pathlib import Path

import pytest

from components.records.record_reader import _CSS, _HTML, _JS
from tests.browser import CHROMIUM, browser_page

pytestmark = pytest.mark.skipif(
    not Path(CHROMIUM).exists(), reason="no Chromium on this machine; install it to run this"
)
_DRAW = """
const parentElement = document.getElementById("at"), data = DATA;
window.asked = [];
const setStateValue = (_, { list }) => {
  asked.push(...list.map((each) => each.what));
  data.done = list.at(-1).n; // as a server that has done it, so that the next ask is not held back
};
window.draw = (can) => begin({ parentElement, setStateValue, data: Object.assign(data, { can }) });
"""
_DECIDING = "pdcnue"


def data() -> dict:
    """Return what the server tells a reader of two records."""
    line = {"status": 0, "chosen": False, "quality": None, "source": "", "cluster": "", "edited": False}
    view = {"why": "", "edited": "", "original": True, "turns": [], "similar": None}
    told = {"session": "s", "done": 0, "mode": "written", "words": [], "first": -1, "open": 0, "editing": False}
    told |= {"order": "as found", "orders": [], "page": 0, "pages": 1, "from": 0, "total": 2}
    told["records"] = [line | {"row": row, "begins": f"record {row}"} for row in (0, 1)]
    return told | {"views": dict.fromkeys((0, 1), view)}


def test_to_a_viewer_nothing_is_offered_that_decides_and_no_key_does(tmp_path):
    script = _JS.replace("export default function", "function begin") + _DRAW.replace("DATA", json.dumps(data()))
    (tmp_path / "a.html").write_text(f"<style>{_CSS}</style><div id=at>{_HTML}</div><script>{script}</script>")
    with browser_page() as page:
        page.goto((tmp_path / "a.html").as_uri())
        page.evaluate("draw({decide: false, similar: true, edit: false, why: 'Your role is viewer.'})")

        def pressed(keys: str) -> set[str]:
            for key in keys:
                page.keyboard.press(key)
            page.wait_for_timeout(100)
            return set(page.evaluate("asked"))

        def keys_listed() -> str:
            page.keyboard.press("?")
            page.locator("dialog.help").wait_for()
            listed = page.locator("dialog.help kbd").all_text_contents()
            page.keyboard.press("Escape")
            page.locator("dialog.help").wait_for(state="hidden")
            return "".join(key for key in listed if key in _DECIDING)

        assert not pressed(_DECIDING) and keys_listed() == ""
        page.keyboard.press("Enter")
        page.get_by_text("Your role is viewer.").wait_for()
        for name in ("Pin", "Drop", "Clear", "Undo", "Edit"):
            assert not page.get_by_role("button", name=name).filter(visible=True).count(), name
        assert pressed(_DECIDING) == {"read"}
        page.evaluate("draw({decide: true, similar: true, edit: true, why: ''})")
        assert page.get_by_role("button", name="Pin").filter(visible=True).count() == 1
        page.keyboard.press("Escape")
        assert "".join(sorted(keys_listed())) == "cdenpu" and "pin" in pressed("p")
