import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.base.errors import CurationError
from core.workspace.decisions import (
    Decision,
    carry_over,
    in_force,
    next_redo,
    next_undo,
    resolve_overrides,
)
from core.workspace.matching import HashIndex, as_hashes

LABELS = np.array([0, 0, 1, 1, 1, 2], np.int32)
NOW = "clustering now"


def log(*decisions):
    """Return decisions as the ledger gives them: with ids from 1 up."""
    return [Decision(**(values | {"id": i})) for i, values in enumerate(decisions, start=1)]


def records(action, *rows):
    return {"action": action, "rows": np.array(rows, np.int64)}


def cluster(action, number, clustering=NOW, **values):
    return {"action": action, "target": "cluster", "cluster": number, "clustering": clustering} | values


def undo(number):
    return {"action": "undo", "refers": number}


def redo(number):
    return {"action": "redo", "refers": number}


def resolve(*decisions, labels=LABELS, clustering=NOW):
    found = resolve_overrides(log(*decisions), len(LABELS), labels, clustering)
    return found.pinned.tolist(), found.dropped.tolist(), found.multipliers


def ids(decisions):
    return [decision.id for decision in decisions]


# Replaying


def test_no_decisions_constrain_nothing():
    assert resolve() == ([], [], {})


@pytest.mark.parametrize(
    ("decisions", "expected"),
    [
        ([records("pin", 4, 1)], ([1, 4], [], {})),
        ([records("pin", 1), records("drop", 1)], ([], [1], {})),
        ([records("drop", 1), records("pin", 1)], ([1], [], {})),
        ([records("pin", 1, 2), records("clear", 1)], ([2], [], {})),
        ([records("drop", 1), records("clear", 1, 2)], ([], [], {})),
        ([cluster("pin", 1)], ([2, 3, 4], [], {})),
        ([cluster("drop", 1), records("pin", 3)], ([3], [2, 4], {})),
        ([records("pin", 3), cluster("drop", 1)], ([], [2, 3, 4], {})),
        ([cluster("drop", 1), records("clear", 3)], ([], [2, 4], {})),
        ([records("pin", 0), records("drop", 3), cluster("clear", 1)], ([0], [], {})),
        ([cluster("pin", 0), cluster("drop", 2)], ([0, 1], [5], {})),
        ([records("pin")], ([], [], {})),
    ],
)
def test_the_last_word_on_a_record_counts(decisions, expected):
    assert resolve(*decisions) == expected


@pytest.mark.parametrize(
    ("decisions", "multipliers"),
    [
        ([cluster("weight", 2, value=3.0), cluster("weight", 0, value=0.0)], {0: 0.0, 2: 3.0}),
        ([cluster("weight", 1, value=3.0), cluster("weight", 1, value=0.5)], {1: 0.5}),
        ([cluster("weight", 1, value=3.0), cluster("weight", 1, value=1.0)], {}),
        ([cluster("weight", 1, value=3.0), cluster("clear", 1)], {}),
        ([cluster("weight", 1, value=3.0), cluster("clear", 0), records("clear", 2)], {1: 3.0}),
        ([cluster("weight", 1, value=3.0), cluster("weight", 1, value=2.0), undo(2)], {1: 3.0}),
    ],
)
def test_the_last_weight_of_a_cluster_counts_until_it_is_cleared(decisions, multipliers):
    assert resolve(*decisions) == ([], [], multipliers)


def test_a_weight_leaves_pins_and_drops_as_they_are():
    decisions = [
        cluster("pin", 0),
        cluster("drop", 1),
        cluster("weight", 0, value=2.0),
        cluster("weight", 1, value=2.0),
    ]
    assert resolve(*decisions) == ([0, 1], [2, 3, 4], {0: 2.0, 1: 2.0})


@pytest.mark.parametrize(("labels", "clustering"), [(LABELS, "another"), (None, ""), (None, NOW)])
def test_decisions_on_another_clustering_are_set_aside_and_those_on_records_are_not(labels, clustering):
    decisions = log(cluster("drop", 1), records("pin", 2), cluster("weight", 0, value=2.0))
    found = resolve_overrides(decisions, len(LABELS), labels, clustering)
    assert (found.pinned.tolist(), found.dropped.tolist(), found.multipliers) == ([2], [], {})
    assert ids(found.set_aside) == [1, 3]


