"""The forest plot of an ablation: its rows, their order and words, shares beside them, on pages and in reports."""

import dataclasses

import numpy as np
import pytest

from components.charts import ablation_figures
from components.charts.palette import VERDICT
from core.evidence.ablation.forest import OTHERS, forest_rows, share_names
from core.evidence.ablation.latest import Contrast, LastAblation, table_lines
from core.evidence.ablation.losses import sum_up
from core.evidence.ablation.params import AblationParams
from core.export.report import figures

GROUPS = ["t0", "gsm8k", "code"]
CODES = np.repeat([0, 1, 2], 5)
GAPS = {"random": 0.0, "kmq:quota=equal": -0.3, "longest": 0.4, "daar": 0.0}


@pytest.fixture
def lines():
    """Four seeds; daar's differences go up and down, the others' hardly."""
    noise = {"daar": [0.3, -0.3, 0.24, -0.2]}
    losses = {
        arm: [np.full(15, 4 + seed + gap + noise.get(arm, [0, 0.01, 0, -0.01])[seed], np.float32) for seed in range(4)]
        for arm, gap in GAPS.items()
    }
    losses["random"] = [np.full(15, 4 + seed, np.float32) for seed in range(4)]
    taken = {arm: [np.array([0, 0, 0, 1])] * 4 for arm in GAPS} | {"daar": [np.array([2, 2, 1, 0])] * 4}
    return sum_up(losses, taken, GROUPS, CODES)


def test_the_rows_go_from_the_best_to_the_worst_with_random_at_0(lines):
    rows = forest_rows(lines, 7)
    assert [row.arm for row in rows] == ["kmq:quota=equal", "random", "daar", "longest"]
    by = {row.arm: row for row in rows}
    assert by["kmq:quota=equal"].said.startswith("ahead -0.300 ± 0.0") and by["longest"].said.startswith(
        "behind +0.400"
    )
    assert by["daar"].said.startswith("can't tell ") and by["random"].said == "the baseline"
    assert (by["random"].mean, by["random"].gaps, by["random"].judged) == (0.0, [], "")
    assert by["daar"].gaps == pytest.approx([0.3, -0.3, 0.24, -0.2], abs=1e-6)
    assert [by[arm].judged for arm in ("kmq:quota=equal", "daar", "longest")] == ["better", "chance", "worse"]
    assert by["daar"].shares == pytest.approx([0.25, 0.25, 0.5]) and by["random"].shares == [0.75, 0.25, 0.0]


def test_small_groups_are_shown_together(lines):
    assert share_names(lines, 3) == GROUPS and share_names(lines, 2) == ["t0", OTHERS]
    assert {row.arm: row.shares for row in forest_rows(lines, 2)}["daar"] == pytest.approx([0.25, 0.75])


@pytest.mark.parametrize("dark", [False, True])
def test_the_chart_marks_0_and_has_intervals_words_and_shares(lines, dark):
    figure = ablation_figures.forest(lines, dark)
    rows = forest_rows(lines, ablation_figures.MOST_GROUPS)
    zero = figure.layout.shapes[0]
    assert (zero.x0, zero.x1, zero.xref) == (0, 0, "x")
    means = [trace for trace in figure.data if trace.type == "scatter" and trace.error_x.array is not None]
    assert [trace.x[0] for trace in means] == [row.mean for row in rows]
    best = means[0]
    assert best.error_x.array[0] == rows[0].half and best.error_x.color == VERDICT["better"][dark]
    assert [note.text for note in figure.layout.annotations] == [row.said for row in rows]
    assert list(figure.layout.yaxis.ticktext) == [row.arm for row in rows]
    bars = {trace.name: list(trace.x) for trace in figure.data if trace.type == "bar"}
    assert np.sum(list(bars.values()), axis=0) == pytest.approx([100] * len(rows)) and figure.layout.barmode == "stack"
    said = ablation_figures.in_words(lines)
    assert all(f"{row.arm} {row.said}" in said for row in rows)


def test_without_random_selections_losses_are_drawn(lines):
    alone = [dataclasses.replace(line, base="") for line in lines]
    assert forest_rows(alone, 7) == []
    figure = ablation_figures.losses_with_intervals(alone, False)
    assert list(figure.data[0].x) == [line.macro for line in alone]


def test_the_report_draws_the_same_rows(lines):
    drawn = figures.forest(forest_rows(lines, 6)).decode()
    assert figures.VERDICTS["better"] in drawn and figures.VERDICTS["worse"] in drawn
    assert "kmq:quota=equal" in drawn and "can't tell" in drawn.replace("&#39;", "'").replace("&apos;", "'")
    assert drawn == figures.forest(forest_rows(lines, 6)).decode()


def test_the_terminals_table_has_verdicts_and_what_could_be_shown(lines):
    head, *told = table_lines(lines)
    assert "could show" in head and "p, Holm" in head
    row = next(text for text in told if text.startswith("kmq:quota=equal"))
    line = next(line for line in lines if line.method == "kmq:quota=equal")
    assert " ahead " in row and f"{line.least:.4f}" in row and "< 0.001" in row
    assert " can't tell " in next(text for text in told if text.startswith("daar"))


def test_what_decided_on_more_seeds_is_said_in_words(lines):
    told = Contrast("kmq", "random", 6, -0.31, 0.12, 0.01, 0.2, True)
    asked = AblationParams(("random", "kmq"))
    last = LastAblation(asked, lines, [], (0, 0), "varied", 400, told)
    assert "kmq against random: -0.3100 ± 0.1200 after 6 seeds; the interval leaves out 0." in last.stopping
    assert "sequential" in last.stopping
    unsure = dataclasses.replace(told, mean=-0.05, told=False)
    last = dataclasses.replace(last, contrast=unsure, finished=False)
    assert "includes 0. So many seeds would have shown a difference of 0.2000 four times in five." in last.stopping
    assert "More seeds are to come, up to 12" in last.stopping
    assert last.verdict == "Ahead of chance: kmq:quota=equal; behind it: longest; can't tell: daar"
    assert LastAblation(asked, [], [], (0, 0), "", 400).stopping == ""
