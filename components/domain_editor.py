"""The domains: names, descriptions, wished shares, and the seeds that stand for each. What is saved is the workspace's."""

import dataclasses

import pandas as pd
import streamlit as st

from components import opened, state
from components.words import shorten
from core.domain_store import save_in, saved_domains
from core.domains import Domain, Seed, check_domains
from core.errors import CurationError
from core.pipeline import Pipeline


def show(pipeline: Pipeline) -> tuple[Domain, ...]:
    """Draw the editor; return the domains as they stand in it, unchecked."""
    saved = saved_domains(pipeline.workspace)
    frame = pd.DataFrame(
        [{"name": d.name, "description": d.description, "share": d.share, "seeds": len(d.own)} for d in saved]
    )
    edited = st.data_editor(
        frame,
        num_rows="dynamic",
        hide_index=True,
        disabled=["seeds"],
        key=f"domains-{hash(saved)}",
        column_config={
            "name": st.column_config.TextColumn("Domain", required=True),
            "description": st.column_config.TextColumn("In one sentence", width="large", required=True),
            "share": st.column_config.NumberColumn(
                "Wished share", min_value=0.0, max_value=1.0, step=0.05, help="Of the selection; 0 for none."
            ),
            "seeds": st.column_config.NumberColumn("Seeds", help="None: records that fit the description are taken."),
        },
    )
    before = {domain.name: domain for domain in saved}
    return tuple(
        Domain(
            str(row["name"] or ""),
            str(row["description"] or ""),
            float(row["share"] or 0),
            before[row["name"]].seeds if row["name"] in before else (),
        )
        for row in edited.to_dict("records")
    )


def save(pipeline: Pipeline, domains: tuple[Domain, ...]) -> bool:
    """Check and keep domains; say what is wrong with them. Return whether they were kept."""
    try:
        save_in(pipeline.workspace, check_domains(domains))
    except CurationError as error:
        st.error(str(error), icon=":material/error:")
        return False
    return True


def show_seeds(pipeline: Pipeline) -> None:
    """Draw the seeds of the saved domains, and a way to take what is picked on the map as seeds."""
    domains = saved_domains(pipeline.workspace)
    focus = state.get().focus
    with st.container(horizontal=True, vertical_alignment="bottom"):
        names = [domain.name for domain in domains]
        name = st.selectbox("Seeds of", names, key="seeds_of", width=260)
        if focus is not None and len(focus.rows):
            n = min(len(focus.rows), 10)
            st.button(
                f"Take {n} of the picked records",
                on_click=_take,
                args=(pipeline, name, focus.rows[:n].tolist()),
                key="take_seeds",
                help=f"From what is picked on the Map page: {focus.label}.",
            )
        else:
            st.caption("Pick records on the Map page, by a line or a search, to take them as seeds.")
    domain = next(domain for domain in domains if domain.name == name)
    for i, seed in enumerate(domain.seeds):
        with st.container(horizontal=True, vertical_alignment="center", key=f"seed-{name}-{i}"):
            st.text(shorten(_text(pipeline, seed), 110))
            st.caption({"record": f"record {seed.row:,}"}.get(seed.origin, seed.origin))
            keeps = seed.state == "kept"
            st.button(
                "Refuse" if keeps else "Keep",
                key=f"seed-{name}-{i}-button",
                on_click=_set,
                args=(pipeline, name, i, "refused" if keeps else "kept"),
            )
    with (
        st.form("write_seed", border=False, clear_on_submit=True),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        text = st.text_input("Or write one", key="seed_text", placeholder="An instruction and its answer")
        if st.form_submit_button("Add") and text.strip():
            _add(pipeline, name, [Seed(text.strip())])
            st.rerun()


def _text(pipeline: Pipeline, seed: Seed) -> str:
    return seed.text or opened.records(pipeline).take([seed.row], ["text"])["text"][0].as_py()


def _take(pipeline: Pipeline, name: str, rows: list[int]) -> None:
    texts = opened.records(pipeline).take(rows, ["text"])["text"].to_pylist()
    _add(pipeline, name, [Seed(text, "record", row) for row, text in zip(rows, texts, strict=True)])
    state.say(f"{len(rows)} records are seeds of {name} now.")


def _add(pipeline: Pipeline, name: str, seeds: list[Seed]) -> None:
    _change(pipeline, name, lambda domain: domain.seeds + tuple(s for s in seeds if s not in domain.seeds))


def _set(pipeline: Pipeline, name: str, position: int, to: str) -> None:
    def changed(domain: Domain) -> tuple[Seed, ...]:
        return tuple(dataclasses.replace(s, state=to) if i == position else s for i, s in enumerate(domain.seeds))

    _change(pipeline, name, changed)


def _change(pipeline: Pipeline, name: str, seeds_of) -> None:
    domains = saved_domains(pipeline.workspace)
    save_in(
        pipeline.workspace, tuple(dataclasses.replace(d, seeds=seeds_of(d)) if d.name == name else d for d in domains)
    )
