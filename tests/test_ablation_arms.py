"""An ablation's arms as they are written, what is held out by group, equal tokens, and seeds that are added."""

import dataclasses

import numpy as np
import pytest

from core.base.errors import CurationError
from core.evidence.ablation.arm_names import arms_of, parse_arm
from core.evidence.ablation.arms import fair_random, select_for_ablation
from core.evidence.ablation.held_out import draw_held_out, hold_out
from core.evidence.ablation.latest import last_ablation
from core.evidence.ablation.params import AblationParams
from core.evidence.ablation.run import ablate
from core.evidence.ablation.sequential import StopRule
from core.evidence.ablation.statistics import difference_of
from core.models.scratch_training import Trained
from core.run.pipeline import Pipeline
from core.selection.choosing import select_records
from core.selection.params import SelectionParams
from core.selection.stage import pool_of
from core.selection.token_counts import costs_of
from tests.test_ablation import TINY, params

NOTHING = np.zeros(0, np.int64)


@pytest.fixture
def pipeline(make_pipeline):
    return make_pipeline("embed", "cluster", "score")


# Arms


def test_arms_are_parted_by_commas_and_options_stay_with_theirs():
    assert arms_of("random, kmq") == ("random", "kmq")
    text = "random,kmq:quota=equal, probability=softmax,version:a=b,qdit:alpha=0.3,random:500"
    assert arms_of(text) == (
        *("random", "kmq:quota=equal,probability=softmax", "version:a=b", "qdit:alpha=0.3", "random:500"),
    )


def test_an_arm_is_a_selections_params():
    arm = parse_arm("kmq:quota=equal,sampling-probability=softmax,replacement=true")
    assert arm.asked("12", 3) == SelectionParams(
        "12", "kmq", quota="equal", sampling_probability="softmax", replacement=True, seed=3
    )
    assert parse_arm("kmq:probability=softmax").asked("1", 0).sampling_probability == "softmax"  # by its older name
    assert parse_arm("qdit:alpha=0.3").asked("12", 0) == SelectionParams("12", "qdit", alpha=0.3)
    ruled = parse_arm("random:at_least=source=bread:10%;source=python:2")
    assert ruled.asked("12", 0).at_least == ("source=bread:10%", "source=python:2") and not ruled.is_random
    assert parse_arm("random").is_random and parse_arm("random:500").is_random
    assert parse_arm("random:500").asked("12", 0).budget == "500"
    assert parse_arm("random:2k tokens").asked("12", 0).budget == "2000 tokens"
    assert (parse_arm("version:a=b").method, parse_arm("version:a=b").version) == ("version", "a=b")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("luck:alpha=1", "a method to compare is 'luck'"),
        ("kmq:colour=red", "'colour=red' sets no option; .* quota"),
        ("kmq:equal", "'equal' sets no option"),
        ("kmq:quota=equal,quota=size", "gives quota twice"),
        ("kmq:seed=3", "'seed=3' sets no option"),
        ("qdit:alpha=much", "alpha is 'much'; it must be a number"),
        ("qdit:alpha=2", "alpha is 2.0"),
        ("kmq:replacement=perhaps", "must be true or false"),
        ("kmq:quota=moon", "quota is 'moon'"),
        ("rounds:quota=equal", "rounds takes no options"),
        ("random:many", "budget is 'many'"),
    ],
)
def test_an_arm_that_can_not_be_is_refused_when_params_are_made(text, told):
    with pytest.raises(CurationError, match=told):
        params(methods=("random", text))


def test_an_arm_selects_by_its_options(pipeline):
    for text, changes in (("kmeans-random", {}), ("kmeans-random:quota=equal", {"quota": "equal"})):
        wanted = select_records(pool_of(pipeline), SelectionParams("12", "kmeans-random", **changes)).rows
        assert select_for_ablation(pipeline, text, params(), 0, NOTHING).tolist() == np.sort(wanted).tolist()
    assert len(select_for_ablation(pipeline, "random:7", params(), 0, NOTHING)) == 7


