"""Quality by plain rules: a transparent heuristic.

It is the product of four parts in 0..1, each kept beside the score so that a reader sees why:

- `length`: log(1 + words of the response) / log(1 + 60), at most 1; a response of 60 words or more has it whole.
- `complete`: 1 if the response ends like a finished text (punctuation, a bracket, a quote, code fence, or in a script
  without spaces), or is shorter than 8 words; else 0.6.
- `varied`: distinct words / words of the response, counted up to 0.5: below that the response repeats itself.
- `content`: 0.1 for a refusal, a placeholder or web boilerplate, or a response that only repeats the prompt; else 1.

Scripts that write without spaces count four characters as a word.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ...base.arrays import ascending
from ..by_records import score_batches
from ..scorer import SCORERS, Scorer

FULL_LENGTH_WORDS = 60
PARTS = ("length", "complete", "varied", "content")
_CJK = "\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af"
_ENDS_WELL = rf"""[.!?…:;。！？」』)\]}}>"'”’`*|0-9$%€£{_CJK}]\s*$"""
_SPACELESS = f"[{_CJK}]"
_EMPTY_TALK = "|".join(
    (
        r"(?i)\blorem ipsum\b",
        r"(?-i:(^|[^\pL])TODO([^\pL]|$))",  # in capitals: "todo" is a good Spanish word
        r"\bplaceholder text\b",
        r"\bas an ai (language )?model\b",
        r"\bi (can['’]?t|cannot|can not) (help|assist)\b",
        r"^\s*(idk|i don['’]?t know|ok(ay)?|sure|n/?a)[.!]*\s*$",
        r"\ball rights reserved\b",
        r"\b(accept|use) (all )?cookies\b",
        r"\bsubscribe to our\b",
        r"\bour newsletter\b",
        r"\bprivacy policy\b",
        r"\bterms of (use|service)\b",
        r"\benable javascript\b",
        r"\b(error|http) (404|403|500)\b",
        r"\bskip to (main )?content\b",
        r"\bforgot (your )?password\b",
    )
)


def heuristic_scores(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return the float32 columns `score` and one a part, a row a record. batch: with the columns of `records.SCHEMA`."""
    response, prompt = batch["response"], batch["prompt"]
    n_words, distinct = _count_words(response)
    spaceless = _numpy(pc.count_substring_regex(response, _SPACELESS)) / 4
    words = np.maximum(n_words, spaceless)
    ends_well = _numpy(pc.match_substring_regex(response, _ENDS_WELL)) | (words < 8)
    trimmed = pc.utf8_trim_whitespace(response)
    repeats_prompt = pc.equal(pc.utf8_lower(trimmed), pc.utf8_lower(pc.utf8_trim_whitespace(prompt)))
    empty = _numpy(pc.or_(pc.match_substring_regex(response, _EMPTY_TALK), repeats_prompt))
    parts = {
        "length": np.minimum(np.log1p(words) / np.log1p(FULL_LENGTH_WORDS), 1),
        "complete": np.where(ends_well, 1, 0.6),
        "varied": np.minimum(distinct / np.maximum(n_words, 1), 0.5) * 2,
        "content": np.where(empty, 0.1, 1),
    }
    parts = {name: part.astype(np.float32) for name, part in parts.items()}
    score = np.prod([parts[name] for name in PARTS], axis=0, dtype=np.float32)
    return pa.record_batch({"score": pa.array(score)} | {name: pa.array(parts[name]) for name in PARTS})


def _count_words(texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Return (words, distinct words ignoring case) of each text, both (n,) int64, without a loop over texts."""
    # Trimmed first: of blanks at the very end Arrow looks at the byte behind the text, and what lies there is chance.
    lists = pc.utf8_split_whitespace(pc.utf8_trim_whitespace(pc.utf8_lower(texts)))
    parents = _numpy(pc.list_parent_indices(lists))
    codes = pc.list_flatten(lists).dictionary_encode()
    words = _numpy(codes.indices).astype(np.int64)
    is_word = _numpy(pc.not_equal(codes.dictionary, ""))[words] if len(words) else np.zeros(0, bool)
    parents, words = parents[is_word], words[is_word]
    pairs = ascending(parents.astype(np.int64) * max(len(codes.dictionary), 1) + words)
    distinct = np.bincount(pairs // max(len(codes.dictionary), 1), minlength=len(texts))
    return np.bincount(parents, minlength=len(texts)), distinct


def _numpy(array: pa.Array) -> np.ndarray:
    return array.to_numpy(zero_copy_only=False)


SCORERS.add(
    Scorer(
        name="heuristic",
        title="Plain rules",
        help="Length, completeness, repetition and empty talk of the response, by plain rules.",
        place=1,
        score=lambda run: score_batches(run, heuristic_scores),
    )
)
