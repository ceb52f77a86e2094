"""Shares are written alike everywhere: with one decimal."""

from pathlib import Path

import pandas as pd

from components.charts.percent import PERCENT, in_percent

ROOT = Path(__file__).resolve().parent.parent


def test_shares_become_percents_in_a_new_frame():
    frame = pd.DataFrame({"share": [0.0933, 0.093], "n": [1, 2]})
    found = in_percent(frame, ("share", "not there"))
    assert [PERCENT % value for value in found["share"]] == ["9.3 %", "9.3 %"]
    assert frame["share"].tolist() == [0.0933, 0.093] and found["n"].tolist() == [1, 2]


def test_no_table_writes_shares_with_as_many_decimals_as_it_likes():
    for path in (ROOT / "components").rglob("*.py"):
        assert 'format="percent"' not in path.read_text(encoding="utf-8"), path