def test_a_contrast_is_two_of_the_arms():
    assert params(methods=("kmq", "random", "longest")).contrasted == ("kmq", "random")
    asked = params(methods=("random", "kmq", "kmq:quota=equal"), contrast="kmq:quota=equal against kmq")
    assert asked.contrasted == ("kmq:quota=equal", "kmq")
    assert params(methods=("random", "kmq", "longest"), contrast="longest").contrasted == ("longest", "random")
    assert params(methods=("kmq",)).contrasted is None and params(methods=("random",)).contrasted is None
    assert params(methods=("kmq",), n_seeds=3, most_seeds=9).rule == StopRule(3, 3)  # nothing could decide on more
    assert params(n_seeds=3, most_seeds=9).rule == StopRule(3, 9) and params(n_seeds=1, most_seeds=1).rule is None
    for contrast, told in (("luck", "luck is not among"), ("kmq against random", "random is not among")):
        with pytest.raises(CurationError, match=told):
            params(methods=("kmq",), contrast=contrast)
    with pytest.raises(CurationError, match="give two arms"):
        params(contrast="kmq against kmq")


def test_two_sizes_of_model_and_set_overrides_them():
    fast, usual = (AblationParams(model_size=size).small_params() for size in ("fast", "usual"))
    assert (fast.width, fast.layers, fast.context) == (64, 2, 128)
    assert (usual.width, usual.layers, usual.context) == (128, 4, 192)
    assert fast.learning_rate == usual.learning_rate == 1.5e-3
    changed = AblationParams(small={"width": 96, "learning_rate": 1e-3}).small_params()
    assert (changed.width, changed.layers, changed.learning_rate) == (96, 2, 1e-3)
    with pytest.raises(CurationError, match="model_size is 'huge'"):
        AblationParams(model_size="huge")


# Held out


def test_as_many_of_each_group_are_held_out_as_far_as_half_of_it_goes():
    codes = np.repeat([0, 1, 2, -1], [80, 20, 40, 10])
    asked = AblationParams(held_out=60)
    rows = draw_held_out(codes, 3, asked)
    # A third of 60 each; group 1 gives half of its 20, and what it lacks comes from the others.
    assert np.bincount(codes[rows]).tolist() == [30, 10, 20] and (np.diff(rows) > 0).all()
    assert np.bincount(codes[draw_held_out(codes, 3, dataclasses.replace(asked, held_out=30))]).tolist() == [10, 10, 10]
    assert rows.tolist() == draw_held_out(codes, 3, asked).tolist()
    assert rows.tolist() != draw_held_out(codes, 3, dataclasses.replace(asked, seed=1)).tolist()
    at_random = draw_held_out(codes, 3, dataclasses.replace(asked, held_out_by="random"))
    assert len(np.unique(at_random)) == 60 and np.bincount(codes[at_random] + 1).tolist() != [0, 30, 10, 20]


def test_groups_too_small_to_be_reported_give_nothing_unless_they_must():
    codes = np.repeat([0, 1, 2], [30, 6, 30])
    drawn = [draw_held_out(codes, 3, AblationParams(held_out=n)) for n in (20, 33)]
    assert np.bincount(codes[drawn[0]], minlength=3).tolist() == [10, 0, 10]
    assert np.bincount(codes[drawn[1]], minlength=3).tolist() == [15, 3, 15]
    with pytest.raises(CurationError, match="half of every group comes to 5 records; hold out 5 at most"):
        draw_held_out(np.repeat([0, -1], [10, 10]), 1, AblationParams(held_out=8))


# Equal tokens


def test_a_budget_in_tokens_gives_every_arm_as_many_tokens(pipeline):
    asked = params(methods=("random", "kmq", "longest", "rounds"), budget="600 tokens", n_seeds=1)
    lines = ablate(pipeline, asked, device="cpu")
    costs = costs_of(pipeline, "")
    for arm in asked.methods:
        rows = select_for_ablation(pipeline, arm, asked, 0, hold_out(pipeline, asked).barred)
        assert 600 - costs.max() < costs[rows].sum() <= 600, arm
    numbers = {line.method: line.n_records for line in lines}
    assert max(numbers["longest"]) < min(numbers["random"])
    assert all(line.base == "random" for line in lines if line.method != "random")
    assert fair_random(pipeline, asked, np.array([0, 3])) == f"random:{costs[0] + costs[3]} tokens"


