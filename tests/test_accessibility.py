"""Every page by axe-core and by keyboard, in light and in dark: names, roles, contrast, what is reached, text at twice its size."""

import json
from pathlib import Path

import pytest
from axe_playwright_python.base import AXE_SCRIPT

from components.frame import navigation
from core.workspace.workspace import Workspace
from tests.browser import CHROMIUM, browser_page, check_page, click_a_point, go, running_app, settled
from tests.shifts import jumped, shifts, watch

pytestmark = pytest.mark.skipif(
    not Path(CHROMIUM).exists(), reason="no Chromium on this machine; install it to run this"
)
# What is Streamlit's own and can't be mended from a page: {rule: (what its selector holds, why it stays)}.
_STREAMLITS: dict[str, tuple[str, str]] = {}
_HEADINGS = ("heading-order", "page-has-heading-one")
_TABBED = """() => { let at = document.activeElement; while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  const box = at.getBoundingClientRect(), style = getComputedStyle(at);
  return { name: at.getAttribute("aria-label") || at.innerText || at.labels?.[0]?.innerText || "", tag: at.tagName,
    seen: box.width > 0 && box.height > 0, marked: style.outlineStyle !== "none" || style.boxShadow !== "none" }; }"""


def findings(page, *rules: str) -> list[tuple[str, str, str]]:
    """Return what axe-core finds serious or critical on a page, or of headings that skip a level: (rule, selector, HTML).

    rules: these alone.
    """
    page.evaluate(AXE_SCRIPT)
    asked = {"resultTypes": ["violations"], **({"runOnly": list(rules)} if rules else {})}
    found = page.evaluate("(asked) => axe.run(document, asked)", asked)["violations"]
    return [
        (violation["id"], target, node["html"][:160])
        for violation in found
        if violation["impact"] in ("serious", "critical") or violation["id"] in _HEADINGS
        for node in violation["nodes"]
        if _STREAMLITS.get(violation["id"], ("\0",))[0] not in (target := json.dumps(node["target"]))
    ]


def test_every_page_is_read_and_reached_by_everybody_in_light_and_in_dark(rewarded_home):
    failures = []
    Workspace(rewarded_home / "new", create=True)
    with running_app(rewarded_home) as address, browser_page() as page:
        page.on("pageerror", lambda error: failures.append(str(error)))
        watch(page)
        for theme, rules in (("light", ()), ("dark", ("color-contrast",))):
            page.emulate_media(color_scheme=theme)
            page.goto(f"{address}/?workspace=sample&tour=1")
            page.get_by_role("heading", name="Data", exact=True).wait_for()
            settled(page)
            shifts(page)  # of Streamlit's own beginning
            for entry in navigation.PAGES:
                go(page, entry.title)
                assert not jumped(page), (entry.name, theme)
                if entry.name == "map":
                    click_a_point(page)
                assert not findings(page, *rules), (entry.name, theme)
                check_page(page)
                if entry.name == "duplicates":
                    page.get_by_role("radio", name="With evaluations").click()
                    page.get_by_role("button", name="Look for overlap").wait_for()
                    settled(page)
                    assert not findings(page, *rules), ("evaluations", theme)
            page.get_by_role("button", name="Words").click()
            page.get_by_role("dialog").wait_for()
            settled(page)
            assert not findings(page, *rules), ("words", theme)
            page.keyboard.press("Escape")
            go(page, "Map")
            page.locator(".reader .row").first.click()
            page.get_by_role("dialog", name="Record").wait_for()
            settled(page)
            assert not findings(page, *rules), ("reader", theme)
        page.set_viewport_size({"width": 720, "height": 450})  # 1440 x 900 at 200 %
        page.goto(f"{address}/?workspace=new")
        page.get_by_role("button", name="Open the sample").wait_for()
        settled(page)
        assert not findings(page)
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
        by_keyboard(page, "Open the sample")
        page.get_by_text("600 records").wait_for()
    assert not failures


def by_keyboard(page, name: str, most: int = 40) -> None:
    """Reach a button by Tab, see at each step that what is reached is on the page, and press it by Enter."""
    for _ in range(most):
        page.keyboard.press("Tab")
        held = page.evaluate(_TABBED)
        assert held["seen"], held
        if held["name"].strip().endswith(name):
            assert held["marked"], held
            page.keyboard.press("Enter")
            return
    raise AssertionError(f"{name} is not reached by {most} tabs")
