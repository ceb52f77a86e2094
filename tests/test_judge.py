"""The judge against a real HTTP server: good answers, and slow, 429, 500, malformed and refused ones."""

import re

import numpy as np
import pytest

from core.base.errors import CurationError
from core.models.judge import JudgeParams, estimate, judge, named_model, parse_score
from tests.judge_server import judge_server, slow

PROMPTS = [f"prompt {i}" for i in range(10)]
RESPONSES = [f"response {i}" for i in range(10)]


def number(question):
    return int(re.search(r"prompt (\d+)", question)[1])


@pytest.fixture
def ask(tmp_path, monkeypatch):
    """Judge the ten records against a server that answers by a function; return (verdicts, requests)."""

    def run(answer, params=None, path=None, prompts=PROMPTS):
        with judge_server(answer) as (url, requests):
            monkeypatch.setenv("OPENAI_BASE_URL", url)
            monkeypatch.setenv("OPENAI_API_KEY", "secret")
            monkeypatch.setenv("WINNOW_JUDGE_MODEL", "tiny")
            params = params or JudgeParams()
            where = path or tmp_path / "answers.jsonl"
            return judge(prompts, RESPONSES[: len(prompts)], params, where, pause=0.01), requests

    return run


def good(question, before):
    return f'{{"score": {1 + number(question) % 5}}}'


def test_every_record_is_asked_once_and_gets_its_score(ask):
    verdicts, requests = ask(good)
    assert verdicts.scores.tolist() == [1 + i % 5 for i in range(10)] and not verdicts.bad
    assert len(requests) == 10
    assert {r["path"] for r in requests} == {"/v1/chat/completions"} and {r["key"] for r in requests} == {
        "Bearer secret"
    }
    assert {r["model"] for r in requests} == {"tiny"} and all(r["temperature"] == 0 for r in requests)
    assert any("Response:\nresponse 3" in r["messages"][1]["content"] for r in requests)


def test_complexity_is_asked_of_the_prompt_alone(ask):
    _, requests = ask(good, JudgeParams("complexity"))
    assert all("response" not in r["messages"][1]["content"] for r in requests)
    assert all("how much skill" in r["messages"][0]["content"] for r in requests)


@pytest.mark.parametrize("fault", [429, 500, 503, b"{oops", '{"score": 9}', "I would say 4", ""])
def test_a_fault_is_tried_again(ask, fault):
    verdicts, requests = ask(
        lambda question, before: fault if before == 0 and number(question) == 3 else good(question, 0)
    )
    assert verdicts.scores[3] == 4 and not verdicts.bad and len(requests) == 11


def test_a_slow_answer_is_waited_for(ask):
    verdicts, _ = ask(lambda question, before: slow(good(question, 0), 1.0 if number(question) == 2 else 0))
    assert np.isfinite(verdicts.scores).all()


@pytest.mark.parametrize(
    "fault, told", [(500, "InternalServerError"), (429, "RateLimitError"), ("a 4 I think", "a 4 I think")]
)
def test_a_record_that_never_gets_a_usable_answer_is_counted_and_not_guessed(ask, fault, told):
    verdicts, requests = ask(lambda question, before: fault if number(question) == 3 else good(question, 0))
    assert np.isnan(verdicts.scores[3]) and np.isfinite(np.delete(verdicts.scores, 3)).all()
    assert list(verdicts.bad) == [3] and told in verdicts.bad[3] and verdicts.info["n_bad"] == 1
    assert len(requests) == 9 + JudgeParams().attempts


def test_what_was_answered_is_not_asked_again(ask, tmp_path):
    path = tmp_path / "kept.jsonl"
    ask(lambda question, before: 500 if number(question) > 5 else good(question, 0), path=path)
    with path.open("a") as file:
        file.write('{"i": 9, "sc')  # a kill in the middle of a line
    verdicts, requests = ask(good, path=path)
    assert np.isfinite(verdicts.scores).all() and sorted(number(r["messages"][1]["content"]) for r in requests) == [
        6,
        7,
        8,
        9,
    ]


def test_an_endpoint_that_refuses_stops_at_once(ask):
    with pytest.raises(CurationError, match="refuses"):
        ask(lambda question, before: 401)


def test_without_a_model_or_an_endpoint_it_says_what_to_set(tmp_path, monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "WINNOW_JUDGE_MODEL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(CurationError, match="WINNOW_JUDGE_MODEL"):
        judge(["a"], ["b"], JudgeParams(), tmp_path / "x")
    with pytest.raises(CurationError, match="OPENAI_API_KEY"):
        judge(["a"], ["b"], JudgeParams(model="m"), tmp_path / "x")


@pytest.mark.parametrize(
    "answer, score",
    [
        ('{"score": 3}', 3.0),
        (' {"score": 2.5}\n', 2.5),
        ('{"score": 0}', None),
        ('{"score": 6}', None),
        ('{"score": "3"}', None),
        ('{"score": true}', None),
        ('{"score": 3, "why": "good"}', None),
        ('Score: {"score": 3}', None),
        ("3", None),
        ("", None),
        ("[3]", None),
    ],
)
def test_answers_are_parsed_strictly(answer, score):
    assert parse_score(answer) == score


def test_the_cost_is_known_before_it_starts():
    told = estimate(PROMPTS, RESPONSES, JudgeParams())
    assert told["requests"] == 10
    longer = estimate(PROMPTS, ["long " * 100] * 10, JudgeParams())
    assert longer["tokens_sent"] - told["tokens_sent"] == pytest.approx(10 * 500 / 4, abs=40)


def test_another_judges_scores_are_not_taken_for_this_ones(monkeypatch):
    monkeypatch.setenv("WINNOW_JUDGE_MODEL", "from-the-environment")
    assert named_model("") == "from-the-environment" and named_model("mine") == "mine"
    monkeypatch.delenv("WINNOW_JUDGE_MODEL")
    assert named_model("") == ""
