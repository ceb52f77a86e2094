"""Measures of the picked selections, beside random ones of their size; the button that measures what is not measured yet."""

import pandas as pd
import streamlit as st

from components.charts.escaping import as_markdown
from components.charts.measure_figures import dots_over_bands, quality_and_diversity
from components.charts.theme import is_dark
from components.frame import job_panel
from components.session import opened
from core.evidence.candidates import Choice, choices
from core.evidence.ground import MeasureParams
from core.evidence.measuring import Evidence, found_before, params_in_use
from core.measures.measure import MEASURES
from core.run.pipeline import Pipeline
from core.run.tasks import Step

_DIRECTIONS = {"more": "more is better", "less": "less is better", "": "a fact, no merit"}


def show(pipeline: Pipeline, chosen: list[Choice], busy: bool) -> None:
    """Draw the measures of `chosen`."""
    if not chosen:
        st.info("Pick at least one selection above.", icon=":material/balance:")
        return
    params = params_in_use(pipeline)
    found = [_evidence_of(pipeline, choice, params) for choice in chosen]
    _offer(pipeline, [choice for choice, each in zip(chosen, found, strict=True) if each is None], busy)
    there = [(choice, each) for choice, each in zip(chosen, found, strict=True) if each is not None]
    if not there:
        return
    titles, evidence = unlike([choice for choice, _ in there]), [each for _, each in there]
    st.caption(
        "The grey bar is where random selections of the same size lie: a dot inside it is no better than chance."
    )
    st.plotly_chart(
        dots_over_bands(titles, evidence, is_dark()), key="bands", theme=None, config={"displayModeBar": False}
    )
    _say_sizes([choice for choice, _ in there])
    with st.expander("What each measure means"):
        meanings = [(m.title, m.meaning, _DIRECTIONS[m.better]) for m in MEASURES.values()]
        st.dataframe(
            pd.DataFrame(meanings, columns=["Measure", "Meaning", "Direction"]), hide_index=True, key="meanings"
        )
    with st.expander("All figures"):
        st.dataframe(_table(titles, evidence), hide_index=True, key="figures")
    with st.expander("Sources, languages and tokens"):
        _shares(titles, evidence)


def show_pareto(pipeline: Pipeline, busy: bool) -> None:
    """Draw quality against diversity for every selection that was measured."""
    held = choices(pipeline)
    params = params_in_use(pipeline)
    evidence = [(choice, _evidence_of(pipeline, choice, params)) for choice in held]
    _offer(pipeline, [choice for choice, each in evidence if each is None], busy)
    alike = {
        repr(each.values): (choice, each) for choice, each in reversed(evidence) if each and "quality" in each.values
    }
    found = list(alike.values())  # a version and the selection it was saved from are one point
    if not found:
        st.caption("Nothing is measured yet, or quality is not scored.")
        return
    names = [
        name
        for name, each in MEASURES.items()
        if each.tells_diversity and all(name in held.values for _, held in found)
    ]
    measure = st.selectbox(
        "Diversity by", names, format_func=lambda name: MEASURES[name].title, key="pareto_measure", width=320
    )
    st.caption(MEASURES[measure].meaning)
    figure = quality_and_diversity(
        unlike([choice for choice, _ in found]), [each for _, each in found], measure, is_dark()
    )
    st.plotly_chart(figure, key="pareto", theme=None, config={"displayModeBar": False})
    _say_sizes([choice for choice, _ in found])


def unlike(chosen: list[Choice]) -> list[str]:
    """Return the titles, with the id added where two are the same."""
    titles = [choice.title for choice in chosen]
    return [f"{c.title} ({c.id})" if titles.count(c.title) > 1 else c.title for c in chosen]


def _say_sizes(chosen: list[Choice]) -> None:
    if len({choice.n for choice in chosen}) > 1:
        st.caption("These selections differ in size, and most measures grow or shrink with it: compare like with like.")


def _evidence_of(pipeline: Pipeline, choice: Choice, params: MeasureParams) -> Evidence | None:
    return found_before(pipeline, opened.chosen_rows(pipeline, choice), params)


def _offer(pipeline: Pipeline, missing: list[Choice], busy: bool) -> None:
    missing = [choice for choice in missing if choice.n and len(opened.chosen_rows(pipeline, choice))]
    if not missing:
        return
    names = ", ".join(choice.title for choice in missing[:4]) + (" and others" if len(missing) > 4 else "")
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            f"Measure {len(missing)}",
            type="primary",
            icon=":material/straighten:",
            disabled=busy or not pipeline.current("embed"),
            key="measure",
        ):
            params = {"choices": [choice.id for choice in missing], "params": params_in_use(pipeline).as_dict()}
            job_panel.start(pipeline, "Measuring", [Step("measure", params)])
            st.rerun()
        st.caption(as_markdown(f"Not measured yet: {names}."))


def _table(titles: list[str], evidence: list[Evidence]) -> pd.DataFrame:
    lines = []
    for name, each in MEASURES.items():
        for title, held in zip(titles, evidence, strict=True):
            if name in held.values:
                band = held.bands[name]
                lines.append((each.title, title, held.values[name], min(band), max(band), held.place(name)))
    return pd.DataFrame(lines, columns=["Measure", "Selection", "Value", "Random, least", "Random, most", "Place"])


def _shares(titles: list[str], evidence: list[Evidence]) -> None:
    for title, each in zip(titles, evidence, strict=True):
        tokens = each.details["tokens"]
        st.caption(
            f"{as_markdown(title)}: {tokens['prompts']:,} tokens in prompts, {tokens['responses']:,} in responses "
            f"({as_markdown(tokens['tokenizer'])}'s tokenizer)."
        )
    for kind in ("sources", "languages"):
        columns: dict[str, dict[str, float]] = {}
        for title, each in zip(titles, evidence, strict=True):
            for label, (chosen, everything) in each.details[kind].items():
                columns.setdefault("of the data", {})[label] = everything
                columns.setdefault(title, {})[label] = chosen
        if columns:
            frame = pd.DataFrame(columns)
            formats = {name: st.column_config.NumberColumn(format="percent") for name in frame}
            st.dataframe(frame, column_config=formats, key=f"shares-{kind}")
