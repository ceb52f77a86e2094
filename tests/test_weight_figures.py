"""The charts of weights: which clusters are drawn, what is marked, at 8 and at 2,048 clusters."""

import numpy as np
import pytest

from components.charts.weight_figures import loss_lines, weight_heat, weight_lines
from core.refine.history import History
from core.workspace.decisions import Decision


def make_course(k=8, decisions=()):
    rng = np.random.default_rng(0)
    weights = np.exp(np.cumsum(np.c_[np.zeros(k), rng.normal(scale=0.5, size=(k, 2))], axis=1))
    weights /= weights.sum(axis=0)
    names = [f"name <b>{i}</b> & more words than fit into a legend" for i in range(k)]
    return History(names, ["Round 1", "Round 2", "next"], weights, weights, [[], list(decisions), []])


def decided(cluster, action="weight"):
    return Decision(
        action, "cluster", cluster=cluster, clustering="c", value=2.0, who="ann <i>", id=1, at="2026-01-01T00:00:00"
    )


def test_the_most_risen_and_the_most_fallen_are_drawn_in_turn():
    history = make_course(40)
    moved = np.log(history.relative[:, -1] / history.relative[:, 0])
    shown = history.most_changed(8)
    assert set(shown) == set(np.argsort(moved)[:4]) | set(np.argsort(moved)[-4:])


def test_the_picked_cluster_and_the_decided_ones_are_always_drawn_and_once():
    history = make_course(40, [decided(5), decided(6), Decision("pin", rows=np.array([1]))])
    shown = history.most_changed(8, always=(5, 17))
    assert {5, 6, 17} <= set(shown) and len(shown) == len(set(shown)) == 8
    assert len(make_course(3).most_changed(8)) == 3


@pytest.mark.parametrize("k", [8, 64, 2048])
def test_lines_and_heat_are_drawn_at_any_number_of_clusters(k):
    history = make_course(k, [decided(3)])
    shown = history.most_changed(8)
    lines = weight_lines(history, shown, dark=False, picked=shown[0])
    names = [trace.name for trace in lines.data if trace.name]
    assert ("90 % of all clusters" in names) == (k > 8) and "a curator decided" in names
    assert lines.layout.yaxis.type == "log"
    heat = weight_heat(history, dark=True).data[0]
    assert np.array(heat.z).shape == (3, k)
    assert (np.diff(np.array(heat.z)[-1]) <= 1e-12).all()  # in the order of the last weight


def test_a_mark_says_who_did_what_and_a_name_is_never_markup():
    figure = weight_lines(make_course(8, [decided(3)]), list(range(8)), dark=False)
    mark = next(trace for trace in figure.data if trace.name == "a curator decided")
    assert "ann &lt;i&gt;: weight cluster 3 × 2" in mark.text[0]
    assert all("<b>" not in (trace.name or "") for trace in figure.data)


def test_losses_are_a_line_a_round():
    figure = loss_lines({"Round 1": [{"step": 1, "loss": 2.0}], "Round 2": [{"step": 1, "loss": 1.5}]}, dark=False)
    assert [trace.name for trace in figure.data] == ["Round 1", "Round 2"]
