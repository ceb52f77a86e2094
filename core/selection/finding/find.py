"""Finding: a query in, row ids out, of which all that is asked holds; the nearest or the best match first."""

import dataclasses
import functools
from collections.abc import Callable, Sequence

import numpy as np

from ...base import access
from ...base.arrays import unit_rows
from ...base.errors import CurationError, lacking
from ...base.text import counted
from ...vectors.embedding import EmbedParams
from ...workspace.results import Results
from .filters import mask_of
from .known import AT_ONCE_UP_TO, Known
from .meaning import Nearest, nearest_rows
from .query import Query
from .word_index import RANKED_UP_TO, WordIndex, index_in_memory

Encode = Callable[[Sequence[str]], np.ndarray]  # texts -> (len(texts), d)
SETTINGS = "find"  # of a workspace: {"model": what reads sentences where the vectors came from a file}


@dataclasses.dataclass(frozen=True)
class Found:
    """What was found.

    rows: (m,) int64, unique, the best first, or ascending where `order` is "data". scores: (m,) float32 cosines, or None.
    n_matching: the records that words and filters let through, of which a search by meaning takes the nearest.
    note: what the reader should know of how it was found, or "".
    """

    rows: np.ndarray
    scores: np.ndarray | None
    n_matching: int
    order: str
    note: str = ""


def find(results: Results, query: Query, encode: Encode | None = None, statuses: np.ndarray | None = None) -> Found:
    """Return what a query finds. encode: reads a sentence, where one is asked for. statuses: (n,) int8, if they are known.

    Raises CurationError for a query that makes no sense here, or needs a stage that has not run.
    """
    if query.is_empty:
        raise CurationError("Nothing is asked; give words, a sentence, or a filter.")
    ranked, allowed, order, note = None, None, "data", ""
    for each in query.filters:
        held = mask_of(each, Known(results, statuses)[each.column])
        allowed = held if allowed is None else allowed & held
    if query.words.strip():
        best_first = not (query.by_meaning or query.in_order)
        ranked, is_ranked = words_of(results).search(query.words, best_first)
        if allowed is not None:
            ranked = ranked[allowed[ranked]]
        order = "words" if is_ranked else "data"
        if best_first and not is_ranked and len(ranked) > RANKED_UP_TO:
            note = "In the data's order: too many match to rank them by their words."
    elif allowed is not None:
        ranked = np.flatnonzero(allowed)
    if not query.by_meaning:
        return Found(ranked, None, len(ranked), order, note)
    vector = vector_of(results, query, encode)
    own = np.array(query.more_like, np.int64)
    nearest, note = _nearest(results, vector, query.nearest + len(own), ranked)
    others = np.flatnonzero(~np.isin(nearest.rows, own))[: query.nearest]  # more like them, not they themselves
    n_matching = results.n_records() if ranked is None else len(ranked)
    return Found(nearest.rows[others], nearest.cosines[others], n_matching, "meaning", note)


def _nearest(results: Results, vector: np.ndarray, m: int, among: np.ndarray | None) -> tuple[Nearest, str]:
    about = results.info("meaning") or {}
    index = None
    if "nprobe" in about:
        index = _index(str(results.workspace.path("meaning", results.current("meaning"), ".faiss")))
    nearest = nearest_rows(results.array("embed"), vector, m, among, index, about.get("nprobe", 1))
    note = "" if nearest.is_exact else f"By an index that finds {about['recall']:.1%} of the nearest."
    return nearest, note


def neighbours_of(results: Results, row: int, m: int) -> tuple[Nearest, str]:
    """Return the m records nearest to a record, itself left out, and what is to be known of how they were found, or "".

    Nothing is nearest where there are no embeddings.
    """
    embeddings = results.array("embed")
    if embeddings is None or len(embeddings) < 2:
        return Nearest(np.zeros(0, np.int64), np.zeros(0, np.float32), True), ""
    found, note = _nearest(results, np.array(embeddings[row], np.float32), min(m + 1, len(embeddings)), None)
    others = np.flatnonzero(found.rows != row)[:m]
    return Nearest(found.rows[others], np.clip(found.cosines[others], -1, 1), found.is_exact), note


@functools.lru_cache(maxsize=2)
def _index(path: str):
    import faiss

    return faiss.read_index(path, faiss.IO_FLAG_MMAP | faiss.IO_FLAG_READ_ONLY)


def words_of(results: Results) -> WordIndex:
    """Return the index of words; of few records it is made on the fly. Raises CurationError where it is lacking."""
    workspace = results.workspace
    if key := results.current("words"):
        return WordIndex(results.n_records(), workspace.table("words", key), workspace.path("words", key, ".db"))
    if results.n_records() > AT_ONCE_UP_TO:
        raise lacking("The words are not indexed yet", "words", workspace.folder)
    return index_in_memory(str(workspace.folder / "records.arrow"), workspace.dataset().fingerprint)


def vector_of(results: Results, query: Query, encode: Encode | None) -> np.ndarray:
    """Return the (d,) float32 unit vector that a query looks for: of its sentence and its records, their mean.

    Raises CurationError without embeddings, for a record that there is not, and where nothing can read the sentence.
    """
    embeddings = results.array("embed")
    if embeddings is None:
        raise lacking("Searching by meaning needs the records' embeddings", "embed", results.workspace.folder)
    wrong = [row for row in query.more_like if not 0 <= row < len(embeddings)]
    if wrong:
        raise CurationError(f"record {wrong[0]} is not one of 0 to {len(embeddings) - 1}.")
    vectors = [embeddings[np.array(query.more_like)]] if query.more_like else []
    if query.like.strip():
        if encode is None:
            raise no_encoder()
        vectors.append(read_sentence(encode, query.like, embeddings.shape[1]))
    return unit_rows(np.concatenate(vectors).mean(axis=0, keepdims=True))[0]


def read_sentence(encode: Encode, sentence: str, width: int) -> np.ndarray:
    """Return the (1, width) vector of a sentence. Raises CurationError where the model gives another width."""
    vector = unit_rows(np.asarray(encode([sentence])))
    if vector.shape != (1, width) or not np.isfinite(vector).all():
        raise CurationError(
            f"The model gives embeddings of {counted(vector.shape[-1], 'number')} and the records' have {width}; name the model "
            "that embedded the records."
        )
    return vector


def no_encoder() -> CurationError:
    """Return the error that says why no sentence can be read here."""
    return CurationError(
        "The embeddings came from a file, and which model made them is not known; search for more like a record",
        command="or name the model with --model.",
        page="or name the model that made them under Settings of the search",
    )


def sentence_model(results: Results) -> tuple[str, int] | None:
    """Return (model, max_tokens) of what reads sentences in this workspace; None where its vectors came from a file."""
    params: EmbedParams | None = results.params("embed")
    if params is None:
        return None
    if not params.vectors:
        return params.model, params.max_tokens
    named = results.once("settings", results.workspace.ledger.settings).get(SETTINGS, {}).get("model", "")
    return (named, 0) if named else None


def name_model(results: Results, model: str) -> None:
    """Let a workspace whose vectors came from a file read sentences by `model`; "" forgets it. Raises CurationError."""
    access.require(access.RUN)
    results.workspace.ledger.set_settings(SETTINGS, {"model": model})
    results.forget()
