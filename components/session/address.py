"""What is looked at, in the page's address: a reload, a link that is shared or a server started anew brings it back.

Small things stand in the address itself; records that were picked are kept in the workspace, and the address names them.
"""

import math

import streamlit as st

from components.session import finding, focus, opened, state
from components.session.state import AppState, Focus
from core.base.errors import CurationError
from core.run.pipeline import Pipeline
from core.selection.finding.query import Query, to_text
from core.workspace.picks import keep_pick

_MOST_CLUSTERS = 40  # that the address names; more are kept in the workspace
_NAMES = (
    "workspace",
    "colour",
    "view",
    "q",
    "cluster",
    "record",
    "pick",
    "narrow",
    "page",
    "order",
    "sort",
    "side",
    "run",
    "round",
    "compare",
    "question",
    "duplicates",
    "tour",
)


def restore(pipeline: Pipeline) -> None:
    """Look at what the address names, once a session. What it names and is not there (any longer) is passed over.

    Raises CurationError where what is open is damaged.
    """
    current = state.get()
    if not pipeline.workspace.has_data or current.restored:
        return
    current.restored = True
    asked = {name: st.query_params.get(name, "") for name in _NAMES}
    current.colour_by, current.view = asked["colour"], _view_in(asked["view"])
    current.order, current.sort = asked["order"], asked["sort"]
    current.run, current.round_shown = _number(asked["run"], 0), _number(asked["round"], 0)
    current.compared = tuple(part for part in asked["compare"].split(",") if part)
    current.compare_view = asked["question"] or current.compare_view
    current.duplicates_view = "evaluations" if asked["duplicates"] == "evaluations" else current.duplicates_view
    current.tour = _number(asked["tour"], 0)
    if asked["q"]:
        finding.ask_text(asked["q"])
    elif asked["pick"]:
        focus.open_kept(asked["pick"])
    elif pipeline.current("cluster"):
        names = opened.cluster_names(pipeline)
        record = _number(asked["record"], -1)
        clusters = [_number(part, -1) for part in asked["cluster"].split(",")]
        clusters = tuple(dict.fromkeys(cluster for cluster in clusters if 0 <= cluster < len(names)))
        if 0 <= record < pipeline.n_records():
            focus.look_at_record(record)
        elif len(clusters) == 1:
            focus.look_at_cluster(clusters[0])
        elif clusters:
            focus.look_at_clusters(clusters)
    if asked["narrow"]:
        finding.narrow_text(asked["narrow"])
    current.page = max(0, _number(asked["page"], 1) - 1)
    current.side = asked["side"] if asked["side"] in ("records", "clusters") else current.side


def write(pipeline: Pipeline) -> None:
    """Let the address name what is looked at."""
    current = state.get()
    wanted = {"workspace": current.workspace.name, "colour": current.colour_by, "view": _view_as_text(current.view)}
    wanted |= {"run": current.run, "round": current.round_shown, "compare": ",".join(current.compared)}
    wanted |= {"page": current.page + 1 if current.page else "", "order": current.order, "sort": current.sort}
    wanted["side"] = current.side
    wanted["question"] = current.compare_view if current.compared else ""
    wanted["duplicates"] = current.duplicates_view if current.duplicates_view != "records" else ""
    wanted["tour"] = current.tour
    wanted |= _focus_as_text(pipeline, current)
    for name in _NAMES:
        text = str(wanted.get(name) or "")
        if text and st.query_params.get(name) != text:
            st.query_params[name] = text
        elif not text and name in st.query_params:
            del st.query_params[name]


def remember_view(view: tuple[float, float, float]) -> None:
    """Remember the part of the map that is in sight, in the address too."""
    state.get().view = view
    st.query_params["view"] = _view_as_text(view)


def remember_colour(colour_by: str) -> None:
    """Remember what the map is coloured by, in the address too."""
    state.get().colour_by = colour_by
    if st.query_params.get("colour") != colour_by:
        st.query_params["colour"] = colour_by


def remember_list() -> None:
    """Remember which page of the records is read, and in which order, in the address too."""
    current = state.get()
    for name, text in (("page", str(current.page + 1) if current.page else ""), ("order", current.order)):
        if text and st.query_params.get(name) != text:
            st.query_params[name] = text
        elif not text and name in st.query_params:
            del st.query_params[name]


def _focus_as_text(pipeline: Pipeline, current: AppState) -> dict[str, object]:
    looked_at, narrowed = current.focus, current.narrow_later
    if looked_at is not None and looked_at.whole is not None:
        looked_at, narrowed = looked_at.whole, looked_at.filters
    named = _whole_as_text(pipeline, current, looked_at)
    return named | {"narrow": to_text(Query(filters=narrowed))} if named and narrowed else named


def _whole_as_text(pipeline: Pipeline, current: AppState, looked_at: Focus | None) -> dict[str, object]:
    if current.query and (looked_at is None or looked_at.kind == "search"):
        return {"q": current.query}
    if looked_at is None or not len(looked_at.rows):
        return {}
    if looked_at.kind == "clusters" and len(looked_at.clusters) <= _MOST_CLUSTERS:
        return {"cluster": ",".join(map(str, looked_at.clusters))}
    if looked_at.kind == "cluster":
        return {"record": looked_at.first} if looked_at.first >= 0 else {"cluster": str(looked_at.cluster)}
    if current.kept[0] != looked_at.id:
        try:
            made = keep_pick(pipeline.workspace, looked_at.kind, looked_at.label, looked_at.rows, who=current.who)
        except CurationError:  # picked on data that is no longer there
            return {}
        current.kept = (looked_at.id, made.id)
    return {"pick": current.kept[1]}


def _view_as_text(view: tuple[float, float, float] | None) -> str:
    return ",".join(f"{value:.5g}" for value in view) if view else ""


def _view_in(text: str) -> tuple[float, float, float] | None:
    parts = text.split(",")
    try:
        x, y, zoom = (float(part) for part in parts)
    except ValueError:
        return None
    return (x, y, zoom) if all(math.isfinite(v) for v in (x, y, zoom)) and zoom > 0 else None


def _number(text: str, otherwise: int) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else otherwise
