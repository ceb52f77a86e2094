"""What a search for overlap found, read from a workspace: hits by evaluation and way, their items, and what of them to drop."""

import dataclasses

import numpy as np
import pyarrow as pa

from ...base.files import read_table
from ...workspace.deciding import overrides_of
from ...workspace.results import Results
from .params import WAYS, Evaluation, OverlapParams
from .stage import COSINE, NAME


@dataclasses.dataclass(frozen=True)
class Hits:
    """Records that overlap. rows, evaluations, items, ways, scores: (m,) each; see `stage.HITS`. table: with the words."""

    table: pa.Table
    rows: np.ndarray
    evaluations: np.ndarray
    items: np.ndarray
    ways: np.ndarray
    scores: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    def only(self, evaluation: int = -1, way: int = -1, cosine: float = 0.0) -> "Hits":
        """Return those of an evaluation and a way, -1 for all; of those by meaning the ones from a cosine on."""
        kept = np.ones(len(self), bool)
        if evaluation >= 0:
            kept &= self.evaluations == evaluation
        if way >= 0:
            kept &= self.ways == way
        kept &= (self.ways != COSINE) | (self.scores >= cosine - 1e-6)
        return self.take(np.flatnonzero(kept))

    def take(self, which: np.ndarray) -> "Hits":
        """Return some, in the order given. which: (k,) positions."""
        held = (self.rows, self.evaluations, self.items, self.ways, self.scores)
        return Hits(self.table.take(pa.array(which, pa.int64())), *(values[which] for values in held))

    def strongest_first(self) -> "Hits":
        """Return them with the words before the meaning, each the highest score first, of equal ones the first records."""
        return self.take(np.lexsort((self.items, self.rows, -self.scores, self.ways)))

    def words(self, which: int) -> str:
        """Return the words that the hit in this place has in a row with its item."""
        return self.table["words"][which].as_py()


def hits_of(results: Results) -> Hits:
    """Return what the current search found. Raises CurationError where there is none, or it is out of date."""
    results.finished(NAME)
    table = results.table(NAME)
    names = ("row_id", "evaluation", "item", "way", "score")
    return Hits(table, *(table[name].to_numpy() for name in names))


def items_of(results: Results, hits: Hits) -> list[dict[str, str]]:
    """Return the prompt and response of the item that each hit hits. Few hits, for each is a dict."""
    key = results.current(NAME)
    table = read_table(results.workspace.path(NAME, key, ".items.arrow"))
    keys = table["evaluation"].to_numpy().astype(np.int64) << 40 | table["item"].to_numpy()
    places = np.searchsorted(keys, hits.evaluations.astype(np.int64) << 40 | hits.items)
    return table.select(["prompt", "response"]).take(pa.array(places)).to_pylist()


def counts_of(hits: Hits, n_evaluations: int) -> np.ndarray:
    """Return (n_evaluations, ways): how many records hit, by evaluation and way."""
    counts = np.zeros((n_evaluations, len(WAYS)), np.int64)
    np.add.at(counts, (hits.evaluations, hits.ways), 1)
    return counts


def to_drop(results: Results, hits: Hits) -> np.ndarray:
    """Return the ascending rows of hits that are neither dropped already nor pinned."""
    overrides = overrides_of(results)
    return np.setdiff1d(hits.rows, np.union1d(overrides.dropped, overrides.pinned))


def note_of(evaluations: tuple[Evaluation, ...] | list[Evaluation], params: OverlapParams) -> str:
    """Return the note of the decision that drops overlaps."""
    return f"overlap with {', '.join(each.name for each in evaluations)}: {params.rule}"
