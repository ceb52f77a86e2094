"""What jumps on a page: the browser's own account of it (Layout Instability API), without what follows a click or key at once."""

import dataclasses
from typing import Any

MOST = 0.1  # of jumps in all: the share of the window that moved, times how far; what counts as good on the web
_WATCH = """() => {
  window.__shifts = [];
  const told = (node) => {
    const parts = [];
    for (let at = node; at && parts.length < 3; at = at.parentElement) {
      const key = [...(at.classList ?? [])].find((name) => name.startsWith("st-key-"));
      const said = key ?? at.dataset?.testid ?? (parts.length ? "" : (at.tagName ?? at.nodeName).toLowerCase());
      if (said && said !== parts.at(-1)) parts.push(said);
    }
    return parts.join(" in ");
  };
  const box = ({ x, y, width, height }) => [x, y, width, height].map(Math.round);
  new PerformanceObserver((list) => {
    for (const each of list.getEntries()) {
      if (each.hadRecentInput) continue;
      const sources = each.sources.map(({ node, previousRect, currentRect }) =>
        [node ? told(node) : "", box(previousRect), box(currentRect)]);
      window.__shifts.push({ value: each.value, at: each.startTime, sources });
    }
  }).observe({ type: "layout-shift", buffered: true });
}"""


@dataclasses.dataclass(frozen=True)
class Shift:
    """One jump. value: as the browser gives it. sources: (what moved, from [x, y, width, height], to) of the largest, in pixels."""

    value: float
    at: float
    sources: list[tuple[str, list[int], list[int]]]


def watch(page: Any) -> None:
    """Take down the jumps of every document that this page opens from now on."""
    page.add_init_script(f"({_WATCH})()")


def shifts(page: Any) -> list[Shift]:
    """Return the jumps since the document was opened, or since they were last asked for."""
    return [Shift(**each) for each in page.evaluate("() => window.__shifts.splice(0)")]


def jumped(page: Any) -> list[Shift]:
    """Return the jumps since they were last asked for, where they are too much in all; else none."""
    found = shifts(page)
    return found if sum(each.value for each in found) > MOST else []
