"""Export in parts: train, validation and test, by cluster or at random, untouched or for a trainer."""

import json

import numpy as np
import streamlit as st

from components.charts.escaping import as_markdown
from components.export import folded
from components.export.trainer_panel import HANDLING
from components.frame.fields import field
from components.session import opened, people, state, trouble
from core.base import access
from core.base.confinement import given_to_write
from core.base.errors import CurationError
from core.data.trainer_formats import TRAINERS
from core.data.trainers import FORMS
from core.export.delivery import export_selection
from core.export.for_trainers import TrainerParams, export_for
from core.export.parts import parts_in_words
from core.export.splitting import BY, SplitParams, split_rows
from core.run.pipeline import Pipeline, open_results

_FIRST = SplitParams("validation=5%,test=5%")
_WORDS = {"cluster": "cluster, kept whole", "random": "chance, record by record"}
_MOST_SHOWN = 100_000  # lines: a split of more is worked out when it is saved


def show(pipeline: Pipeline) -> None:
    """Draw the way to write the current selection in parts, where there is one that can be written."""
    folded.show(
        pipeline,
        "In parts: train, validation, test",
        ":material/call_split:",
        "in_parts",
        lambda rows: _form(pipeline, rows),
    )


def _form(pipeline: Pipeline, rows: np.ndarray) -> None:
    parts, by, seed = st.columns([2, 2, 1])
    ways = [way for way in BY if way != "cluster" or pipeline.current("cluster")]
    split = field(parts, _FIRST, "split", "split_parts")
    means = as_markdown(". ".join(f"{_WORDS[way]}: {BY[way]}" for way in ways))
    split_by = field(by, _FIRST, "split_by", "split_by", choices=ways, words=_WORDS, help=means)
    drawn_by = field(seed, _FIRST, "seed", "split_seed")
    sourced = bool(opened.sources(pipeline)[0])
    stratify = field(st, _FIRST, "stratify", "split_stratify", disabled=not sourced) and sourced
    try:
        params = SplitParams(split, split_by, stratify, drawn_by)
        if not params.split:
            raise CurationError("No parts are named; write some, as in validation=5%,test=500.")
        if len(rows) <= _MOST_SHOWN:
            _outlook(pipeline, rows, params)
    except CurationError as error:
        trouble.show(error)
        return
    with st.form("parts", border=False):
        left, middle, right = st.columns(3)
        titles = {"": "nobody: the records untouched"} | {name: trainer.title for name, trainer in TRAINERS.items()}
        trainer = field(left, TrainerParams(), "trainer", "split_trainer", choices=list(titles), words=titles)
        form = field(middle, TrainerParams(), "form", "split_form", choices=list(FORMS), help="For a trainer only.")
        about = {"choices": list(HANDLING), "words": HANDLING, "label": "Records that it would refuse"}
        problems = field(right, TrainerParams(), "problems", "split_problems", help="For a trainer only.", **about)
        name = f"{pipeline.workspace.dataset().name}-curated.jsonl"
        about = (
            "Each part is a file of its own: of data.jsonl, data.train.jsonl and so on. The manifest names its lines."
        )
        text = st.text_input("Save to a path on this computer", name, key="split_path", help=about)
        pressed = st.form_submit_button("Save the parts", icon=":material/save:", **people.off(access.EXPORT))
    if pressed and text.strip():
        _save(pipeline, text, params, TrainerParams(trainer, form, problems))


def _outlook(pipeline: Pipeline, rows: np.ndarray, params: SplitParams) -> None:
    """Say what each part comes to, before it is written."""
    split = split_rows(pipeline, rows, params)
    sizes = zip(split.names, split.sizes.tolist(), split.asked.tolist(), strict=True)
    told = [
        f"**{as_markdown(name)}** {n:,}" + (f" (asked for {asked:,})" if n != asked else "") for name, n, asked in sizes
    ]
    st.markdown(" · ".join(told))


def _save(pipeline: Pipeline, text: str, params: SplitParams, trainer: TrainerParams) -> None:
    results = open_results(pipeline.workspace)
    try:
        out = given_to_write(text)
        if trainer.trainer:
            manifest = export_for(results, out, trainer, split=params)[0]
        else:
            manifest = export_selection(results, out, split=params)
    except CurationError as error:
        trouble.show(error)
        return
    state.say("Saved.")
    told = parts_in_words(json.loads(manifest.read_text(encoding="utf-8")))
    st.success(as_markdown("\n".join([f"Saved to {out.resolve().parent}, with {manifest.name}:", *told])))
