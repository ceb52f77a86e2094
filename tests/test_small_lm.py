"""The small LM trained from scratch: tokens, packing, the same training for every choice, and held-out losses by hand."""

import dataclasses
import itertools
import math

import numpy as np
import pytest

from core.base.errors import CurationError
from core.models.next_token_loss import next_token_loss
from core.models.scratch_lm import SmallLmParams, held_out_losses, train_small_lm
from core.models.scratch_tokens import Encoded, encode_pairs, pack, train_tokenizer

QUICK = SmallLmParams(
    vocabulary=320, context=64, width=32, layers=2, heads=2, steps=60, batch_size=8, learning_rate=1e-2
)
SHORT = SmallLmParams(**QUICK.as_dict() | {"steps": 6})


def bread(numbers: range) -> tuple[list[str], list[str]]:
    names = ["rye", "oat", "corn", "spelt", "wheat"]
    asked = [f"how do I bake {names[i % 5]} bread number {i}" for i in numbers]
    return asked, [f"mix the {names[i % 5]} flour with water and bake it in an oven" for i in numbers]


def trains(numbers: range) -> tuple[list[str], list[str]]:
    towns = ["Oslo", "Paris", "Rome", "Wien"]
    asked = [f"which train goes to {towns[i % 4]} on day {i}" for i in numbers]
    return asked, [f"take platform {i % 9}, your ticket to {towns[i % 4]} is valid today" for i in numbers]


TEXTS = [text for texts in bread(range(40)) + trains(range(40)) for text in texts]


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Matrices this small gain nothing from a second thread."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(TEXTS, QUICK.vocabulary)


@pytest.fixture(scope="module")
def lm(tokenizer):
    return train_small_lm(encode_pairs(tokenizer, *bread(range(40))), QUICK, seed=0)


def by_hand(lm, tokens, n_prompt):
    """Mean nats of the tokens after the first n_prompt, one record at a time, nothing padded."""
    import torch

    with torch.inference_mode():
        logs = lm.model(torch.tensor([tokens])).logits[0].float().log_softmax(-1)
    return -float(np.mean([logs[i - 1, tokens[i]] for i in range(n_prompt, len(tokens))]))


def row(encoded: Encoded, i: int) -> list[int]:
    return encoded.tokens[encoded.offsets[i] : encoded.offsets[i + 1]].tolist()


def test_the_same_texts_give_the_same_tokenizer(tokenizer):
    assert train_tokenizer(iter(TEXTS), QUICK.vocabulary).to_str() == tokenizer.to_str()
    assert train_tokenizer(TEXTS[:20], QUICK.vocabulary).to_str() != tokenizer.to_str()
    assert [tokenizer.token_to_id(mark) for mark in ("<s>", "</s>", "<pad>")] == [0, 1, 2]
    assert tokenizer.get_vocab_size() == 320
    assert train_tokenizer(["ab"], 320).get_vocab_size() < 320


def test_a_record_is_its_marks_its_prompt_a_line_break_and_its_response(tokenizer):
    asked, answered = ["bake bread", "", "Ω ← 麦 \n\n x"], ["in an oven", "no prompt", "the letters </s> and <s>, 🙂"]
    encoded = encode_pairs(tokenizer, asked, answered)
    assert encoded.tokens.dtype == np.int32 and encoded.offsets.dtype == np.int64 and encoded.n_prompt.dtype == np.int32
    assert encoded.vocabulary == 320 and len(encoded) == 3 and encoded.n_tokens == encoded.offsets[-1]
    for i, (prompt, response) in enumerate(zip(asked, answered, strict=True)):
        tokens, n = row(encoded, i), encoded.n_prompt[i]
        assert (tokens[0], tokens[-1]) == (0, 1) and not {0, 1, 2} & set(tokens[1:-1])
        assert tokenizer.decode(tokens[1:n]) == (prompt + "\n" if prompt else "")
        assert tokenizer.decode(tokens[n:-1]) == response


