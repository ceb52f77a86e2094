"""What a map of records can be coloured by, and each of these as a colouring."""

from collections.abc import Callable

import numpy as np

from components.canvas.colouring import Colouring, Entry, by_category, by_cluster, by_value
from components.canvas.colouring import by_weight as by_log_weight
from components.charts.theme import STATUS_NAMES, category_colours, status_colours
from components.session import opened
from core.base.params import codes_digest, digest
from core.refine.history import LEAST, history_of
from core.refine.runs import Rounds
from core.run.pipeline import Pipeline
from core.selection.finding.columns import Column
from core.selection.finding.known import Known

_OWN = ("state", "cluster")  # columns to filter by that are choices of their own here


def choices(pipeline: Pipeline) -> list[str]:
    """Return what the records of this workspace can be coloured by."""
    there = {
        "cluster": pipeline.current("cluster"),
        "selection": True,
        "quality": pipeline.current("score"),
        "round weight": _run_with_rounds(Rounds(pipeline)) is not None,
        "domain": pipeline.current("reward"),
        "entropy": pipeline.current("reward"),
        "source": opened.sources(pipeline)[0],
    }
    names = [name for name, is_there in there.items() if is_there]
    return names + [name for name in Known(pipeline) if name not in there and name not in _OWN]


def colouring_of(pipeline: Pipeline, by: str, statuses: np.ndarray, dark: bool) -> Colouring:
    """Return the colouring by one of `choices`. statuses: (n,) int8, see `opened.statuses`."""
    made: dict[str, Callable[[], Colouring]] = {
        "selection": lambda: by_status(statuses, dark),
        "quality": lambda: by_value(f"quality {pipeline.current('score')}", "quality", opened.quality(pipeline), dark),
        "round weight": lambda: _by_last_weight(Rounds(pipeline), dark),
        "domain": lambda: by_domain(pipeline, dark),
        "entropy": lambda: by_entropy(pipeline, dark),
        "source": lambda: _by_source(pipeline, dark),
    }
    if by in made:
        return made[by]()
    if by in (known := Known(pipeline, statuses)) and by not in _OWN:
        return _by_column(pipeline, known[by], dark)
    return by_cluster(f"cluster {pipeline.current('cluster')}", opened.labels(pipeline), dark)


def by_status(statuses: np.ndarray, dark: bool) -> Colouring:
    """Colour by what every record is: not selected, selected, pinned, dropped."""
    id = f"selection {codes_digest(statuses)}"
    legend = [Entry(name, code, code) for code, name in enumerate(STATUS_NAMES)]
    return Colouring(id, "", lambda: statuses.astype(np.uint8), status_colours(dark), legend, (0,))


def by_weight(labels: np.ndarray, relative: np.ndarray, dark: bool) -> Colouring:
    """Colour by cluster weight. labels: (n,) int, relative: (k,) multiples of an equal share; the scale is logarithmic."""
    logs = np.log2(np.maximum(relative, LEAST))
    return by_log_weight(f"weights {digest(relative.tolist())}", logs[labels], dark)


def by_domain(pipeline: Pipeline, dark: bool) -> Colouring:
    """Colour by the domain that DaaR's probe found."""
    key = pipeline.current("reward")
    names = pipeline.workspace.info("reward", key)["names"]
    column = pipeline.workspace.table("reward", key)["domain"]
    return by_category(f"domain {key}", "domain", names, column.to_numpy, dark, category_colours(len(names), dark))


def by_entropy(pipeline: Pipeline, dark: bool) -> Colouring:
    """Colour by DaaR's reward, the predicted entropy over domains; a regression may go below 0, which no entropy does."""
    key = pipeline.current("reward")
    values = np.maximum(pipeline.workspace.table("reward", key)["reward"].to_numpy(), 0)
    return by_value(f"entropy {key}", "entropy", values, dark)


def _by_source(pipeline: Pipeline, dark: bool) -> Colouring:
    names, codes = opened.sources(pipeline)
    return by_category(f"source {pipeline.key('records')}", "source", names, lambda: codes, dark)


def _by_column(pipeline: Pipeline, column: Column, dark: bool) -> Colouring:
    """Colour by a column of the data, a category by its most frequent values."""
    id = f"column {column.name} {pipeline.key('records')}"
    if column.numbers is not None:
        return by_value(id, column.name, np.asarray(column.numbers, np.float64), dark, "{:.3g}".format)
    codes, n = np.asarray(column.codes), len(column.labels)
    order = np.argsort(-np.bincount(codes[codes >= 0], minlength=n), kind="stable")
    place = np.empty(n + 1, np.int64)
    place[order], place[n] = np.arange(n), -1  # a missing value, -1, reads the last
    return by_category(id, column.name, [column.labels[i] for i in order], lambda: place[codes], dark)


def _run_with_rounds(rounds: Rounds):
    return next((run for run in reversed(rounds.runs()) if rounds.rounds(run.id)), None)


def _by_last_weight(rounds: Rounds, dark: bool) -> Colouring:
    run = _run_with_rounds(rounds)
    return by_weight(np.asarray(rounds.labels(run)), history_of(rounds, run).relative[:, -1], dark)
