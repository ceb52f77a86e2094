"""What a selection holds: its mean quality, its words, its tokens."""

import numpy as np

from ..measure import MEASURES, Measure

MEASURES.add(
    Measure(
        "quality",
        "Mean quality",
        "Of the quality scores.",
        "more",
        11,
        lambda seen: None if seen.quality is None else float(seen.quality[seen.rows].mean(dtype=np.float64)),
        needs="quality",
    )
)
MEASURES.add(
    Measure(
        "words",
        "Words",
        "In all prompts and responses together.",
        "",
        12,
        lambda seen: float(seen.words[seen.rows].sum(dtype=np.int64)),
    )
)
MEASURES.add(
    Measure(
        "tokens",
        "Tokens",
        "The same, as the bundled encoder's tokenizer counts: what training on it costs.",
        "",
        13,
        lambda seen: None if seen.tokens is None else float(seen.tokens[seen.rows].sum(dtype=np.int64)),
        needs="tokens",
    )
)
