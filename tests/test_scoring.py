"""The score stage with every scorer, on a workspace: shards, missing scores, combination."""

import numpy as np
import pytest

from core.base.errors import CurationError
from core.base.files import write_table
from core.quality.params import QualityParams
from core.quality.scorers.combine import combine_by_product, combine_by_rank
from core.quality.scorers.judge import judge_estimate
from core.quality.stage import scores_made
from core.run.pipeline import Pipeline
from core.selection.params import SelectionParams
from tests.judge_server import judge_server


@pytest.fixture
def pipeline(make_pipeline):
    return make_pipeline("score")


@pytest.fixture
def judged(monkeypatch):
    """Run a function while a judge that answers by `answer` is there."""

    def run(answer, work):
        monkeypatch.setattr("core.models.endpoint.time.sleep", lambda seconds: None)
        with judge_server(answer) as (url, requests):
            for name, value in (("OPENAI_BASE_URL", url), ("OPENAI_API_KEY", "x"), ("WINNOW_JUDGE_MODEL", "tiny")):
                monkeypatch.setenv(name, value)
            work()
        return requests

    return run


def test_ifd_and_rewards_become_the_quality_that_methods_go_by(pipeline, tiny_lm, tiny_reward_model):
    for scorer, model in (("ifd", tiny_lm), ("reward", tiny_reward_model)):
        pipeline.run("score", QualityParams(scorer=scorer, model=model), device="cpu")
        quality = pipeline.column("score", "score")
        assert len(quality) == 60 and np.isfinite(quality).all() and np.ptp(quality) > 0
        pipeline.run("select", SelectionParams("5", "quality"))
        assert sorted(pipeline.table("select")["row_id"].to_pylist()) == sorted(np.argsort(-quality, kind="stable")[:5])
    assert set(scores_made(pipeline.workspace.ledger.settings())) == {"heuristic", "ifd", "reward"}
    assert not list(pipeline.workspace.artifacts.glob("*.shards"))


