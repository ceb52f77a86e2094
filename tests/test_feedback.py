"""Where scores come from: the proxy, a tiny LM tuned for real, a judge, and files of another program's making."""

import json

import numpy as np
import pytest

from core.base.errors import CurationError
from core.models.lora import LmParams
from core.refine.feedback import Pairs, lm_feedback, proxy_feedback, read_scores
from tests.conftest import TinyEncoder
from tests.judge_server import judge_server

IDS = {f"{row}-abc": row for row in (3, 5, 8, 13)}


def pairs(n=6, first=0):
    rows = np.arange(first, first + n, dtype=np.int64) * 2
    return Pairs(rows, [f"question number {i} about bread" for i in rows], [f"answer number {i} goes on" for i in rows])


def lm_params(model, **changes):
    values = {"learning_rate": 1e-2, "batch_size": 2, "accumulation": 1, "max_tokens": 64, "max_new_tokens": 8}
    return LmParams(model=model, **(values | changes))


# Proxy


def test_the_proxy_scores_one_minus_the_cosine_of_what_it_predicts():
    taken = pairs(40)
    some = Pairs(taken.rows[5:9], taken.prompts[5:9], taken.responses[5:9])
    whole = proxy_feedback(taken, taken, TinyEncoder())
    part = proxy_feedback(taken, some, TinyEncoder())
    np.testing.assert_array_equal(part.scores, whole.scores[5:9])
    np.testing.assert_allclose(whole.scores, 1 - whole.generated)
    assert whole.gold.tolist() == [1] * 40 and whole.rows.tolist() == taken.rows.tolist()


# A language model


def test_a_language_model_answers_what_it_is_scored_on_and_reports_its_losses(tiny_lm, tmp_path):
    found = lm_feedback(pairs(8), pairs(8), lm_params(tiny_lm), tmp_path, seed=3, device="cpu")
    np.testing.assert_allclose(found.scores, found.gold - found.generated, atol=1e-6)
    assert len(found.answers) == len(found.rows) and len(found.info["losses"]) == 4


def test_a_reward_model_compares(tiny_lm, tiny_reward_model, tmp_path):
    params = lm_params(tiny_lm, scorer="reward", reward_model=tiny_reward_model)
    found = lm_feedback(pairs(), pairs(), params, tmp_path, seed=3, device="cpu")
    assert np.isfinite(found.scores).all() and len(found.rows) == 6


def test_a_judge_compares_and_records_it_gives_no_usable_answer_on_are_left_out(tiny_lm, tmp_path, monkeypatch):
    def answer(question, before):
        is_gold = "goes on" in question.partition("Response:")[2]
        return "hm" if "number 4 " in question and is_gold else f'{{"score": {4 if is_gold else 1.5}}}'

    with judge_server(answer) as (url, _):
        for name, value in (("OPENAI_BASE_URL", url), ("OPENAI_API_KEY", "x"), ("WINNOW_JUDGE_MODEL", "tiny")):
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("core.models.endpoint.time.sleep", lambda seconds: None)
        found = lm_feedback(pairs(), pairs(), lm_params(tiny_lm, scorer="judge"), tmp_path, seed=3, device="cpu")
    assert found.rows.tolist() == [0, 2, 6, 8, 10] and found.scores.tolist() == [2.5] * 5
    assert found.info["n_unscored"] == 1 and found.info["n_bad"] == 1


def test_answers_given_before_a_stop_are_not_generated_again(tiny_lm, tmp_path):
    params, some = lm_params(tiny_lm), pairs(4)
    whole = lm_feedback(some, some, params, tmp_path / "a", seed=3, device="cpu")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "answers.jsonl").write_text(json.dumps("my own") + "\n" + '"cut off')
    found = lm_feedback(some, some, params, tmp_path / "b", seed=3, device="cpu")
    assert [*found.answers] == ["my own", *whole.answers[1:]]


# From elsewhere


def write(tmp_path, lines):
    path = tmp_path / "scores.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines) + "\n")
    return path


def test_every_form_of_score_is_read(tmp_path):
    lines = [
        {"id": "13-abc", "score": -0.5},
        {"id": "3-abc", "gold_score": 2.0, "generated_score": 0.5, "note": "kept elsewhere"},
        "",
        {"id": "8-abc", "gold_losses": [1.0, 3.0], "generated_losses": [1.0]},
        {"id": "5-abc", "score": 7},
    ]
    found = read_scores(write(tmp_path, lines), IDS)
    assert found.rows.tolist() == [3, 5, 8, 13] and found.scores.tolist() == [1.5, 7, 1, -0.5]
    np.testing.assert_array_equal(found.gold, np.array([2, np.nan, 2, np.nan], np.float32))


def test_everything_wrong_is_listed_and_nothing_is_taken(tmp_path):
    lines = [
        {"id": "3-abc", "score": 1},
        {"id": "3-abc", "score": 2},
        {"id": "4-abc", "score": 1},
        "{oops",
        {"id": "5-abc", "score": "high"},
        {"id": "8-abc"},
        {"score": 3},
    ]
    with pytest.raises(CurationError) as error:
        read_scores(write(tmp_path, lines), IDS)
    told = str(error.value)
    for part in (
        "4 lines that can't be read",
        "line 4 (no JSON)",
        "score is 'high'",
        "neither score",
        "no id",
        "1 duplicate ids: '3-abc' (line 2)",
        "1 unknown ids: '4-abc' (line 3)",
        "3 missing ids: '5-abc', '8-abc', '13-abc'",
    ):
        assert part in told, part


@pytest.mark.parametrize("score", [None, True, "1", [1], 1e300])
def test_a_score_that_is_no_finite_number_is_refused(tmp_path, score):
    with pytest.raises(CurationError, match="not a finite number"):
        read_scores(write(tmp_path, [{"id": "3-abc", "score": score}]), {"3-abc": 3})


def test_scores_of_records_dropped_since_are_optional(tmp_path):
    some = [{"id": name, "score": 1} for name in list(IDS)[:3]]
    assert len(read_scores(write(tmp_path, some), IDS, {"13-abc"}).rows) == 3
    with pytest.raises(CurationError, match="can't be read"):
        read_scores(tmp_path / "none.jsonl", IDS)
