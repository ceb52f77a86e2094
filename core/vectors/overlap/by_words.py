"""Records that share words in a row with an evaluation's items: for each record the item that it shares most in a row with."""

import collections
import concurrent.futures
import dataclasses
import functools
import itertools
import os
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ...base.progress import Progress, no_progress
from ...data.record_table import RecordTable
from .units import Runs, UnitIndex, Units, units_of
from .words import hashed_words, words_in

_ROWS, _LETTERS = 1024, 1 << 22  # of a block that is looked at at once, at most
_THREADS = min(4, os.cpu_count() or 1)
_MOST_RUNS = 64  # of a record that are looked at where they are phrases of very many items
_MOST_WORDS = 40  # of those shared that are written down


@dataclasses.dataclass(frozen=True)
class Shared:
    """A record, the item that it shares most words in a row with, how many, and these words. place: the first in the record."""

    row: int
    item: int
    length: int
    place: int
    words: str


@dataclasses.dataclass(frozen=True)
class _Block:
    """Records in a row. before: how many come before them."""

    before: int
    prompts: pa.Array
    responses: pa.Array


class Evaluated:
    """The items of one evaluation, to be asked with records. n: how many words in a row count."""

    def __init__(self, prompts: pa.Array, responses: pa.Array, n: int) -> None:
        self._n = n
        self._texts = (prompts, responses)
        self._index = UnitIndex(_units_in_blocks(prompts, responses, n), len(prompts))
        self._words = functools.lru_cache(maxsize=4096)(self._words_of)

    def _words_of(self, item: int) -> list[str]:
        return _words(self._texts[0][item].as_py(), self._texts[1][item].as_py())

    @property
    def found(self) -> np.ndarray:
        """Return (items,) bool: which of them a record that was asked with shares words with."""
        return self._index.found

    def _best(self, runs: Runs, which: range, words: list[str]) -> tuple[int, int, int]:
        """Return (length, item, place) of the longest run of a record whose words are the same; length 0 for none."""
        best = (0, 0, 0)
        extend = bool(len(which)) and bool(runs.may_be_longer[which.start])
        for i in which[:_MOST_RUNS] if extend else which:
            if runs.lengths[i] <= best[0] and not extend:
                break
            place, there, length = int(runs.places[i]), int(runs.item_places[i]), int(runs.lengths[i])
            theirs = self._words(int(runs.items[i]))
            first, stop = _longest_same(words[place : place + length], theirs[there : there + length])
            if stop - first < min(self._n, length):
                continue
            before, after = _more(words, theirs, place + first, there + first, stop - first) if extend else (0, 0)
            if stop - first + before + after > best[0]:
                best = (stop - first + before + after, int(runs.items[i]), place + first - before)
        return best

    def shared(self, runs: Runs, words_of: dict[int, list[str]], before: int) -> Iterator[Shared]:
        """Yield what each record of a block shares. words_of: {text of the runs: its words}. before: rows before the block."""
        texts, first = np.unique(runs.texts, return_index=True)
        ends = np.append(first, len(runs.texts))[1:].tolist()
        for text, start, stop in zip(texts.tolist(), first.tolist(), ends, strict=True):
            length, item, place = self._best(runs, range(start, stop), words_of[text])
            if length:
                said = words_of[text][place : place + min(length, _MOST_WORDS)]
                more = " …" if length > _MOST_WORDS else ""
                yield Shared(before + text, item, length, place, " ".join(said) + more)

    def may_have(self, hashes: np.ndarray) -> np.ndarray:
        """Return (u,) bool: which of these units some item may have."""
        return self._index.may_have(hashes)

    def runs(self, units: Units) -> Runs:
        """Return what the hashes of a block of records propose."""
        return self._index.runs(units)


def _units_in_blocks(prompts: pa.Array, responses: pa.Array, n: int) -> Units:
    """Return the units of many texts, a few of them hashed at a time."""
    parts = [Units(*(np.zeros(0, kind) for kind in (np.uint64, np.int64, np.int64, np.int64)))]
    for start, stop in _cuts(pa.record_batch([prompts, responses], ["prompt", "response"])):
        units = units_of(hashed_words(prompts[start:stop], responses[start:stop]), n)
        parts.append(dataclasses.replace(units, texts=units.texts + start))
    return Units(
        *(np.concatenate([getattr(part, field.name) for part in parts]) for field in dataclasses.fields(Units))
    )


