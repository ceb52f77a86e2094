"""The reader's search: remembered as a text that can live in the address; what it finds becomes what is looked at."""

import numpy as np

from components.session import focus, opened, state
from components.session.state import Focus
from core.base.errors import CurationError
from core.base.text import counted
from core.models.sentence_service import SentenceReader, reader_of
from core.run.pipeline import Pipeline
from core.selection.finding.find import Found, find, no_encoder, sentence_model
from core.selection.finding.query import Filter, Query, from_text, to_text
from core.selection.finding.word_query import marked_words
from core.workspace.deciding import overrides_of


def query() -> Query:
    """Return the search as it stands; an empty one where its text makes no sense."""
    try:
        return from_text(state.get().query)
    except CurationError:
        return Query()


def query_text() -> str:
    """Return the search as a short text, "" for none; `ask_text` takes it."""
    return state.get().query


def ask_text(text: str) -> None:
    """Search for what `query_text` gave, in an address for example. What makes no sense is said beside the search."""
    try:
        ask(from_text(text))
    except CurationError as error:
        state.get().query_error = error.on_page


def narrow_text(text: str) -> None:
    """Narrow what is looked at by the filters of a search's text; a search that waits for its answer once that is there."""
    current = state.get()
    try:
        filters = from_text(text).filters
    except CurationError as error:
        state.say(error.on_page)
        return
    if current.focus is None and waits(opened.pipeline()):
        current.narrow_later = filters
        return
    for each in filters:
        focus.narrow(each)


def look_like(row: int) -> None:
    """Look for more records like one."""
    ask(Query(more_like=(row,), nearest=query().nearest))


def without(part: str | Filter | int) -> None:
    """Take a part out of the search: "words", "like", a filter, or a record that others were to be like."""
    asked = query()
    if isinstance(part, Filter):
        ask(asked.change(filters=tuple(each for each in asked.filters if each != part)))
    elif isinstance(part, int):
        ask(asked.change(more_like=tuple(row for row in asked.more_like if row != part)))
    else:
        ask(asked.change(**{part: ""}))


def ask(asked: Query) -> None:
    """Search, and look at what was found. Where the model that reads a sentence is not there yet, it is started: see `waits`."""
    current = state.get()
    text = to_text(asked)
    if text != current.query:
        current.narrow_later = ()
    current.query, current.query_note, current.query_error = text, "", ""
    if asked.is_empty:
        if current.focus is not None and current.focus.kind == "search":
            current.look_at(None)
        return
    pipeline = opened.pipeline()
    try:
        if asked.like.strip():
            reader = reader_for(pipeline)
            if reader.state != "ready":
                reader.start()
                return
        found = find(pipeline, asked, _encode(pipeline), opened.statuses(pipeline, overrides_of(pipeline)))
    except CurationError as error:
        current.query_error = error.on_page
        return
    _look_at(pipeline, asked, found)


def _encode(pipeline: Pipeline):
    return reader_of(*known).encode if (known := sentence_model(pipeline)) else None


def _look_at(pipeline: Pipeline, asked: Query, found: Found) -> None:
    current = state.get()
    current.query_note, current.answered = found.note, current.query
    what = counted(len(found.rows), "record") if len(found.rows) else "no record"
    rows = found.rows.astype(np.int64, copy=False)
    current.look_at(Focus("search", f"{asked.label}: {what}", rows, made_on=opened.shown_keys(pipeline)))
    filters, current.narrow_later = current.narrow_later, ()
    for each in filters:
        focus.narrow(each)


def reader_for(pipeline: Pipeline) -> SentenceReader:
    """Return what reads sentences for this workspace. Raises CurationError where nothing can."""
    known = sentence_model(pipeline)
    if known is None:
        raise no_encoder()
    return reader_of(*known)


def waits(pipeline: Pipeline) -> bool:
    """Whether the search waits for the model that reads its sentence; `ask` it again when it does no longer."""
    current, asked = state.get(), query()
    if not asked.like.strip() or current.query_error or sentence_model(pipeline) is None:
        return False
    return current.answered != current.query


def marked() -> tuple[str, ...]:
    """Return the words to mark in what is looked at; none unless it was found by words."""
    current, asked = state.get(), query()
    looked_at = current.focus and (current.focus.whole or current.focus)
    if looked_at is None or looked_at.kind != "search" or not asked.words.strip() or current.query_error:
        return ()
    return marked_words(asked.words)


def found_rows() -> np.ndarray | None:
    """Return the rows that the search found, while they are what is looked at; else None."""
    current = state.get()
    is_shown = current.focus is not None and current.focus.kind == "search" and not query().is_empty
    return current.focus.rows if is_shown else None
