import numpy as np
import pytest

from core.base.arrays import unit_rows
from core.base.errors import CurationError
from core.models.token_encoder import TokenEncoder
from core.refine.proxy import embed_pairs, proxy_scores


def test_what_follows_from_the_prompt_is_predicted_and_what_does_not_is_not():
    rng = np.random.default_rng(0)
    prompts = unit_rows(rng.normal(size=(300, 10)))
    turn = np.linalg.qr(rng.normal(size=(10, 10)))[0]
    responses = prompts @ turn
    responses[250:] = unit_rows(rng.normal(size=(50, 10)))
    found = proxy_scores(prompts, unit_rows(responses)).generated
    assert found[:250].mean() > 0.9 > 0.6 > found[250:].mean()
    assert (found <= 1 + 1e-6).all() and (found >= -1 - 1e-6).all()


def predicted(x, y, ridge):
    """Fit on (x, y) with an intercept that is not penalised; return the function that predicts."""
    centred = (x - x.mean(0)).astype(np.float64)
    weights = np.linalg.solve(centred.T @ centred + ridge * np.eye(x.shape[1]), centred.T @ (y - y.mean(0)))
    return lambda new: (new - x.mean(0)) @ weights + y.mean(0)


def left_out(x, y, ridge):
    """Foretell every record by a fit on all the others."""
    return np.stack([predicted(np.delete(x, i, 0), np.delete(y, i, 0), ridge)(x[i]) for i in range(len(x))])


def test_each_response_is_predicted_by_a_ridge_regression_on_all_the_others():
    rng = np.random.default_rng(1)
    x, y = unit_rows(rng.normal(size=(60, 4))), unit_rows(rng.normal(size=(60, 4)))
    found = proxy_scores(x, y)
    guess = left_out(x, y, found.info["ridge"])
    expected = (guess * y).sum(1) / np.linalg.norm(guess, axis=1) / np.linalg.norm(y, axis=1)
    np.testing.assert_allclose(found.generated, expected, atol=1e-4)


def test_the_ridge_is_the_one_with_the_least_leave_one_out_error():
    rng = np.random.default_rng(2)
    x = unit_rows(rng.normal(size=(50, 5)))
    y = unit_rows(x @ rng.normal(size=(5, 5)) + rng.normal(scale=0.5, size=(50, 5)))
    errors = {10.0**p: ((left_out(x, y, 10.0**p) - y) ** 2).sum() for p in range(-4, 5)}
    assert proxy_scores(x, y).info["ridge"] == min(errors, key=errors.get)


@pytest.mark.parametrize("m", [6, 20, 60])
def test_few_records_in_many_dimensions_still_tell_apart(m):
    """A fit on fewer records than dimensions predicts each of them exactly; left out, it can't."""
    for seed in range(8):
        rng = np.random.default_rng(seed)
        x, y = unit_rows(rng.normal(size=(m, 384))), unit_rows(rng.normal(size=(m, 384)))
        assert proxy_scores(x, y).generated.std() > 1e-3


def test_a_single_record_and_records_without_a_prompt_have_scores():
    one = unit_rows(np.array([[1.0, 2.0]]))
    assert proxy_scores(one, one).generated.tolist() == pytest.approx([1.0])
    found = proxy_scores(np.zeros((3, 2), np.float32), np.eye(3, 2, dtype=np.float32)).generated
    assert np.isfinite(found).all()
    with pytest.raises(CurationError, match="0 prompts"):
        proxy_scores(np.zeros((0, 2)), np.zeros((0, 2)))


def test_the_token_encoder_puts_alike_texts_together_whatever_their_order():
    encoder = TokenEncoder()
    texts = ["bake bread with flour", "flour bread bake with", "a list in python code", "", "python code and lists"]
    vectors = encoder.encode(texts)
    assert vectors.shape == (5, 384) and vectors.dtype == np.float32
    assert vectors[0] @ vectors[1] == pytest.approx(1, abs=1e-5) and not vectors[3].any()
    assert vectors[2] @ vectors[4] > vectors[0] @ vectors[2]
    prompts, responses = embed_pairs(encoder, texts[:2], texts[2:4])
    assert prompts.shape == responses.shape == (2, 384)