def _longest_same(ours: list[str], theirs: list[str]) -> tuple[int, int]:
    """Return (first, stop) of the longest stretch in which two lists have the same words."""
    if ours == theirs:
        return 0, len(ours)
    best, at = (0, 0), 0
    for same, group in itertools.groupby(one == other for one, other in zip(ours, theirs, strict=False)):
        stop = at + len(list(group))
        if same and stop - at > best[1] - best[0]:
            best = (at, stop)
        at = stop
    return best


def _more(ours: list[str], theirs: list[str], place: int, there: int, length: int) -> tuple[int, int]:
    """Return how many words before a run of `length`, and how many after it, are the same too."""
    before = itertools.takewhile(
        lambda pair: pair[0] == pair[1], zip(ours[:place][::-1], theirs[:there][::-1], strict=False)
    )
    after = itertools.takewhile(
        lambda pair: pair[0] == pair[1], zip(ours[place + length :], theirs[there + length :], strict=False)
    )
    return sum(1 for _ in before), sum(1 for _ in after)


def _words(prompt: str, response: str) -> list[str]:
    return words_in(f"{prompt}\n{response}")


def overlaps_by_words(
    records: RecordTable, evaluations: list[Evaluated], n: int, progress: Progress = no_progress
) -> list[list[Shared]]:
    """Return for each evaluation what records share with it, in the order of the records."""
    found: list[list[Shared]] = [[] for _ in evaluations]

    def any_may_have(hashes: np.ndarray) -> np.ndarray:
        return np.logical_or.reduce([evaluation.may_have(hashes) for evaluation in evaluations])

    def propose(block: _Block) -> list[Runs]:
        units = units_of(hashed_words(block.prompts, block.responses), n, any_may_have)
        return [evaluation.runs(units) for evaluation in evaluations]

    for block, proposed in _ahead(propose, _blocks(records)):
        hit = np.unique(np.concatenate([runs.texts for runs in proposed])).tolist()
        words = {text: _words(block.prompts[text].as_py(), block.responses[text].as_py()) for text in hit}
        for held, evaluation, runs in zip(found, evaluations, proposed, strict=True):
            held += evaluation.shared(runs, words, block.before)
        progress(block.before + len(block.prompts), len(records))
    return found


def _ahead(work: Callable[[_Block], list[Runs]], blocks: Iterable[_Block]) -> Iterator[tuple[_Block, list[Runs]]]:
    """Yield each block with what `work` gives, in order; threads are at the next ones meanwhile."""
    waiting: collections.deque[tuple[_Block, concurrent.futures.Future[list[Runs]]]] = collections.deque()
    with concurrent.futures.ThreadPoolExecutor(_THREADS) as pool:
        for block in blocks:
            waiting.append((block, pool.submit(work, block)))
            if len(waiting) > 2 * _THREADS:
                first, made = waiting.popleft()
                yield first, made.result()
        for first, made in waiting:
            yield first, made.result()


def _blocks(records: RecordTable) -> Iterator[_Block]:
    """Yield the records in blocks, each of some megabytes at most unless one record alone is larger."""
    done = 0
    for batch in records.batches(["prompt", "response"]):
        for start, stop in _cuts(batch):
            # A copy: the records' file is let go of batch by batch, and would be read into memory again.
            part = batch.take(pa.array(np.arange(start, stop)))
            yield _Block(done + start, part["prompt"], part["response"])
        done += len(batch)


def _cuts(batch: pa.RecordBatch) -> Iterator[tuple[int, int]]:
    """Yield (start, stop) of the blocks of a batch."""
    lengths = pc.add(pc.binary_length(batch["prompt"]), pc.binary_length(batch["response"])).to_numpy()
    ends = np.cumsum(lengths)
    start = 0
    while start < len(batch):
        before = ends[start - 1] if start else 0
        stop = int(np.searchsorted(ends, before + _LETTERS, side="right"))
        stop = min(max(stop, start + 1), start + _ROWS, len(batch))
        yield start, stop
        start = stop
