"""What decisions leave to see in a run: marks on its chart, and weights told alike in text, table and chart."""

import numpy as np

from components.charts.weight_figures import weight_lines
from core.refine.history import decisions_before, history_of, round_table, why
from core.refine.params import RefineParams
from core.vectors.clustering import ClusterParams
from core.workspace.deciding import decide_cluster
from core.workspace.decisions import Decision
from tests.refining import fresh, go


def diamonds(history):
    figure = weight_lines(history, list(range(len(history.names))), dark=False)
    said = figure.layout.xaxis.ticktext
    return [said[x] for trace in figure.data if trace.name == "a curator decided" for x in trace.x]


def test_decisions_about_other_clusters_mark_nothing_in_a_run(rounds):
    decide_cluster(rounds.results, "weight", 3, "ann", value=5.0)
    rounds.results.run("cluster", ClusterParams(6), device="cpu")
    rounds = fresh(rounds)
    rounds.start(RefineParams("12", 3))
    rounds = go(rounds, until=2)
    run, first = rounds.run(1), rounds.rounds(1)[0]
    assert decisions_before(rounds, run, first) == [] and diamonds(history_of(rounds, run)) == []
    assert set(round_table(rounds, run, first)["held by"]) <= {"", "cap"}
    decide_cluster(rounds.results, "weight", 3, "ann", value=5.0)
    assert diamonds(history_of(fresh(rounds), run)) == ["next"]


def test_a_decision_taken_back_leaves_no_mark(started):
    rounds = go(started, until=1)
    run = rounds.run(1)
    weighted = decide_cluster(rounds.results, "weight", 2, "ann", value=3.0)
    assert diamonds(history_of(fresh(started), run)) == ["next"]
    rounds.workspace.ledger.add_decision(Decision(action="undo", refers=weighted.id))
    history = history_of(fresh(started), run)
    assert diamonds(history) == [] and history.decisions[-1] == [] and 2 not in history.most_changed(0)
    rounds.workspace.ledger.add_decision(Decision(action="redo", refers=weighted.id))
    assert diamonds(history_of(fresh(started), run)) == ["next"]


def test_a_decision_taken_back_after_its_round_is_still_told_of_that_round(started):
    rounds = go(started, until=1)
    run = rounds.run(1)
    dropped = decide_cluster(rounds.results, "drop", 2, "ann")
    rounds = go(started, until=2)
    rounds.workspace.ledger.add_decision(Decision(action="undo", refers=dropped.id, who="bob"))
    rounds = fresh(started)
    history, second = history_of(rounds, run), rounds.rounds(1)[1]
    assert diamonds(history) == [] and history.taken_back == {dropped.id}
    assert [d.id for d in history.decisions[1]] == [dropped.id] and round_table(rounds, run, second)["held by"][2] != ""
    assert [(d.who, d.action, d.refers) for d in history.decisions[2]] == [("bob", "undo", dropped.id)]


def test_text_table_and_chart_give_a_weight_in_one_unit(started):
    rounds = go(started, until=1)
    decide_cluster(rounds.results, "weight", 2, "ann", value=3.0)
    rounds = go(started, until=2)
    decide_cluster(rounds.results, "weight", 1, "ann", value=0.5)
    rounds = fresh(started)
    run, history = rounds.run(1), history_of(rounds, rounds.run(1))
    for place, made in enumerate(rounds.rounds(1)):
        table = round_table(rounds, run, made)
        np.testing.assert_allclose(table["weight"], history.relative[:, place])
        np.testing.assert_allclose(table["after"], history.relative[:, place + 1])
        for cluster in range(4):
            before, after = history.relative[cluster, place : place + 2]
            text = why(rounds, run, made, cluster)
            assert f"{before:.2f} to {after:.2f} times" in text or f"stayed at {after:.2f} times" in text
    assert "Since then a curator multiplies it by 3." in why(rounds, run, rounds.rounds(1)[0], 2)
    assert "a curator multiplies it by 3" in why(rounds, run, rounds.rounds(1)[1], 2)
    assert "Since then a curator multiplies it by 0.5." in why(rounds, run, rounds.rounds(1)[1], 1)
    rounds = go(started)
    last = rounds.rounds(1)[2]
    drawn = history_of(rounds, run).relative[2, 2]
    assert f"drew with {drawn:.2f} times an equal share, multiplied by 3" in why(rounds, run, last, 2)
