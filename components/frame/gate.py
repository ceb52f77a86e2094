"""The gate: who is not signed in, or has no role any more, sees this in place of every page."""

import streamlit as st

from components.charts.escaping import as_markdown
from components.session import people
from core.base import access
from core.base.errors import CurationError

_MAY = {
    "viewer": "You may look at everything.",
    "curator": "You may decide and run jobs; an admin imports and exports.",
    "admin": "You may do everything.",
}


def lets_in() -> bool:
    """Whether the one who is here may see the pages; where not, draw why, and the way to sign in or out."""
    if not access.is_on() or not (why := access.why_not(access.READ)):
        return True
    with st.sidebar:
        st.caption("Nothing is shown")  # the logo stands over the title of a page without a sidebar
    st.title("Winnow")
    if access.person() is None:
        st.markdown("Sign in to see what is in here.")
        st.button("Sign in", icon=":material/login:", type="primary", key="sign_in", on_click=st.login)
        return False
    st.error(as_markdown(why), icon=":material/block:")
    st.caption(as_markdown(f"You are signed in as {people.name()}, sub {access.signed('')}."))
    _sign_out()
    return False


def show() -> None:
    """Draw in the sidebar who is signed in, what they may do, and the way out."""
    if not access.is_on():
        return
    st.divider()
    try:
        held = access.role()
    except CurationError:  # what is wrong the gate says at the next run
        return
    st.caption(as_markdown(f"{people.name()}, {held}. {_MAY.get(held, '')}"))
    _sign_out()


def _sign_out() -> None:
    st.button("Sign out", icon=":material/logout:", type="tertiary", key="sign_out", on_click=st.logout)
