"""The search: words or meaning, filters, what is asked as chips that can be taken out, and what keeps it from being answered."""

import zlib

import streamlit as st

from components.charts.escaping import as_markdown
from components.frame import choices, job_panel
from components.session import finding, people, state
from components.session.finding import ask, look_like, query_text
from core.base import access
from core.base.errors import CurationError
from core.base.text import shorten
from core.run.pipeline import Pipeline
from core.run.tasks import Step
from core.selection.finding.find import name_model, sentence_model
from core.selection.finding.known import AT_ONCE_UP_TO
from core.selection.finding.query import Query
from core.selection.finding.stage import unmade
from core.selection.finding.word_query import loosened

__all__ = ["look_like", "query_text", "show"]
WAYS = {"words": "Words", "like": "Meaning"}
_NEAREST = (50, 200, 1000, 5000)
_HELP = (
    'All words must be there. "in quotes" is a phrase, photo\\* begins a word, \\*synth\\* is inside one, prompt: or response: '
    "says where; OR, a minus before a word, and brackets work too. Case and accents make no difference."
)
_LIKE_HELP = "Write a sentence of your own; the records nearest to it in meaning are found, whatever words they use."


def show(pipeline: Pipeline) -> None:
    """Draw the search. What it finds is looked at: see `session.finding`."""
    asked = finding.query()
    with st.container(key="finding", gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            way = _way(pipeline, asked)
            lacks_model = way == "like" and sentence_model(pipeline) is None
            if not lacks_model:
                _field(asked, way)
        if lacks_model:
            _ask_for_model(pipeline)
        _chips(asked, way)
        _say(pipeline, asked)
        _offer_index(pipeline)


def _way(pipeline: Pipeline, asked: Query) -> str:
    if not pipeline.current("embed"):
        return "words"
    usual = "like" if asked.like else "words"
    key = f"find_way-{usual}-{zlib.crc32(asked.like.encode())}"
    return choices.switch("Search by", WAYS, usual, key)


def _field(asked: Query, way: str) -> None:
    text = getattr(asked, way)
    key = f"find_{way}-{zlib.crc32(query_text().encode())}"  # it shows what is asked, whoever asked it
    with st.form(f"search-{way}", border=False, width="stretch"), st.container(horizontal=True, gap="xsmall"):
        st.text_input(
            "Search",
            value=text,
            placeholder="Search in all records" if way == "words" else "What the records should be about",
            label_visibility="collapsed",
            key=key,
            max_chars=2000,
        )
        help_text = _HELP if way == "words" else _LIKE_HELP
        st.form_submit_button("Find", icon=":material/search:", help=help_text, on_click=_ask_for, args=(way, key))


def _ask_for(way: str, key: str) -> None:
    asked, text = finding.query(), st.session_state[key].strip()
    ask(asked.change(words=text) if way == "words" else asked.change(like=text, more_like=()))


def _chips(asked: Query, way: str) -> None:
    """Draw the parts of the search that its field does not show; one that is unpicked is taken out."""
    parts: dict[str, object] = {}
    if asked.words.strip() and way != "words":
        parts[f"“{shorten(asked.words, 40)}”"] = "words"
    if asked.like.strip() and way != "like":
        parts[f"like “{shorten(asked.like, 40)}”"] = "like"
    parts |= {f"like record {row:,}": row for row in asked.more_like[:8]}
    parts |= {shorten(each.label, 60): each for each in asked.filters}
    if parts:
        key = f"find_parts-{way}-{zlib.crc32(query_text().encode())}"
        choices.chips("Asked for as well", parts, key, finding.without)
    if asked.by_meaning:
        _how_many(asked)


def _how_many(asked: Query) -> None:
    key = f"find_nearest-{asked.nearest}"
    counts = sorted({*_NEAREST, asked.nearest})
    st.segmented_control(
        "The nearest",
        counts,
        format_func=lambda count: f"{count:,}",
        default=asked.nearest,
        required=True,
        key=key,
        on_change=lambda: ask(asked.change(nearest=int(st.session_state[key]))),
    )


def _say(pipeline: Pipeline, asked: Query) -> None:
    current = state.get()
    if current.query_error:
        st.warning(as_markdown(current.query_error), icon=":material/search_off:")
    elif finding.waits(pipeline):
        _wait(pipeline)
    elif current.query_note:
        st.caption(as_markdown(current.query_note))
    is_shown = current.focus is not None and current.focus.kind == "search"
    if not is_shown or len(current.focus.rows) or asked.is_empty or current.query_error:
        return
    loose = _loosened(asked)
    if asked.filters:
        st.caption("No record has all of that; take something out, or widen a filter.")
    if loose:
        st.button(
            as_markdown(f"Look inside longer words too: {loose}"),
            key="find_loose",
            type="tertiary",
            icon=":material/manage_search:",
            on_click=ask,
            args=(asked.change(words=loose),),
        )


def _loosened(asked: Query) -> str:
    try:
        return loosened(asked.words) if asked.words.strip() else ""
    except CurationError:
        return ""


@st.fragment(run_every=0.5)
def _wait(pipeline: Pipeline) -> None:
    """Wait for the model without holding up the page."""
    try:
        reader = finding.reader_for(pipeline)
    except CurationError as error:
        st.caption(as_markdown(error.on_page))
        return
    if reader.state == "loading":
        st.caption(":material/hourglass_empty: Loading the model that reads sentences; it stays warm for the next one.")
        return
    if reader.state == "off":  # it was idle, or this is a page that was opened again
        reader.start()
        return
    if reader.state == "failed":
        state.get().query_error = reader.error
    else:
        ask(finding.query())
    st.rerun()


def _ask_for_model(pipeline: Pipeline) -> None:
    st.caption(
        "These embeddings came from a file. Press *More like this* on a record, or name the model that made them to search by a "
        "sentence of your own."
    )
    with st.form("find_model", border=False), st.container(horizontal=True):
        st.text_input("Model", placeholder="all-MiniLM-L6-v2", label_visibility="collapsed", key="find_model_name")
        st.form_submit_button("Use it", on_click=_name_model, args=(pipeline,), **people.off(access.RUN))


def _name_model(pipeline: Pipeline) -> None:
    try:
        name_model(pipeline, st.session_state["find_model_name"].strip())
    except CurationError as error:
        state.say(error.on_page)


def _offer_index(pipeline: Pipeline) -> None:
    lacking = unmade(pipeline)
    if not lacking or pipeline.n_records() <= AT_ONCE_UP_TO:
        return
    if job_panel.in_place(pipeline, *(each.name for each in lacking)):
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("The records are not all searchable yet.")
        st.button(
            "Make it searchable", key="find_index", on_click=start_indexing, args=(pipeline,), **people.off(access.RUN)
        )


def start_indexing(pipeline: Pipeline) -> None:
    """Start the job that makes what a search needs."""
    steps = [Step(each.name, (pipeline.params(each.name) or each.params()).as_dict()) for each in unmade(pipeline)]
    job_panel.start(pipeline, "Making the records searchable", steps)
