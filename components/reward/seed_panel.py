"""The seeds of a domain: take picked records, write one, let a model write some; keep, refuse or edit each."""

import dataclasses

import streamlit as st

from components.charts.escaping import as_markdown
from components.frame import job_panel
from components.session import opened, people, state, trouble
from core.base import access
from core.base.errors import CurationError
from core.base.params import digest
from core.base.text import counted, shorten
from core.daar.domains import Domain, Seed
from core.daar.saved_domains import change_domain, saved_domains, settle_offered
from core.daar.seed_generation import TRIES
from core.daar.seed_writing import SeedParams, last_writing
from core.run.pipeline import Pipeline
from core.run.tasks import Step

_ORDER = {"offered": 0, "kept": 1, "refused": 2}


def show(pipeline: Pipeline, busy: bool) -> None:
    """Draw the seeds of the saved domains, and the ways to more of them."""
    domains = saved_domains(pipeline.workspace)
    names = [domain.name for domain in domains]
    waiting = {domain.name: sum(seed.state == "offered" for seed in domain.seeds) for domain in domains}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox(
            "Seeds of",
            names,
            key="seeds_of",
            width=260,
            format_func=lambda name: f"{name} ({waiting[name]} offered)" if waiting[name] else name,
        )
        _show_taking(pipeline, name)
    domain = next(domain for domain in domains if domain.name == name)
    if waiting[name]:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"{waiting[name]:,} offered by a model: none counts until you keep it.")
            st.button(
                "Keep all offered",
                on_click=_settle,
                **people.off(access.DECIDE),
                args=(pipeline, name, "kept"),
                key="keep_offered",
            )
            st.button(
                "Refuse all offered",
                on_click=_settle,
                **people.off(access.DECIDE),
                args=(pipeline, name, "refused"),
                key="refuse_offered",
            )
    if not domain.seeds:
        st.caption("None yet: records that fit the description best stand for this domain.")
    for i in sorted(range(len(domain.seeds)), key=lambda i: _ORDER[domain.seeds[i].state]):
        _show_seed(pipeline, name, i, domain.seeds[i])
    with (
        st.form("write_seed", border=False, clear_on_submit=True),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        text = st.text_input("Or write one", key="seed_text", placeholder="An instruction and its answer")
        if st.form_submit_button("Add", **people.off(access.DECIDE)) and text.strip():
            _add(pipeline, name, [Seed(text.strip())])
            st.rerun()
    _show_writing(pipeline, domain, busy)


def _show_taking(pipeline: Pipeline, name: str) -> None:
    focus = state.get().focus
    if focus is None or not len(focus.rows):
        st.caption("Pick records on the Map page, by a line or a search, to take them as seeds.")
        return
    n = min(len(focus.rows), 10)
    st.button(
        f"Take {n:,} of the picked records",
        on_click=_take,
        **people.off(access.DECIDE, help=as_markdown(f"From what is picked on the Map page: {focus.label}.")),
        args=(pipeline, name, focus.rows[:n].tolist()),
        key="take_seeds",
    )


def _show_seed(pipeline: Pipeline, name: str, i: int, seed: Seed) -> None:
    key, text = f"seed-{name}-{i}", _text(pipeline, seed)
    box = f"{key}-text-{digest(text)}"  # what stood there for another text must not be saved as this one's
    words, origin, keep, refuse, whole = st.columns([14, 4, 2, 2, 2], vertical_alignment="center")
    words.text(shorten(text, 96))
    origin.caption(
        f"{seed.state} · " + (f"record {seed.row:,}" if seed.origin == "record" else as_markdown(seed.origin))
    )
    how = {"width": "stretch"}
    if seed.state != "kept":
        keep.button(
            "Keep",
            key=f"{key}-keep",
            on_click=_set,
            **people.off(access.DECIDE),
            args=(pipeline, name, i, "kept"),
            **how,
        )
    if seed.state != "refused":
        refuse.button(
            "Refuse",
            key=f"{key}-refuse",
            on_click=_set,
            **people.off(access.DECIDE),
            args=(pipeline, name, i, "refused"),
            **how,
        )
    with whole.popover("Read" if seed.origin == "record" else "Edit", width="stretch"):
        if seed.origin == "record":
            st.text(text)
            return
        st.text_area("The whole seed", text, height=220, key=box)
        st.button(
            "Save and keep",
            key=f"{key}-save",
            on_click=_edit,
            **people.off(access.DECIDE),
            args=(pipeline, name, i, box),
        )


def _show_writing(pipeline: Pipeline, domain: Domain, busy: bool) -> None:
    last, complaints = last_writing(pipeline.workspace)
    for complaint in complaints:
        trouble.warn(complaint)
    if busy and job_panel.in_place(pipeline, "seeds"):
        return
    with st.popover("Let a model write some", icon=":material/edit_note:"):
        by = st.radio(
            "Written by",
            ("a causal language model", "an OpenAI-compatible endpoint"),
            index=int(last is not None and last.endpoint),
            key="writer_kind",
        )
        endpoint = by != "a causal language model"
        model = st.text_input(
            "Model",
            last.model if last else "",
            key="writer_model",
            placeholder="its name at the endpoint" if endpoint else "a path or a hub name",
            help="The endpoint is named by OPENAI_BASE_URL and OPENAI_API_KEY where the app runs."
            if endpoint
            else None,
        ).strip()
        n_seeds = st.number_input("Seeds a domain", 1, None, last.n_seeds if last else 10, key="writer_count")
        seed = st.number_input("Random seed", 0, None, last.seed if last else 0, key="writer_seed")
        threshold = st.number_input(
            "Too much like an earlier one from",
            0.0,
            1.0,
            last.similarity_threshold if last else 0.0,
            0.05,
            key="writer_threshold",
            help="A cosine. 0 takes the paper's: 0.85, and 0.9 for mathematics, whose problems resemble each other more.",
        )
        tries = st.number_input(
            "Failures in a row before it ends", 1, None, last.tries if last else TRIES, key="writer_tries"
        )
        whole = st.toggle("For every domain", True, key="writer_all", help=f"Else only for {as_markdown(domain.name)}.")
        if st.button("Write seeds", type="primary", **people.off(access.RUN, busy), key="write_seeds"):
            names = () if whole else (domain.name,)
            try:
                params = SeedParams(
                    model,
                    endpoint,
                    names,
                    int(n_seeds),
                    seed=int(seed),
                    similarity_threshold=float(threshold),
                    tries=int(tries),
                )
            except CurationError as error:
                trouble.show(error)
                return
            job_panel.start(pipeline, "Writing seeds", [Step("seeds", params.as_dict())])
            st.rerun()


def _text(pipeline: Pipeline, seed: Seed) -> str:
    if seed.text:
        return seed.text
    records = opened.records(pipeline)
    if not 0 <= seed.row < len(records):
        return f"record {seed.row}, which is not in the data"
    return records.take([seed.row], ["text"])["text"][0].as_py()


def _take(pipeline: Pipeline, name: str, rows: list[int]) -> None:
    texts = opened.records(pipeline).take(rows, ["text"])["text"].to_pylist()
    _add(pipeline, name, [Seed(text, "record", row) for row, text in zip(rows, texts, strict=True)])
    state.say(f"{counted(len(rows), 'record is now a seed', 'records are now seeds')} of {name}.")


def _add(pipeline: Pipeline, name: str, added: list[Seed]) -> None:
    change_domain(pipeline.workspace, name, lambda seeds: seeds + tuple(s for s in added if s not in seeds))


def _set(pipeline: Pipeline, name: str, position: int, to: str) -> None:
    def changed(seeds: tuple[Seed, ...]) -> tuple[Seed, ...]:
        return tuple(dataclasses.replace(s, state=to) if i == position else s for i, s in enumerate(seeds))

    change_domain(pipeline.workspace, name, changed)


def _settle(pipeline: Pipeline, name: str, to: str) -> None:
    settle_offered(pipeline.workspace, to, name)
    state.say(f"The offered seeds of {name} are {to}.")


def _edit(pipeline: Pipeline, name: str, position: int, key: str) -> None:
    text = st.session_state[key].strip()
    if not text:
        state.say("A seed needs some text; refuse it instead.")
        return

    def changed(seeds: tuple[Seed, ...]) -> tuple[Seed, ...]:
        new = Seed(text, "written")
        return tuple(new if i == position else s for i, s in enumerate(seeds))

    change_domain(pipeline.workspace, name, changed)
