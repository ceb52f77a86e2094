"""Runs of rounds on the small workspace, as the tests of them make, continue and read them."""

import itertools

import pytest

from core.refine.advance import Advance, advance
from core.refine.params import RefineParams
from core.refine.runs import Rounds
from core.run.pipeline import Pipeline
from tests.conftest import TinyEncoder

PREPARED = ("embed", "cluster", "score")


def fresh(rounds):
    return Rounds(Pipeline(rounds.workspace))


def go(rounds, run=1, **how):
    advance(fresh(rounds), Advance(run, **how), device="cpu", encoder=TinyEncoder())
    return fresh(rounds)


def rows_of(rounds, run=1):
    return [rounds.rows(made).tolist() for made in rounds.rounds(run)]


def all_rows(rounds, run=1):
    return list(itertools.chain(*rows_of(rounds, run)))


@pytest.fixture
def rounds(make_pipeline):
    return Rounds(make_pipeline(*PREPARED))


@pytest.fixture
def started(rounds):
    rounds.start(RefineParams("12", 3), who="ann")
    return rounds
