"""The index of words: SQLite FTS5 over prompt, response and source, without a copy of the texts. Knows no stage.

Tokens are runs of letters and digits without case and accents (unicode61); letters of scripts without blanks are tokens each,
so that a word of theirs is a phrase. Beside the index lie its distinct words, by which a piece inside words is found.
"""

import contextlib
import functools
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ...base.errors import CurationError
from ...base.progress import Progress, no_progress
from ...data.record_table import RecordTable
from .word_query import FIELDS, Tree, as_fts, is_negative, negated, parse, parted

_TABLE = (
    f"CREATE VIRTUAL TABLE words USING fts5({', '.join(FIELDS)}, content='', prefix='2 3', "
    'tokenize="unicode61 remove_diacritics 2")'
)
_MOST_INSIDE = 2000
RANKED_UP_TO = 100_000


def write_index(db: sqlite3.Connection, records: RecordTable, progress: Progress = no_progress) -> pa.Table:
    """Fill a new database with the index and return its distinct words: (term, how many records hold it)."""
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -200000"):
        db.execute(f"PRAGMA {pragma}")  # it is written to a temporary name, and whole or not at all
    db.execute(_TABLE)
    done, columns = 0, ["row_id", *FIELDS]
    for batch in records.batches(columns):
        rows, *texts = (batch[name].to_pylist() for name in columns)
        texts = [[parted(text) if text else "" for text in column] for column in texts]
        db.executemany(
            "INSERT INTO words (rowid, prompt, response, source) VALUES (?, ?, ?, ?)", zip(rows, *texts, strict=True)
        )
        done += len(rows)
        progress(done * 0.85, len(records))
    db.execute("INSERT INTO words (words) VALUES ('optimize')")
    db.execute("CREATE VIRTUAL TABLE vocabulary USING fts5vocab(words, row)")
    terms, counts = [], []
    for term, count in db.execute("SELECT term, doc FROM vocabulary"):
        terms.append(term)
        counts.append(count)
    db.execute("DROP TABLE vocabulary")
    db.commit()
    progress(len(records), len(records))
    return pa.table({"term": pa.array(terms, pa.large_string()), "records": pa.array(counts, pa.int32())})


class WordIndex:
    """An index that is there. Searches from several threads are fine."""

    def __init__(self, n_records: int, terms: pa.Table, path: Path | None = None, db: sqlite3.Connection | None = None):
        """path: of the database; or db: one in memory."""
        self.n_records, self._terms, self._path, self._db = n_records, terms, path, db
        self._lock = threading.Lock()

    def search(self, words: str, ranked: bool = False) -> tuple[np.ndarray, bool]:
        """Return (rows, is_ranked): int64 row ids that hold `words` (see `word_query`), ascending or best by BM25 first.

        More than RANKED_UP_TO are not ranked. Raises CurationError for words that make no sense.
        """
        tree = parse(words)
        if is_negative(tree):
            without = np.ones(self.n_records, bool)
            without[self._matching(negated(tree))] = False
            return np.flatnonzero(without), False
        rows = self._matching(tree)
        if not ranked or not len(rows) or len(rows) > RANKED_UP_TO:
            return rows, False
        return self._matching(tree, ranked=True), True

    def _matching(self, tree: Tree, ranked: bool = False) -> np.ndarray:
        expression = as_fts(tree, self._inside)
        if not expression:
            return np.zeros(0, np.int64)
        matching = "SELECT rowid FROM words WHERE words MATCH ?" + (" ORDER BY rank, rowid" if ranked else "")
        # One long text comes out of SQLite several times faster than a row each.
        with self._open() as db:
            (listed,) = db.execute(f"SELECT group_concat(rowid) FROM ({matching})", (expression,)).fetchone()
        return np.fromstring(listed, np.int64, sep=",") if listed else np.zeros(0, np.int64)

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        if self._db is not None:
            with self._lock:
                yield self._db
            return
        with contextlib.closing(
            sqlite3.connect(f"{self._path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
        ) as db:
            yield db

    def _inside(self, piece: str) -> list[str]:
        terms = self._terms["term"]
        held = terms.filter(pc.match_substring(terms, piece))
        if len(held) > _MOST_INSIDE:
            raise CurationError(f"*{piece}* is inside {len(held):,} different words; give more letters of it.")
        return held.to_pylist()


@functools.lru_cache(maxsize=2)
def index_in_memory(path: str, fingerprint: str) -> WordIndex:
    """Return an index of few records, made now and kept for the next search. path: of records.arrow."""
    records, db = RecordTable(Path(path)), sqlite3.connect(":memory:", check_same_thread=False)
    return WordIndex(len(records), write_index(db, records), db=db)
