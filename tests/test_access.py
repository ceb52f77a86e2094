"""Who may do what where people sign in: the table of roles in the README is core's own, and core keeps to it at every write."""

import json
import re
import time
from pathlib import Path

import numpy as np
import pytest

from core.base import access
from core.base.access import ACTIONS, ROLES, Person
from core.base.errors import CurationError
from core.daar.domains import DEFAULT_DOMAINS
from core.daar.saved_domains import save_in
from core.data.records import RecordParams
from core.evidence.current import make_current
from core.evidence.versions import import_version
from core.export.decision_lines import log_lines
from core.export.decision_replay import replay_log
from core.export.delivery import export_selection
from core.run import jobs
from core.run.tasks import Step
from core.workspace.deciding import decide_records
from core.workspace.free_folder import free_folder
from core.workspace.picks import forget_pick, keep_pick
from core.workspace.uploads import keep_upload

ROOT = Path(__file__).resolve().parent.parent
ANN = Person("sub-ann", {"groups": ["team"]}, at=time.time())


@pytest.fixture
def roles(tmp_path, monkeypatch):
    """Return a function that writes the file of roles; whoever acts is Ann, until the test ends."""
    path = tmp_path / "roles.toml"
    monkeypatch.setenv(access.VARIABLE, str(path))
    access.sign_in(lambda: ANN)
    yield lambda text: path.write_text(text, encoding="utf-8")
    access.sign_in(None)


@pytest.fixture
def pipeline(make_pipeline):
    return make_pipeline("embed", "cluster", "score", "select")


def table_of_readme() -> dict[str, tuple[str, ...]]:
    """Return {action: the roles that may}, as the README's table has it."""
    rows = re.findall(
        r"^\| `(\w+)`: .* \| (yes|no) \| (yes|no) \| (yes|no) \|$", (ROOT / "README.md").read_text(), re.M
    )
    return {
        action: tuple(role for role, may in zip(ROLES, mays, strict=True) if may == "yes") for action, *mays in rows
    }


def test_the_table_of_the_readme_is_cores_own():
    may = {action: tuple(role for role, held in ROLES.items() if action in held) for action in ACTIONS}
    assert table_of_readme() == may
    text = (ROOT / "README.md").read_text()
    assert all(f"| `{action}`: {means} |" in text for action, means in ACTIONS.items())


def does(pipeline, action: str, tmp_path: Path) -> list:
    """Return calls into core that take an action, as the pages make them."""
    workspace, rows = pipeline.workspace, np.array([1, 2])
    data = tmp_path / "small.jsonl"
    return {
        "read": [lambda: keep_pick(workspace, "area", "a line", rows)],
        "decide": [
            lambda: decide_records(workspace, "pin", rows, "somebody else"),
            lambda: keep_pick(workspace, "area", "a line", rows, name="mine"),
            lambda: save_in(workspace, DEFAULT_DOMAINS),
        ],
        "run": [
            lambda: jobs.cancel_job(workspace),
            lambda: make_current(pipeline, "#1"),
            lambda: keep_upload(workspace, "test.jsonl", b"{}", "evaluations"),
        ],
        "import": [
            lambda: workspace.import_data(data, RecordParams()),
            lambda: free_folder(tmp_path / "another", lambda held: False),
            lambda: import_version(workspace, data, "brought in"),
        ],
        "export": [
            lambda: export_selection(pipeline, tmp_path / "out.jsonl"),
            lambda: list(log_lines(pipeline)),
        ],
        "delete": [lambda: forget_pick(workspace, "none")],
    }[action]


@pytest.mark.parametrize("role", [*ROLES, "none"])
def test_core_keeps_to_the_table(pipeline, roles, tmp_path, role):
    roles(f'[people]\n"sub-ann" = "{role}"\n')
    for action, may in table_of_readme().items():
        for do in does(pipeline, action, tmp_path):
            if role in may:
                do()
                continue
            with pytest.raises(CurationError, match=f"it takes .* to {action}"):
                do()