def test_a_killed_scoring_goes_on_from_its_shards(pipeline, tiny_lm, monkeypatch):
    monkeypatch.setattr("core.quality.by_records.SHARD_RECORDS", 16)
    params = QualityParams(scorer="ifd", model=tiny_lm)
    written = []

    def die_at_the_third(path, table, *how):
        if len(written) == 2:
            raise KeyboardInterrupt
        written.append(path)
        write_table(path, table, *how)

    monkeypatch.setattr("core.workspace.work.write_table", die_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        pipeline.run("score", params, device="cpu")
    again = []
    monkeypatch.setattr(
        "core.workspace.work.write_table", lambda path, *what: (again.append(path), write_table(path, *what))
    )
    Pipeline(pipeline.workspace).run("score", params, device="cpu")
    assert len(written) == 2 and len(again) == 2 and not set(written) & set(again)
    assert len(Pipeline(pipeline.workspace).column("score", "score")) == 60


def test_a_judges_scores_and_its_unusable_answers(pipeline, judged):
    def answer(question, before):
        return "no idea" if "number 7\n" in question else '{"score": 4}' if "bread" in question else '{"score": 2}'

    def fails():
        with pytest.raises(
            CurationError, match=r"1 of 60 records got no score, the first is record 7\. On record 7 the judge answered"
        ):
            pipeline.run("score", QualityParams(scorer="judge"))

    judged(answer, fails)
    later = judged(answer, lambda: pipeline.run("score", QualityParams(scorer="judge", missing="lowest")))
    assert pipeline.column("score", "score")[7] == 2 and set(pipeline.column("score", "score")) == {2, 4}
    assert pipeline.workspace.info("score", pipeline.current("score"))["n_missing"] == 1
    assert len(later) == 4  # only the one without an answer, four times


def test_after_a_failure_only_what_is_missing_is_asked_again(pipeline, judged):
    params = QualityParams(scorer="judge")

    def fails():
        with pytest.raises(CurationError, match="got no score"):
            pipeline.run("score", params)

    judged(lambda question, before: 500 if "number 7\n" in question else '{"score": 3}', fails)
    requests = judged(lambda question, before: '{"score": 3}', lambda: pipeline.run("score", params))
    assert len(requests) == 1 and len(pipeline.column("score", "score")) == 60


def test_quality_and_complexity_are_two_scores_and_combine(pipeline, judged):
    def answer(question, before):
        return (
            '{"score": 1.5}'
            if "Response:" in question
            else '{"score": 4.5}'
            if "garden" in question
            else '{"score": 1}'
        )

    def work():
        for criterion in ("quality", "complexity"):
            pipeline.run("score", QualityParams(scorer="judge", criterion=criterion))

    judged(answer, work)
    made = scores_made(pipeline.workspace.ledger.settings())
    assert set(made) == {"heuristic", "judge-quality", "judge-complexity"}
    parts = ((1.0, made["heuristic"].as_dict()), (3.0, made["judge-complexity"].as_dict()))
    heuristic = pipeline.workspace.table("score", pipeline.key("score", made["heuristic"]))["score"].to_numpy()
    pipeline.run("score", QualityParams(scorer="combine", parts=parts))
    garden = np.arange(60) % 4 == 2
    np.testing.assert_allclose(pipeline.column("score", "score"), combine_by_rank([heuristic, garden], [1, 3]))
    assert Pipeline(pipeline.workspace).state("score") == "done"  # its params survive the ledger
    # DEITA: complexity times quality, as the judge gave them.
    parts = tuple((1.0, made[f"judge-{criterion}"].as_dict()) for criterion in ("complexity", "quality"))
    pipeline.run("score", QualityParams(scorer="combine", parts=parts, combine_by="product"))
    np.testing.assert_allclose(pipeline.column("score", "score"), np.where(garden, 4.5, 1) * 1.5)


def test_a_product_of_scores_worked_by_hand_and_none_of_negative_ones():
    one, other = np.array([1.0, 2.0, 0.0]), np.array([9.0, 4.0, 1.0])
    assert combine_by_product([one, other], [1, 0.5]).tolist() == [3, 4, 0]
    with pytest.raises(CurationError, match="goes down to -1"):
        combine_by_product([one, -other / 9], [1, 1])


def test_scores_combined_by_rank_keep_their_key():
    assert "combine_by" not in QualityParams().as_dict()
    assert (
        QualityParams(scorer="combine", parts=((1.0, {}),), combine_by="product").as_dict()["combine_by"] == "product"
    )


def test_what_was_not_scored_can_not_be_combined(pipeline):
    parts = ((1.0, QualityParams(scorer="reward", model="x").as_dict()),)
    with pytest.raises(CurationError, match="no scores by reward yet"):
        pipeline.run("score", QualityParams(scorer="combine", parts=parts))


def test_the_cost_is_said_before(pipeline):
    records = pipeline.workspace.records()
    lines = judge_estimate(records, QualityParams(scorer="judge"), price_in=2.0, price_out=10.0)
    assert "60 requests" in lines[0] and "At these prices about" in lines[1]
    assert len(judge_estimate(records, QualityParams(scorer="judge"))) == 1


@pytest.mark.parametrize(
    "values",
    [
        {"scorer": "vibes"},
        {"scorer": "ifd"},
        {"scorer": "reward"},
        {"scorer": "column"},
        {"scorer": "ifd", "model": "x", "column": "rating"},
        {"scorer": "combine"},
        {"parts": ((1.0, {}),)},
        {"scorer": "combine", "parts": ((0.0, {}),)},
        {"scorer": "combine", "parts": ((-1.0, {}),)},
        {"criterion": "charm"},
        {"missing": "guess"},
    ],
)
def test_bad_params_are_refused(values):
    with pytest.raises(CurationError):
        QualityParams(**values)
