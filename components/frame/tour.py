"""The tour: five steps from the data to the file that leaves, each on its page. It is skipped, or called again, at any time."""

import dataclasses

import streamlit as st

from components.charts.escaping import as_markdown
from components.frame import navigation
from components.frame.navigation import PageEntry
from components.session import state
from core.run.pipeline import Pipeline
from core.workspace.workspace import known_workspaces


@dataclasses.dataclass(frozen=True)
class Step:
    """One step. page: the name of its page. does: what the step is for. says: what is to be seen and done there.

    opens: a page that what is done there makes ready; the way on waits for it.
    """

    page: str
    does: str
    says: str
    opens: str = ""

    @property
    def entry(self) -> PageEntry:
        """Return its page."""
        return _entry(self.page)


def _entry(page: str) -> PageEntry:
    return next(entry for entry in navigation.PAGES if entry.name == page)


STEPS = (
    Step(
        "data",
        "What is in it",
        "These are your records as Winnow read them: see whether prompts and responses are told apart. Then press "
        "Prepare the map, which groups alike records and scores their quality.",
    ),
    Step(
        "map",
        "See it",
        "Every point is a record; near ones are alike. Draw a line around some to read them. Pin what must be in, drop what "
        "must not: each decision can be taken back.",
    ),
    Step(
        "select",
        "Let a method choose",
        "Say how many records you want, and press Select. The method that is set spreads them over all clusters and prefers "
        "the better ones; pins are in, drops are out.",
        opens="export",
    ),
    Step(
        "review",
        "Look it over",
        "What was decided, by whom and when, with a way back for each. Refine, Reward and Compare are there for more than "
        "a first selection.",
    ),
    Step(
        "export",
        "Take it with you",
        "Download JSONL: the selected records as they stood in your file. The manifest says how they were chosen, so that "
        "anybody can rebuild the same file.",
    ),
)


def start() -> None:
    """Begin the tour."""
    state.get().tour = 1


def begin_if_first() -> None:
    """Begin it where nothing was ever opened before."""
    if not known_workspaces():
        start()


def end() -> None:
    """Leave the tour."""
    state.get().tour = 0


def show(pipeline: Pipeline, title: str) -> None:
    """Draw the step that the reader is at, above the page called `title`."""
    at = state.get().tour
    if not 1 <= at <= len(STEPS):
        return
    step = STEPS[at - 1]
    with st.container(border=True, key="tour"):
        words, buttons = st.columns([3, 1], vertical_alignment="center", gap="medium")
        words.markdown(f"**{as_markdown(f'{at} of {len(STEPS)} · {step.does}')}**  \n{as_markdown(step.says)}")
        with buttons.container(horizontal=True, horizontal_alignment="right"):
            st.button(
                "Skip the tour" if at < len(STEPS) else "End the tour", type="tertiary", key="tour_end", on_click=end
            )
            if title != step.entry.title:
                _way(pipeline, step.entry, at, f"Go to {step.entry.title}", step.entry)
            elif at < len(STEPS):
                to = STEPS[at].entry
                _way(pipeline, to, at + 1, f"Next: {to.title}", _entry(step.opens or to.name))


def _way(pipeline: Pipeline, to: PageEntry, at: int, label: str, ready: PageEntry) -> None:
    lacking = navigation.missing(pipeline, ready)
    because = as_markdown(f"Not yet: {', '.join(lacking)}.") if lacking else None
    if st.button(as_markdown(label), type="primary", key="tour_on", disabled=bool(lacking), help=because):
        state.get().tour = at
        st.switch_page(to.file)