def test_taken_records_are_those_asked_for_in_that_order(tokenizer):
    encoded = encode_pairs(tokenizer, *bread(range(9)))
    some = encoded.take([7, 2, 2])
    assert [row(some, i) for i in range(3)] == [row(encoded, i) for i in (7, 2, 2)]
    assert some.n_prompt.tolist() == encoded.n_prompt[[7, 2, 2]].tolist() and some.vocabulary == encoded.vocabulary
    assert len(encoded.take([])) == 0 and encoded.take([]).n_tokens == 0


def test_every_selection_fills_as_many_sequences(tokenizer):
    encoded = encode_pairs(tokenizer, *bread(range(30)))
    for rows in ([3], range(5), range(30)):
        chosen = encoded.take(rows)
        packed = pack(chosen, 48, 32, seed=1)
        assert packed.shape == (48, 32) and packed.dtype == np.int32
        # Whole records one behind the other, none again before all others came.
        stream = packed.ravel().tolist()
        starts = [*np.flatnonzero(packed.ravel() == 0).tolist(), len(stream)]
        found = [stream[a:b] for a, b in itertools.pairwise(starts)][:-1]
        known = sorted(row(chosen, i) for i in range(len(chosen)))
        for start in range(0, len(found) - len(known) + 1, len(known)):
            assert sorted(found[start : start + len(known)]) == known


def test_epochs_are_shuffled_anew_and_by_the_seed(tokenizer):
    encoded = encode_pairs(tokenizer, *bread(range(30)))
    first, rest = np.split(pack(encoded, 2, encoded.n_tokens, seed=1), 2)
    assert first.tolist() != rest.tolist() and sorted(first[0]) == sorted(rest[0])
    np.testing.assert_array_equal(pack(encoded, 9, 32, seed=1), pack(encoded, 9, 32, seed=1))
    assert pack(encoded, 9, 32, seed=1).tolist() != pack(encoded, 9, 32, seed=2).tolist()


def test_every_selection_is_trained_for_as_many_steps(tokenizer):
    for n in (1, 40):
        lm = train_small_lm(encode_pairs(tokenizer, *bread(range(n))), SHORT, seed=0)
        assert [entry["step"] for entry in lm.curve] == [1, 2, 3, 4, 5, 6]
    assert SHORT.tokens_seen == 6 * 8 * 64


def test_a_seed_repeats_itself_to_the_bit_and_leaves_the_global_one_alone(tokenizer):
    import torch

    encoded, held = (encode_pairs(tokenizer, *bread(numbers)) for numbers in (range(20), range(20, 30)))
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    one, again, other = (train_small_lm(encoded, SHORT, seed) for seed in (3, 3, 4))
    assert torch.equal(before, torch.random.get_rng_state())
    assert one.curve == again.curve != other.curve
    np.testing.assert_array_equal(held_out_losses(one, held), held_out_losses(again, held))
    assert (held_out_losses(one, held) != held_out_losses(other, held)).all()


def test_it_learns_from_alike_records_what_unlike_ones_do_not_teach(lm, tokenizer):
    held = encode_pairs(tokenizer, *bread(range(40, 60)))
    unlike = train_small_lm(encode_pairs(tokenizer, *trains(range(40))), QUICK, seed=0)
    alike_loss, unlike_loss = (float(held_out_losses(model, held).mean()) for model in (lm, unlike))
    assert lm.curve[0]["loss"] == pytest.approx(math.log(320), abs=0.2)
    assert alike_loss < 0.3 * math.log(320) and alike_loss < 0.5 * unlike_loss


def test_losses_in_batches_equal_one_record_at_a_time(lm, tokenizer):
    asked, answered = (a + b for a, b in zip(bread(range(5)), trains(range(6)), strict=True))
    held = encode_pairs(tokenizer, [*asked, ""], [*answered, "no prompt"])
    found = held_out_losses(lm, held, batch_size=4)
    assert found.shape == (12,) and found.dtype == np.float32
    for i in range(12):
        assert len(row(held, i)) <= lm.max_tokens
        assert found[i] == pytest.approx(by_hand(lm, row(held, i), held.n_prompt[i]), abs=1e-4)
    assert len(set(np.diff(held.offsets).tolist())) > 3  # of several lengths, so that batches were padded


