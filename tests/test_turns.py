"""Pages drawn anew for what others decided take turns: half of the time is for one's own actions, nobody waits for ever."""

import numpy as np

from components.session.turns import Turns


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_two_who_draw_quick_pages_see_each_other_at_once():
    turns = Turns(clock := Clock())
    turns.took(0.1)
    for _ in range(5):
        for who in ("ann", "ben"):
            assert turns.take(who)
            turns.drawn(who)
            clock.now += 0.5


def test_many_take_half_of_the_time_at_most_and_everybody_comes_to_it():
    turns, rng = Turns(clock := Clock()), np.random.default_rng(0)
    drawn = dict.fromkeys(range(20), 0)
    asks = sorted((second + phase, who) for who, phase in enumerate(rng.random(20)) for second in range(60))
    for at, who in asks:  # somebody decides all the time, and each session asks once a second
        clock.now = 100 + at
        if turns.take(who):
            turns.took(0.2)
            turns.drawn(who)
            drawn[who] += 1
    assert 80 < sum(drawn.values()) <= 60 / 0.4 + 1
    assert min(drawn.values()) >= 3


def test_who_has_gone_keeps_nobody_waiting():
    turns = Turns(clock := Clock())
    turns.took(1)
    assert turns.take("ann")
    assert not any(turns.take(who) for who in ("gone", "gone too", "ben"))
    clock.now += 4
    assert turns.take("ben")


def test_what_a_page_takes_is_forgotten_where_pages_are_quick_again():
    turns = Turns(clock := Clock())
    turns.took(10)
    for _ in range(30):
        turns.took(0.1)
    assert turns.take("ann")
    clock.now += 0.3
    assert turns.take("ann")


def test_a_page_that_takes_long_holds_nobody_up_for_minutes():
    turns = Turns(clock := Clock())
    turns.took(60)
    assert turns.take("ann")
    turns.drawn("ann")
    clock.now += 4.5
    assert turns.take("ben")


def test_the_more_are_there_the_fewer_looks_each_takes():
    turns = Turns(clock := Clock())
    for who in ("ann", "ben"):
        turns.drawn(who)
    assert turns.look_every() == 1
    for who in range(18):
        turns.looks(who)
    assert turns.look_every() == 5
    clock.now += 29
    turns.looks("ann")
    clock.now += 29
    assert turns.look_every() == 1  # the others have gone


def test_one_who_looks_seldom_is_still_there():
    turns = Turns(clock := Clock())
    for who in range(20):
        turns.looks(who)
    assert not [who for who in ("ann", "ben") if not turns.take(who)]
    turns.took(1)
    assert turns.take("ann") and not turns.take("first") and not turns.take("last")
    clock.now += 6
    assert not turns.take("new") and turns.take("first")
