"""Rules on what a selection is made of, a row each: which records, at least or at most, how much."""

from collections.abc import Sequence

import streamlit as st

from components.charts.escaping import as_markdown
from components.session import opened, state
from components.session.state import RuleRow
from components.session.uninterrupted import uninterrupted
from core.run.pipeline import Pipeline
from core.selection.finding.columns import Column
from core.selection.finding.data_columns import data_columns
from core.selection.finding.query import Filter
from core.selection.params import SelectionParams
from core.selection.rules import KINDS

_QUICK_UP_TO = 5_000  # records, whose columns are read in a moment
_HELP = (
    "Floors and caps that every method keeps to exactly, pins included. An amount is a share of the budget such as 10%, or a "
    "number in its unit. What the rules leave open is chosen as the method would."
)


def show(pipeline: Pipeline, last: SelectionParams) -> dict[str, tuple[str, ...]]:
    """Draw the rows; return {"at_least": …, "at_most": …} as SelectionParams has them. last: whose rules are shown first."""
    rows = _rows(last)
    # Its label stays the same: with another one it would close.
    panel, made = st.expander("Rules", icon=":material/rule:", key="select_rules", on_change="rerun"), rows
    if panel.open:  # columns are read only for who looks
        with panel:
            made = _editor(pipeline, rows)
    elif rows:
        st.caption(as_markdown("; ".join(f"{row.where} {KINDS[row.kind]} {row.amount}" for row in rows)))
    state.get().select_rules = (state.get().select_form, made)
    return {
        f"at_{kind}": tuple(
            f"{row.where}:{row.amount}" for row in made if row.kind == kind and row.where and row.amount
        )
        for kind in KINDS
    }


def _editor(pipeline: Pipeline, rows: tuple[RuleRow, ...]) -> tuple[RuleRow, ...]:
    st.caption(_HELP)
    what = _what(pipeline)
    made = tuple(_row(pipeline, row, what) for row in rows)
    st.button("Add a rule", icon=":material/add:", key="rule_add", on_click=_add, disabled=not what)
    if not what:
        st.caption("There are no sources, clusters or labels to make rules on yet.")
    return made


def _rows(last: SelectionParams) -> tuple[RuleRow, ...]:
    """Return the rows as they stand, or those of the rules that the form began with."""
    form, rows = state.get().select_rules
    if form == state.get().select_form:
        return rows
    return tuple(
        RuleRow(
            i, rule.where.column, rule.where.text.partition(rule.where.op)[2], rule.kind, rule.amount, rule.where.text
        )
        for i, rule in enumerate(last.rules)
    )


def _what(pipeline: Pipeline) -> list[str]:
    """Return the columns that a rule can be on: sources, clusters, and what else holds labels."""
    held = _labels(pipeline)
    found = ["source"] if opened.sources(pipeline)[0] else []
    found += ["cluster"] if pipeline.current("cluster") else []
    found += ["domain"] if pipeline.current("reward") else []
    return found + [name for name in held if name not in found]


def _labels(pipeline: Pipeline) -> dict[str, Column]:
    """Return the columns of labels, where they are read already or are quickly."""
    if not pipeline.current("columns") and pipeline.n_records() > _QUICK_UP_TO:
        return {}
    return {name: column for name, column in data_columns(pipeline).items() if not column.is_number}


def _row(pipeline: Pipeline, row: RuleRow, what: Sequence[str]) -> RuleRow:
    """Draw one rule; return it as it stands now."""
    form = state.get().select_form

    def key(name: str) -> str:
        return f"rule-{name}-{row.id}-{form}"

    common = {"label_visibility": "collapsed"}
    place = st.container(border=True, gap="small")
    left, middle = place.columns([5, 7], gap="small")
    kind, amount, away = place.columns([5, 5, 2], gap="small", vertical_alignment="center")
    columns = list(dict.fromkeys([*what, row.column]))
    column = left.selectbox(
        f"Rule {row.id + 1}: on", columns, columns.index(row.column), key=key("column"), format_func=_plain, **common
    )
    values = _values(pipeline, column)
    if row.column == column and row.value and row.value not in values:
        values = {**values, row.value: row.value}  # a range or several, by the command line, or no longer there
    names = list(values)
    value = middle.selectbox(
        f"Rule {row.id + 1}: which records",
        names,
        names.index(row.value) if row.value in names and row.column == column else 0,
        format_func=lambda each: values[each],
        key=f"{key('value')}-{column}",
        **common,
    )
    how = kind.selectbox(
        f"Rule {row.id + 1}: floor or cap",
        list(KINDS),
        list(KINDS).index(row.kind),
        format_func=KINDS.get,
        key=key("kind"),
        **common,
    )
    much = amount.text_input(f"Rule {row.id + 1}: how much", row.amount, key=key("amount"), **common).strip()
    away.button(
        "",
        icon=":material/close:",
        help=f"Take rule {row.id + 1} out",
        type="tertiary",
        key=key("away"),
        on_click=_remove,
        args=(row.id,),
    )
    same = (column, value) == (row.column, row.value)
    return RuleRow(row.id, column, value or "", how, much, row.where if same else _where(column, value or ""))


def _where(column: str, value: str) -> str:
    """Return the filter of a column's value as text, "" without one."""
    return Filter(column, "=", (value,)).text if value else ""


def _plain(column: str) -> str:
    return as_markdown(column.removeprefix("data."))


def _values(pipeline: Pipeline, column: str) -> dict[str, str]:
    """Return {value: how it is shown} of a column."""
    if column == "source":
        return {name: name for name in opened.sources(pipeline)[0]}
    if column == "cluster":
        return {str(i): f"{i} {name}" for i, name in enumerate(opened.cluster_names(pipeline))}
    if column == "domain":
        return {name: name for name in pipeline.info("reward")["names"]}
    held = _labels(pipeline).get(column)
    return {} if held is None else {label: label for label in held.labels}


@uninterrupted
def _add() -> None:
    form, rows = state.get().select_rules
    column = next(iter(_what(opened.pipeline())), "source")
    used = {row.value for row in rows if row.column == column}
    values = list(_values(opened.pipeline(), column))
    value = next((each for each in values if each not in used), next(iter(values), ""))
    number = max((row.id for row in rows), default=-1) + 1
    state.get().select_rules = (form, (*rows, RuleRow(number, column, value, "least", "10%", _where(column, value))))


@uninterrupted
def _remove(number: int) -> None:
    form, rows = state.get().select_rules
    state.get().select_rules = (form, tuple(row for row in rows if row.id != number))
