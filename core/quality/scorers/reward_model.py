"""Quality by a reward model."""

from ...models.reward_model import RewardModel
from ...workspace.results import Run
from ..by_records import score_in_shards
from ..scorer import SCORERS, Scored, Scorer


def _score(run: Run) -> Scored:
    model = RewardModel(run.params.model, run.device, run.params.max_tokens)
    return {"device": model.device}, score_in_shards(
        run, lambda prompts, responses, progress: {"score": model.score(prompts, responses, progress=progress)}
    )


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
