"""The stages of finding on a workspace: the index of words, the columns, the index of vectors. Made by jobs, read by pages."""

import contextlib
import dataclasses
import sqlite3

from ...base.files import replacing
from ...base.params import Params
from ...workspace.artifacts import Result
from ...workspace.results import Results, Run, Stage
from .columns import ColumnParams, read_columns
from .meaning import EXACT_UP_TO, MeaningParams, write_index
from .word_index import write_index as write_words


@dataclasses.dataclass(frozen=True)
class WordParams(Params):
    """Nothing is asked of the index of words."""


def _words(run: Run) -> Result:
    workspace = run.results.workspace
    with replacing(workspace.path("words", run.key, ".db")) as temporary:
        with contextlib.closing(sqlite3.connect(temporary)) as db:
            terms = write_words(db, workspace.records(), run.progress)
        size = temporary.stat().st_size
    return {"n_terms": len(terms), "bytes": size}, {"value": terms}


def _columns(run: Run) -> Result:
    workspace = run.results.workspace
    info, table = read_columns(workspace.records(), run.params, workspace.dataset().text_fields, run.progress)
    return info, {"value": table}


def _meaning(run: Run) -> Result:
    embeddings = run.results.array("embed")
    if len(embeddings) <= EXACT_UP_TO:
        return {"exact": True}, {}
    with replacing(run.results.workspace.path("meaning", run.key, ".faiss")) as temporary:
        return write_index(embeddings, run.params, temporary, run.progress), {}


WORDS = Stage(
    name="words",
    params=WordParams,
    version=1,
    needs=("records",),
    run=_words,
    help="Index the records' words, for `find`.",
    doing="Indexing the words",
    leads=False,
)
COLUMNS = Stage(
    name="columns",
    params=ColumnParams,
    version=1,
    needs=("records",),
    run=_columns,
    help="Read the columns that records can be filtered by.",
    doing="Reading the columns",
    leads=False,
)
MEANING = Stage(
    name="meaning",
    params=MeaningParams,
    version=1,
    needs=("embed",),
    run=_meaning,
    help="Index the embeddings, for `find` among many records.",
    doing="Indexing the meaning",
    leads=False,
)
FINDING = (WORDS, COLUMNS, MEANING)


def unmade(results: Results) -> list[Stage]:
    """Return the stages of finding that are not up to date and can be made now."""
    return [each for each in FINDING if not results.current(each.name) and all(map(results.current, each.needs))]