def test_a_long_record_keeps_the_end_of_its_prompt_and_the_start_of_its_response(lm, tokenizer):
    long_prompt, long_response = "rye " * 80 + "bread?", "flour " * 80
    asked, answered = [long_prompt, long_prompt, "bread?"], [long_response, "water", long_response]
    held = encode_pairs(tokenizer, asked, answered)
    found = held_out_losses(lm, held)
    for i in range(3):
        tokens, n = row(held, i), held.n_prompt[i]
        before, after = tokens[:n], tokens[n:]
        n_kept = (32, 64 - len(after), len(before))[i]  # a long response is left half of the context
        kept = before[-n_kept:]
        assert len(tokens) > 64 and len(kept) == n_kept
        expected = by_hand(lm, (kept + after)[:64], n_kept)
        assert found[i] == pytest.approx(expected, abs=1e-4)


def test_a_record_without_a_response_is_nan(lm, tokenizer):
    held = encode_pairs(tokenizer, ["bake bread", "bake bread", "rye " * 50, ""], ["", "in an oven", "", ""])
    assert np.isnan(held_out_losses(lm, held)).tolist() == [True, False, True, True]
    assert held_out_losses(lm, held.take([])).shape == (0,)


def test_records_of_another_tokenizer_are_refused(lm):
    other = encode_pairs(train_tokenizer(["ab"], 300), ["a"], ["b"])
    with pytest.raises(CurationError, match=r"the model knows 320; encode both with one tokenizer"):
        held_out_losses(lm, other)


def test_an_empty_selection_is_refused(tokenizer):
    with pytest.raises(CurationError, match="holds no records"):
        train_small_lm(encode_pairs(tokenizer, [], []), SHORT, seed=0)


def test_a_training_that_breaks_down_says_so(tokenizer):
    wild = SmallLmParams(**SHORT.as_dict() | {"learning_rate": 1e30})
    with pytest.raises(CurationError, match="take a lower one"):
        train_small_lm(encode_pairs(tokenizer, *bread(range(9))), wild, seed=0)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"vocabulary": 299}, "vocabulary is 299; it must be a whole number of at least 300"),
        ({"context": 3}, "context is 3"),
        ({"layers": 0}, "layers is 0"),
        ({"heads": 0}, "heads is 0"),
        ({"steps": -1}, "steps is -1"),
        ({"batch_size": 1.5}, "batch_size is 1.5"),
        ({"learning_rate": float("nan")}, "learning_rate is nan"),
        ({"width": 100, "heads": 3}, "width is 100; it must be a multiple of twice the heads.*take 102"),
    ],
)
def test_params_out_of_range_are_refused(values, message):
    with pytest.raises(CurationError, match=message):
        SmallLmParams(**values)


@pytest.mark.parametrize("steps", [100, 1])
def test_the_learning_rate_warms_up_and_falls_to_a_tenth(tokenizer, monkeypatch, steps):
    import torch

    rates, step = [], torch.optim.AdamW.step

    def noted(optimizer, *given):
        rates.append(optimizer.param_groups[0]["lr"] / QUICK.learning_rate)
        return step(optimizer, *given)

    monkeypatch.setattr(torch.optim.AdamW, "step", noted)
    params = dataclasses.replace(QUICK, steps=steps, context=8, width=8, layers=1, batch_size=1)
    train_small_lm(encode_pairs(tokenizer, *bread(range(4))), params, seed=0)
    if steps == 1:
        assert rates == [1.0]
        return
    assert len(rates) == steps and rates[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert rates[4:] == sorted(rates[4:], reverse=True) and rates[-1] == pytest.approx(0.1)


def test_the_loss_in_one_pass_is_cross_entropy_with_its_gradient():
    torch = pytest.importorskip("torch")
    draw = torch.Generator().manual_seed(0)
    states, head = (torch.randn(shape, generator=draw, requires_grad=True) for shape in ((7, 5), (11, 5)))
    targets = torch.randint(0, 11, (7,), generator=draw)
    plain = torch.nn.functional.cross_entropy(states @ head.T, targets)
    found = next_token_loss(states, head, targets)
    assert torch.allclose(found, plain, atol=1e-6)
    for ours, theirs in zip(
        torch.autograd.grad(3 * found, [states, head]), torch.autograd.grad(3 * plain, [states, head]), strict=True
    ):
        assert torch.allclose(ours, theirs, atol=1e-6)
