"""The verdict: what the measures of each selection come to, in words, and how two of them stand to each other."""

from collections.abc import Sequence

import streamlit as st

from components.charts.escaping import as_markdown
from components.charts.theme import is_dark, verdict_colours
from core.base.text import counted
from core.evidence.measuring import Evidence
from core.evidence.verdict import against, counts_in_words, estimates, listed, verdict

_STYLE = """<style>
[class*="st-key-verdict-"] { min-height: 4.9rem; }
.st-key-measured_beside { min-height: 2.9rem; }
</style>"""
_KEY = (
    ("▲", "better than every random selection"),
    ("○", "among them: no better than chance"),
    ("▼", "worse than every one"),
    ("◇", "a fact, no merit"),
    ("▬", "where random selections of the same size lie"),
)


def show(titles: Sequence[str], evidence: Sequence[Evidence]) -> None:
    """Draw the verdict on each selection; its room is kept while it is being measured."""
    st.html(_STYLE)
    for place, (title, found) in enumerate(zip(titles, evidence, strict=True)):
        with st.container(gap=None, key=f"verdict-{place}"):
            said = as_markdown(verdict(found) if found.details else "being measured")
            st.markdown(f"## {said}" if len(titles) == 1 else f"## {as_markdown(title)}: {said}")
            st.caption(as_markdown(counts_in_words(found) or "The first measures come within seconds."))


def show_beside(titles: Sequence[str], evidence: Sequence[Evidence]) -> None:
    """Say how two selections of a size stand to each other, or what one is set beside."""
    if len(evidence) != 2 or evidence[0].n != evidence[1].n:
        n_random = max((len(band) for each in evidence for band in each.bands.values()), default=0)
        st.markdown(
            f"Each is set beside {counted(n_random, 'random selection')} of its size. Better or worse than chance: farther out "
            "than one in a hundred of such would be."
        )
        return
    one, other, alike = against(*evidence)
    parts = [
        f"**{as_markdown(title)}** is ahead in {as_markdown(listed(names))}"
        for title, names in zip(titles, (one, other), strict=True)
        if names
    ]
    if alike or not parts:
        parts = [*parts, f"{counted(len(alike), 'measure differs', 'measures differ')} by no more than chance does"]
    st.markdown(f"Against each other: {'; '.join(parts)}.")


def show_key() -> None:
    """Say what the shapes in the chart mean."""
    colours = verdict_colours(is_dark())
    coloured = {"▲": colours["better"], "▼": colours["worse"]}
    parts = "".join(
        f'<span><span style="color:{coloured.get(shape, "inherit")}">{shape}</span> {said}</span>'
        for shape, said in _KEY
    )
    # Own words only: nothing of the data is in this markup.
    st.html(f'<div style="display:flex;flex-wrap:wrap;gap:0.2rem 1.4rem;font-size:0.9rem">{parts}</div>')


def show_estimates(titles: Sequence[str], evidence: Sequence[Evidence], n_pool: int) -> None:
    """Say which figures are estimated, and from how many records. n_pool: the records of the data."""
    lines = {title: estimates(found, n_pool) for title, found in zip(titles, evidence, strict=True)}
    for said in dict.fromkeys(line for each in lines.values() for line in each):
        st.caption(as_markdown(said))
