"""The methods in their families, a line each, and the options of the one that is picked."""

from typing import Any

import streamlit as st

from components.charts.escaping import as_markdown
from components.frame import navigation
from components.frame.fields import field
from components.select import asked
from components.session import offered, state
from core.base.params import options_of
from core.base.text import counted
from core.run.pipeline import Pipeline
from core.selection.method import FAMILIES, METHODS, Method
from core.selection.params import PROPOSED, QUOTAS, WHY_PROPOSED, SelectionParams

_FOLDED = "papers"  # a family so long that it would push the options out of view
_LATER = "daar, and bands by domains, go by what the Reward page finds; it has not run on this data as it is."


def show(methods: list[str]) -> None:
    """Draw the lists. methods: those that can be chosen."""
    with st.container(key="select_methods", gap="small"):
        for family, held in _by_family(methods).items():
            if family != _FOLDED:
                _list(family, held)
                continue
            with st.expander(f"{FAMILIES[family]}, {counted(len(held), 'method')}", expanded=_is_open()):
                _list(family, held, label_visibility="collapsed")


def _list(family: str, held: list[str], **more: Any) -> None:
    st.radio(
        FAMILIES[family],
        held,
        index=None,
        format_func=lambda name: f"**{as_markdown(name)}** {as_markdown(METHODS[name].help)}",
        key=asked.key_of(family),
        on_change=asked.pick,
        args=(family,),
        **more,
    )


def _is_open() -> bool:
    """Whether the folded family is open at first: where one of its methods is picked."""
    return st.session_state.get(asked.key_of(_FOLDED)) is not None


def height(methods: list[str]) -> float:
    """Return the height of the lists in rem, to keep it for them until they are drawn."""
    lists = {family: held for family, held in _by_family(methods).items() if family != _FOLDED or _is_open()}
    return 1.6 * sum(map(len, lists.values())) + 2.7 * len(_by_family(methods)) - 1  # lines, titles, what is between


def _by_family(methods: list[str]) -> dict[str, list[str]]:
    found = {family: [name for name in methods if METHODS[name].family == family] for family in FAMILIES}
    return {family: held for family, held in found.items() if held}


def show_options(pipeline: Pipeline, last: SelectionParams) -> dict[str, Any]:
    """Draw when the picked method works best, and its own options; return their values. last: what they show first."""
    method = METHODS[last.method]
    with st.container(key="select_help"):
        st.markdown(as_markdown(method.help))
    st.markdown(f":gray[**{as_markdown(last.method)}** works best when {as_markdown(method.best_when)}]")
    groups = offered.groups(pipeline)
    choices = {"sampling_probability": offered.probabilities(pipeline), "groups": groups}
    choices["quota"] = offered.quotas(pipeline, last.method)
    values: dict[str, Any] = {}
    columns = st.columns(2)
    for place, name in enumerate(method.options):
        key = f"select-{last.method}-{name}-{state.get().select_form}"
        with columns[place % 2]:
            if name == "target_domain":
                values[name] = _favour(pipeline, last, key)
            else:
                more = {"choices": choices[name]} if name in choices else {}
                more |= {"placeholder": options_of(SelectionParams)[name][1].usual} if name == "tags" else {}
                values[name] = field(st, last, name, key=key, help=_help(name), **more | _words(method, name))
    if "quota" in values:
        values |= _of_quota(last, values["quota"])
    if {"method": last.method, "quota": values.get("quota")} == dict(PROPOSED):
        st.caption(as_markdown(WHY_PROPOSED))
    if "domains" not in groups and METHODS[last.method].family == "papers":
        st.caption(_LATER)
        navigation.next_page(pipeline, "reward", "Go to")
    return values


_OF_QUOTA = {
    "style": ("n_groups", "style_power"),
    "gain": ("n_groups",),
    "isolation": ("n_groups", "isolation_power"),
    "tree": ("split_alpha",),
    "domains": ("domain_shares",),
}


def _of_quota(last: SelectionParams, quota: str) -> dict[str, Any]:
    """Draw what the groups of a quota go by, in a line of their own; return the values."""
    names = _OF_QUOTA.get(quota, ())
    if not names:
        return {}
    st.caption(as_markdown(QUOTAS[quota]))
    values: dict[str, Any] = {}
    for place, name in zip(st.columns(2), names, strict=False):
        key = f"select-{last.method}-{quota}-{name}-{state.get().select_form}"
        values[name] = field(place, last, name, key=key, help=_help(name))
    return values


def _words(method: Method, name: str) -> dict[str, Any]:
    """Return how an option's choices are shown where not by their names: without clusters "size" means no groups at all."""
    return {"words": {"size": "no groups"}, "label": "Groups share the budget"} if _is_unclustered(method, name) else {}


def _is_unclustered(method: Method, name: str) -> bool:
    return name == "quota" and "cluster" not in method.needs


def _help(name: str) -> str | None:
    """Return an option's help, and what each of its choices means."""
    about = options_of(SelectionParams)[name][1]
    means = about.choices if isinstance(about.choices, dict) else {}
    lines = [about.more, *(f"**{choice}**: {as_markdown(text)}" for choice, text in means.items())]
    return "  \n".join(filter(None, lines)) or None


def _favour(pipeline: Pipeline, last: SelectionParams, key: str) -> str:
    names = ["", *pipeline.info("reward")["names"]]
    return st.selectbox(
        "Favour a domain",
        names,
        index=names.index(last.target_domain) if last.target_domain in names else 0,
        format_func=lambda name: name or "none",
        key=key,
    )
