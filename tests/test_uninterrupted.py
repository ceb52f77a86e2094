"""Callbacks run to their end although another click asks for a rerun meanwhile."""

import threading

import pytest
from streamlit.runtime.scriptrunner import RerunData, RerunException
from streamlit.runtime.scriptrunner_utils import script_run_context
from streamlit.runtime.state import SafeSessionState, SessionState

from components.session.uninterrupted import uninterrupted


class Session:
    """A session in which somebody else has just asked for a whole rerun: whoever looks into its state is broken off."""

    def __init__(self):
        self.session_state = SafeSessionState(SessionState(_new_session_state={"who": "Ana"}), self.broken_off)

    def broken_off(self):
        raise RerunException(RerunData())


@pytest.fixture
def session(monkeypatch):
    held = Session()
    monkeypatch.setattr(
        threading.current_thread(), script_run_context.SCRIPT_RUN_CONTEXT_ATTR_NAME, held, raising=False
    )
    return held


def decide(session: Session, made: list) -> str:
    made.append(session.session_state["who"])
    return "done"


def test_streamlit_breaks_a_callback_off_where_another_rerun_is_asked_for(session):
    made = []
    with pytest.raises(RerunException):
        decide(session, made)
    assert made == []


def test_an_uninterrupted_callback_decides_and_leaves_the_session_as_it_was(session):
    made = []
    assert uninterrupted(uninterrupted(decide))(session, made) == "done" and made == ["Ana"]
    with pytest.raises(RerunException):
        decide(session, made)


def test_an_error_leaves_the_session_as_it_was_too(session):
    with pytest.raises(ZeroDivisionError):
        uninterrupted(lambda: 1 / 0)()
    with pytest.raises(RerunException):
        decide(session, [])


def test_outside_of_a_session_nothing_is_done_about_it():
    assert uninterrupted(len)([1]) == 1
