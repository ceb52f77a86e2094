import numpy as np
import pytest

from core.embedding import unit_rows
from core.errors import CurationError
from core.proxy import TokenEncoder, embed_pairs, proxy_scores


def test_what_follows_from_the_prompt_is_foretold_and_what_does_not_is_not():
    rng = np.random.default_rng(0)
    prompts = unit_rows(rng.normal(size=(300, 10)))
    turn = np.linalg.qr(rng.normal(size=(10, 10)))[0]
    responses = prompts @ turn
    responses[250:] = unit_rows(rng.normal(size=(50, 10)))
    found = proxy_scores(prompts, unit_rows(responses)).generated
    assert found[:250].mean() > 0.9 > 0.6 > found[250:].mean()
    assert (found <= 1 + 1e-6).all() and (found >= -1 - 1e-6).all()


def test_the_foretold_is_that_of_a_ridge_regression():
    rng = np.random.default_rng(1)
    x, y = unit_rows(rng.normal(size=(60, 4))), unit_rows(rng.normal(size=(60, 4)))
    found = proxy_scores(x, y)
    centred = (x - x.mean(0)).astype(np.float64)
    weights = np.linalg.solve(centred.T @ centred + found.info["ridge"] * np.eye(4), centred.T @ (y - y.mean(0)))
    foretold = centred @ weights + y.mean(0)
    expected = (foretold * y).sum(1) / np.linalg.norm(foretold, axis=1) / np.linalg.norm(y, axis=1)
    np.testing.assert_allclose(found.generated, expected, atol=1e-5)


def test_the_ridge_is_the_one_with_the_least_generalised_cross_validation_error():
    rng = np.random.default_rng(2)
    x = unit_rows(rng.normal(size=(80, 5)))
    y = unit_rows(x @ rng.normal(size=(5, 5)) + rng.normal(scale=0.5, size=(80, 5)))
    chosen = proxy_scores(x, y).info["ridge"]
    centred, target = (x - x.mean(0)).astype(np.float64), y - y.mean(0)

    def error(ridge):
        hat = centred @ np.linalg.solve(centred.T @ centred + ridge * np.eye(5), centred.T)
        return ((target - hat @ target) ** 2).sum() / (1 - (np.trace(hat) + 1) / 80) ** 2

    assert error(chosen) == pytest.approx(min(error(10.0**p) for p in range(-4, 5)))


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
