"""The run of a page that draws now: whose it is, and whether it draws the whole page or a part of it."""

from streamlit.runtime.scriptrunner import get_script_run_ctx


def session_id() -> str:
    """Return the id of the browser session that is drawn for; "" outside of one."""
    context = get_script_run_ctx(suppress_warning=True)
    return context.session_id if context else ""


def draws_a_part() -> bool:
    """Return whether fragments alone are drawn, and not the page around them."""
    context = get_script_run_ctx(suppress_warning=True)
    return context is not None and bool(context.fragment_ids_this_run)
