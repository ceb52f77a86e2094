"""Instruction-following difficulty (Cherry LLM, arXiv 2308.12032), by a causal language model."""

from collections.abc import Sequence

import numpy as np

from ...base.progress import Progress, no_progress, part_of
from ...models.causal_lm import CausalModel, load_causal, pair_tokens, token_log_probs
from ...workspace.results import Run
from ..by_records import ScorePairs, score_in_shards
from ..scorer import SCORERS, Scored, Scorer


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


def _load(model: str, device: str, max_tokens: int) -> tuple[ScorePairs, str]:
    lm = load_causal(model, device, max_tokens)
    return lambda *pair: ifd_scores(lm, *pair), lm.device


def _score(run: Run) -> Scored:
    info, table = score_in_shards(run, _load)
    return info | {"why": "A record without a response has no instruction-following difficulty."}, table


SCORERS.add(
    Scorer(
        name="ifd",
        title="Difficulty of following (IFD)",
        help="Instruction-following difficulty: how little the prompt helps a language model to predict the response.",
        place=3,
        score=_score,
        needs=("model",),
    )
)
