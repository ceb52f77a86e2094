"""The domains: names, descriptions, target shares; from a file, to a file. What is saved, and what is not yet, is the
workspace's."""

import json
import numbers

import pandas as pd
import streamlit as st

from components.session import people, state, trouble
from core.base import access
from core.base.errors import CurationError
from core.base.params import digest
from core.base.text import counted
from core.daar.domains import Domain, as_file, check_domains, parse_domains
from core.daar.saved_domains import (
    DraftRow,
    domain_draft,
    domains_of_rows,
    keep_draft,
    rows_of_domains,
    save_in,
    saved_domains,
)
from core.run.pipeline import Pipeline


def show(pipeline: Pipeline) -> tuple[Domain, ...]:
    """Draw the editor; return the domains as they stand in it, unchecked. Edits are kept, saved or not."""
    workspace, current = pipeline.workspace, state.get()
    saved = saved_domains(workspace)
    key = f"domains-{digest(as_file(saved))}-{current.domain_table}"
    if key not in st.session_state:  # drawn anew: after a reload, on coming back, or because seeds were kept meanwhile
        draft = domain_draft(workspace)
        current.domain_rows = current.domain_seen = rows_of_domains(saved) if draft is None else draft
    began = current.domain_rows
    edited = st.data_editor(
        _frame(began, saved),
        num_rows="dynamic",
        hide_index=True,
        disabled=bool(access.why_not(access.DECIDE)) or ["seeds"],
        key=key,
        column_config={
            "name": st.column_config.TextColumn("Domain", required=True),
            "description": st.column_config.TextColumn("In one sentence", width="large", required=True),
            "share": st.column_config.NumberColumn(
                "Target share", min_value=0.0, max_value=1.0, step=0.05, help="Of the selection; 0 for none."
            ),
            "seeds": st.column_config.NumberColumn("Seeds", help="None: records that fit the description are taken."),
        },
    )
    rows = edited_rows(edited, began)
    if rows != current.domain_seen:  # edited here: a page that was only drawn again says nothing of another one's edits
        keep_draft(workspace, None if rows == rows_of_domains(saved) else rows)
        current.domain_seen = rows
    return domains_of_rows(rows, saved)


def _frame(rows: tuple[DraftRow, ...], saved: tuple[Domain, ...]) -> pd.DataFrame:
    domains = domains_of_rows(rows, saved)
    return pd.DataFrame(
        [(d.name, d.description, float(d.share), len(d.own)) for d in domains],
        columns=["name", "description", "share", "seeds"],
    )


def edited_rows(edited: pd.DataFrame, began: tuple[DraftRow, ...]) -> tuple[DraftRow, ...]:
    """Return an edited table as rows. Row i of the index was `began[i]`, whatever it is called now; others are new."""
    made = []
    for i, row in edited.iterrows():
        name, description = ("" if pd.isna(row[key]) else str(row[key]) for key in ("name", "description"))
        share = 0.0 if pd.isna(row["share"]) else float(row["share"])
        known = isinstance(i, numbers.Integral) and 0 <= i < len(began)
        made.append(DraftRow(began[i].was if known else "", name, description, share))
    return tuple(made)


def save(pipeline: Pipeline, domains: tuple[Domain, ...]) -> bool:
    """Check and keep domains; say what is wrong with them. Return whether they were kept."""
    try:
        save_in(pipeline.workspace, check_domains(domains))
    except CurationError as error:
        trouble.show(error)
        return False
    discard(pipeline)
    return True


def discard(pipeline: Pipeline) -> None:
    """Forget edits that are not saved; the table shows the saved domains again."""
    keep_draft(pipeline.workspace, None)
    state.get().domain_table += 1


def show_actions(pipeline: Pipeline, domains: tuple[Domain, ...]) -> None:
    """Draw the button that keeps `domains`, and the ways in and out of a file: domains with their seeds, as YAML or JSON."""
    is_draft = domain_draft(pipeline.workspace) is not None
    if is_draft:
        st.caption(":orange[Not saved yet.] Your changes are kept, and count once they are saved.")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        pressed = st.button("Save the domains", icon=":material/save:", key="domains_save", **people.off(access.DECIDE))
        if pressed and save(pipeline, domains):
            state.say(f"Saved {counted(len(domains), 'domain')}.")
            st.rerun()
        if is_draft:
            st.button(
                "Discard the changes",
                icon=":material/undo:",
                key="domains_discard",
                on_click=discard,
                args=(pipeline,),
                **people.off(access.DECIDE),
            )
        with st.popover("From a file", icon=":material/upload_file:"):
            st.caption("A YAML or JSON list of objects with name, description and, if wanted, share and seeds.")
            file = st.file_uploader(
                "Domains",
                ["yaml", "yml", "json"],
                key="domains_file",
                label_visibility="collapsed",
                **people.off(access.DECIDE),
            )
            if file is not None and st.button(
                "Use these domains", type="primary", key="domains_import", **people.off(access.DECIDE)
            ):
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
    discard(pipeline)
    state.say(f"{counted(len(domains), 'domain')} from {name}; those before are no longer there.")
    st.rerun()
