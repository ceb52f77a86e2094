"""Registries and options: one object a concept, and the command line and the plain forms made from params."""

import argparse
import dataclasses

import numpy as np
import pytest

from core.base.errors import CurationError
from core.base.params import Params, digest, option, options_of
from core.base.progress import no_progress
from core.base.registry import Registry
from core.cli.options import add_options, given, read
from core.cli.parser import build_parser
from core.daar.seed_writing import SeedParams
from core.measures.measure import BASES, MEASURES, NEEDS
from core.quality.scorer import SCORERS
from core.refine.params import RefineParams
from core.run.pipeline import STAGES
from core.run.tasks import TASKS, Step, doing, run_steps
from core.selection.choosing import select_records
from core.selection.method import FAMILIES, METHODS, Method
from core.selection.params import RoundsParams, SelectionParams
from core.selection.pool import Picks, Pool


@dataclasses.dataclass(frozen=True)
class Baked(Params):
    heat: int = option(180, "how hot", least=50, flag="--degrees")
    crust: float = option(0.5, "of the loaf, 0 to 1", least=0, most=1)
    flour: str = option("rye", "what of", choices={"rye": "dark", "wheat": "light"}, also="--grain", stored="grain")
    steam: bool = option(False, "with steam", added=True)
    who: str = ""


def parsed(*arguments, **how):
    parser = argparse.ArgumentParser()
    add_options(parser, Baked, **how)
    return parser.parse_args(arguments)


def test_a_name_and_a_place_are_given_once():
    registry = Registry()
    one = Method("one", "Help.", 1, lambda *_: Picks(np.zeros(0), np.zeros(0)))
    registry.add(dataclasses.replace(one, name="two", place=2))
    registry.add(one)
    assert list(registry) == ["one", "two"]
    for taken in (one, dataclasses.replace(one, name="three")):
        with pytest.raises(ValueError, match="is taken"):
            registry.add(taken)


@pytest.mark.parametrize(
    "registry", [METHODS, SCORERS, MEASURES, TASKS], ids=["methods", "scorers", "measures", "tasks"]
)
def test_everything_registered_says_what_it_is(registry):
    assert len(registry) > 4
    for name, each in registry.items():
        assert each.name == name
        words = [getattr(each, field, "x") for field in ("help", "title", "meaning", "doing")]
        assert all(words), name


def test_every_method_says_in_a_line_what_it_does_and_when_it_works_best():
    for name, method in METHODS.items():
        assert method.family in FAMILIES and method.best_when.endswith((".", "!")), name
        assert len(method.help) <= 62 and method.help[0].isupper(), name  # one line of the list
        assert 0 < method.seconds(1000, 100) < method.seconds(1_000_000, 100_000), name
    assert {method.family for method in METHODS.values()} == set(FAMILIES)


def test_every_measure_says_what_it_needs_and_goes_by():
    for name, measure in MEASURES.items():
        assert measure.needs in ("", *NEEDS) and measure.goes_by in ("", *BASES), name


def test_every_stage_needs_stages_that_there_are():
    for stage in STAGES.values():
        assert stage.help and stage.doing and set(stage.needs) <= {*STAGES, "records"}


def test_a_method_of_ones_own_is_chosen_by_and_offered(monkeypatch):
    def first(pool, params, budget):
        rows = pool.free_rows()[: budget - len(pool.pinned)]
        return Picks(rows, np.zeros(len(rows)))

    monkeypatch.setitem(METHODS, "first", Method("first", "The first records.", 99, first))
    chosen = select_records(Pool(10, pinned=np.array([7])), SelectionParams("3", "first"))
    assert chosen.rows.tolist() == [7, 0, 1]
    select = next(a for a in build_parser()._actions if a.dest == "verb").choices["select"]
    assert "first" in next(a for a in select._actions if a.dest == "method").choices


def test_options_become_flags_with_help_defaults_and_choices():
    assert read(parsed(), Baked) == Baked()
    made = read(parsed("--degrees", "220", "--crust", "0.2", "--grain", "wheat", "--steam"), Baked, who="ann")
    assert made == Baked(220, 0.2, "wheat", True, "ann")
    assert read(parsed(heat=200), Baked).heat == 200
    assert given(parsed("--crust", "1", only_given=True), Baked) == {"crust": 1.0}
    with pytest.raises(SystemExit):
        parsed("--flour", "sand")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--degrees", "20"], "--degrees is 20; it must be a whole number of at least 50"),
        (["--crust", "2"], "crust is 2.0"),
    ],
)
def test_what_is_not_allowed_is_said_with_the_flag(arguments, said):
    with pytest.raises(CurationError, match=said):
        read(parsed(*arguments), Baked)


def test_the_plain_form_keeps_names_and_leaves_out_what_came_later():
    assert Baked().as_dict() == {"heat": 180, "crust": 0.5, "grain": "rye", "who": ""}
    assert Baked(steam=True).as_dict()["steam"] is True
    assert Baked.from_dict({"grain": "wheat"}) == Baked.from_dict({"flour": "wheat"}) == Baked(flour="wheat")
    with pytest.raises(CurationError, match="has no parameter salt"):
        Baked.from_dict({"salt": 1})
    with pytest.raises(CurationError, match="flour is 'sand'"):
        Baked(flour="sand")


def test_what_a_page_shows_of_a_field_says_what_it_is():
    for stage in STAGES.values():
        for name, (_, about) in options_of(stage.params).items():
            assert about.help, (stage.name, name)


def test_the_plain_forms_of_params_are_those_that_workspaces_hold():
    """Their names make the keys of results: a new name in code keeps the old one there."""
    selection = "budget method quota probability replacement seed threshold alpha customise band groups"
    assert list(SelectionParams().as_dict()) == selection.split()
    refine = "budget rounds feedback update temperature floor inside probability scored seed scale direction"
    assert list(RefineParams().as_dict()) == refine.split()
    assert list(RoundsParams(1, 2, "x").as_dict()) == ["run", "rounds", "course", "budget", "method"]
    assert SeedParams("x", similarity_threshold=0.5).as_dict()["threshold"] == 0.5
    assert digest("select", SelectionParams().as_dict()) == "e8d2e6f49c78e421"


def test_verbs_and_options_of_before_still_work():
    parser = build_parser()
    assert parser.parse_args(["prove", "w"]).run is parser.parse_args(["ablate", "w"]).run
    before = ["select", "w", "--threshold", "0.5", "--probability", "softmax", "--customise", "x"]
    now = ["select", "w", "--similarity-threshold", "0.5", "--sampling-probability", "softmax", "--target-domain", "x"]
    assert read(parser.parse_args(before), SelectionParams) == read(parser.parse_args(now), SelectionParams)
    assert read(parser.parse_args(before), SelectionParams).similarity_threshold == 0.5


def test_a_job_of_before_can_be_tried_again(make_pipeline, monkeypatch):
    seen = []
    monkeypatch.setitem(TASKS, "ablate", dataclasses.replace(TASKS["ablate"], run=lambda by: seen.append(by.params)))
    run_steps(make_pipeline().workspace, [Step("prove", {"budget": "5%"})], lambda step: no_progress)
    assert seen == [{"budget": "5%"}] and doing("ablate") == "Training on each selection"
