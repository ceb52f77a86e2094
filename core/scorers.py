"""Quality from models: instruction-following difficulty, reward models, LLM judges; and several scores combined."""

from collections.abc import Sequence

import numpy as np

from core.causal import CausalModel, pair_tokens, token_log_probs
from core.errors import CurationError
from core.progress import Progress, no_progress, part_of


def ifd_scores(
    lm: CausalModel,
    prompts: Sequence[str],
    responses: Sequence[str],
    progress: Progress = no_progress,
    batch_size: int = 8,
) -> dict[str, np.ndarray]:
    """Return instruction-following difficulty (Cherry LLM, arXiv 2308.12032) and its parts, each (m,) float32.

    score: perplexity of the response after its prompt / its perplexity alone; near 1 or above, the prompt does not help.
    with_prompt, alone: those perplexities, of the same tokens. A response without a token scores NaN.
    """
    pairs = [pair_tokens(lm, prompt, response) for prompt, response in zip(prompts, responses, strict=True)]
    helped = token_log_probs(lm, pairs, batch_size, part_of(progress, 0, 0.6))
    start = lm.pad if lm.tokenizer.bos_token_id is None else lm.tokenizer.bos_token_id
    alone = [([start, *tokens[n_prompt:]], 1) for tokens, n_prompt in pairs]
    unhelped = token_log_probs(lm, alone, batch_size, part_of(progress, 0.6, 1))
    return {
        "score": np.exp(unhelped - helped, dtype=np.float32),
        "with_prompt": np.exp(-helped, dtype=np.float32),
        "alone": np.exp(-unhelped, dtype=np.float32),
    }


def combine_by_rank(scores: Sequence[np.ndarray], weights: Sequence[float]) -> np.ndarray:
    """Return (n,) float32 in 0..1: the weighted mean of each score's ranks, ties sharing theirs, the best 1, the worst 0.

    Ranks make scores of any scale comparable. scores: each (n,), finite; weights: as many, their sum positive.
    """
    import pandas as pd  # here, for it would double what a bare command takes to start

    n = len(scores[0])
    total = np.zeros(n)
    for score, weight in zip(scores, weights, strict=True):
        total += weight * (pd.Series(score).rank(method="average").to_numpy() - 1) / max(n - 1, 1)
    return (total / sum(weights)).astype(np.float32)


def combine_by_product(scores: Sequence[np.ndarray], weights: Sequence[float]) -> np.ndarray:
    """Return (n,) float32: the scores multiplied, each to the power of its weight; DEITA's (arXiv 2312.15685) with weights 1.

    scores: each (n,), finite, none negative: a product of negative scores would put the worst first. Raises CurationError.
    """
    product = np.ones(len(scores[0]))
    for score, weight in zip(scores, weights, strict=True):
        if (least := float(np.min(score))) < 0:
            raise CurationError(
                f"One of the scores goes down to {least:g}, and a product is for scores of at least 0; combine by rank instead."
            )
        product *= np.asarray(score, np.float64) ** weight
    return product.astype(np.float32)
