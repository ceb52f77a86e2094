"""A reader that is taken off the page and put back, as Streamlit does at times: it goes on where it was, note and all.

Its own page, without the app: there, when a component is put back can't be told beforehand.
"""

from pathlib import Path

import pytest

from components.records.record_reader import _CSS, _HTML, _JS
from tests.browser import CHROMIUM, browser_page

pytestmark = pytest.mark.skipif(
    not Path(CHROMIUM).exists(), reason="no Chromium on this machine; install it to run this"
)
_TURN = {
    "kind": "user",
    "name": "Prompt",
    "n": 4,
    "long": False,
    "more": False,
    "blocks": [{"kind": "text", "text": "ask"}],
}
_VIEW = {"why": "", "edited": "", "original": True, "similar": None, "turns": [_TURN]}
_LINE = {"status": 0, "chosen": False, "quality": None, "source": "", "cluster": "", "begins": "ask", "edited": False}
_DATA = {
    **{"session": "s", "done": 0, "mode": "written", "words": [], "first": -1, "open": 0, "editing": False},
    **{"order": "as found", "orders": [], "page": 0, "pages": 1, "from": 0, "total": 3},
    "can": {"decide": True, "similar": False, "edit": False},
    "records": [{"row": row, **_LINE} for row in range(3)],
    "views": {str(row): _VIEW for row in range(3)},
}
_MOUNT = """(data) => {
  const host = document.createElement("div");
  const inside = host.attachShadow({ mode: "open" });
  inside.innerHTML = window.html;
  document.body.append(host);
  window.sent ??= [];
  const component = { parentElement: inside, data, setStateValue: (name, value) => window.sent.push(value) };
  const leave = window.draw(component);
  window.mounted = { off: () => { host.remove(); leave(); } };
}"""
_HELD = """() => {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  return { name: at.className, text: at.value, from: at.selectionStart, to: at.selectionEnd };
}"""


@pytest.fixture
def reader():
    """A page that holds a reader of three records alone; window.mounted.off() takes it off."""
    with browser_page() as page:
        page.route("**/*", lambda route: route.fulfill(body="<body></body>", content_type="text/html"))
        page.goto("http://reader.test/map")
        script = _JS.replace("export default function", "window.draw = function")
        page.add_script_tag(content=f"window.html = {_html()!r};\n{{\n{script}\n}}")
        page.evaluate(_MOUNT, _DATA)
        yield page


def _html() -> str:
    return f"<style>{_CSS}</style>{_HTML}".replace("\n", " ")


def held(page) -> dict:
    """Return what has the focus: its class, text and selection."""
    return page.evaluate(_HELD)


def test_a_note_its_cursor_and_the_focus_outlive_a_reader_that_is_put_back(reader):
    reader.locator(".row").first.click()
    reader.keyboard.press("n")
    reader.keyboard.type("good pup")
    reader.keyboard.press("ArrowLeft")
    before = held(reader)
    assert before == {"name": "note", "text": "good pup", "from": 7, "to": 7}
    reader.evaluate("() => mounted.off()")
    reader.evaluate(_MOUNT, _DATA)
    assert held(reader) == before
    reader.keyboard.type("d")
    assert held(reader)["text"] == "good pudp"
    reader.keyboard.press("Enter")
    reader.keyboard.press("p")
    reader.wait_for_function("() => sent.some(({ list }) => list.some(({ what }) => what === 'pin'))")
    asked = reader.evaluate("() => sent.at(-1).list")
    assert [(each["what"], each["row"], each["note"]) for each in asked if each["what"] == "pin"] == [
        ("pin", 0, "good pudp")
    ]


def test_what_is_typed_into_a_note_while_the_reader_is_off_the_page_is_no_key_of_it(reader):
    reader.locator(".row").first.click()
    reader.keyboard.press("n")
    reader.keyboard.type("good ")
    reader.evaluate("() => mounted.off()")
    reader.keyboard.type("pupX")
    reader.keyboard.press("Backspace")
    reader.evaluate(_MOUNT, _DATA)
    assert held(reader) == {"name": "note", "text": "good pup", "from": 8, "to": 8}
    assert not reader.evaluate("() => (window.sent.at(-1)?.list ?? []).filter(({ what }) => what !== 'read')")