# Seeds that are added


def losses_of(gap, monkeypatch):
    """Let trainings come to made-up losses: arms by their number of records, what all arms of a seed share, and noise."""

    def made_up(training, progress):
        rng = np.random.default_rng([training.seed, len(training.encoded)])
        shared = np.random.default_rng(training.seed).normal(4, 1)
        loss = shared + rng.normal(0, 0.01) + (gap if len(training.encoded) == 12 else 0)
        return Trained(np.full(len(training.held), loss, np.float32), [], 0.0)

    monkeypatch.setattr("core.evidence.ablation.training.train_and_judge", made_up)


def test_seeds_are_added_until_the_contrast_tells_or_the_cap_is_reached(pipeline, monkeypatch):
    asked = params(methods=("random", "random:11", "kmq"), n_seeds=3, most_seeds=7, contrast="kmq against random:11")
    losses_of(-0.5, monkeypatch)
    lines = ablate(pipeline, asked, device="cpu")
    ablation = last_ablation(Pipeline(pipeline.workspace))
    found, rule = ablation.contrast, StopRule(3, 7)
    assert (found.arm, found.base, found.told, ablation.finished) == ("kmq", "random:11", True, True)
    assert 3 <= found.n < 7 and ablation.n_seeds == found.n and all(len(line.macros) == found.n for line in lines)
    macros = {line.method: np.array(line.macros) for line in lines}
    gaps = macros["kmq"] - macros["random:11"]
    assert found.mean == pytest.approx(gaps.mean()) and found.half == pytest.approx(difference_of(gaps, rule).half)
    assert [abs(gaps[:n].mean()) > difference_of(gaps[:n], rule).half for n in range(3, found.n + 1)] == [
        *[False] * (found.n - 3),
        True,
    ]


def test_without_a_difference_the_cap_ends_it_and_what_it_could_have_shown_is_kept(pipeline, monkeypatch):
    losses_of(0.0, monkeypatch)
    asked = params(methods=("random:12", "random", "random:11"), n_seeds=2, most_seeds=5, contrast="random:11")
    ablate(pipeline, asked, device="cpu")
    ablation = last_ablation(pipeline)
    assert ablation.contrast.n == 5 and not ablation.contrast.told and ablation.finished
    gaps = np.array(next(line.macros for line in ablation.lines if line.method == "random:11")) - np.array(
        next(line.macros for line in ablation.lines if line.method == "random")
    )
    assert ablation.contrast.least == pytest.approx(StopRule(2, 5).least_detectable(gaps.std(ddof=1), 5))


def test_what_came_out_so_far_is_kept_after_every_look(pipeline, monkeypatch):
    losses_of(0.0, monkeypatch)
    seen = []
    asked = params(methods=("random", "random:11"), n_seeds=2, most_seeds=4, contrast="random against random:11")
    real = pipeline.workspace.ledger.set_settings

    def noted(stage, values):
        real(stage, values)
        seen.append((values["finished"], last_ablation(Pipeline(pipeline.workspace)).n_seeds))

    monkeypatch.setattr(pipeline.workspace.ledger, "set_settings", noted)
    ablate(pipeline, asked, device="cpu")
    assert [n for _, n in seen] == [2, 3, 4] and [told for told, _ in seen] == [False, False, True]


def test_a_fixed_number_of_seeds_is_an_ordinary_paired_t_test(pipeline):
    lines = {line.method: line for line in ablate(pipeline, params(n_seeds=3, small=TINY), device="cpu")}
    gaps = np.array(lines["kmq"].macros) - np.array(lines["random"].macros)
    assert lines["kmq"].against_half == pytest.approx(4.302653 * gaps.std(ddof=1) / np.sqrt(3), rel=1e-5)
    assert AblationParams(n_seeds=20).most_seeds == 20  # the cap is never below the least number