def test_an_undone_decision_is_not_even_set_aside():
    found = resolve_overrides(log(cluster("drop", 1, "another"), undo(1)), len(LABELS), LABELS, NOW)
    assert found.set_aside == ()


def test_the_rows_of_a_decision_on_another_dataset_are_looked_up():
    decisions = log(records("pin", 0, 1), records("drop", 5))
    found = resolve_overrides(decisions, 6, None, "", rows_of=lambda decision: decision.rows[decision.rows > 0] - 1)
    assert (found.pinned.tolist(), found.dropped.tolist()) == ([0], [4])


def test_replaying_leaves_the_decisions_and_labels_as_they_were():
    decisions = log(records("pin", 4, 1), cluster("drop", 1), undo(2), redo(2))
    labels = LABELS.copy()
    for array in (labels, decisions[0].rows):
        array.setflags(write=False)
    first, again = (resolve_overrides(decisions, 6, labels, NOW) for _ in range(2))
    assert decisions[0].rows.tolist() == [4, 1]
    assert (first.pinned.tolist(), first.dropped.tolist()) == (again.pinned.tolist(), again.dropped.tolist())
    assert (first.pinned.tolist(), first.dropped.tolist()) == ([1], [2, 3, 4])


STEPS = st.lists(
    st.tuples(st.sampled_from(["pin", "drop", "clear"]), st.lists(st.integers(0, 5), max_size=4)), max_size=12
)


@given(STEPS)
def test_every_record_has_the_state_of_the_last_decision_that_names_it(steps):
    pinned, dropped, _ = resolve(*(records(action, *rows) for action, rows in steps))
    last = {row: action for action, rows in steps for row in rows}
    assert pinned == sorted(row for row, action in last.items() if action == "pin")
    assert dropped == sorted(row for row, action in last.items() if action == "drop")


# Undo and redo


@pytest.mark.parametrize(
    ("decisions", "standing", "to_undo", "to_redo"),
    [
        ([], [], None, None),
        ([records("pin", 0)], [1], 1, None),
        ([records("pin", 0), undo(1)], [], None, 1),
        ([records("pin", 0), undo(1), redo(1)], [1], 1, None),
        ([records("pin", 0), records("drop", 0), undo(2)], [1], 1, 2),
        ([records("pin", 0), records("drop", 0), undo(2), undo(1)], [], None, 1),
        ([records("pin", 0), records("drop", 0), undo(2), undo(1), redo(1)], [1], 1, 2),
        ([records("pin", 0), records("drop", 0), undo(2), undo(1), redo(1), redo(2)], [1, 2], 2, None),
        ([records("pin", 0), undo(1), records("drop", 0)], [3], 3, None),
        ([records("pin", 0), undo(1), records("drop", 0), undo(3)], [], None, 3),
        ([records("pin", 0), records("pin", 1), undo(1)], [2], 2, 1),
        ([records("pin", 0), undo(1), redo(1), undo(1)], [], None, 1),
    ],
)
def test_undo_takes_back_the_latest_and_redo_restores_the_last_undone(decisions, standing, to_undo, to_redo):
    decisions = log(*decisions)
    assert ids(in_force(decisions)) == standing
    assert next_undo(decisions) == to_undo
    assert next_redo(decisions) == to_redo


def test_a_redone_decision_stands_where_it_was_made():
    decisions = [records("pin", 0), records("drop", 0)]
    assert resolve(*decisions, undo(1), redo(1)) == ([], [0], {})
    assert resolve(*decisions, undo(2)) == ([0], [], {})
    assert resolve(*decisions, undo(2), undo(1)) == ([], [], {})


@given(st.lists(st.sampled_from(["do", "do", "undo", "redo"]), max_size=30))
def test_undo_and_redo_work_like_two_stacks(steps):
    decisions, done, undone = [], [], []
    for number, step in enumerate(steps, start=1):
        if step == "do":
            decisions.append(Decision("pin", id=number))
            done, undone = [*done, number], []
        elif step == "undo" and done:
            decisions.append(Decision("undo", refers=next_undo(decisions), id=number))
            undone.append(done.pop())
        elif step == "redo" and undone:
            decisions.append(Decision("redo", refers=next_redo(decisions), id=number))
            done.append(undone.pop())
        assert ids(in_force(decisions)) == done
        assert next_undo(decisions) == (done[-1] if done else None)
        assert next_redo(decisions) == (undone[-1] if undone else None)


