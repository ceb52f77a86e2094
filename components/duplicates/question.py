"""Which of two questions the page answers: what is alike among the records, or between them and evaluations."""

from components.frame import choices
from components.session import state

VIEWS = {"records": "Among the records", "evaluations": "With evaluations"}


def show() -> str:
    """Draw the choice; return it."""
    current = state.get()
    current.duplicates_view = choices.switch("Question", VIEWS, current.duplicates_view, "duplicates_view")
    return current.duplicates_view
