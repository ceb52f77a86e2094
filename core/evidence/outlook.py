"""What a selection would come to before it is made: its tokens, the time it takes, what changes. Estimates are said to be some."""

import dataclasses

import numpy as np
import pyarrow.compute as pc

from ..base.budget import tokens_of
from ..base.params import digest
from ..measures.compare import compare
from ..measures.selected import measure_selection
from ..selection.expected import seconds_by
from ..selection.method import METHODS
from ..selection.params import SelectionParams
from ..selection.token_counts import TokenParams
from ..workspace.results import Results
from .ground import POOL_VERSION

BYTES_A_TOKEN = 4  # of UTF-8: English letters a token, about; of other scripts fewer letters make as many bytes
_TOKENS_A_RECORD = 250  # of instruction data, about, until they are counted
_TOLD = 0.3  # seconds: a run that took less says nothing of how fast this machine is


@dataclasses.dataclass(frozen=True)
class TokenCounts:
    """counts: (n,) float32 tokens of each record, prompt and response. counted: by a tokenizer, else by `BYTES_A_TOKEN`."""

    counts: np.ndarray
    counted: bool

    def of(self, rows: np.ndarray | None, n: int) -> float:
        """Return the tokens of `rows`, or where these are not known yet of n records on average."""
        if rows is not None:
            return float(self.counts[rows].sum(dtype=np.float64))
        return n * float(self.counts.mean(dtype=np.float64)) if len(self.counts) else 0.0


def token_counts(results: Results) -> TokenCounts:
    """Return the tokens of every record, as counted before, for filters or for measures; else by its length. Reads no text."""
    kind, key = tokens_known_by(results)
    if kind == "columns":
        counted = results.workspace.table(kind, key)["tokens"].combine_chunks().to_numpy()
        return TokenCounts(counted.astype(np.float32), True)
    if kind == "tokens":
        return TokenCounts(results.workspace.array(kind, key).sum(axis=1, dtype=np.float32), True)
    both = ("prompt", "response")
    lengths = [
        sum(pc.binary_length(batch[name]).to_numpy(zero_copy_only=False) for name in both)
        for batch in results.workspace.records().batches(both)
    ]
    every = np.concatenate(lengths) if lengths else np.zeros(0, np.int64)
    return TokenCounts((every / BYTES_A_TOKEN).astype(np.float32), False)


def tokens_known_by(results: Results) -> tuple[str, str]:
    """Return the artifact, by kind and key, that `token_counts` goes by: the "columns", "tokens", or the "records" themselves."""
    columns, records = results.current("columns"), results.current("records")
    if columns and any(column["name"] == "tokens" for column in results.workspace.info("columns", columns)["columns"]):
        return "columns", columns
    key = digest("tokens", POOL_VERSION, records)
    return ("tokens", key) if results.workspace.has("tokens", key) else ("records", records)


def seconds_needed(results: Results, params: SelectionParams) -> float:
    """Return about how many seconds choosing takes: by how long it last took here, else by how quick this machine is."""
    method, n = METHODS[params.method], results.n_records()
    m, times, x = records_expected(results, params), 1 + len(params.rules), results.array("embed")
    last = results.once(f"pace of {params.method}", lambda: _last_run(results, params.method))
    if last is not None:
        n_selected, seconds = last
        known = method.seconds(n, n_selected)
        if min(known, seconds) > _TOLD:
            return method.seconds(n, m) * times * seconds / known
    return seconds_by(method, n, m, 0 if x is None else x.shape[1]) * times


def records_expected(results: Results, params: SelectionParams) -> int:
    """Return how many records a budget comes to: of one in tokens about so many, by the mean over all records."""
    n, tokens = results.n_records(), tokens_of(params.budget)
    if tokens is None:
        return params.n_records(n)
    key = results.key("tokens", TokenParams(params.tokenizer))
    counted = results.workspace.info("tokens", key)["n_tokens"] if results.workspace.has("tokens", key) else 0
    return max(1, min(n, round(tokens * n / counted if counted else tokens / _TOKENS_A_RECORD)))


def _last_run(results: Results, method: str) -> tuple[int, float] | None:
    """Return (records asked for, seconds) of the last selection by a method on this data, None where there is none."""
    workspace = results.workspace
    for entry in reversed(workspace.ledger.selections()):
        if entry["params"]["method"] != method or not workspace.has("select", entry["key"]):
            continue
        info = workspace.info("select", entry["key"])
        if "seconds" in info and info["inputs"]["records"] == results.current("records"):
            return info["requested"], info["seconds"]
    return None


@dataclasses.dataclass(frozen=True)
class Mix:
    """How a selection lies over groups of records (sources, clusters), the largest group first; all (g,).

    groups: their numbers. held: the share of the data; before, after: of the selection as it is and as it would be, 0..1.
    n_held, n_before, n_after: records, one drawn twice counted twice.
    """

    groups: np.ndarray
    n_held: np.ndarray
    n_before: np.ndarray
    n_after: np.ndarray

    @property
    def held(self) -> np.ndarray:
        """Return each group's share of the data."""
        return _shares(self.n_held)

    @property
    def before(self) -> np.ndarray:
        """Return each group's share of the selection as it is."""
        return _shares(self.n_before)

    @property
    def after(self) -> np.ndarray:
        """Return each group's share of the selection as it would be."""
        return _shares(self.n_after)


def _shares(counts: np.ndarray) -> np.ndarray:
    return counts / max(int(counts.sum()), 1)


def mix_of(codes: np.ndarray, before: np.ndarray, after: np.ndarray, k: int) -> Mix:
    """Return how two selections lie over groups. codes: (n,) int, 0 to k - 1. before, after: row ids, with repeats."""
    held, was, would = (np.bincount(c, minlength=k) for c in (codes, codes[before], codes[after]))
    order = np.argsort(-held, kind="stable")
    order = order[held[order] > 0]
    return Mix(order, held[order], was[order], would[order])


@dataclasses.dataclass(frozen=True)
class Change:
    """What another selection would change. n_in, n_out, n_stay: distinct records that come, go and stay.

    before, after: what is measured of every selection (`measures.selected`), and "tokens"; before is empty where nothing is
    selected. by_source: None without source labels; group 0 of it is what has no label, 1 the first of the sources.
    by_cluster: None without clusters.
    """

    n_in: int
    n_out: int
    n_stay: int
    before: dict[str, float]
    after: dict[str, float]
    by_source: Mix | None
    by_cluster: Mix | None


def change_of(
    results: Results,
    before: np.ndarray,
    after: np.ndarray,
    labels: np.ndarray | None,
    sources: tuple[list[str], np.ndarray],
    tokens: TokenCounts,
) -> Change:
    """Return what changes from one selection to another. before, after: row ids, with repeats. labels: (n,) clusters.

    sources: (names, (n,) codes, -1 for none).
    """
    apart, quality = compare(before, after), results.column("score", "score")
    k = int(labels.max()) + 1 if labels is not None and len(labels) else 0

    def measured(rows: np.ndarray) -> dict[str, float]:
        return {"tokens": tokens.of(rows, 0)} | measure_selection(rows, labels, quality) if len(rows) else {}

    return Change(
        n_in=len(apart.only_b),
        n_out=len(apart.only_a),
        n_stay=len(apart.both),
        before=measured(before),
        after=measured(after),
        by_source=mix_of(sources[1] + 1, before, after, len(sources[0]) + 1) if sources[0] else None,
        by_cluster=mix_of(labels, before, after, k) if k else None,
    )