# Decisions


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"action": "keep"}, "action is 'keep'"),
        ({"action": "pin", "target": "rows"}, "target is 'rows'"),
        ({"action": "weight", "value": 2.0}, "2.0 on records"),
        ({"action": "weight", "target": "cluster", "value": -0.5}, "-0.5"),
        ({"action": "weight", "target": "cluster", "value": float("nan")}, "nan"),
        ({"action": "weight", "target": "cluster", "value": float("inf")}, "inf"),
        ({"action": "weight", "target": "cluster", "value": "2"}, "'2'"),
    ],
)
def test_a_decision_that_makes_no_sense_is_refused_with_what_is_wrong(values, named):
    with pytest.raises(CurationError, match=named):
        Decision(**values)


def test_a_weight_of_zero_is_allowed_and_every_action_has_its_targets():
    assert Decision("weight", "cluster", cluster=1, value=0).value == 0
    for action in ("pin", "drop", "clear", "undo", "redo"):
        assert Decision(action).target == "records"
        assert Decision(action, "cluster").target == "cluster"


# Clusters carried over


@pytest.mark.parametrize(
    ("old", "new", "cluster", "expected"),
    [
        ([0, 0, 1, 1], [5, 5, 2, 2], 0, (5, 1.0)),
        ([0, 0, 0, 1], [1, 1, 0, 0], 0, (1, 2 / 3)),
        ([0, 0, 0, 1], [1, 1, 0, 0], 1, (0, 1 / 2)),
        ([0, 0, 1, 1, 1, 1], [0, 1, 1, 1, 1, 1], 0, (0, 1 / 2)),
        ([0] * 4 + [1] * 4, [0, 0, 1, 1, 1, 1, 1, 1], 0, (0, 1 / 2)),
        ([0] * 4 + [1] * 4, [0, 1, 1, 1, 1, 1, 1, 1], 0, (1, 3 / 8)),
    ],
)
def test_a_cluster_is_carried_to_the_one_that_overlaps_it_most(old, new, cluster, expected):
    assert carry_over(np.array(old), np.array(new), cluster) == (expected[0], pytest.approx(expected[1]))


def test_a_cluster_without_records_overlaps_none():
    assert carry_over(np.array([0, 0, 2]), np.array([0, 1, 1]), 1)[1] == 0


@given(st.permutations(range(5)), st.lists(st.integers(0, 4), min_size=1, max_size=40))
def test_renumbered_clusters_are_found_again_whole(order, labels):
    old, new = np.array(labels), np.array(order)[labels]
    for number in set(labels):
        assert carry_over(old, new, number) == (order[number], 1.0)


# Records found by their hashes


def hashed(*letters):
    return np.array([letter.encode() * 16 for letter in letters], "S16")


def asked(*letters):
    return [letter.encode() * 16 for letter in letters]


def found(wanted, present) -> list[int]:
    index = HashIndex(present)
    return index.rows_of(index.names_of(as_hashes(wanted))).tolist()


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("b", [1]),
        ("cb", [1, 3]),
        ("a", [0]),
        ("aa", [0, 2]),
        ("aaa", [0, 2, 4]),
        ("aaaa", [0, 2, 4]),
        ("acab", [0, 1, 2, 3]),
        ("z", []),
        ("zaz", [0]),
        ("", []),
    ],
)
def test_the_nth_copy_answers_the_nth_ask(wanted, expected):
    assert found(asked(*wanted), hashed(*"abaca")) == expected


def test_hashes_are_compared_to_their_last_byte_even_if_it_is_zero():
    present = [b"x" * 15 + b"\0", b"x" * 14 + b"\0\0", b"x" * 15 + b"y"]
    for row, wanted in enumerate(present):
        assert found([wanted], np.array(present, "S16")) == [row]


def test_nothing_is_found_where_there_is_nothing():
    assert found(asked("a"), np.zeros(0, "S16")) == []


@given(st.lists(st.sampled_from("abcd"), max_size=30), st.lists(st.sampled_from("abcde"), max_size=30))
def test_as_many_rows_are_found_as_are_asked_for_and_there(present, wanted):
    rows = found(asked(*wanted), hashed(*present))
    assert rows == sorted(set(rows))
    for letter in "abcde":
        places = [row for row, held in enumerate(present) if held == letter]
        assert [row for row in rows if row in places] == places[: wanted.count(letter)]
