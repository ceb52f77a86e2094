"""A round whose scores come from elsewhere: its files out, its scores in."""

import functools
from pathlib import Path

import streamlit as st

from components.session import people, state, trouble
from core.base import access
from core.base.errors import CurationError
from core.base.params import digest
from core.refine.exchange import RECORDS, export_round, import_scores
from core.refine.run import RefineRun, Round
from core.refine.runs import Rounds
from core.run.pipeline import Pipeline
from core.workspace.uploads import keep_upload


def show(pipeline: Pipeline, rounds: Rounds, run: RefineRun, made: Round) -> None:
    """Draw how a round goes out and its scores come in."""
    st.markdown(f"## Round {made.number} waits for scores")
    out, back = st.columns(2, gap="large")
    # A round selected anew, or a drop since, has files of its own.
    wanted = digest(made.key, rounds.scored_rows(run, made).tolist())
    folder = pipeline.workspace.folder / "rounds" / f"run-{run.id}-round-{made.number}-{wanted[:8]}"
    with out:
        st.caption("Train on these records, let the model answer, score both answers. The README says what to write.")
        if not (folder / RECORDS).exists():
            st.button(
                "Write the round's files",
                icon=":material/folder_zip:",
                key="write_round",
                on_click=_write,
                args=(rounds, run, folder),
                **people.off(access.EXPORT),
            )
        else:
            with st.container(horizontal=True):
                for name, label in ((RECORDS, "Download the records"), ("README.md", "Download the README")):
                    file_name = f"run-{run.id}-round-{made.number}-{name}"
                    st.download_button(
                        label,
                        access.as_now(functools.partial(_read, folder / name)),
                        file_name,
                        icon=":material/download:",
                        on_click="ignore",
                        key=f"get-{name}",
                        **people.off(access.EXPORT),
                    )
            st.caption(f"Also in {folder}")
    with back:
        uploaded = st.file_uploader(
            "The scores, as JSONL", type=["jsonl", "json"], key=f"scores-{made.id}", **people.off(access.RUN)
        )
        if uploaded is not None and st.button(
            "Take these scores", type="primary", key="take_scores", **people.off(access.RUN)
        ):
            try:
                import_scores(
                    rounds, run, keep_upload(pipeline.workspace, uploaded.name, uploaded.getvalue(), "scores")
                )
            except CurationError as error:
                trouble.show(error)
                return
            state.say(f"Scores of round {made.number} taken.")
            st.rerun()


def _write(rounds: Rounds, run: RefineRun, folder: Path) -> None:
    try:
        export_round(rounds, run, folder)
    except CurationError as error:
        state.say(error.on_page)


def _read(path: Path) -> bytes:
    """Return what is downloaded; whether it may be, is asked when the button is pressed."""
    access.require(access.EXPORT)
    return path.read_bytes()
