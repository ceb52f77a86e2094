"""Who is signed in to this session, as Streamlit's cookie and the provider say; `core.base.access` decides what they may do."""

from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.base import access
from core.base.access import Person


def signed_in() -> Person | None:
    """Return who signed in, None where nobody did, or where this is no session's thread."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return None
    claims: dict[str, Any] = st.user.to_dict()
    sub, at = claims.get("sub"), claims.get("iat")
    if not claims.get("is_logged_in") or not isinstance(sub, str) or not sub:
        return None
    return Person(sub, claims, float(at) if isinstance(at, int | float) else 0.0)


def name() -> str:
    """Return what the one who is signed in calls themselves, else their sub; "" where nobody is."""
    person = access.person() if access.is_on() else None
    if person is None:
        return ""
    told = [person.claims.get(claim) for claim in ("name", "email")]
    return next((each for each in told if isinstance(each, str) and each.strip()), person.sub)


def off(action: str, busy: bool = False, **more: Any) -> dict[str, Any]:
    """Return what disables a button for those who may not do this, and says why as its help; for others, `busy` and `more`."""
    why = access.why_not(action)
    return more | ({"disabled": True, "help": why} if why else {"disabled": busy})