def test_keys_and_what_was_asked_outlive_it_too_but_not_a_reader_that_was_left(reader):
    reader.locator(".row").first.click()
    reader.keyboard.press("p")
    reader.evaluate("() => mounted.off()")
    reader.keyboard.press("d")
    reader.evaluate(_MOUNT, _DATA)
    reader.wait_for_function("() => sent.at(-1).list.some(({ what }) => what === 'drop')")
    asked = reader.evaluate("() => sent.at(-1).list.filter(({ what }) => what !== 'read')")
    assert [(each["what"], each["row"]) for each in asked] == [("pin", 0), ("drop", 1)]
    assert reader.locator("dialog.sheet").is_visible() and reader.get_by_text("3 of 3").is_visible()
    reader.keyboard.press("n")
    reader.keyboard.type("left")
    reader.evaluate("() => mounted.off()")
    reader.evaluate("() => history.pushState(null, '', '/select')")  # another page, and back
    reader.wait_for_timeout(300)
    reader.evaluate("() => history.pushState(null, '', '/map')")
    reader.evaluate(_MOUNT, _DATA)
    assert not reader.locator("dialog.sheet").is_visible() and held(reader)["name"] != "note"


def test_where_nothing_is_read_a_reader_that_is_away_for_long_was_left(reader):
    reader.locator(".row").nth(1).click()
    reader.keyboard.press("Escape")
    for away, goes_on in ((300, True), (3300, False)):
        reader.evaluate("() => mounted.off()")
        reader.wait_for_timeout(away)
        reader.evaluate(_MOUNT, _DATA)
        assert reader.locator(".row[aria-current]").get_attribute("data-row") == ("1" if goes_on else "0")


def test_one_that_is_read_goes_on_when_the_run_that_puts_it_back_begins_late(reader):
    reader.locator(".row").nth(1).click()
    reader.evaluate("() => mounted.off()")
    reader.wait_for_timeout(3500)  # the page is still: the server deals with others
    reader.keyboard.press("p")
    reader.evaluate(_MOUNT, _DATA)
    assert reader.locator("dialog.sheet").is_visible() and reader.get_by_text("3 of 3").is_visible()
    reader.wait_for_function("() => sent.at(-1)?.list.some(({ what, row }) => what === 'pin' && row === 1)")


def test_a_reader_goes_on_after_a_run_that_takes_a_busy_server_long(reader):
    reader.locator(".row").first.click()
    reader.keyboard.press("j")
    reader.evaluate("() => { document.body.dataset.testScriptState = 'running'; mounted.off(); }")
    reader.wait_for_timeout(3300)
    reader.keyboard.press("p")
    reader.evaluate(_MOUNT, _DATA)
    assert reader.locator("dialog.sheet").is_visible() and reader.get_by_text("3 of 3").is_visible()
    reader.wait_for_function("() => sent.at(-1)?.list.some(({ what, row }) => what === 'pin' && row === 1)")


@pytest.mark.parametrize(("key", "begins_on", "lands"), [("j", 2, 3), ("k", 0, 5)])
def test_one_that_is_read_goes_on_with_the_page_that_was_turned_to_meanwhile(reader, key, begins_on, lands):
    pages = {"pages": 3, "page": 1, "total": 9}
    reader.evaluate("() => mounted.off()")
    reader.evaluate(_MOUNT, _DATA | pages | {"session": "t"})
    reader.locator(".row").nth(begins_on).click()
    reader.keyboard.press(key)
    reader.evaluate("() => mounted.off()")
    turned = {"page": 2 if key == "j" else 0, "records": [{"row": row, **_LINE} for row in (3, 4, 5)], "views": {}}
    reader.evaluate(_MOUNT, _DATA | pages | turned | {"session": "t"})
    assert reader.locator("dialog.sheet").is_visible()
    assert reader.locator("dialog.sheet .title").inner_text() == f"Record {lands}"
    reader.wait_for_function(f"() => sent.at(-1).list.some(({{ what, row }}) => what === 'read' && row === {lands})")


def test_what_was_lost_on_its_way_is_asked_for_once_more(reader):
    reader.locator(".row").first.click()
    reader.keyboard.press("p")
    reader.wait_for_function("() => sent.at(-1)?.list.map(({ what, row }) => what + row).join() === 'pin0,read1'")
    asked = reader.evaluate("() => { window.first = sent.length; return sent.at(-1).list; }")
    reader.wait_for_function("() => sent.length > first")  # no answer came
    assert reader.evaluate("() => sent.at(-1).list") == asked
    done = asked[-1]["n"]
    reader.evaluate("() => mounted.off()")
    reader.evaluate(_MOUNT, _DATA | {"done": done})
    reader.evaluate("() => (window.first = sent.length)")
    reader.wait_for_timeout(4500)
    assert reader.evaluate("() => sent.length - first") == 0  # all is answered
    reader.evaluate("() => mounted.off()")
    reader.wait_for_function("() => sent.length > first")  # nothing puts the record back that is read
    assert reader.evaluate("() => sent.at(-1)")["list"] == []
