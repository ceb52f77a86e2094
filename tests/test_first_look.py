"""The first look: token means that depend on nothing but the text, and how a model's embeddings take their place."""

import dataclasses

import numpy as np
import pytest

from core.base.errors import CurationError
from core.models.named_encoders import encoder_of
from core.models.token_encoder import TOKENS, TokenMeans, WordTokens
from core.run.first_look import note_of, replace, replacement_of
from core.run.jobs import last_job
from core.run.pipeline import Pipeline
from core.run.tasks import Step, run_steps
from core.vectors import stage as vector_stage
from core.vectors.clustering import ClusterParams
from core.vectors.embedding import EmbedParams, embed_texts
from core.vectors.projection import ProjectParams
from core.workspace import shards
from core.workspace.deciding import decide_cluster, decide_records, overrides_of
from core.workspace.engine import Engine, make_shards
from core.workspace.workspace import Workspace
from tests.command import run
from tests.conftest import TinyEncoder, small_records, write_jsonl
from tests.pages import check, open_page, press

FIRST = EmbedParams(TOKENS)
ODD = [
    "",
    "  ",
    "naïve Café’s “quoted” …—dash\u00a0x",
    "a\tb\r\nc",
    "x" * 300,
    "日本語 の",
    "😀👍🏽 e\u0301",
    "don't [1,2]",
]


@pytest.fixture(scope="module")
def means():
    return TokenMeans()


def test_tokens_found_word_by_word_are_the_tokenizers_own():
    words = WordTokens()
    texts = [*ODD, *(f"{r['instruction']}\n{r['output']}" for r in small_records(40))]
    for most in (256, 5):
        tokens, ends = words.tokens(texts, most)
        words._tokenizer.enable_truncation(most)
        for i, one in enumerate(words._tokenizer.encode_batch(texts, add_special_tokens=False)):
            assert tokens[ends[i] : ends[i + 1]].tolist() == (one.ids or [words._unknown])


def test_a_row_depends_on_its_text_alone_and_is_never_zero(means):
    texts = [*ODD, "bake bread with flour", "bread and flour, baked", "a list in python code"]
    whole = means.encode(texts)
    assert whole.dtype == np.float32 and whole.shape == (len(texts), 384)
    np.testing.assert_allclose(np.linalg.norm(whole, axis=1), 1, atol=1e-6)
    for i in range(len(texts)):
        assert np.array_equal(TokenMeans.encode(means, texts[i : i + 1])[0], whole[i])
    assert np.array_equal(means.encode(texts[::-1])[::-1], whole)
    assert whole[-3] @ whole[-2] > whole[-3] @ whole[-1]
    assert means.encode([]).shape == (0, 384)


def test_what_is_remembered_of_words_is_bounded_and_changes_nothing(means, monkeypatch):
    monkeypatch.setattr("core.models.token_encoder._MOST_WORDS", 5)
    words, texts = WordTokens(), [f"word{i} number {i} {'y' * 70}" for i in range(6)]
    first = [words.tokens([text], 256)[0].tolist() for text in texts]
    assert len(words._known) <= 5 and first == [words.tokens([text], 256)[0].tolist() for text in texts]


def test_shards_in_any_order_resumed_or_with_a_record_more_give_the_same_bytes(make_pipeline, tmp_path, monkeypatch):
    monkeypatch.setattr(vector_stage, "SHARD_ROWS", 16)
    pipeline = make_pipeline("score")
    before = pipeline.workspace.array("embed", pipeline.run("embed", FIRST)).tobytes()
    whole = embed_texts(pipeline.workspace.records().texts(0, 60), encoder_of(TOKENS), step=60)
    assert np.array_equal(pipeline.array("embed"), whole)

    class Killed(Exception):
        pass

    def kill(done, total):
        if done > 33:
            raise Killed

    again = make_pipeline("score", folder="again")
    with pytest.raises(Killed):
        again.run("embed", FIRST, kill)
    shards = sorted(again.workspace.shard_folder("embed", again.key("embed", FIRST)).glob("*.npy"))
    assert len(shards) == 2
    shards[0].unlink()  # the second is there first
    assert again.workspace.array("embed", again.run("embed", FIRST)).tobytes() == before
    more = write_jsonl(
        tmp_path / "more.jsonl", [*small_records(), {"instruction": "rare zebra words", "output": "yes"}]
    )
    longer = make_pipeline("score", folder="longer", data=more)
    longer.run("embed", FIRST)
    assert longer.array("embed")[:60].tobytes() == before


