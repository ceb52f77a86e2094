"""The table of domains as it is edited: what a row was is known by its place, not by what it is called now."""

import numpy as np
import pandas as pd

from components.domain_editor import domains_of
from core.domains import Domain, Seed

SAVED = (Domain("a", "first", 0.25, (Seed("of a"),)), Domain("b", "second", 0.0, (Seed("of b"),)))


def frame(rows: dict[int, tuple]) -> pd.DataFrame:
    return pd.DataFrame(list(rows.values()), index=list(rows), columns=["name", "description", "share"])


def test_a_renamed_domain_keeps_its_seeds_and_a_deleted_one_takes_its_own_along():
    made = domains_of(frame({0: ("another name", "first", 0.25), 1: ("b", "second", 0.0)}), SAVED)
    assert [(d.name, d.seeds) for d in made] == [("another name", SAVED[0].seeds), ("b", SAVED[1].seeds)]
    assert domains_of(frame({1: ("b", "second", 0.0)}), SAVED) == SAVED[1:]
    swapped = domains_of(frame({0: ("b", "first", 0.0), 1: ("a", "second", 0.0)}), SAVED)
    assert [d.seeds for d in swapped] == [SAVED[0].seeds, SAVED[1].seeds]


def test_a_new_row_without_a_share_has_none_and_empty_cells_are_empty():
    made = domains_of(frame({0: ("a", "first", 0.25), 2: ("law", "courts", np.nan), 3: (None, np.nan, None)}), SAVED)
    assert made[1] == Domain("law", "courts", 0.0) and made[2] == Domain("", "", 0.0)
