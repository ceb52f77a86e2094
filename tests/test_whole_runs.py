"""A fragment that is asked for while a run's last messages are on their way waits for these: else Streamlit would drop them."""

import asyncio
import types

from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequests, ScriptRequestType

from components.frame import whole_runs
from components.frame.whole_runs import after_the_last_run


class Session:
    """What `after_the_last_run` knows of an AppSession: a runner that has ended, of which the session hears `seconds` later."""

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        self._event_loop, requests = loop, ScriptRequests()
        requests.on_scriptrunner_ready()  # nothing is asked of it: it has ended
        self._scriptrunner = types.SimpleNamespace(_requests=requests)
        self.done: list[str] = []
        loop.call_later(seconds, self.hear)

    def hear(self) -> None:
        self.done.append("heard the last run")
        self._scriptrunner = None

    def request(self, client_state: ClientState | None) -> None:
        self.done.append(f"began {client_state.query_string}")


def asked(query: str, fragment: str = "") -> ClientState:
    return ClientState(query_string=query, fragment_id=fragment)


def done_by(seconds: float, *asks: ClientState) -> list[str]:
    async def go() -> list[str]:
        session = Session(asyncio.get_running_loop(), seconds)
        request_rerun = after_the_last_run(Session.request)
        for each in asks:
            request_rerun(session, each)
        await asyncio.sleep(0.2)
        return session.done

    return asyncio.run(go())


def test_a_fragment_waits_until_the_last_run_was_heard_and_what_comes_after_it_keeps_its_place():
    done = done_by(0.05, asked("a", "reader"), asked("b"), asked("c", "look"))
    assert done == ["heard the last run", "began a", "began b", "began c"]


def test_a_whole_page_does_not_wait():
    assert done_by(0.05, asked("a")) == ["began a", "heard the last run"]


def test_a_run_that_does_not_end_is_not_waited_for_forever(monkeypatch):
    monkeypatch.setattr(whole_runs, "_LONGEST", 0.05)
    assert done_by(0.15, asked("a", "reader")) == ["began a", "heard the last run"]


def test_streamlit_has_what_this_goes_by_and_is_asked_through_it():
    requests = ScriptRequests()
    assert requests._state is ScriptRequestType.CONTINUE
    requests.on_scriptrunner_ready()
    assert requests._state is ScriptRequestType.STOP
    names = AppSession.request_rerun.__code__.co_names + AppSession._create_scriptrunner.__code__.co_names
    assert {"_scriptrunner", "_create_scriptrunner"} <= set(names)
    assert "_event_loop" in AppSession._call_soon_on_event_loop.__code__.co_names
