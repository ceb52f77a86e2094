"""Export for a trainer: rows in its keys, its configuration beside them, and what it would refuse told before a file is written."""

import streamlit as st

from components.charts.escaping import as_markdown
from components.export import folded
from components.frame.fields import field
from components.session import people, state, trouble
from core.base import access
from core.base.confinement import given_to_write
from core.base.errors import CurationError
from core.base.text import counted
from core.data.trainer_formats import TRAINERS
from core.data.trainers import FORMS
from core.export.for_trainers import TrainerParams, export_for
from core.run.pipeline import Pipeline, open_results

HANDLING = {
    "refuse": "say them and write nothing",
    "leave-out": "leave them out",
    "repair": "repair what can be repaired",
}


def show(pipeline: Pipeline) -> None:
    """Draw the way to write the current selection for a trainer, where there is one that can be written."""
    folded.show(pipeline, "For a trainer", ":material/model_training:", "for_trainer", lambda rows: _form(pipeline))


def _form(pipeline: Pipeline) -> None:
    with st.form("trainer", border=False):
        left, middle, right = st.columns(3)
        first = TrainerParams(next(iter(TRAINERS)))
        titles = {name: trainer.title for name, trainer in TRAINERS.items()}
        trainer = field(left, first, "trainer", "trainer", choices=list(TRAINERS), words=titles)
        form = field(middle, first, "form", "trainer_form", choices=list(FORMS), help=_meanings(FORMS))
        problems = field(
            right,
            first,
            "problems",
            "trainer_problems",
            choices=list(HANDLING),
            words=HANDLING,
            label="Records that it would refuse",
            help="Turns that don't alternate, a system turn in the middle, an empty answer, no answer at the end. Repairing joins "
            "turns of one side that follow each other, moves system turns to the beginning and cuts what follows the last answer.",
        )
        name = f"{pipeline.workspace.dataset().name}-train.jsonl"
        text = st.text_input("Save to a path on this computer", name, key="trainer_path")
        pressed = st.form_submit_button("Save for the trainer", icon=":material/save:", **people.off(access.EXPORT))
    if pressed and text.strip():
        _save(pipeline, text, trainer, form, problems)


def _meanings(choices: dict[str, str]) -> str:
    return as_markdown("; ".join(f"{name}: {meaning}" for name, meaning in choices.items()) + ".")


def _save(pipeline: Pipeline, text: str, trainer: str, form: str, problems: str) -> None:
    try:
        out = given_to_write(text)
        manifest, written = export_for(open_results(pipeline.workspace), out, TrainerParams(trainer, form, problems))
    except CurationError as error:
        trouble.show(error)
        return
    if written.problems:
        title = TRAINERS[trainer].title
        done = (
            f"{counted(len(written.repaired), 'record')} repaired, {counted(len(written.left_out), 'record')} left out"
        )
        trouble.warn(f"{title} would refuse or drop some: {written.in_words()}. {done}.")
    state.say("Saved.")
    told = f"Saved {counted(len(written.rows), 'record')} to {out.resolve()}, with {manifest.name} and its configuration beside it."
    st.success(as_markdown(told))
