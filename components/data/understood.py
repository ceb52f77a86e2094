"""What was understood of the data: three records with their parts coloured. Which field is what can be changed, and is seen."""

from typing import Any

import orjson
import streamlit as st

from components.charts.escaping import as_markdown
from components.frame import job_panel
from components.session import opened, people, trouble
from core.base import access
from core.base.errors import CurationError
from core.base.text import shorten
from core.data.dataset import Dataset
from core.data.fields import PARTS, FieldMap, ordered, parse_fields
from core.data.layouts.understood import Understood, in_words, shown_parts
from core.data.records import RecordParams
from core.run.pipeline import Pipeline
from core.run.tasks import import_steps

N_SHOWN = 3
_MOST = 1200  # characters of a part that are sent
_WORDS = {
    "": "not read",
    "system": "system prompt",
    "tools": "tools",
    "history": "turns before",
    "messages": "conversation",
    "prompt": "prompt",
    "response": "response",
    "rejected": "rejected answer",
    "source": "source",
}
_HTML = '<div class="understood"></div>'
_CSS = """
:host { display: block; }
.understood { font-family: var(--st-font); font-size: 0.9rem; line-height: 1.45; color: var(--st-text-color); }
.record { border: 1px solid var(--st-border-color); border-radius: var(--st-base-radius, 0.4rem); padding: 0.5rem 0.7rem;
  margin-bottom: 0.6rem; }
.part { --colour: var(--st-text-color); border-inline-start: 4px solid var(--colour); margin: 0.35rem 0; padding: 0.15rem 0.6rem;
  background: color-mix(in srgb, var(--colour) 9%, transparent); border-radius: 0 0.3rem 0.3rem 0; }
.part .title { margin: 0; font-size: 0.76rem; font-weight: 600; }
.part .text { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; max-height: 9rem; overflow-y: auto; }
.part[data-part="system"] { --colour: var(--st-violet-color, #7d5fb2); }
.part[data-part="tools"] { --colour: var(--st-orange-color, #b9690b); }
.part[data-part="prompt"] { --colour: var(--st-blue-color, #2f6fb5); }
.part[data-part="response"] { --colour: var(--st-primary-color, #0f7f74); }
.part[data-part="rejected"] { --colour: var(--st-red-color, #b4434f); }
.part[data-part="source"], .part[data-part="left out"] { --colour: var(--st-gray-color, #80868c); }
.part[data-part="left out"] { border-inline-start-style: dashed; background: none; }
.why { margin: 0; font-weight: 600; }
"""
_JS = """
export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".understood");
  const made = (tag, name, text) => {
    const element = document.createElement(tag);
    if (name) element.className = name;
    if (text) element.textContent = text;
    return element;
  };
  root.replaceChildren(...data.records.map((record) => {
    const box = made("section", "record");
    if (record.why) box.append(made("p", "why", record.why));
    for (const part of record.parts) {
      const element = made("div", "part");
      element.dataset.part = part.part;
      element.append(made("p", "title", part.title), made("p", "text", part.text));
      if (part.text.length > 400) { element.lastChild.tabIndex = 0; }
      box.append(element);
    }
    return box;
  }));
}
"""


def show(pipeline: Pipeline, busy: bool = False) -> None:
    """Draw what was understood of each source, and the way to change it. busy: whether a job runs."""
    dataset = pipeline.workspace.dataset()
    by_source = dataset.understood_by_source()
    source = next(iter(by_source))
    if len(by_source) > 1:
        source = st.selectbox("Source", list(by_source), key=f"understood-source-{dataset.fingerprint}")
    values = _first_values(pipeline, dataset, source)
    understood = by_source[source]
    fields = understood.fields
    with st.expander(
        "Change what is read as what",
        icon=":material/tune:",
        on_change="rerun",
        key=f"understood-{dataset.fingerprint}",
    ) as panel:
        if panel.open:
            chosen = _choices(dataset, understood, values, source)
            try:
                fields = _fields(chosen, understood.fields)
            except CurationError as error:
                trouble.show(error)
            else:
                _again(pipeline, dataset, source, fields, busy)
    _preview(values, fields)


