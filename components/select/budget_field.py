"""The budget as it is written, and the unit that it is in: another unit turns it into about as much in that."""

import streamlit as st

from components.select import known
from components.session import opened, state
from components.session.uninterrupted import uninterrupted
from core.base.budget import plain_budget, records_of, tokens_of
from core.base.errors import CurationError
from core.run.pipeline import Pipeline

_UNITS = ("records", "%", "tokens")
_HELP = "A count such as 500, a share such as 10%, or tokens such as 2M tokens, never exceeded and met to within one record."


def show(budget: str) -> str:
    """Draw the two fields; return the budget as it is written. budget: what is shown first."""
    text = st.text_input("Budget", budget, key=_key("budget"), width=130, help=_HELP).strip()
    st.session_state[_key("unit")] = unit_of(text)
    st.segmented_control(
        "Unit", _UNITS, key=_key("unit"), on_change=_turn, required=True, label_visibility="collapsed", width="content"
    )
    return text


def unit_of(text: str) -> str:
    """Return the unit of a budget as it is written, whether it can be read or not."""
    if text.rstrip().lower().endswith(("token", "tokens")):
        return "tokens"
    return "%" if text.rstrip().endswith("%") else "records"


def turned(pipeline: Pipeline, text: str, unit: str) -> str:
    """Return a budget in another unit, rounded; one that can't be read as a modest one of that unit."""
    n, tokens = pipeline.n_records(), known.tokens(pipeline).of(None, 1) or 1.0
    try:
        plain = plain_budget(text)
        in_tokens = tokens_of(plain)
        records = records_of(plain, n) if in_tokens is None else min(n, in_tokens / tokens)
    except CurationError:
        records = n / 10
    if unit == "%":
        return f"{max(100 * records / n, 0.1):.1f}".removesuffix(".0") + "%"
    return f"{max(round(records), 1)}" if unit == "records" else f"{max(round(records * tokens), 1):,} tokens"


def _key(what: str) -> str:
    return f"select-{what}-{state.get().select_form}"


@uninterrupted
def _turn() -> None:
    """Turn the budget into the unit that was picked."""
    text, unit = st.session_state[_key("budget")], st.session_state[_key("unit")]
    if unit and unit != unit_of(text):
        st.session_state[_key("budget")] = turned(opened.pipeline(), text, unit)
