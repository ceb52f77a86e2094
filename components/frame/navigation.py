"""Leading a newcomer: what is ready, what a page needs first, and where to go next."""

import dataclasses

import streamlit as st

from components.charts.escaping import as_markdown
from core.run.pipeline import Pipeline
from core.selection.stage import last_selection_key
from core.workspace.results import RECORDS


@dataclasses.dataclass(frozen=True)
class PageEntry:
    """One page of the app, drawn by `app/NAME_page.py`.

    question: the one that it answers. needs: the stages without which it has nothing to show; "selection" is any selection so far.
    """

    name: str
    title: str
    icon: str
    question: str
    needs: tuple[str, ...] = ()

    @property
    def file(self) -> str:
        """Return the page's file, as seen from main.py."""
        return f"{self.name}_page.py"


PAGES = (
    PageEntry("data", "Data", ":material/table_rows:", "What is in the data, and how was it read?"),
    PageEntry(
        "map",
        "Map",
        ":material/scatter_plot:",
        "Which records are alike, and what do they say?",
        ("cluster", "project"),
    ),
    PageEntry(
        "duplicates",
        "Duplicates",
        ":material/content_copy:",
        "Which records say the same, and which of them stay?",
        ("embed",),
    ),
    PageEntry("select", "Select", ":material/filter_alt:", "Which records does a method choose?", ("cluster", "score")),
    PageEntry(
        "refine",
        "Refine",
        ":material/autorenew:",
        "Which records does it choose in rounds, each guided by a model?",
        ("cluster", "score"),
    ),
    PageEntry("reward", "Reward", ":material/emoji_objects:", "Which records lie between the domains?", ("embed",)),
    PageEntry("review", "Review", ":material/history:", "What did people decide?", ("cluster",)),
    PageEntry(
        "compare",
        "Compare",
        ":material/balance:",
        "Is this selection better than another, or than chance?",
        ("embed", "selection"),
    ),
    PageEntry("export", "Export", ":material/download:", "What leaves, and how can it be rebuilt?", ("selection",)),
)
_MISSING = {
    "records": "no data is open",
    "embed": "the records are not embedded",
    "cluster": "there are no clusters",
    "project": "there is no map",
    "score": "quality is not scored",
    "selection": "nothing is selected",
}


def is_ready(pipeline: Pipeline, entry: PageEntry) -> bool:
    """Whether a page has something to show."""
    return not missing(pipeline, entry)


def missing(pipeline: Pipeline, entry: PageEntry) -> list[str]:
    """Return what a page still needs, in words."""
    if not pipeline.key(RECORDS):
        return [] if entry.name == "data" else [_MISSING["records"]]
    have = {
        need: bool(last_selection_key(pipeline)) if need == "selection" else bool(pipeline.current(need))
        for need in entry.needs
    }
    return [_MISSING[need] for need, is_there in have.items() if not is_there]


def show_menu(pipeline: Pipeline) -> None:
    """Draw the way through the app; what makes no sense yet can't be clicked."""
    for entry in PAGES:
        lacking = missing(pipeline, entry)
        st.page_link(
            entry.file,
            label=entry.title,
            icon=entry.icon,
            disabled=bool(lacking),
            help=f"Not yet: {', '.join(lacking)}." if lacking else entry.question,
            width="stretch",
        )


def require(pipeline: Pipeline, name: str) -> None:
    """Show what a page needs and where to get it, and end the page there, unless it is ready."""
    entry = next(entry for entry in PAGES if entry.name == name)
    lacking = missing(pipeline, entry)
    if not lacking:
        return
    st.title(entry.title)
    st.info(f"Nothing to show here yet: {', '.join(lacking)}.", icon=":material/hourglass_empty:")
    next_page(pipeline, "select" if lacking == [_MISSING["selection"]] else "data", "Go to")
    st.stop()


def next_page(pipeline: Pipeline, name: str, lead: str = "Next:") -> None:
    """Draw the way to the next page, if that page is ready."""
    entry = next(entry for entry in PAGES if entry.name == name)
    if is_ready(pipeline, entry):
        with st.container(key=f"next-{name}", width="content"):
            st.page_link(
                entry.file,
                label=f"{as_markdown(lead)} {entry.title}",
                icon=":material/arrow_forward:",
                icon_position="right",
            )
