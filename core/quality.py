"""Quality: one number a record, from a numeric column or from a transparent heuristic. Models are in `scorers.py`.

The heuristic is the product of four parts in 0..1, each kept beside the score so that a reader sees why:

- `length`: log(1 + words of the response) / log(1 + 60), at most 1; a response of 60 words or more has it whole.
- `complete`: 1 if the response ends like a finished text (punctuation, a bracket, a quote, code fence, or in a script
  without spaces), or is shorter than 8 words; else 0.6.
- `varied`: distinct words / words of the response, counted up to 0.5: below that the response repeats itself.
- `content`: 0.1 for a refusal, a placeholder or web boilerplate, or a response that only repeats the prompt; else 1.

Scripts that write without spaces count four characters as a word.
"""

import dataclasses
from collections.abc import Iterable
from typing import Any, Self

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import CurationError
from core.params import Params, check_at_least, check_choice, check_count

FULL_LENGTH_WORDS = 60
_MOST = float(np.finfo(np.float32).max)
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


SCORERS = {
    "heuristic": "Length, completeness, repetition and empty talk of the response, by plain rules.",
    "column": "A numeric field of the records.",
    "ifd": "Instruction-following difficulty: how little the prompt helps a language model to foretell the response.",
    "reward": "A reward model: a sequence classifier gives prompt and response one number.",
    "judge": "A language model behind an OpenAI-compatible endpoint grades each record 1 to 5.",
    "combine": "Several of these together.",
}
COMBINED_BY = {
    "rank": "each is ranked first, the ranks weighted and averaged: scores of any scale",
    "product": "they are multiplied, a weight being an exponent: DEITA's complexity x quality",
}


@dataclasses.dataclass(frozen=True)
class QualityParams(Params):
    """Where the scores come from; higher is better.

    column: a numeric field of the records ("score", "meta.rating"). scorer: one of SCORERS; "" takes the column where one
    is named, else the heuristic. model: of ifd and reward a path or hub name, of judge its name at the endpoint.
    criterion: of judge, "quality" or "complexity". max_tokens: of a record, longer ones are cut. missing: what becomes of
    records that a judge gave no usable answer on: "fail", or the "lowest" score given. parts: of combine, (weight, params as
    a dict) each. combine_by: the parts' ranks are averaged by weight, or the scores multiplied ("product": DEITA's complexity x
    quality, arXiv 2312.15685), a weight being an exponent.
    """

    added = ("combine_by",)

    column: str = ""
    scorer: str = ""
    model: str = ""
    criterion: str = "quality"
    max_tokens: int = 1024
    missing: str = "fail"
    parts: tuple[tuple[float, dict[str, Any]], ...] = ()
    combine_by: str = "rank"

    def __post_init__(self) -> None:
        if not self.scorer:
            object.__setattr__(self, "scorer", "column" if self.column else "heuristic")
        object.__setattr__(self, "parts", tuple((float(w), dict(values)) for w, values in self.parts))
        check_choice("scorer", self.scorer, tuple(SCORERS))
        check_choice("criterion", self.criterion, ("quality", "complexity"))
        check_choice("missing", self.missing, ("fail", "lowest"))
        check_choice("combine_by", self.combine_by, tuple(COMBINED_BY))
        check_count("max_tokens", self.max_tokens, 16)
        for name, is_wanted in (("column", self.scorer == "column"), ("model", self.scorer in ("ifd", "reward"))):
            if is_wanted and not getattr(self, name):
                raise CurationError(f"The scorer {self.scorer} needs a {name}; name one.")
        if (self.scorer == "column") != bool(self.column):
            raise CurationError(f"A column is for the scorer column, not for {self.scorer}; leave one of the two out.")
        if (self.scorer == "combine") != bool(self.parts):
            raise CurationError("combine needs the scores to combine, and only combine takes some.")
        for weight, values in self.parts:
            check_at_least("a weight", weight, 0)
            QualityParams.from_dict(values)
        if self.parts and not sum(weight for weight, _ in self.parts):
            raise CurationError("The weights to combine by are all 0; give one at least a positive weight.")

    @property
    def asked(self) -> Self:
        """Return the params without what becomes of missing scores: the same scores are asked for under both."""
        return dataclasses.replace(self, missing="fail")

    @property
    def name(self) -> str:
        """Return what these scores are called among others: "ifd", "judge-complexity", "column-rating"."""
        return {"judge": f"judge-{self.criterion}", "column": f"column-{self.column}"}.get(self.scorer, self.scorer)


def score_quality(batches: Iterable[pa.RecordBatch], params: QualityParams) -> pa.Table:
    """Return a table with the float32 column `score`, a row a record, and with the heuristic one column a part.

    `batches` have the columns of `records.SCHEMA`. Raises CurationError where the column lacks a finite number.
    """
    score = _column_scores if params.column else _heuristic_scores
    return pa.Table.from_batches([score(batch, params) for batch in batches])


def _column_scores(batch: pa.RecordBatch, params: QualityParams) -> pa.RecordBatch:
    steps = params.column.split(".")
    values = np.empty(len(batch), np.float32)
    for i, (row, raw) in enumerate(zip(batch["row_id"].to_pylist(), batch["raw"].to_pylist(), strict=True)):
        record = value = orjson.loads(raw)
        if params.column in record:
            value = record[params.column]
        else:
            for step in steps:
                value = value.get(step) if isinstance(value, dict) else None
        values[i] = _as_number(value, params.column, row)
    return pa.record_batch({"score": pa.array(values)})


def _as_number(value: object, column: str, row: int) -> float:
    try:
        number = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else np.nan
    except ValueError:
        number = np.nan
    if not abs(number) <= _MOST:
        raise CurationError(
            f"record {row} has {column} = {value!r}; a quality column needs a finite number in every record. "
            "Mend it, name another column, or name none to use the heuristic."
        )
    return number


def _heuristic_scores(batch: pa.RecordBatch, params: QualityParams) -> pa.RecordBatch:
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
    pairs = np.unique(parents.astype(np.int64) * max(len(codes.dictionary), 1) + words)
    distinct = np.bincount(pairs // max(len(codes.dictionary), 1), minlength=len(texts))
    return np.bincount(parents, minlength=len(texts)), distinct


def _numpy(array: pa.Array) -> np.ndarray:
    return array.to_numpy(zero_copy_only=False)
