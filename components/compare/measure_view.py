"""Measures of the picked selections, beside random ones of their size; the button that measures what is not measured yet."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from components.charts.escaping import as_markdown
from components.charts.measure_figures import dots_over_bands, quality_and_diversity
from components.charts.percent import PERCENT, in_percent
from components.charts.shown import clicked
from components.charts.theme import is_dark
from components.compare import verdict_view
from components.frame import job_panel
from components.session import opened, people
from components.session.focus import look_at_selection
from core.base import access
from core.evidence.candidates import Choice, choices
from core.evidence.ground import MeasureParams
from core.evidence.measuring import Evidence, expected, found_before, found_so_far, params_in_use
from core.evidence.verdict import basis
from core.measures.measure import MEASURES
from core.run import jobs
from core.run.pipeline import Pipeline
from core.run.tasks import Step

_DIRECTIONS = {"more": "more is better", "less": "less is better", "": "a fact, no merit"}


def show(pipeline: Pipeline, chosen: list[Choice], busy: bool) -> None:
    """Draw the measures of `chosen`: the verdict first."""
    if not chosen:
        st.info("Pick at least one selection above.", icon=":material/balance:")
        return
    params = params_in_use(pipeline)
    missing = [choice for choice in chosen if _evidence_of(pipeline, choice, params) is None]
    is_measuring = job_panel.is_doing(jobs.last_job(pipeline.workspace), "measure")
    if not (missing and is_measuring):
        _offer(pipeline, missing, busy)
    # While it is measured each measure shows as soon as it is known, and how far the job is; once it is over, the sidebar draws
    # the page anew. A fragment then too: what is on the page stays where it is.
    st.fragment(_evidence, run_every=1.5 if missing and is_measuring else None)(pipeline, chosen, params)


def _evidence(pipeline: Pipeline, chosen: list[Choice], params: MeasureParams) -> None:
    """Draw what is known of each: the verdict, the measures over their bands, the details."""
    job, there = jobs.last_job(pipeline.workspace), []
    is_measuring = job_panel.is_doing(job, "measure")
    for choice in chosen:
        found = _evidence_of(pipeline, choice, params)
        if found is None and is_measuring:
            found = found_so_far(pipeline, opened.chosen_rows(pipeline, choice), params)
        if found is not None:
            there.append((choice, found))
    if not there:
        return
    titles, evidence = unlike([choice for choice, _ in there]), [each for _, each in there]
    verdict_view.show(titles, evidence)
    with st.container(key="measured_beside"):
        if is_measuring:
            job_panel.show_line(job)
        else:
            verdict_view.show_beside(titles, evidence)
    _say_sizes([choice for choice, _ in there])
    verdict_view.show_key()
    figure = dots_over_bands(titles, evidence, is_dark(), expected(pipeline, params) if is_measuring else ())
    figure.for_each_trace(lambda dots: dots.update(customdata=list(dots.y)), selector={"mode": "markers"})
    says = "Measures of the selections over those of random ones; All figures has a table."
    _open(clicked(figure, "bands", says), there)
    n = pipeline.n_records()
    verdict_view.show_estimates(titles, evidence, n)
    with st.expander("What each measure means"):
        st.dataframe(_meanings(evidence, n), hide_index=True, key="meanings")
    whole = [(title, each) for title, each in zip(titles, evidence, strict=True) if each.details]
    if whole:
        with st.expander("All figures"):
            st.dataframe(_table(*zip(*whole, strict=True), n), hide_index=True, key="figures")
        with st.expander("Sources, languages and tokens"):
            _shares(*zip(*whole, strict=True))


def _meanings(evidence: list[Evidence], n_pool: int) -> pd.DataFrame:
    lines = []
    for name, each in MEASURES.items():
        estimated = " ".join(dict.fromkeys(filter(None, (basis(found, name, n_pool) for found in evidence))))
        lines.append((each.title, each.meaning, _DIRECTIONS[each.better], estimated or "Exact."))
    return pd.DataFrame(lines, columns=["Measure", "Meaning", "Direction", "How it is taken"])


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
    figure.for_each_trace(
        lambda dots: dots.update(customdata=list(range(len(found)))), selector={"mode": "markers+text"}
    )
    _open(clicked(figure, "pareto", "Every selection by its quality and its diversity."), found)
    _say_sizes([choice for choice, _ in found])


def _open(picked: int | None, there: list[tuple[Choice, Evidence]]) -> None:
    """Look at the records of the selection whose dot was clicked, on the Map page."""
    if picked is not None:
        look_at_selection(there[picked][0])
        st.switch_page("map_page.py")


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
            **people.off(access.RUN, busy or not pipeline.current("embed")),
            key="measure",
        ):
            params = {"choices": [choice.id for choice in missing], "params": params_in_use(pipeline).as_dict()}
            job_panel.start(pipeline, "Measuring", [Step("measure", params)])
            st.rerun()
        st.caption(as_markdown(f"Not measured yet: {names}. The measures appear one by one."))


def _table(titles: Sequence[str], evidence: Sequence[Evidence], n_pool: int) -> pd.DataFrame:
    lines = []
    for name, each in MEASURES.items():
        for title, held in zip(titles, evidence, strict=True):
            if name in held.values:
                band = (min(held.bands[name]), max(held.bands[name]))
                verdict = (held.place(name), held.judged(name) or "a fact", basis(held, name, n_pool) or "Exact.")
                lines.append((each.title, title, held.values[name], *band, *verdict))
    head = ["Measure", "Selection", "Value", "Random, least", "Random, most", "Place", "Verdict", "How it is taken"]
    return pd.DataFrame(lines, columns=head)


def _shares(titles: Sequence[str], evidence: Sequence[Evidence]) -> None:
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
            formats = {name: st.column_config.NumberColumn(format=PERCENT) for name in frame}
            st.dataframe(in_percent(frame, columns), column_config=formats, key=f"shares-{kind}")
