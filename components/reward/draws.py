"""What several draws of DaaR say of their mean: how alike they rank and select, and what all, some or few of them take."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from components.charts.escaping import as_markdown
from components.charts.percent import PERCENT, in_percent
from components.session import opened, state
from components.session.state import Focus
from core.base.text import counted
from core.daar.draws import LEAST_AGREEMENT
from core.run.pipeline import Pipeline
from core.selection.over_draws import HARDLY, LEAST_OVERLAP, PERHAPS, SURELY, TAKEN, words_of

_MEANS = {
    SURELY: "Selected, and by each draw alone too.",
    PERHAPS: "Selected; of the draws alone, half at least take them, but not all.",
    HARDLY: "Selected by the mean, though fewer than half of the draws alone take them.",
}
_PASSED = "Not selected, though half of the draws alone take them."


def taken_by(pipeline: Pipeline, entry: dict | None) -> tuple[np.ndarray, int] | None:
    """Return ((n,) in how many draws' own selections a record is, the draws); None where there is one draw. entry: the ledger's."""
    if entry is None or not (facts := pipeline.workspace.info("select", entry["key"]).get("draws")):
        return None
    return np.asarray(pipeline.workspace.array("select", entry["key"], TAKEN), int), facts["n"]


def show(pipeline: Pipeline, info: dict, entry: dict | None, chosen: np.ndarray) -> None:
    """Draw how far the draws agree. info: of the reward stage. entry: the ledger's of the latest selection by DaaR, or None.

    chosen: (n,) bool, what it took.
    """
    if "agreement" not in info:
        return
    facts = None if entry is None else pipeline.workspace.info("select", entry["key"]).get("draws")
    st.markdown("## Draws")
    _figures(info, facts)
    if facts:
        _words(pipeline, *taken_by(pipeline, entry), chosen)
    left, right = st.columns(2, gap="large")
    with left:
        _pairs(info, facts)
    with right:
        _by_domain(info, facts)


def _figures(info: dict, facts: dict | None) -> None:
    ranks = [rho for *_, rho in info["agreement"]]
    columns = st.columns(3)
    columns[0].metric("Draws", len(info["draws"]), help="Of seeds, sample and probes; rewards are the means over them.")
    columns[1].metric(
        "Spearman of two draws",
        f"{np.mean(ranks):.2f}",
        help=f"How alike two draws rank the records, on average over pairs; below {LEAST_AGREEMENT:g} there is a warning.",
    )
    if facts:
        shares = [share for *_, share in facts["overlaps"]]
        columns[2].metric(
            "Selected by both",
            f"{np.mean(shares):.0%}",
            help="The share of records that two draws alone would both select, on average over pairs; below "
            f"{LEAST_OVERLAP:.0%} there is a warning.",
        )


def _words(pipeline: Pipeline, taken: np.ndarray, n: int, chosen: np.ndarray) -> None:
    """Draw how many records are taken surely, perhaps and hardly, each a button that reads them."""
    words = words_of(taken, n)
    groups = {word: (np.flatnonzero(chosen & (words == word)), means) for word, means in _MEANS.items()}
    groups["passed over"] = (np.flatnonzero(~chosen & (2 * taken >= n)), _PASSED)
    with st.container(horizontal=True):
        for name, (rows, means) in groups.items():
            st.button(
                f"{as_markdown(name.capitalize())}: {len(rows):,}",
                key=f"reward_{name}",
                help=as_markdown(means),
                disabled=not len(rows),
                on_click=_read,
                args=(pipeline, name, rows),
            )
    st.caption("A press reads them above, beside the map. Pinned records count as taken by every draw.")


def _read(pipeline: Pipeline, name: str, rows: np.ndarray) -> None:
    label = f"{name} taken over the draws" if name != "passed over" else "passed over by the mean of the draws"
    state.get().look_at(Focus("area", label, rows, made_on=opened.shown_keys(pipeline)), "new")


def _pairs(info: dict, facts: dict | None) -> None:
    shares = {(i, j): share for i, j, share in facts["overlaps"]} if facts else {}
    lines = [(f"{i + 1} and {j + 1}", rho, shares.get((i, j), np.nan)) for i, j, rho in info["agreement"]]
    frame = in_percent(pd.DataFrame(lines, columns=["draws", "spearman", "both"]), ("both",))
    st.dataframe(
        frame,
        hide_index=True,
        key="draws_pairs",
        column_config={
            "draws": "Draws",
            "spearman": st.column_config.NumberColumn("Spearman", format="%.2f"),
            "both": st.column_config.NumberColumn("Selected by both", format=PERCENT),
        },
    )
    st.caption(f"How alike the draws are, two by two: {counted(len(lines), 'pair')}.")


def _by_domain(info: dict, facts: dict | None) -> None:
    columns: dict[str, Any] = {"domain": info["names"], "centre": info["centres"]}
    if facts:
        for place, name in enumerate(("least", "most")):
            columns[name] = [facts["shares"].get(domain, (np.nan, np.nan))[place] for domain in info["names"]]
    frame = in_percent(pd.DataFrame(columns), tuple(name for name in ("least", "most") if name in columns))
    st.dataframe(
        frame,
        hide_index=True,
        key="draws_domains",
        column_config={
            "domain": "Domain",
            "centre": st.column_config.NumberColumn(
                "Centres alike",
                format="%.2f",
                help="The least cosine of the domain's centre in one draw to that in another; 1 is the same place.",
            ),
            "least": st.column_config.NumberColumn("Selected, least", format=PERCENT),
            "most": st.column_config.NumberColumn("Selected, most", format=PERCENT),
        },
    )
    st.caption("Where each domain lies in the draws, and its share of what each draw alone selects.")
