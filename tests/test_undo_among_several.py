"""Undo and redo where several people decide: nothing is taken back twice, and each takes back their own unless told otherwise."""

import threading

import numpy as np
import pytest

from core.base.errors import CurationError
from core.workspace.deciding import decide_records, revise_together
from core.workspace.decisions import in_force, next_redo, next_undo
from core.workspace.revising import revise_own, said
from core.workspace.workspace import Workspace
from tests.command import run
from tests.pages import check, open_page


@pytest.fixture
def workspace(make_pipeline):
    return make_pipeline("embed").workspace


def decide(workspace, who: str, row: int, action: str = "pin"):
    return decide_records(workspace, action, np.array([row]), who)


def at_once(n: int, call) -> list:
    """Call a function in n threads that start together; return what each gave or raised."""
    found, barrier = [None] * n, threading.Barrier(n)

    def one(i: int) -> None:
        barrier.wait()
        try:
            found[i] = call()
        except CurationError as error:
            found[i] = error

    threads = [threading.Thread(target=one, args=(i,)) for i in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_four_undos_at_once_take_back_four_decisions(workspace):
    for repeat in range(4):
        made = [decide(workspace, "ann", row).id for row in range(4)]
        found = at_once(4, lambda: revise_together(Workspace(workspace.folder), "undo", next_undo, "ann"))
        assert sorted(each[0].refers for each in found) == made, repeat


def test_of_two_who_take_back_the_same_decision_one_is_told_who_was_faster(workspace):
    made = decide(workspace, "ann", 3)
    found = at_once(2, lambda: revise_own(Workspace(workspace.folder), "undo", "ben", made.id))
    errors = [str(each) for each in found if isinstance(each, CurationError)]
    assert errors == [f"Decision {made.id} was taken back by ben already; nothing was changed."]
    with pytest.raises(CurationError, match=f"Decision {made.id} was taken back by ben already"):
        revise_own(workspace, "undo", "ann", made.id)
    revise_own(workspace, "redo", "ann", made.id)
    with pytest.raises(CurationError, match=f"Decision {made.id} stands already"):
        revise_own(workspace, "redo", "ben", made.id)


def test_undo_takes_back_ones_own(workspace):
    own, other = decide(workspace, "ann", 1), decide(workspace, "ben", 2)
    (undone,) = revise_own(workspace, "undo", "ann")
    assert undone.refers == own.id
    log = workspace.ledger.decisions()
    assert [each.id for each in in_force(log)] == [other.id]
    assert said("undo", [undone], log, "ann") == f"Decision {own.id} (pinned record 1) is taken back."
    assert next_redo(log, "ben") is None and next_redo(log, "ann") == own.id
    decide(workspace, "ben", 3)  # new, but not hers
    (redone,) = revise_own(workspace, "redo", "ann")
    assert redone.refers == own.id


def test_anothers_is_taken_back_only_where_it_is_named_and_is_said_to_be_theirs(workspace):
    other = decide(workspace, "ben", 2)
    with pytest.raises(
        CurationError, match=rf"nothing of yours to undo; the last that could be is decision {other.id} of ben"
    ) as error:
        revise_own(workspace, "undo", "ann")
    assert f"--decision {other.id}" in str(error.value) and "Review" in error.value.on_page
    made = revise_own(workspace, "undo", "ann", other.id)
    log = workspace.ledger.decisions()
    assert said("undo", made, log, "ann") == f"Decision {other.id} of ben (pinned record 2) is taken back."
    for number in (99, made[0].id):
        with pytest.raises(CurationError, match=f"no decision {number} to undo"):
            revise_own(workspace, "undo", "ann", number)


def test_who_signs_nothing_and_what_nobody_signed_stay_as_they_were(workspace):
    unsigned, ben = decide(workspace, "", 1), decide(workspace, "ben", 2)
    assert next_undo(workspace.ledger.decisions(), "ann") == unsigned.id
    assert revise_own(workspace, "undo", "")[0].refers == ben.id
    assert revise_own(workspace, "undo", "ann")[0].refers == unsigned.id
    with pytest.raises(CurationError, match="nothing to undo"):
        revise_own(workspace, "undo", "ann")


def test_the_command_line_says_whose_it_took_back(workspace, monkeypatch):
    monkeypatch.setenv("LOGNAME", "ann")
    own, other = decide(workspace, "ann", 1), decide(workspace, "ben", 2)
    assert run("undo", workspace.folder, check=0).stdout == f"undo: decision {own.id} (pinned record 1)\n"
    assert (
        run("undo", workspace.folder, "--decision", other.id, check=0).stdout
        == f"undo: decision {other.id} of ben (pinned record 2)\n"
    )


def test_on_the_pages_undo_is_ones_own_and_anothers_is_chosen_in_the_list(make_pipeline, tmp_path):
    workspace = make_pipeline("embed", "cluster", folder="home/sample").workspace
    other = decide(workspace, "ben", 2)
    page = check(open_page(tmp_path / "home", "review"))
    assert page.button(key="review_undo").disabled
    own = decide(workspace, "ann", 1)
    check(page.run())
    assert not page.button(key="review_undo").disabled
    check(page.button(key="review_undo").click().run())
    made = workspace.ledger.decisions()
    assert [each.refers for each in made if each.action == "undo"] == [own.id]
    assert [each.id for each in in_force(made)] == [other.id]