def _first_values(pipeline: Pipeline, dataset: Dataset, source: str) -> list[dict[str, Any]]:
    """Return the first records of a source, as they are in their file."""
    start = 0
    for file in dataset.files:
        if file.source == source:
            break
        start += file.n_records
    stop = min(start + N_SHOWN, dataset.n_records)
    raws = opened.records(pipeline).take(range(start, stop), ["raw"])["raw"].to_pylist()
    return [orjson.loads(raw) for raw in raws]


def _preview(values: list[dict[str, Any]], fields: FieldMap) -> None:
    records, left_out = [], {}
    for value in values:
        shown, why = shown_parts(value, fields)
        left_out |= {part.name: None for part in shown if part.part == "left out"}
        parts = [
            {"part": part.part, "title": _title(part.part, part.name), "text": _cut(part.text)}
            for part in shown
            if part.part != "left out" or part.text
        ]
        records.append({"why": f"Can't be read so: {why}" if why else "", "parts": parts})
    if left_out:
        st.caption(as_markdown(f"Not read, and kept in the record: {', '.join(left_out)}"))
    mount = st.components.v2.component("understood", html=_HTML, css=_CSS, js=_JS)
    mount(key="understood-records", data={"records": records})


def _title(part: str, name: str) -> str:
    word = _WORDS.get(part, "not read" if part == "left out" else part).capitalize()
    return word if name in ("system", "tools", "user", "assistant") else f"{word}: {name}"


def _cut(text: str) -> str:
    return text if len(text) <= _MOST else f"{text[:_MOST]}…"


def _choices(dataset: Dataset, understood: Understood, values: list[dict[str, Any]], source: str) -> dict[str, str]:
    """Draw a choice for each field; return {field: its part} of those that have one."""
    holds = understood.holds or {name: "" for value in values for name in value}
    was = {name: part for part in PARTS for name in understood.fields.of(part)}
    chosen = {}
    columns = st.columns(3)
    for i, (name, kind) in enumerate(holds.items()):
        parts = list(_WORDS)
        part = columns[i % 3].selectbox(
            as_markdown(shorten(name, 60)),
            parts,
            index=parts.index(was.get(name, "")),
            format_func=_WORDS.__getitem__,
            key=f"understood-{dataset.fingerprint}-{source}-{name}",
            help=as_markdown(f"It holds {in_words(kind)}.") if kind else None,
        )
        if part:
            chosen[name] = part
    return chosen


def _fields(chosen: dict[str, str], like: FieldMap) -> FieldMap:
    """Return which field is what. Raises CurationError where that makes no sense, or can't be written down."""
    fields = ordered(chosen, like)
    if parse_fields(str(fields)) != fields:
        raise CurationError("A name of a field holds a comma or a plus sign; rename the field in the data.")
    return fields


def _again(pipeline: Pipeline, dataset: Dataset, source: str, fields: FieldMap, busy: bool) -> None:
    """Draw the button that reads the data anew by other fields."""
    by_source = {name: str(each.fields) for name, each in dataset.understood_by_source().items()}
    is_new = str(fields) != by_source[source]
    if busy and job_panel.in_place(pipeline, "fetch", "import"):
        return
    pressed = st.button(
        "Read the data again so",
        icon=":material/refresh:",
        **people.off(
            access.IMPORT,
            busy or not is_new,
            help="The texts change, so the map is to be prepared again. What people decided about records stays.",
        ),
        key="understood-again",
    )
    if pressed:
        told = by_source | {source: str(fields)}
        text = told[""] if list(told) == [""] else "; ".join(f"{name}: {each}" for name, each in told.items())
        params = RecordParams.from_dict(dataset.params | {"fields": text})
        job_panel.start(pipeline, "Reading the data", import_steps(dataset.given, params))
        st.rerun()
