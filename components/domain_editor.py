"""The domains: names, descriptions, wished shares; from a file, to a file. What is saved is the workspace's."""

import json

import pandas as pd
import streamlit as st

from components import state
from core.domain_store import save_in, saved_domains
from core.domains import Domain, as_file, check_domains, parse_domains
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


def show_files(pipeline: Pipeline) -> None:
    """Draw the ways in and out of a file: domains with their seeds, as YAML or JSON."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
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
        st.error(f"{name} is not text in UTF-8; give a YAML or JSON file.", icon=":material/error:")
        return
    except CurationError as error:
        st.error(str(error), icon=":material/error:")
        return
    save_in(pipeline.workspace, domains)
    state.say(f"{len(domains)} domains from {name}; those before are no longer there.")
    st.rerun()
