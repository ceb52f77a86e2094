"""Feedback: where the scores of a round come from (methods.md 1.3): a proxy, a tuned language model, or a file from elsewhere.

A record's score is S = score(x, y_gold) - score(x, y_generated), eq. 4: the larger, the more the model has to learn of it.
A likelihood enters as the logarithm of a perplexity, so S = log PPL_gold - log PPL_generated (eq. 7): a true answer that
the model finds far less likely than its own counts as much to learn.
"""

import dataclasses
import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from ..base.errors import CurationError
from ..base.progress import Progress, no_progress, part_of
from ..data.record_table import RecordTable
from ..models.causal_lm import CausalModel, generate_responses, load_causal, mean_log_probs
from ..models.encoder import Encoder
from ..models.judge import JudgeParams, judge
from ..models.lora import LmParams, tune
from ..models.reward_model import RewardModel
from ..models.token_encoder import TokenEncoder
from .proxy import embed_pairs, proxy_scores

_SHOWN = 5
_GENERATE_AT_ONCE = 64


@dataclasses.dataclass(frozen=True)
class Pairs:
    """Records to learn from or to score. rows: (m,) int64 row ids; prompts, responses: their texts."""

    rows: np.ndarray
    prompts: Sequence[str]
    responses: Sequence[str]


def pairs_of(records: RecordTable, rows: np.ndarray) -> Pairs:
    """Return the texts of some records. rows: (m,) row ids."""
    table = records.take(rows, ["prompt", "response"])
    return Pairs(rows, table["prompt"].to_pylist(), table["response"].to_pylist())


@dataclasses.dataclass(frozen=True)
class Feedback:
    """Scores of m records, all float32 (m,). scores: S. gold, generated: what it is the difference of, NaN if not told.

    gold, generated: points of a reward model or judge, or log PPL, nats a token.
    answers: what a model generated, or none. info: how it came about.
    """

    rows: np.ndarray
    scores: np.ndarray
    gold: np.ndarray
    generated: np.ndarray
    answers: Sequence[str] = ()
    info: dict[str, Any] = dataclasses.field(default_factory=dict)


def proxy_feedback(taken: Pairs, scored: Pairs, encoder: Encoder | None = None) -> Feedback:
    """Score by the proxy, fitted on `taken`, of which `scored` is a part. encoder: of prompts and responses."""
    prompts, responses = embed_pairs(encoder or TokenEncoder(), taken.prompts, taken.responses)
    found = proxy_scores(prompts, responses)
    generated = found.generated[np.searchsorted(taken.rows, scored.rows)]
    gold = np.ones(len(generated), np.float32)
    return Feedback(scored.rows, gold - generated, gold, generated, info=found.info)


def lm_feedback(
    taken: Pairs,
    scored: Pairs,
    params: LmParams,
    folder: Path,
    seed: int,
    device: str = "auto",
    progress: Progress = no_progress,
) -> Feedback:
    """Tune the model on `taken`, let it answer the prompts of `scored`, and compare its answers with the true responses.

    folder: where checkpoints, answers and verdicts are kept, so that a killed run goes on.
    """
    lm = load_causal(params.model, device, params.max_tokens)
    losses = tune(lm, taken.prompts, taken.responses, params, folder / "tuning", seed, part_of(progress, 0, 0.5))
    answers = _answers(lm, scored, params, folder / "answers.jsonl", part_of(progress, 0.5, 0.8))
    gold, generated, info = _compare(lm, scored, answers, params, folder, device, part_of(progress, 0.8, 1))
    usable = np.isfinite(gold) & np.isfinite(generated)
    if not usable.any():
        raise CurationError("Not one record could be scored; " + info.get("why", "look at the model's answers."))
    info |= {"device": lm.device, "losses": losses, "n_unscored": int((~usable).sum())}
    return Feedback(
        rows=scored.rows[usable],
        scores=(gold - generated)[usable],
        gold=gold[usable],
        generated=generated[usable],
        answers=[answer for answer, use in zip(answers, usable, strict=True) if use],
        info=info,
    )


def _answers(lm: CausalModel, scored: Pairs, params: LmParams, path: Path, progress: Progress) -> list[str]:
    """Generate 64 answers at a time; those that `path` holds already are not generated again."""
    answers: list[str] = []
    if path.exists():
        whole = path.read_text(encoding="utf-8").split("\n")[:-1]
        answers = [json.loads(line) for line in whole]
        path.write_text("".join(line + "\n" for line in whole), encoding="utf-8")
    for start in range(len(answers), len(scored.rows), _GENERATE_AT_ONCE):
        prompts = scored.prompts[start : start + _GENERATE_AT_ONCE]
        new = generate_responses(lm, prompts, params.max_new_tokens, 2 * params.batch_size)
        with path.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(answer) + "\n" for answer in new)
        answers += new
        progress(len(answers), len(scored.rows))
    return answers


