"""Shares in tables, with one decimal always: Streamlit's own "percent" writes 9.3 % beside 9.33 %."""

from collections.abc import Iterable

import pandas as pd

PERCENT = "%.1f %%"  # of a column that `in_percent` made


def in_percent(frame: pd.DataFrame, columns: Iterable[str]) -> pd.DataFrame:
    """Return a new frame in which those of `columns` that are there hold percents in place of shares (0..1)."""
    return frame.assign(**{name: 100 * frame[name] for name in columns if name in frame})
