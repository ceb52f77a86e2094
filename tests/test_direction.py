"""Which way feedback moves weight: to what the model does badly on, equation 7 of the paper, over every source of scores."""

import json

import numpy as np
import pytest

from core.base.errors import CurationError
from core.cli.refine import say_run
from core.models.causal_lm import load_causal, mean_log_probs, pair_tokens
from core.models.lora import LmParams, tune
from core.refine.advance import Advance, advance
from core.refine.exchange import export_round, import_scores
from core.refine.feedback import lm_feedback
from core.refine.params import RefineParams
from core.refine.runs import Rounds
from core.run.pipeline import Pipeline
from tests.conftest import TinyEncoder, write_jsonl
from tests.test_feedback import lm_params, pairs

CONSTANT, UNLEARNABLE = "bread oven flour", "train ticket travel"


@pytest.fixture
def two_clusters(make_pipeline, tmp_path):
    """Rounds over 48 records: one cluster whose answer is always the same, one whose answers can't be learned."""
    rng = np.random.default_rng(0)
    records = []
    for i in range(24):
        records.append({"instruction": f"{CONSTANT} {CONSTANT}", "output": "of of of of", "n": i})
        noise = "".join(chr(c) for c in rng.integers(33, 126, 12))
        records.append({"instruction": f"{UNLEARNABLE} {UNLEARNABLE}", "output": noise, "n": i})
    data = write_jsonl(tmp_path / "two.jsonl", records)
    return Rounds(make_pipeline("embed", "cluster", "score", n_clusters=2, data=data))


def cluster_of(rounds, run, words):
    texts = rounds.workspace.records().take(np.arange(48), ["text"])["text"].to_pylist()
    found = {int(label) for label, text in zip(rounds.labels(run), texts, strict=True) if text.startswith(words)}
    assert len(found) == 1
    return found.pop()


def after_one_round(rounds, run_id=1):
    """Return (weight of the cluster with a constant answer, weight of the unlearnable one) for the second round."""
    run = rounds.run(run_id)
    weights = rounds.next_weights(run)
    return tuple(weights[cluster_of(rounds, run, words)] for words in (CONSTANT, UNLEARNABLE))


def test_a_language_model_gives_weight_to_what_it_can_not_learn(two_clusters, tiny_lm):
    lm = LmParams(
        tiny_lm, learning_rate=2e-2, epochs=4, batch_size=4, accumulation=1, max_tokens=64, max_new_tokens=8, rank=8
    )
    two_clusters.start(RefineParams("32", 2, "lm"), lm)
    advance(two_clusters, Advance(1, until=1), device="cpu", encoder=TinyEncoder())
    rounds = Rounds(Pipeline(two_clusters.workspace))
    constant, unlearnable = after_one_round(rounds)
    assert unlearnable > 0.55 and constant < 0.45


@pytest.mark.parametrize("direction", ["harder", "easier"])
def test_losses_brought_back_do_the_same_and_an_option_turns_it_round(two_clusters, tmp_path, direction):
    two_clusters.start(RefineParams("32", 2, "import", direction=direction))
    advance(two_clusters, Advance(1, until=1))
    rounds = Rounds(Pipeline(two_clusters.workspace))
    path = export_round(rounds, rounds.run(1), tmp_path / "out")
    lines = []
    for entry in map(json.loads, path.read_text().splitlines()):
        gold = [0.1, 0.2] if entry["prompt"].startswith(CONSTANT) else [4.0, 5.0]
        lines.append({"id": entry["id"], "gold_losses": gold, "generated_losses": [0.2, 0.3]})
    import_scores(rounds, rounds.run(1), write_jsonl(tmp_path / "scores.jsonl", lines))
    constant, unlearnable = after_one_round(rounds)
    assert (unlearnable > constant) == (direction == "harder") and abs(unlearnable - constant) > 0.2
    told = (tmp_path / "out" / "README.md").read_text()
    assert "log PPL_gold" in told and "Do not give log-probabilities" in told
    assert ("the more weight its cluster gets" in told) == (direction == "harder")