def _compare(
    lm: CausalModel, scored: Pairs, answers: list[str], params: LmParams, folder: Path, device: str, progress: Progress
) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """Return (gold, generated, info): the scores of the true responses and of the answers."""
    prompts, responses = list(scored.prompts), list(scored.responses)
    first, second = part_of(progress, 0, 0.5), part_of(progress, 0.5, 1)
    if params.scorer == "reward":
        model = RewardModel(params.reward_model, device, params.max_tokens)
        return model.score(prompts, responses, progress=first), model.score(prompts, answers, progress=second), {}
    if params.scorer == "judge":
        asked = JudgeParams(model=params.judge_model)
        gold = judge(prompts, responses, asked, folder / "gold.jsonl", first)
        generated = judge(prompts, answers, asked, folder / "generated.jsonl", second)
        bad = [*gold.bad.values(), *generated.bad.values()]
        info = {"judge": gold.info["model"], "n_bad": len(bad)} | ({"why": f"the judge {bad[0]}"} if bad else {})
        return gold.scores, generated.scores, info
    size, of_all = 2 * params.batch_size, params.perplexity == "record"
    gold = -mean_log_probs(lm, prompts, responses, size, first, of_all)
    return gold, -mean_log_probs(lm, prompts, answers, size, second, of_all), {}


def read_scores(path: Path, ids: dict[str, int], optional: Collection[str] = ()) -> Feedback:
    """Read scores made elsewhere: JSONL with `id` and either `score`; or `gold_score` and `generated_score`, higher for the
    better answer; or `gold_losses` and `generated_losses`, per token (their mean is log PPL, and takes a score's place).

    ids: {id: row} of the records that must be scored, each once, but for the `optional` ones. Raises CurationError that
    lists what is wrong: bad lines, missing, duplicate and unknown ids; nothing is then taken.
    """
    found: dict[int, tuple[float, float, float]] = {}
    wrong: dict[str, list[str]] = {"lines that can't be read": [], "duplicate ids": [], "unknown ids": []}
    try:
        lines = Path(path).read_bytes().removeprefix(b"\xef\xbb\xbf").splitlines()
    except OSError as error:
        raise CurationError(f"{path} can't be read ({error.strerror}); give the path of a JSONL file.") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            name, score = _read_line(line)
        except (ValueError, TypeError, KeyError) as error:
            wrong["lines that can't be read"].append(f"line {number} ({error})")
            continue
        if name not in ids:
            wrong["unknown ids"].append(f"{name!r} (line {number})")
        elif ids[name] in found:
            wrong["duplicate ids"].append(f"{name!r} (line {number})")
        else:
            found[ids[name]] = score
    wrong["missing ids"] = [repr(name) for name, row in ids.items() if row not in found and name not in optional]
    if any(wrong.values()):
        reported = [
            f"{len(items):,} {kind}: {', '.join(items[:_SHOWN])}{' …' if len(items) > _SHOWN else ''}"
            for kind, items in wrong.items()
            if items
        ]
        raise CurationError(f"{path} was not taken. " + "; ".join(reported) + ". Every exported id needs one line.")
    rows = np.array(sorted(found), np.int64)
    values = np.array([found[row] for row in rows.tolist()], np.float32).reshape(-1, 3)
    return Feedback(rows, values[:, 0], values[:, 1], values[:, 2], info={"file": Path(path).name})


def _read_line(line: bytes) -> tuple[str, tuple[float, float, float]]:
    """Return (id, (score, gold, generated)) of one line. Raises ValueError, TypeError or KeyError with the reason."""
    try:
        entry = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise ValueError("no JSON") from error
    if not isinstance(entry, dict) or "id" not in entry:
        raise ValueError("no id")
    name = str(entry["id"])
    if "score" in entry:
        return name, (_number(entry["score"], "score"), np.nan, np.nan)
    if "gold_score" in entry and "generated_score" in entry:
        gold, generated = (_number(entry[field], field) for field in ("gold_score", "generated_score"))
    elif "gold_losses" in entry and "generated_losses" in entry:
        gold, generated = (_mean(entry[field], field) for field in ("gold_losses", "generated_losses"))
    else:
        raise ValueError("neither score, nor gold_score with generated_score, nor gold_losses with generated_losses")
    return name, (gold - generated, gold, generated)


def _number(value: object, field: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) < 1e30:
        raise ValueError(f"{field} is {value!r}, not a finite number")
    return float(value)


def _mean(values: object, field: str) -> float:
    if not isinstance(values, list) or not values:
        raise ValueError(f"{field} is no list of numbers")
    return sum(_number(value, field) for value in values) / len(values)
