"""An LLM judge behind an endpoint (`endpoint.py`): quality or complexity of a record, 1 to 5, strictly parsed."""

import dataclasses
import functools
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from ..base.errors import CurationError
from ..base.params import Params, option
from ..base.progress import Progress, no_progress
from .asking import ask_all
from .endpoint import Endpoint

CRITERIA = {
    "quality": "how helpful, correct and complete the response is as an answer to the prompt",
    "complexity": "how much skill, knowledge or reasoning the prompt demands of whoever answers it",
}
_SYSTEM = (
    "You grade training data. Judge {what}. Grade from 1 (lowest) to 5 (highest); halves are allowed. "
    'Answer with one JSON object and nothing else, exactly of the form {{"score": 3}}.'
)
_CHARACTERS_A_TOKEN = 4
_ANSWER_TOKENS = 12


@dataclasses.dataclass(frozen=True)
class JudgeParams(Params):
    """criterion: one of CRITERIA. model: its name at the endpoint; "" takes $WINNOW_JUDGE_MODEL.

    attempts: times a request that failed or was answered badly is made in all. most_characters: of a prompt or a response.
    """

    criterion: str = option("quality", "what a judge grades", choices=CRITERIA)
    model: str = option("", "its name at the endpoint")
    attempts: int = option(4, "times a request is made in all", least=1)
    most_characters: int = option(6000, "of a prompt or a response", least=1)


@dataclasses.dataclass(frozen=True)
class Verdicts:
    """scores: (m,) float32 in 1..5, NaN without a usable answer. bad: {position: the last answer or error}."""

    scores: np.ndarray
    bad: dict[int, str]
    info: dict[str, Any]


def named_model(model: str) -> str:
    """Return the judge's model as params should hold it, so that another judge's scores are not taken for this one's."""
    return model or os.environ.get("WINNOW_JUDGE_MODEL", "")


def judge_model(params: JudgeParams) -> str:
    """Return the model's name at the endpoint. Raises CurationError where nothing names one."""
    name = named_model(params.model)
    if not name:
        raise CurationError("The judge needs a model; name one, or set WINNOW_JUDGE_MODEL.")
    return name


def estimate(prompts: Sequence[str], responses: Sequence[str], params: JudgeParams) -> dict[str, int]:
    """Return what judging will take before it starts: requests, tokens sent and tokens answered, each about."""
    n_system = len(_system(params))
    characters = sum(n_system + len(_question(p, r, params)) for p, r in zip(prompts, responses, strict=True))
    return {
        "requests": len(prompts),
        "tokens_sent": characters // _CHARACTERS_A_TOKEN,
        "tokens_answered": len(prompts) * _ANSWER_TOKENS,
    }


def judge(
    prompts: Sequence[str],
    responses: Sequence[str],
    params: JudgeParams,
    answers: Path,
    progress: Progress = no_progress,
    pause: float = 1.0,
) -> Verdicts:
    """Ask for every pair, eight at a time, each tried again with growing pauses where the endpoint fails or answers badly.

    answers: a JSONL file of the scores so far; what stands there is not asked again, so a killed run goes on.
    pause: seconds before the second attempt, doubled each time.
    """
    endpoint = Endpoint(judge_model(params), "The judge")

    def messages(i: int) -> list[dict[str, str]]:
        question = {"role": "user", "content": _question(prompts[i], responses[i], params)}
        return [{"role": "system", "content": _system(params)}, question]

    held, bad = ask_all(
        endpoint,
        {i: functools.partial(messages, i) for i in range(len(prompts))},
        parse_score,
        answers,
        "score",
        params.attempts,
        progress,
        pause,
        temperature=0,
        max_tokens=4 * _ANSWER_TOKENS,
    )
    scores = np.full(len(prompts), np.nan, np.float32)
    for i, score in held.items():
        scores[i] = score
    info = {"model": endpoint.model, "n_bad": len(bad), "bad": {str(i): bad[i] for i in list(bad)[:20]}}
    return Verdicts(scores, bad, info)


def parse_score(answer: str) -> float | None:
    """Return the score of an answer that is exactly one JSON object with one number `score` in 1..5, else None."""
    try:
        value = orjson.loads(answer.strip())
    except orjson.JSONDecodeError:
        return None
    if not isinstance(value, dict) or set(value) != {"score"}:
        return None
    score = value["score"]
    return float(score) if isinstance(score, int | float) and not isinstance(score, bool) and 1 <= score <= 5 else None


def _system(params: JudgeParams) -> str:
    return _SYSTEM.format(what=CRITERIA[params.criterion])


def _question(prompt: str, response: str, params: JudgeParams) -> str:
    most = params.most_characters
    if params.criterion == "complexity":
        return f"Prompt:\n{(prompt or response)[:most]}"
    return f"Prompt:\n{prompt[:most]}\n\nResponse:\n{response[:most]}"
