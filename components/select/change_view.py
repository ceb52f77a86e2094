"""What would change: which records come and go, what that does to the selection, and its shares by source and by cluster."""

import numpy as np
import pandas as pd
import streamlit as st

from components.charts.escaping import as_markdown
from components.charts.theme import is_dark, status_colours
from components.records import record_reader
from components.select import asked, known
from components.session import opened
from core.base.text import counted, duration, rounded
from core.evidence.current import current_selection
from core.evidence.outlook import Change, Mix, seconds_needed
from core.measures.compare import compare
from core.run.pipeline import Pipeline
from core.selection.params import SelectionParams
from core.selection.status import DROPPED, FREE, SELECTED
from core.workspace.deciding import overrides_of

_HEIGHT = 300
_HEADS = {"By source": "Source", "By cluster": "Cluster"}
_PERCENT = "%.1f %%"
_FACTS = {  # what is measured of a selection: (its name, its help)
    "tokens": ("Tokens", "About, in prompts and responses together."),
    "cluster_coverage": ("Clusters", "Clusters touched: of how many something is taken."),
    "cluster_entropy": ("Spread", "Normalised cluster entropy: 1 is even over all clusters, 0 is all in one."),
    "mean_quality": ("Quality", "Mean quality, of the quality scores."),
}


def offer(pipeline: Pipeline, params: SelectionParams) -> None:
    """Say that what would change is not known yet, and what it takes to know."""
    st.markdown("## What would change")
    st.caption(
        f"Not known yet: choosing by {as_markdown(params.method)} takes about {duration(seconds_needed(pipeline, params))} here. "
        "Preview shows what would come and go, and applies nothing; Select then applies it at once."
    )


def show(pipeline: Pipeline, params: SelectionParams, rows: np.ndarray) -> None:
    """Draw it. rows: the row ids that `params` choose."""
    change, now = known.change(pipeline, params, rows), current_selection(pipeline)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown("## What would change" if now else "## What would be selected", width="content")
        if now:
            st.button(
                "Discard",
                icon=":material/undo:",
                type="tertiary",
                key="select_discard",
                help="Ask for what is selected now again.",
                on_click=asked.discard,
            )
    if now:
        stale = "" if now.is_up_to_date else ", out of date"
        st.caption(f"Against the current selection, {as_markdown(now.title)}{stale}")
        _flow(change)
    _facts(change)
    _shares(pipeline, change, rows)


def _flow(change: Change) -> None:
    """Draw a bar of what stays, comes and goes, and say each in words."""
    colours = status_colours(is_dark())
    parts = ((change.n_stay, colours[FREE]), (change.n_in, colours[SELECTED]), (change.n_out, colours[DROPPED]))
    total = max(sum(n for n, _ in parts), 1)
    bars = "".join(f'<div style="width:{100 * n / total:.2f}%;background:{colour}"></div>' for n, colour in parts if n)
    words = (f"<b>{change.n_stay:,}</b> stay", f"<b>+{change.n_in:,}</b> come in", f"<b>−{change.n_out:,}</b> go out")
    key = "".join(
        f'<span><span style="color:{colour}">■</span> {word}</span>'
        for word, (_, colour) in zip(words, parts, strict=True)
    )
    # Numbers only: nothing of the data is in this markup.
    st.html(
        f'<div style="display:flex;height:8px;border-radius:4px;overflow:hidden;gap:2px">{bars}</div>'
        f'<div style="display:flex;gap:1.6rem;margin-top:0.6rem">{key}</div>'
    )


def _facts(change: Change) -> None:
    held = [name for name in _FACTS if name in change.after]
    columns = st.columns(max(len(held), 1))
    for column, name in zip(columns, held, strict=True):
        value, before = change.after[name], change.before.get(name)
        delta = None if before is None else _delta(name, value - before)
        title, meaning = _FACTS[name]
        column.metric(title, _written(name, value), delta, delta_color="off", delta_arrow="off", help=meaning)


def _written(name: str, value: float) -> str:
    if name == "tokens":
        return rounded(value)
    return f"{value:.1%}" if name == "cluster_coverage" else f"{value:.2f}"


def _delta(name: str, gap: float) -> str:
    if name == "tokens":
        return f"{'-' if gap < 0 else '+'}{rounded(abs(gap))}"
    return f"{100 * gap:+.1f} pts" if name == "cluster_coverage" else f"{gap:+.2f}"


def _shares(pipeline: Pipeline, change: Change, rows: np.ndarray) -> None:
    mixes = {"By source": change.by_source, "By cluster": change.by_cluster}
    there = [name for name, mix in mixes.items() if mix is not None]
    there += ["Coming in", "Going out"] if change.before else ["Coming in"]
    by = st.segmented_control(
        "Shown", there, default=there[0], key="select_shares", required=True, label_visibility="collapsed"
    )
    by = by if by in there else there[0]
    if by not in mixes:
        _read(pipeline, rows, by)
        return
    mix = mixes[by]
    if by == "By source":
        names = ["none", *opened.sources(pipeline)[0]]
        titles = [names[group] for group in mix.groups]
    else:
        names = opened.cluster_names(pipeline)
        titles = [f"{group} {names[group]}" for group in mix.groups]
    _table(mix, titles, by, bool(change.before))


def _read(pipeline: Pipeline, rows: np.ndarray, what: str) -> None:
    """Let the records be read that would come in, or go out. rows: those that would be selected."""
    apart = compare(known.rows_now(pipeline), rows)
    shown = apart.only_b if what == "Coming in" else apart.only_a
    with st.container(height=_HEIGHT + 40, border=False):
        if len(shown):
            statuses = opened.statuses(pipeline, overrides_of(pipeline))
            record_reader.show(pipeline, shown, statuses, key=f"select-{what}")
        else:
            st.caption("No records.")


def _table(mix: Mix, titles: list[str], by: str, has_before: bool) -> None:
    data, now, would = 100 * mix.held, 100 * mix.before, 100 * mix.after
    frame = pd.DataFrame({"name": titles, "now": now, "would": would, "gap": would - now, "data": data})
    order = np.argsort(-np.abs(would - (now if has_before else data)), kind="stable")
    shown = (frame if has_before else frame[["name", "would", "data"]]).iloc[order]
    most = float(max(frame["data"].max(), frame["now"].max(), frame["would"].max(), 1e-9))
    bar = {"format": _PERCENT, "min_value": 0.0, "max_value": most}
    st.dataframe(
        shown,
        hide_index=True,
        height=_HEIGHT,
        key=f"select_shares_{by}",
        column_config={
            "name": st.column_config.TextColumn(_HEADS[by], width=180),
            "data": st.column_config.NumberColumn("Of the data", format=_PERCENT, width=85),
            "now": st.column_config.NumberColumn(
                "Now", format=_PERCENT, width=65, help="Its share of the current selection."
            ),
            "would": st.column_config.ProgressColumn(
                "Would be", width=115, help="Its share of what would be selected.", **bar
            ),
            "gap": st.column_config.NumberColumn("Change", format="%+.1f", width=65, help="In percentage points."),
        },
    )
    st.caption(
        f"{counted(len(frame), by.removeprefix('By '))}, those that change most first; change in percentage points"
    )
