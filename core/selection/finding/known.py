"""What is known of every record of a workspace, as columns to filter by: state, cluster, quality, entropy, its own fields."""

import functools
from collections.abc import Callable, Iterator, Mapping

import numpy as np

from ...base.errors import CurationError, lacking
from ...base.text import shorten
from ...workspace.deciding import overrides_of
from ...workspace.results import Results
from ..stage import last_selection_key
from ..status import DROPPED, FREE, PINNED, SELECTED
from .columns import Column
from .data_columns import AT_ONCE_UP_TO, data_columns

STATES = ("free", "selected", "pinned", "dropped")  # by the numbers of `selection.status`


def statuses_of(results: Results) -> np.ndarray:
    """Return (n,) int8: what became of every record (see `selection.status`)."""
    overrides, status = overrides_of(results), np.full(results.n_records(), FREE, np.int8)
    if key := last_selection_key(results):
        chosen = results.workspace.table("select", key)["row_id"].combine_chunks().to_numpy()
        status[chosen[chosen < len(status)]] = SELECTED
    status[overrides.pinned], status[overrides.dropped] = PINNED, DROPPED
    return status


class Known(Mapping[str, Column]):
    """The columns of a workspace by name, each read when it is asked for. A field of the data named as another is data.NAME."""

    def __init__(self, results: Results, statuses: np.ndarray | None = None) -> None:
        self._results = results
        self._makers: dict[str, Callable[[], Column]] = {"state": lambda: self._state(statuses)}
        if results.current("cluster"):
            self._makers["cluster"] = lambda: Column("cluster", numbers=np.asarray(results.array("cluster")))
        if results.current("score"):
            self._makers["quality"] = lambda: Column("quality", numbers=results.column("score", "score"))
        if results.current("reward"):
            self._makers["entropy"] = lambda: Column("entropy", numbers=results.column("reward", "reward"))
            self._makers["domain"] = self._domain
        for stored, column in data_columns(results).items():
            name = column.name if column.name not in self._makers else f"data.{column.name}"
            if stored == "source" or name not in self._makers:
                self._makers[name] = functools.partial(_named, column, name)

    def _state(self, statuses: np.ndarray | None) -> Column:
        codes = statuses_of(self._results) if statuses is None else statuses
        return Column("state", labels=STATES, codes=codes)

    def _domain(self) -> Column:
        names = tuple(self._results.info("reward")["names"])
        return Column("domain", labels=names, codes=np.asarray(self._results.column("reward", "domain")))

    def __getitem__(self, name: str) -> Column:
        """Return a column. Raises CurationError where there is none of that name."""
        if name in self._makers:
            return self._makers[name]()
        if not self._results.current("columns") and self._results.n_records() > AT_ONCE_UP_TO:
            raise lacking(f"There is no column {name!r} yet", "columns", self._results.workspace.folder)
        raise CurationError(f"There is no column {shorten(name, 60)!r}; there are {', '.join(self._makers)}.")

    def __contains__(self, name: object) -> bool:
        return name in self._makers

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


def _named(column: Column, name: str) -> Column:
    return Column(name, column.numbers, column.labels, column.codes, column.own)
