"""Runs whose last messages reach the browser. Streamlit drops what a run sent where another one is asked for before the session has
dealt with that: the text of a record, the reader itself, or the news that the run has ended. The busier the
server, the later it deals with it.
"""

import collections
import functools
from typing import Any

from streamlit.runtime.app_session import AppSession
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequestType

_LOOK = 0.005  # seconds between looks
_LONGEST = 2.0  # seconds until a run is begun all the same
_WAITING = "_winnow_waiting"  # of a session: what was asked for meanwhile, in order


def let_runs_end() -> None:
    """Have every session deal with all that a run sent before another one begins for a fragment. To be called once."""
    AppSession.request_rerun = after_the_last_run(AppSession.request_rerun)


def after_the_last_run(request):
    """Return `AppSession.request_rerun` that waits for the end of a run that has nothing more to do, and keeps the order."""

    @functools.wraps(request)
    def request_rerun(session: Any, client_state: Any) -> None:
        waiting = session.__dict__.setdefault(_WAITING, collections.deque())
        if not waiting and not _is_ending(session, client_state):
            request(session, client_state)
            return
        waiting.append(client_state)
        if len(waiting) == 1:
            look(session, waiting, session._event_loop.time() + _LONGEST)

    def look(session: Any, waiting: collections.deque, until: float) -> None:
        if _is_ending(session, waiting[0]) and session._event_loop.time() < until:
            session._event_loop.call_later(_LOOK, look, session, waiting, until)
            return
        while waiting:
            request(session, waiting.popleft())

    return request_rerun


def _is_ending(session: Any, client_state: Any) -> bool:
    """Whether a fragment is asked for while the session has a run that takes nothing more on, and has not heard its end yet."""
    if client_state is None or not client_state.fragment_id or session._scriptrunner is None:
        return False
    return session._scriptrunner._requests._state is ScriptRequestType.STOP