def test_jobs_take_what_their_steps_do(pipeline, roles):
    for role, step, to in (
        ("viewer", "score", "run"),
        ("curator", "import", "import"),
        ("curator", "push", "export"),
    ):
        roles(f'[people]\n"sub-ann" = "{role}"\n')
        with pytest.raises(CurationError, match=f"to {to}"):
            jobs.start_job(pipeline.workspace, "Something", [Step(step, {})])
    assert jobs.last_job(pipeline.workspace) is None


def test_a_decision_is_signed_by_the_sub_whatever_the_page_says(pipeline, roles):
    roles('[people]\n"sub-ann" = "curator"\n')
    decide_records(pipeline.workspace, "pin", np.array([3]), "somebody else")
    assert [each.who for each in pipeline.workspace.ledger.decisions()] == ["sub-ann"]


def test_a_replayed_log_is_signed_by_who_replays_it_and_its_notes_say_who_decided(make_pipeline, pipeline, roles):
    roles('[people]\n"sub-ann" = "admin"\n"sub-bob" = "curator"\n')
    other = make_pipeline(folder="other")
    with access.acting(Person("sub-bob", at=time.time())):
        decide_records(pipeline.workspace, "pin", np.array([3]))
    replay_log(other, b"".join(log_lines(pipeline)), "sub-ann")
    made = other.workspace.ledger.decisions()[-1]
    assert made.who == "sub-ann" and "decided by sub-bob" in made.note


def test_taken_off_the_list_is_out_at_the_next_write(pipeline, roles):
    roles('[people]\n"sub-ann" = "curator"\n')
    decide_records(pipeline.workspace, "pin", np.array([3]))
    roles('[people]\n"sub-bob" = "curator"\n')
    with pytest.raises(CurationError, match="no role here"):
        decide_records(pipeline.workspace, "pin", np.array([4]))
    assert len(pipeline.workspace.ledger.decisions()) == 1


@pytest.mark.parametrize(
    "text", ["", "[people]\nann", '[people]\n"sub-ann" = "king"\n', '[other]\n"sub-ann" = "admin"\n']
)
def test_a_file_that_is_none_lets_nobody_do_anything(roles, text):
    roles(text)
    assert all(access.why_not(action) for action in ACTIONS)


def test_a_missing_file_lets_nobody_do_anything(roles):
    assert "can't be read" in access.why_not("read")


def test_groups_give_roles_and_a_persons_own_line_wins(roles):
    roles('[groups]\nteam = "curator"\nothers = "admin"\n')
    assert access.role() == "curator"
    roles('[groups]\nteam = "curator"\n[people]\n"sub-ann" = "none"\n')
    assert access.role() == "" and access.why_not("read")


def test_json_does_too(roles, tmp_path, monkeypatch):
    path = tmp_path / "roles.json"
    path.write_text(json.dumps({"people": {"sub-ann": "admin"}}))
    monkeypatch.setenv(access.VARIABLE, str(path))
    assert access.role() == "admin" and not access.why_not("delete")


def test_a_sign_in_ends_though_the_cookie_lasts(roles):
    roles('hours = 1\n[people]\n"sub-ann" = "admin"\n')
    with access.acting(Person("sub-ann", at=time.time() - 3700)):
        assert "signed in more than 1 hours ago" in access.why_not("read")
    assert not access.why_not("read")


def test_who_did_not_sign_in_may_nothing(roles):
    roles('[people]\n"sub-ann" = "admin"\n')
    access.sign_in(lambda: None)
    assert all("sign in" in access.why_not(action) for action in ACTIONS)


def test_what_is_done_later_is_done_as_whoever_asked_and_asked_again(roles):
    roles('[people]\n"sub-ann" = "admin"\n')
    later = access.as_now(lambda: access.require("export"))
    access.sign_in(lambda: None)  # as in another thread
    later()
    roles('[people]\n"sub-ann" = "viewer"\n')
    with pytest.raises(CurationError, match="to export"):
        later()


def test_without_a_sign_in_nothing_asks(monkeypatch, pipeline):
    monkeypatch.setenv(access.VARIABLE, "/no/such/file")
    decide_records(pipeline.workspace, "pin", np.array([3]), "ann")
    assert pipeline.workspace.ledger.decisions()[0].who == "ann"
