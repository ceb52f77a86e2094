"""A tiny causal LM and reward model, built from a config: likelihood, generation, IFD, rewards, LoRA that resumes."""

import shutil

import numpy as np
import pytest

from core.base.errors import CurationError
from core.models.causal_lm import (
    generate_responses,
    load_causal,
    mean_log_probs,
    pair_tokens,
    prompt_tokens,
    response_tokens,
)
from core.models.lora import LmParams, read_losses, tune
from core.models.reward_model import RewardModel
from core.quality.scorers.combine import combine_by_rank
from core.quality.scorers.ifd import ifd_scores
from tests.tiny_models import make_causal_lm, make_classifier

PROMPTS = [f"question number {i} about bread" for i in range(12)] + ["buy a ticket", ""]
RESPONSES = [f"answer number {i} goes on" + " and on" * (i % 4) for i in range(12)] + ["to the sea", "no prompt here"]
QUICK = LmParams(
    model="x", learning_rate=1e-2, batch_size=2, accumulation=1, save_steps=2, max_tokens=64, max_new_tokens=8
)


@pytest.fixture(scope="module")
def lm(tiny_lm):
    return load_causal(tiny_lm, "cpu", 64)


def by_hand(lm, tokens, n_prompt):
    """Mean log-probability of the tokens after the first n_prompt, one record at a time, nothing padded."""
    import torch

    with torch.inference_mode():
        logs = lm.model(torch.tensor([tokens])).logits[0].float().log_softmax(-1)
    return float(np.mean([logs[i - 1, tokens[i]] for i in range(n_prompt, len(tokens))]))


def test_likelihood_in_batches_equals_one_record_at_a_time(lm):
    found = mean_log_probs(lm, PROMPTS, RESPONSES, batch_size=5)
    for i, (prompt, response) in enumerate(zip(PROMPTS, RESPONSES, strict=True)):
        assert found[i] == pytest.approx(by_hand(lm, *pair_tokens(lm, prompt, response)), abs=1e-5)


def test_a_record_is_written_by_the_chat_template_and_ends(lm, tmp_path):
    text = lm.tokenizer.decode(prompt_tokens(lm, "buy a ticket"))
    assert text == "<|user|>buy a ticket<|assistant|>"
    assert lm.tokenizer.decode(response_tokens(lm, "buy", "to the sea")) == "to the sea</s>"
    plain = load_causal(make_causal_lm(tmp_path / "plain", chat=False), "cpu")
    assert plain.tokenizer.decode(prompt_tokens(plain, "buy a ticket")) == "<s>buy a ticket\n"


def test_a_long_record_keeps_the_end_of_its_prompt_and_the_start_of_its_response(lm):
    prompt, response = "a " * 100 + "sea", "bread " * 100
    tokens, n_prompt = pair_tokens(lm, prompt, response)
    assert len(tokens) == lm.max_tokens and n_prompt == lm.max_tokens // 2
    assert tokens[:n_prompt] == prompt_tokens(lm, prompt)[-n_prompt:]
    assert tokens[n_prompt:] == response_tokens(lm, prompt, response)[: lm.max_tokens - n_prompt]


def test_generation_in_batches_equals_one_prompt_at_a_time(lm):
    alone = [generate_responses(lm, [prompt], 8)[0] for prompt in PROMPTS]
    assert generate_responses(lm, PROMPTS, 8, batch_size=6) == alone


def test_neither_the_tokenizers_padding_token_nor_its_side_changes_anything(lm, tiny_lm):
    other = load_causal(tiny_lm, "cpu", 64)
    other.tokenizer.pad_token, other.tokenizer.padding_side = None, "left"
    assert other.pad != lm.pad
    found, expected = (mean_log_probs(each, PROMPTS, RESPONSES, batch_size=5) for each in (other, lm))
    assert np.array_equal(found, expected)
    assert generate_responses(other, PROMPTS, 8, batch_size=5) == generate_responses(lm, PROMPTS, 8, batch_size=5)


def test_ifd_is_the_ratio_of_the_perplexities_of_the_same_tokens(lm):
    found = ifd_scores(lm, PROMPTS, RESPONSES)
    for i in (0, 5, 12):
        tokens, n_prompt = pair_tokens(lm, PROMPTS[i], RESPONSES[i])
        helped = np.exp(-by_hand(lm, tokens, n_prompt))
        alone = np.exp(-by_hand(lm, [lm.tokenizer.bos_token_id, *tokens[n_prompt:]], 1))
        assert found["with_prompt"][i] == pytest.approx(helped, rel=1e-4)
        assert found["score"][i] == pytest.approx(helped / alone, rel=1e-4)


