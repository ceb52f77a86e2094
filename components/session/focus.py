"""What a reader looks at on a map: records, a cluster, or nothing; and how a new pick joins what is picked already."""

import dataclasses

import numpy as np

from components.session import opened, state
from components.session.state import Focus
from core.base.errors import CurationError
from core.base.text import counted
from core.evidence.candidates import Choice
from core.selection.finding.filters import mask_of
from core.selection.finding.known import STATES, Known
from core.selection.finding.query import Filter
from core.workspace.deciding import overrides_of
from core.workspace.picks import forget_pick, keep_pick, pick_of


def look_at_record(row: int, join: str = "") -> None:
    """Look at the cluster that a record is in, the record first; or let that record alone join what is picked."""
    if join or state.get().join:
        keys = opened.shown_keys(opened.pipeline())
        state.get().look_at(Focus("area", f"record {row:,}", np.array([row]), made_on=keys), join)
    else:
        look_at_cluster(int(opened.labels(opened.pipeline())[row]), row)


def look_at_cluster(cluster: int, first: int = -1, join: str = "") -> None:
    """Look at a cluster. first: the record to read first, or -1."""
    pipeline = opened.pipeline()
    rows = np.flatnonzero(opened.labels(pipeline) == cluster)
    name = opened.cluster_names(pipeline)[cluster]
    state.get().look_at(Focus("cluster", name, rows, cluster, opened.shown_keys(pipeline), first), join)


def look_at_clusters(clusters: tuple[int, ...]) -> None:
    """Look at several clusters as one, with the table of clusters left where it is."""
    pipeline, current = opened.pipeline(), state.get()
    n_looked = current.n_looked
    if len(clusters) == 1:
        look_at_cluster(clusters[0], join="new")
    else:
        labels = opened.labels(pipeline)
        is_in = np.zeros(len(opened.cluster_names(pipeline)), bool)
        is_in[list(clusters)] = True
        rows = np.flatnonzero(is_in[labels])
        label = counted(len(clusters), "cluster")
        keys = opened.shown_keys(pipeline)
        current.look_at(Focus("clusters", label, rows, made_on=keys, clusters=clusters) if clusters else None, "new")
    current.side, current.n_looked = "clusters", n_looked


def read_record(row: int) -> None:
    """Look at the cluster that a record is in, and read the record at once."""
    current = state.get()
    look_at_cluster(int(opened.labels(opened.pipeline())[row]), row, "new")
    current.n_opened += 1
    current.focus = dataclasses.replace(current.focus, opens=current.n_opened)


def read_numbered(text: str) -> None:
    """Read the record whose number is written, as in "1,204" or "#1204"; what is no record's number is said."""
    number = text.strip().lstrip("#").replace(",", "").replace(" ", "")
    if not number:
        return
    n = opened.pipeline().n_records()
    if number.isascii() and number.isdecimal() and len(number) < 16 and int(number) < n:
        read_record(int(number))
    else:
        state.say(f"There is no record {text.strip()}; the numbers are 0 to {n - 1:,}.")


def look_at_status(status: int) -> None:
    """Look at all records of a status: see `core.selection.status`."""
    pipeline = opened.pipeline()
    rows = np.flatnonzero(opened.statuses(pipeline, overrides_of(pipeline)) == status)
    label = f"All that are {STATES[status]}" if status else "All that are not selected"
    state.get().look_at(Focus("picked", label, rows, made_on=opened.shown_keys(pipeline)), "new")


def narrow(wanted: Filter) -> None:
    """Look at those of the records looked at for which a filter holds."""
    looked_at = state.get().focus
    if looked_at is not None and wanted not in looked_at.filters:
        _narrow(looked_at.whole or looked_at, (*looked_at.filters, wanted))


def widen(wanted: Filter) -> None:
    """Take one of the filters off again by which the records looked at were narrowed."""
    looked_at = state.get().focus
    if looked_at is not None and looked_at.whole is not None:
        _narrow(looked_at.whole, tuple(each for each in looked_at.filters if each != wanted))


def _narrow(whole: Focus, filters: tuple[Filter, ...]) -> None:
    pipeline, current = opened.pipeline(), state.get()
    if not filters:
        current.look_at(whole, "new")
        return
    known = Known(pipeline, opened.statuses(pipeline, overrides_of(pipeline)))
    rows = whole.rows
    try:
        for each in filters:
            rows = rows[mask_of(each, known[each.column])[rows]]
    except CurationError as error:
        state.say(error.on_page)
        return
    label = f"{', '.join(each.label for each in filters)}, of {whole.label}"
    made = Focus("picked", label, rows, made_on=whole.made_on, whole=whole, filters=filters)
    current.look_at(made, "new")


def look_at_area(rows: np.ndarray, join: str = "") -> None:
    """Look at the records inside a line."""
    label = f"{counted(len(rows), 'record')} inside the line" if len(rows) else "No record inside the line"
    state.get().look_at(Focus("area", label, rows, made_on=opened.shown_keys(opened.pipeline())), join)


def look_at_selection(choice: Choice) -> None:
    """Look at the records of a selection that can be compared."""
    pipeline = opened.pipeline()
    rows = opened.chosen_rows(pipeline, choice)
    state.get().look_at(Focus("picked", choice.title, rows, made_on=opened.shown_keys(pipeline)), "new")


def look_at_all_others() -> None:
    """Look at every record that is not picked."""
    pipeline, focus = opened.pipeline(), state.get().focus
    others = np.ones(len(opened.records(pipeline)), bool)
    if focus is not None:
        others[focus.rows] = False
    rows = np.flatnonzero(others)
    state.get().look_at(
        Focus("picked", f"{counted(len(rows), 'record')} picked", rows, made_on=opened.shown_keys(pipeline)), "new"
    )


def look_away() -> None:
    """Look at nothing."""
    state.get().look_at(None)


def keep(name: str) -> None:
    """Keep what is picked under a name, for everybody who works here."""
    current = state.get()
    looked_at = current.focus
    if looked_at is None or not name.strip():
        state.say("Give the pick a name to keep it by.")
        return
    try:
        held = keep_pick(
            opened.pipeline().workspace, looked_at.kind, looked_at.label, looked_at.rows, who=current.who, name=name
        )
    except CurationError as error:
        state.say(error.on_page)
        return
    state.say(f"Kept as {held.name}: {counted(len(held.rows), 'record')}.")


def open_kept(pick_id: str) -> None:
    """Look at a pick that was kept."""
    pipeline = opened.pipeline()
    held = pick_of(pipeline.workspace, pick_id)
    if held is None:
        state.say("Those records are not in this data.")
        return
    kind, label = ("kept", held.name) if held.name else (held.kind, held.label)
    state.get().look_at(Focus(kind, label, held.rows, made_on=opened.shown_keys(pipeline)))


def forget_kept(pick_id: str) -> None:
    """Take a pick off the list of those kept."""
    try:
        forget_pick(opened.pipeline().workspace, pick_id)
    except CurationError as error:
        state.say(error.on_page)
        return
    state.say("Taken off the list; decisions about its records stay.")
