"""What every page wears beside the theme: words that can be read, a way on that is seen, and less motion where that is asked."""

import streamlit as st

from components.charts.theme import ground_colour, status_colours
from core.selection.status import SELECTED

# Streamlit writes captions at 60 % of the text's strength, which is 4.1 to 1; 4.5 is asked (WCAG 1.4.3).
_STYLE = """<style>
[data-testid="stCaptionContainer"] { opacity: 0.78; }
[data-testid="stCaptionContainer"], [data-testid="stCaptionContainer"] :is(p, li, strong) { color: inherit; }
[data-testid="stMultiSelect"] [data-tag-index] * { color: GROUND; }
[class*="st-key-next-"] a { border: 1px solid ACCENT; border-radius: 0.4rem; padding: 0.35rem 0.8rem; width: fit-content; }
[data-testid^="stMetric"], [data-testid^="stMetric"] * { white-space: normal !important; }
.stApp:has([data-testid="stExpandSidebarButton"]) .stMainBlockContainer { padding-top: 4.4rem; } /* it would lie under the bar */
.stApp .st-key-tour { border-left: 3px solid ACCENT; }
:is(a, button, summary, [role="slider"]):focus-visible { outline: 2px solid ACCENT; outline-offset: 2px; }
@media (prefers-reduced-motion: reduce) {
  *, ::before, ::after { animation-duration: 1ms !important; animation-iteration-count: 1 !important;
    transition-duration: 1ms !important; scroll-behavior: auto !important; }
}
</style>"""


def apply() -> None:
    """Put the look on the page; it follows a theme that the browser changes."""
    accent, ground = (
        f"light-dark({light}, {dark})"
        for light, dark in (
            (status_colours(False)[SELECTED], status_colours(True)[SELECTED]),
            (ground_colour(False), ground_colour(True)),
        )
    )
    st.html(_STYLE.replace("ACCENT", accent).replace("GROUND", ground))
