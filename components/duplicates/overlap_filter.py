"""Overlaps counted by evaluation and way, and which of them are to be shown."""

import dataclasses

import pandas as pd
import streamlit as st

from components.charts.escaping import as_markdown
from core.base.text import counted, shorten
from core.export.decontamination import Checked
from core.vectors.overlap.params import WAYS

_ALL = "All"
_WAYS = {"": _ALL, "words": "Words", "cosine": "Meaning"}


@dataclasses.dataclass(frozen=True)
class Asked:
    """evaluation: its place among the files, way: its place among WAYS, -1 for all. cosine: from which on."""

    evaluation: int
    way: int
    cosine: float

    @property
    def way_name(self) -> str:
        """The way, "" for all."""
        return "" if self.way < 0 else list(WAYS)[self.way]


def show_table(found: Checked, abouts: list[dict]) -> None:
    """Draw a line an evaluation. abouts: what the search wrote down of each."""
    ways = [way for way in WAYS if getattr(found.params, way)]
    lines = [
        {"evaluation": file.name, "items": file.n_items}
        | {way: _hits(file.hits[way], about["n_items_hit"][way] / file.n_items) for way in ways}
        | {"dropped": file.n_dropped, "selected": file.n_in_export}
        for file, about in zip(found.files, abouts, strict=True)
    ]
    number = {"format": "localized", "width": 78}
    columns = {
        "evaluation": st.column_config.TextColumn("Evaluation", width=150),
        "items": st.column_config.NumberColumn("Items", **number),
        "dropped": st.column_config.NumberColumn("Dropped", help="Of these records.", **number),
        "selected": st.column_config.NumberColumn(
            "Selected", help="Of these records, still in the selection.", **number
        ),
    }
    columns |= {
        way: st.column_config.TextColumn(
            f"By {_WAYS[way].lower()}",
            help=as_markdown(
                f"Records with {found.params.rule_of(way)}, and the share of the items that some record hits."
            ),
            width=185,
        )
        for way in ways
    }
    st.dataframe(pd.DataFrame(lines), column_config=columns, hide_index=True, width="content", key="overlap_counts")


def _hits(n_records: int, share: float) -> str:
    return f"{counted(n_records, 'record')}, {100 * share:.1f} % of items" if n_records else "none"


def show(found: Checked) -> Asked:
    """Draw what the hits are narrowed by; return it."""
    params, names = found.params, [file.name for file in found.files]
    ways = [way for way in WAYS if getattr(params, way)]
    which, code, cosine = -1, list(WAYS).index(ways[0]) if len(ways) == 1 else -1, params.cosine
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        if len(names) > 1:
            at = st.selectbox(
                "Evaluation",
                range(-1, len(names)),
                format_func=lambda i: _ALL if i < 0 else shorten(names[i], 40),
                key="overlap_which",
                width=220,
            )
            which = int(at)
        if len(ways) > 1:
            picked = st.segmented_control(
                "Alike in",
                ["", *ways],
                format_func=_WAYS.get,
                default="",
                required=True,
                key="overlap_way",
            )
            code = list(WAYS).index(picked) if picked else -1
        if params.cosine and code != 0 and params.cosine < 1:
            cosine = st.slider(
                "Cosine from",
                float(params.cosine),
                1.0,
                float(params.cosine),
                0.005,
                format="%.3f",
                key=f"overlap_cosine_from-{params.cosine}",
                help="1 is the same; higher takes fewer records for near an item.",
                width=220,
            )
    return Asked(which, code, round(cosine, 3))