def test_the_real_one_takes_its_place_at_once_and_decisions_stay(make_pipeline, tiny_encoder):
    pipeline = make_pipeline("score")
    for stage, params in (("embed", FIRST), ("cluster", ClusterParams(4))):
        pipeline.run(stage, params, encoder=tiny_encoder)
    assert not tiny_encoder.n_encoded  # what is given in place of a model is no first look
    assert replacement_of(pipeline) == EmbedParams() and "First look" in note_of(pipeline)
    decide_records(pipeline.workspace, "pin", np.array([3, 5]))
    decide_records(pipeline.workspace, "drop", np.array([7]))
    decide_cluster(pipeline, "weight", 1, value=2)
    seen = []

    def look(done, total):
        now = Pipeline(pipeline.workspace)
        seen.append((now.current("embed"), now.current("cluster")))

    first = (pipeline.current("embed"), pipeline.current("cluster"))
    assert overrides_of(pipeline).multipliers == {1: 2}
    replace(pipeline, EmbedParams(), look, "cpu", tiny_encoder)
    assert set(seen) == {first}
    now = Pipeline(pipeline.workspace)
    assert now.array("embed").shape == (60, 16) and now.current("cluster") and now.current("cluster") != first[1]
    found = overrides_of(now)
    assert (found.pinned.tolist(), found.dropped.tolist(), found.multipliers) == ([3, 5], [7], {})
    assert [each.action for each in found.set_aside] == ["weight"]
    assert replacement_of(now) is None and not note_of(now)


def test_the_replacement_is_made_by_the_engine_that_is_asked_for(make_pipeline, tiny_encoder, monkeypatch):
    pipeline, engine, asked = make_pipeline("score"), Engine(), []
    pipeline.run("embed", FIRST)
    monkeypatch.setattr(shards, "make_shards", lambda *given: (asked.append(given[-1]), make_shards(*given))[1])
    run_steps(
        pipeline.workspace,
        [Step("replace", EmbedParams().as_dict())],
        lambda _: lambda *_: None,
        "cpu",
        encoder=tiny_encoder,
        engine=engine,
    )
    assert [each is engine for each in asked] == [True]


def test_a_replacement_that_is_stopped_changes_nothing_and_is_remembered(make_pipeline, tiny_encoder):
    pipeline = make_pipeline("score")
    pipeline.run("embed", FIRST)
    first, asked = pipeline.current("embed"), EmbedParams(max_tokens=99)

    class Broken(TinyEncoder):
        def encode(self, texts):
            raise RuntimeError("no power")

    with pytest.raises(RuntimeError):
        run_steps(pipeline.workspace, [Step("replace", asked.as_dict())], lambda _: lambda *_: None, encoder=Broken())
    now = Pipeline(pipeline.workspace)
    assert now.current("embed") == first and replacement_of(now) == asked
    with pytest.raises(CurationError, match="name a model"):
        replace(now, FIRST, lambda *_: None)


def test_its_keys_are_its_own_and_other_texts_are_read_by_it(make_pipeline):
    pipeline = make_pipeline("embed")
    assert pipeline.key("embed", FIRST) != pipeline.key("embed", EmbedParams())
    assert isinstance(encoder_of(TOKENS, 7), TokenMeans) and encoder_of(TOKENS, 7)._most_tokens == 7
    assert "device" not in dataclasses.asdict(FIRST)


def test_the_command_line_goes_the_same_way(workspace, vectors):
    run("embed", workspace, "--model", "tokens", check=0)
    run("cluster", workspace, "--clusters", 5, check=0)
    assert "First look: by averaged" in run("status", workspace, check=0).stdout
    run("re-embed", workspace, "--embeddings", vectors, check=0)
    said = run("status", workspace, check=0).stdout
    assert "First look" not in said and "cluster   done" in said
    assert "name a model" in run("re-embed", workspace, "--model", "tokens", check=1).stderr


@pytest.fixture
def home(make_pipeline, tmp_path, monkeypatch):
    """A home whose workspace has both, the first look's current; a map that nobody laid out stands for both of theirs."""
    monkeypatch.setenv("WINNOW_HOME", str(tmp_path))
    pipeline = make_pipeline("embed", "cluster", "score")
    pipeline.workspace.ledger.set_settings("project", ProjectParams().as_dict())
    xy = np.random.default_rng(0).normal(size=(60, 2)).astype(np.float32)
    for embed in (EmbedParams(), FIRST):
        pipeline.run("embed", embed, encoder=TinyEncoder())
        pipeline.run("cluster", pipeline.params("cluster"), device="cpu")
        pipeline.keep("project", pipeline.key("project"), lambda: ({"params": {}}, {"value": xy}))
    return tmp_path


def test_pages_say_that_it_is_a_first_look_and_nothing_once_it_is_replaced(home, jobs_in_process):
    app = open_page(home, workspace="workspace")
    assert words_of(app).count("First look: by averaged") == 2 and "set aside" in words_of(app)
    press(app, "Embed by the model")
    assert "First look" not in words_of(check(app.run()))
    assert Pipeline(Workspace(home / "workspace")).params("embed") == EmbedParams()


def test_the_form_begins_with_a_first_look_and_ends_with_the_model_it_names(home, jobs_never_begin):
    app = open_page(home, workspace="workspace")
    next(each for each in app.text_input if each.label == "Model").input("some/other-model")
    app.toggle(key="first_look_wanted").set_value(True)
    press(app, "Prepare with these settings")
    steps = last_job(Workspace(home / "workspace")).arguments["steps"]
    assert (steps[0]["do"], steps[0]["params"]["model"]) == ("embed", TOKENS)
    assert (steps[-1]["do"], steps[-1]["params"]["model"]) == ("replace", "some/other-model")


def words_of(app):
    return " ".join(each.value for each in [*app.markdown, *app.caption])
