"""The tokens of every record by a named tokenizer, counted once, in shards: what a budget in tokens is spent in."""

import dataclasses
from pathlib import Path
from typing import Any, Self

import numpy as np

from ..base.params import Params, option
from ..base.progress import Progress, no_progress
from ..data.record_table import RecordTable
from ..models.encoder import BUNDLED
from ..models.named_encoders import model_behind
from ..models.tokenizers import NamedTokenizer, open_tokenizer, tokenizer_key
from ..workspace.artifacts import Result
from ..workspace.results import Results, Run, Stage
from ..workspace.shards import make_in_shards
from ..workspace.work import Opened, in_full, with_whole_paths

_SHARD_ROWS = 16_384
_AT_ONCE = 1024
_COUNT_AT_ONCE_UP_TO = 2_000  # records: well below a second


@dataclasses.dataclass(frozen=True)
class TokenParams(Params):
    """tokenizer: a name as `open_tokenizer` takes it; "" for that of the workspace's encoder."""

    tokenizer: str = option(
        "",
        "by which tokens are counted: a model's folder, its tokenizer.json, or a name",
        label="Tokenizer",
        more="A model's folder or tokenizer.json, or the name of one that is on this computer. Without one, the encoder's own.",
        usual="the encoder's own",
    )


class _Tokens(Stage):
    def key(self, results: Results, params: TokenParams) -> str:
        """Return the key: of the records and the tokenizer that the params come to, by its content where it is a file."""
        records = results.current("records")
        named = TokenParams(tokenizer_key(tokenizer_for(results, params.tokenizer)))
        return self.digest(named, [records]) if records else ""


def tokenizer_for(results: Results, tokenizer: str) -> str:
    """Return the tokenizer's name, where none is given that of the encoder which the records were embedded by."""
    embedded = results.params("embed")
    return tokenizer or (model_behind(embedded.model) if embedded else "") or BUNDLED


@dataclasses.dataclass(frozen=True)
class TokenWork:
    """The work of counting. tokenizer: a name as `open_tokenizer` takes it. records: their path."""

    tokenizer: str
    records: Path

    def open(self, settled: dict[str, Any]) -> Opened:
        """Open the tokenizer."""
        tokenizer, records = open_tokenizer(self.tokenizer), RecordTable(self.records)

        def make(start: int, stop: int, within: Progress) -> np.ndarray:
            counts = np.zeros((stop - start, 2), np.int32)
            for first in range(start, stop, _AT_ONCE):
                rows = np.arange(first, min(first + _AT_ONCE, stop))
                table = records.take(rows, ["prompt", "response"])
                for i, part in enumerate(("prompt", "response")):
                    counts[rows - start, i] = tokenizer.lengths(table[part].to_pylist())
                within(int(rows[-1]) + 1 - start, stop - start)
            return counts

        return Opened(make)

    def sent(self) -> Self:
        """Return it with its paths in full."""
        return dataclasses.replace(with_whole_paths(self), tokenizer=in_full(self.tokenizer))


def _count(run: Run) -> Result:
    workspace, name = run.results.workspace, tokenizer_for(run.results, run.params.tokenizer)
    work = TokenWork(name, workspace.records().path)
    counts, _ = make_in_shards(workspace, "tokens", run.key, _SHARD_ROWS, work, run.progress, run.engine)
    return _about(open_tokenizer(name)) | {"n_tokens": int(counts.sum(dtype=np.int64))}, {}


def _about(tokenizer: NamedTokenizer) -> dict[str, Any]:
    return {"tokenizer": tokenizer.name, "sha256": tokenizer.sha256}


TOKENS = _Tokens(
    name="tokens",
    params=TokenParams,
    version=1,
    needs=("records",),
    run=_count,
    help="Count every record's tokens, for a budget in tokens.",
    doing="Counting tokens",
    leads=False,
)


def costs_of(results: Results, tokenizer: str, progress: Progress = no_progress) -> np.ndarray:
    """Return (n,) int32: the tokens of each record, prompt and response, 1 at least; counted now where they are not yet."""
    key = results.make("tokens", TokenParams(tokenizer), progress)
    return np.maximum(results.workspace.array("tokens", key).sum(axis=1, dtype=np.int32), 1)


def tokenizer_facts(results: Results, tokenizer: str) -> dict[str, str]:
    """Return {tokenizer, sha256} of the counts that are there."""
    info = results.workspace.info("tokens", results.key("tokens", TokenParams(tokenizer)))
    return {name: info[name] for name in ("tokenizer", "sha256")}


def are_counted(results: Results, tokenizer: str) -> bool:
    """Whether the counts are there, or so few are to be counted that a page may do it."""
    key = results.key("tokens", TokenParams(tokenizer))
    return results.workspace.has("tokens", key) or results.n_records() <= _COUNT_AT_ONCE_UP_TO
