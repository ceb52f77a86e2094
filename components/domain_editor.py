"""The domains: names, descriptions, wished shares; from a file, to a file. What is saved is the workspace's."""

import json
import numbers

import pandas as pd
import streamlit as st

from components import state, trouble
from core.domain_store import save_in, saved_domains
from core.domains import Domain, as_file, check_domains, parse_domains
from core.errors import CurationError
from core.pipeline import Pipeline
from core.words import counted


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
    return domains_of(edited, saved)


def domains_of(edited: pd.DataFrame, saved: tuple[Domain, ...]) -> tuple[Domain, ...]:
    """Return the domains of an edited table. Row i of the index was `saved[i]`, whatever it is called now; others are new."""
    made = []
    for i, row in edited.iterrows():
        name, description = ("" if pd.isna(row[key]) else str(row[key]) for key in ("name", "description"))
        share = 0.0 if pd.isna(row["share"]) else float(row["share"])
        known = isinstance(i, numbers.Integral) and 0 <= i < len(saved)
        made.append(Domain(name, description, share, saved[i].seeds if known else ()))
    return tuple(made)


def save(pipeline: Pipeline, domains: tuple[Domain, ...]) -> bool:
    """Check and keep domains; say what is wrong with them. Return whether they were kept."""
    try:
        save_in(pipeline.workspace, check_domains(domains))
    except CurationError as error:
        trouble.show(error)
        return False
    return True


def show_actions(pipeline: Pipeline, domains: tuple[Domain, ...]) -> None:
    """Draw the button that keeps `domains`, and the ways in and out of a file: domains with their seeds, as YAML or JSON."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if st.button("Save the domains", icon=":material/save:", key="domains_save") and save(pipeline, domains):
            state.say(f"Saved {counted(len(domains), 'domain')}.")
            st.rerun()
        with st.popover("From a file", icon=":material/upload_file:"):
            st.caption("A YAML or JSON list of objects with name, description and, if wished, share and seeds.")
            file = st.file_uploader(
                "Domains", ["yaml", "yml", "json"], key="domains_file", label_visibility="collapsed"
            )
            if file is not None and st.button("Use these domains", type="primary", key="domains_import"):
                _import(pipeline, file.getvalue(), file.name)
        st.download_button(
            "To a file",
            json.dumps(as_file(saved_domains(pipeline.workspace)), ensure_ascii=False, indent=1),
            "domains.json",
            "application/json",
            icon=":material/download:",
            key="domains_export",
        )


def _import(pipeline: Pipeline, content: bytes, name: str) -> None:
    try:
        domains = parse_domains(content.decode("utf-8"), name)
    except UnicodeDecodeError:
        trouble.show(CurationError(f"{name} is not text in UTF-8; give a YAML or JSON file."))
        return
    except CurationError as error:
        trouble.show(error)
        return
    save_in(pipeline.workspace, domains)
    state.say(f"{counted(len(domains), 'domain')} from {name}; those before are no longer there.")
    st.rerun()