def test_rewards_in_batches_equal_one_record_at_a_time(tiny_reward_model):
    model = RewardModel(tiny_reward_model, "cpu", 64)
    found = model.score(PROMPTS, RESPONSES, batch_size=5)
    alone = [model.score([p], [r])[0] for p, r in zip(PROMPTS, RESPONSES, strict=True)]
    np.testing.assert_allclose(found, alone, atol=1e-5)
    assert np.ptp(found) > 1e-4


def test_a_classifier_with_two_labels_gives_the_chance_of_the_second(tmp_path):
    found = RewardModel(make_classifier(tmp_path / "two", 2), "cpu").score(PROMPTS, RESPONSES)
    assert ((found > 0) & (found < 1)).all()
    with pytest.raises(CurationError, match="has 3 labels"):
        RewardModel(make_classifier(tmp_path / "three", 3), "cpu")


@pytest.mark.parametrize("load", [load_causal, RewardModel])
def test_a_model_that_is_not_there_is_an_error_that_says_so(load, tmp_path):
    with pytest.raises(CurationError, match="give the path or hub name"):
        load(str(tmp_path / "nothing"), "cpu")


def test_tuning_learns_from_the_response_only_and_lowers_its_loss(tiny_lm, tmp_path):
    lm = load_causal(tiny_lm, "cpu", 64)
    before = mean_log_probs(lm, PROMPTS, RESPONSES)
    losses = tune(lm, PROMPTS, RESPONSES, QUICK, tmp_path, seed=1)
    assert len(losses) == 7 and losses[-1]["loss"] < losses[0]["loss"]
    assert mean_log_probs(lm, PROMPTS, RESPONSES).mean() > before.mean() + 0.1
    assert [entry["step"] for entry in read_losses(tmp_path)] == list(range(1, 8))


def test_the_loss_is_that_of_the_response_tokens(tiny_lm, tmp_path):
    lm = load_causal(tiny_lm, "cpu", 64)
    expected = -by_hand(lm, *pair_tokens(lm, PROMPTS[0], RESPONSES[0]))
    losses = tune(lm, PROMPTS[:1], RESPONSES[:1], QUICK, tmp_path, seed=1)
    assert losses[0]["loss"] == pytest.approx(expected, abs=1e-3)


def test_a_stopped_training_ends_in_the_same_weights_as_an_unbroken_one(tiny_lm, tmp_path):
    class Stop(Exception):
        pass

    def stop_at_5(done, total):
        if done == 5:
            raise Stop

    unbroken = load_causal(tiny_lm, "cpu", 64)
    whole = tune(unbroken, PROMPTS, RESPONSES, QUICK, tmp_path / "unbroken", seed=1)
    with pytest.raises(Stop):
        tune(
            load_causal(tiny_lm, "cpu", 64), PROMPTS, RESPONSES, QUICK, tmp_path / "broken", seed=1, progress=stop_at_5
        )
    assert [path.name for path in (tmp_path / "broken").glob("checkpoint-*")] == ["checkpoint-4"]
    resumed = load_causal(tiny_lm, "cpu", 64)
    steps = []
    losses = tune(resumed, PROMPTS, RESPONSES, QUICK, tmp_path / "broken", 1, lambda done, total: steps.append(done))
    assert steps == [5, 6, 7] and losses == whole
    np.testing.assert_array_equal(
        mean_log_probs(resumed, PROMPTS, RESPONSES), mean_log_probs(unbroken, PROMPTS, RESPONSES)
    )
    assert len(read_losses(tmp_path / "broken")) == 7


def test_a_half_written_checkpoint_is_passed_over(tiny_lm, tmp_path):
    tune(load_causal(tiny_lm, "cpu", 64), PROMPTS, RESPONSES, QUICK, tmp_path / "a", seed=1)
    last = max((tmp_path / "a").glob("checkpoint-*"))
    (last / "trainer_state.json").unlink()
    losses = tune(load_causal(tiny_lm, "cpu", 64), PROMPTS, RESPONSES, QUICK, tmp_path / "a", seed=1)
    assert len(losses) == 7
    shutil.rmtree(tmp_path / "a")


@pytest.mark.parametrize("values", [{"scorer": "vibes"}, {"scorer": "reward"}, {"epochs": 0}, {"max_new_tokens": 2000}])
def test_bad_params_are_refused(values):
    with pytest.raises(CurationError):
        LmParams(**({"model": "x"} | values))


def test_scores_of_any_scale_combine_by_rank():
    first, second = np.array([1.0, 2.0, 3.0]), np.array([-500.0, 10_000.0, 0.0])
    np.testing.assert_allclose(combine_by_rank([first, second], [1, 1]), [0, 0.75, 0.75])
    np.testing.assert_allclose(combine_by_rank([first, second], [1, 0]), [0, 0.5, 1])
    np.testing.assert_allclose(combine_by_rank([np.array([5.0, 5.0, 9.0])], [2]), [0.25, 0.25, 1])
    assert combine_by_rank([np.array([4.0])], [1]).tolist() == [0]
