"""A data set on a hub: named, looked up, a config and a split of it chosen, and fetched as a job."""

import streamlit as st

from components.charts.escaping import as_markdown
from components.data.pool_form import folder_for
from components.frame import job_panel, tour
from components.session import people, state, trouble
from core.base import access
from core.base.errors import CurationError
from core.base.text import counted
from core.data.hub.client import endpoint
from core.data.hub.listing import Listing, choose, look_up
from core.data.hub.names import HubName
from core.data.records import RecordParams
from core.run.pipeline import Pipeline
from core.run.tasks import import_steps
from core.workspace.workspace import Workspace

_HELP = (
    "Its owner and name, hf://owner/name, or the address of its page. A private or gated one is read by the token in HF_TOKEN, as "
    "Winnow was started with it; it is never stored."
)


def show() -> None:
    """Draw the way to open a data set on a hub."""
    with st.form("hub", border=False):
        left, right = st.columns([3, 1])
        text = left.text_input("Data set", placeholder="openai/gsm8k", key="hub_name", help=_HELP)
        revision = right.text_input(
            "Revision",
            placeholder="main",
            key="hub_revision",
            help="A branch, a tag or a commit; it is kept as a commit.",
        )
        pressed = st.form_submit_button("Look it up", icon=":material/travel_explore:", **people.off(access.IMPORT))
    if pressed and text.strip():
        _look_up(text.strip(), revision.strip())
    if state.get().hub_found is not None:
        _choose(state.get().hub_found)
    else:
        st.caption(as_markdown(f"On {endpoint()}. What it holds is shown before anything is fetched."))


def _look_up(text: str, revision: str) -> None:
    state.get().hub_found = None
    try:
        access.require(access.IMPORT)
        name = HubName.parse(text)
        with st.spinner("Asking the hub"):
            state.get().hub_found = look_up(HubName(name.repo, revision or name.revision))
    except CurationError as error:
        trouble.show(error)


def _choose(found: Listing) -> None:
    """Draw what the data set holds, and the button that opens a part of it."""
    told = [f"{found.repo} at commit {found.commit[:8]}", f"licence: {found.licence or 'not said by its card'}"]
    st.caption(as_markdown(" · ".join([*told, *["private"] * found.private])))
    left, right = st.columns(2)
    configs = list(found.configs)
    first = configs.index(found.default) if found.default else 0
    config = left.selectbox("Config", configs, first, key=f"hub_config-{found.commit}")
    split = right.selectbox(
        "Split",
        list(found.configs[config]),
        key=f"hub_split-{found.commit}-{config}",
        format_func=lambda split: _in_words(found, config, split),
    )
    strict = st.toggle("Stop at the first entry that can't be read", key="hub_strict")
    if st.button(
        "Fetch and open", type="primary", icon=":material/download:", key="hub_open", **people.off(access.IMPORT)
    ):
        _open(str(choose(found, HubName(found.repo, config=config, split=split))), strict)


def _in_words(found: Listing, config: str, split: str) -> str:
    part = found.part(config, split)
    other = f"; {part.n_other:,} in another format left alone" if part.n_other else ""
    return f"{split} ({counted(len(part.files), 'file')}, {size_in_words(part.size)}{other})"


def size_in_words(size: float) -> str:
    """Return a number of bytes as it is read: 1,234,567 -> "1.2 MB"."""
    for unit in ("bytes", "KB", "MB"):
        if size < 1000:
            return f"{size:,.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:,.1f} GB"


def _open(given: str, strict: bool) -> None:
    try:
        workspace = Workspace(folder_for([given]), create=True)
    except CurationError as error:
        trouble.show(error)
        return
    tour.begin_if_first()
    state.open_results(workspace.folder)
    params = RecordParams("", "fail" if strict else "skip")
    job_panel.start(Pipeline(workspace), "Fetching and reading the data", import_steps([given], params))
    st.rerun()