def test_likelihood_feedback_is_log_perplexity_of_the_data_less_that_of_the_models_answer(tiny_lm, tmp_path):
    taken, params = pairs(8), lm_params(tiny_lm)
    found = lm_feedback(taken, taken, params, tmp_path / "a", seed=3, device="cpu")
    lm = load_causal(tiny_lm, "cpu", 64)
    tune(lm, taken.prompts, taken.responses, params, tmp_path / "b", seed=3)
    kept = np.isin(taken.rows, found.rows)
    gold = -mean_log_probs(lm, taken.prompts, taken.responses)[kept]
    generated = -mean_log_probs(lm, np.array(taken.prompts)[kept].tolist(), list(found.answers))
    np.testing.assert_allclose(found.gold, gold, atol=1e-5)
    np.testing.assert_allclose(found.scores, gold - generated, atol=1e-5)
    assert (found.gold > 0).all()


def test_perplexity_can_be_of_the_whole_record_as_in_the_paper(tiny_lm):
    import torch

    lm, some = load_causal(tiny_lm, "cpu", 64), pairs(3)
    whole = mean_log_probs(lm, some.prompts, some.responses, of_all=True)
    for prompt, response, mean in zip(some.prompts, some.responses, whole, strict=True):
        ids = torch.tensor([pair_tokens(lm, prompt, response)[0]])
        with torch.inference_mode():
            loss = lm.model(input_ids=ids, labels=ids).loss
        assert mean == pytest.approx(-float(loss), abs=1e-5)
    assert not np.allclose(whole, mean_log_probs(lm, some.prompts, some.responses))


def test_perplexity_of_the_record_is_what_feedback_uses_when_asked(tiny_lm, tmp_path):
    some = pairs(4)
    found = lm_feedback(some, some, lm_params(tiny_lm, perplexity="record"), tmp_path / "a", seed=3, device="cpu")
    other = lm_feedback(some, some, lm_params(tiny_lm), tmp_path / "b", seed=3, device="cpu")
    assert not np.allclose(found.gold, other.gold)


# Runs from before


def old_run(rounds, feedback, lm=None):
    """Record a run as it was before: without a scale of scores among its params."""
    rounds.start(RefineParams("32", 2, feedback), lm)
    with rounds.workspace.ledger.connect() as db:
        params = json.loads(db.execute("SELECT params FROM runs").fetchone()[0])
        del params["scale"], params["direction"]
        db.execute("UPDATE runs SET params = ?", (json.dumps(params),))
    return Rounds(Pipeline(rounds.workspace))


def test_a_run_with_the_old_sign_is_marked_and_goes_no_further(two_clusters, tiny_lm, capsys):
    rounds = old_run(two_clusters, "lm", LmParams(tiny_lm))
    run = rounds.run(1)
    assert run.is_reversed and rounds.state(1) == "reversed"
    say_run(rounds, 1)
    assert "counted the other way round" in capsys.readouterr().out
    with pytest.raises(CurationError, match="start a new run"):
        advance(rounds, Advance(1))


def test_an_old_run_with_another_scorer_goes_on_as_it_began(two_clusters):
    rounds = old_run(two_clusters, "proxy")
    run = rounds.run(1)
    assert not run.warning and run.params.scale == "raw" and run.params.softmax_temperature == 0.25
    advance(rounds, Advance(1), encoder=TinyEncoder())
    assert Rounds(Pipeline(rounds.workspace)).state(1) == "done"


def test_an_old_run_with_scores_from_elsewhere_and_its_forks_say_what_may_be_wrong(two_clusters, tmp_path):
    rounds = old_run(two_clusters, "import")
    assert "losses or log-probabilities" in rounds.run(1).warning and not rounds.run(1).is_reversed
    advance(rounds, Advance(1, until=1))
    rounds = Rounds(Pipeline(rounds.workspace))
    rounds.fork(1, 1, RefineParams("48", 3, "import"))
    assert "losses or log-probabilities" in rounds.run(2).warning
    rounds.start(RefineParams("32", 2, "import"))
    assert not rounds.run(3).warning


def test_an_old_runs_warning_goes_with_its_export_and_its_report(two_clusters, tmp_path):
    from core.export.delivery import manifest_facts
    from core.export.report.writing import write_report

    rounds = old_run(two_clusters, "import")
    advance(rounds, Advance(1, until=1))
    pipeline = Pipeline(rounds.workspace)
    assert "losses or log-probabilities" in manifest_facts(pipeline)["rounds"]["warning"]
    page, text = write_report(pipeline, tmp_path / "report.html")
    assert "losses or log-probabilities" in page.read_text() and "losses or log-probabilities" in text.read_text()
