"""Quality by a reward model."""

from ...models.reward_model import RewardModel
from ...workspace.results import Run
from ..by_records import ScorePairs, score_in_shards
from ..scorer import SCORERS, Scored, Scorer


def _load(name: str, device: str, max_tokens: int) -> tuple[ScorePairs, str]:
    model = RewardModel(name, device, max_tokens)
    return lambda prompts, responses, progress: {
        "score": model.score(prompts, responses, progress=progress)
    }, model.device


def _score(run: Run) -> Scored:
    return score_in_shards(run, _load)


SCORERS.add(
    Scorer(
        name="reward",
        title="A reward model",
        help="A reward model: a sequence classifier gives prompt and response one number.",
        place=4,
        score=_score,
        needs=("model",),
    )
)
