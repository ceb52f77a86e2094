"""A run's current selection is brought in line with decisions by one session at a time, and by each where it is alone."""

import pytest

from components.session.following import Following
from tests.test_turns import Clock


def test_who_is_alone_may_at_once_every_time():
    following = Following(clock := Clock())
    for _ in range(3):
        with following.turn() as mine:
            assert mine
            clock.now += 0.4


def test_of_several_one_may_and_the_others_after_a_break():
    following = Following(clock := Clock())
    with following.turn() as first:
        with following.turn() as second:
            assert first and not second
        clock.now += 0.5
    for later, may in ((0.9, False), (0.2, True)):
        clock.now += later
        with following.turn() as mine:
            assert mine == may


def test_a_turn_that_fails_ends():
    following = Following()
    with pytest.raises(ValueError, match="half"), following.turn():
        raise ValueError("half done")
    with following.turn() as mine:
        assert mine
