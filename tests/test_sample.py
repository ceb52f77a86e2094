"""The sample data and the bundled encoder on it: what curation is meant to find is there, and is found."""

import collections
import copy
import json
import shutil

import numpy as np
import pytest

from core.base.ahead import side_by_side
from core.base.errors import CurationError
from core.models.encoder import SentenceEncoder
from core.models.packed_bert import PACK_TOKENS, PackedBert, packs_of
from core.run.pipeline import Pipeline
from core.selection.params import SelectionParams
from core.vectors.embedding import embed_texts
from core.workspace.workspace import Workspace
from tests.conftest import SAMPLE

RECORDS = [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def pipeline(prepared_sample, tmp_path_factory):
    home = tmp_path_factory.mktemp("sample") / "home"
    shutil.copytree(prepared_sample, home)  # others start from it too
    return Pipeline(Workspace(home / "sample"))


def rows_where(**wanted):
    return np.array(
        [i for i, record in enumerate(RECORDS) if all(record[name] == value for name, value in wanted.items())]
    )


def test_the_sample_is_what_the_readme_says():
    sources = collections.Counter(record["source"] for record in RECORDS)
    notes = collections.Counter(record["note"] for record in RECORDS)
    assert len(RECORDS) == 600 and len({record["id"] for record in RECORDS}) == 600
    topics = {source for source in sources if source not in ("junk", "outlier")}
    assert len(topics) >= 12 and max(sources.values()) > 5 * min(sources[topic] for topic in topics)
    assert min(notes[note] for note in ("near-duplicate", "low-quality", "junk", "outlier")) >= 18
    assert {"spanish", "german", "french", "japanese"} <= topics
    assert sum(len(record["messages"]) > 3 for record in RECORDS) >= 25
    for record in RECORDS:
        roles = [turn["role"] for turn in record["messages"] if turn["role"] != "system"]
        assert roles == ["user", "assistant"] * (len(roles) // 2) and all(
            turn["content"] for turn in record["messages"]
        )


def test_clusters_follow_the_topics(pipeline):
    labels = np.asarray(pipeline.array("cluster"))
    sources = np.array([record["source"] for record in RECORDS])
    pure = sum(collections.Counter(sources[labels == c]).most_common(1)[0][1] for c in range(labels.max() + 1))
    assert pure / 600 > 0.6


def test_near_duplicates_have_a_near_twin_and_outliers_none(pipeline):
    x = np.asarray(pipeline.array("embed"))
    cosine = x @ x.T
    np.fill_diagonal(cosine, -1)
    nearest = cosine.max(1)
    assert np.median(nearest[rows_where(note="near-duplicate")]) > 0.95
    assert np.median(nearest[rows_where(note="outlier")]) < 0.5


def test_quality_tells_bad_answers_from_good_ones(pipeline):
    quality = pipeline.column("score", "score")
    good, bad = quality[rows_where(note="")], quality[rows_where(note="low-quality")]
    wins = (good[:, None] > bad[None]).mean()
    assert wins > 0.95 and np.median(quality[rows_where(note="junk")]) < np.quantile(good, 0.1)


def test_kmq_takes_fewer_bad_answers_than_kmeans_random(pipeline):
    bad = set(rows_where(note="low-quality")) | set(rows_where(note="junk"))
    taken = {}
    for method in ("kmq", "kmeans-random"):
        counts = []
        for seed in range(20):
            pipeline.run("select", SelectionParams("100", method, seed=seed))
            counts.append(len(bad & set(pipeline.table("select")["row_id"].to_pylist())))
        taken[method] = np.mean(counts)
    assert taken["kmq"] < 0.75 * taken["kmeans-random"]


def test_the_bundled_encoder_puts_like_things_together(real_encoder):
    vectors = real_encoder.encode(["How do I bake bread?", "A recipe for a loaf of bread", "Sort a list in Python"])
    assert vectors.shape == (3, 384) and vectors.dtype == np.float32
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.3


def test_the_fast_number_format_stays_within_0_99(real_encoder):
    texts = [record["messages"][0]["content"] for record in RECORDS[:40]]
    exact = embed_texts(texts, real_encoder)
    fast = SentenceEncoder(device="cpu")
    fast.calibrate(texts[:16])
    if fast.format == "float32":
        pytest.skip("this CPU has no bfloat16 matrix instructions")
    assert np.sum(exact * embed_texts(texts, fast), axis=1).min() >= 0.99
    settled = SentenceEncoder(device="cpu")
    settled.settle(fast.settled)  # as on another machine
    assert settled.settled == fast.settled
    np.testing.assert_array_equal(settled.encode(texts[:9]), fast.encode(texts[:9]))


def test_texts_laid_end_to_end_give_what_each_gives_alone(real_encoder):
    texts = [record["messages"][0]["content"] * (1 + i % 3) for i, record in enumerate(RECORDS[:60])]
    packed = SentenceEncoder(device="cpu")
    packed._packed = PackedBert.of(packed._model[0].auto_model)
    np.testing.assert_allclose(packed.encode(texts), real_encoder.encode(texts), atol=2e-6)
    np.testing.assert_allclose(packed.encode(texts[:1]), packed.encode(texts)[:1], atol=2e-6)
    packed._packed.pack_tokens, together = 700, packed.encode(texts)
    assert len(list(packs_of([len(ids) for ids in packed._model.tokenizer(texts)["input_ids"]], 700))) > 2
    np.testing.assert_allclose(together, real_encoder.encode(texts), atol=2e-6)
    lengths = np.array([7, 5000, 2000, 2100, 2000])
    packs = [rows.tolist() for rows in packs_of(lengths)]
    assert packs == [[1], [3], [2, 4, 0]] and all(lengths[rows].sum() <= PACK_TOKENS for rows in packs[1:])


def test_packs_side_by_side_hang_on_no_number_of_threads():
    import torch

    texts = [record["messages"][0]["content"] * (1 + i % 3) for i, record in enumerate(RECORDS[:40])]
    packed, found, before = SentenceEncoder(device="cpu"), [], torch.get_num_threads()
    packed._packed = PackedBert.of(packed._model[0].auto_model)
    packed._packed.pack_tokens = 700
    try:
        for n_threads in (1, 3):
            torch.set_num_threads(n_threads)
            found.append(packed.encode(texts).tobytes())
            assert side_by_side(lambda _: torch.get_num_threads(), range(4)) == [1] * 4
            assert torch.get_num_threads() == n_threads
    finally:
        torch.set_num_threads(before)
    assert found[0] == found[1]


def test_an_inaccurate_format_is_not_used(real_encoder, monkeypatch):
    monkeypatch.setattr("core.models.encoder.fast_format", lambda device: "bfloat16")
    texts, encode, calls = ["one text", "another"], SentenceEncoder.encode, []

    def inaccurate(encoder, some):
        calls.append(len(some))
        return encode(encoder, some) if len(calls) == 1 else encode(encoder, some)[::-1]  # the first is the exact one

    encoder = SentenceEncoder(device="cpu")
    with monkeypatch.context() as patch:
        patch.setattr(SentenceEncoder, "encode", inaccurate)
        encoder.calibrate(texts)
    assert set(calls[1:]) == {2} and encoder.format == "float32"
    np.testing.assert_array_equal(encoder.encode(texts), real_encoder.encode(texts))


def test_longer_texts_are_cut_at_max_tokens():
    encoder = SentenceEncoder(max_tokens=4, device="cpu")  # the model's two special tokens count too
    same, longer, other = encoder.encode(["bread oven", "bread oven train garden piano", "bread train"])
    assert same @ longer > 0.9999 and same @ other < 0.99


def test_a_model_that_is_none_is_a_clear_error(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(CurationError, match="can't be loaded as a sentence-transformers model"):
        SentenceEncoder(str(tmp_path), device="cpu")


def test_a_model_that_is_more_than_a_pooled_bert_is_not_packed(real_encoder, monkeypatch):
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Dense, StaticEmbedding

    monkeypatch.setattr("core.models.encoder.fast_format", lambda device: "bfloat16")
    transformer, pooling, *_ = copy.deepcopy(list(real_encoder._model))
    static = StaticEmbedding(transformer.tokenizer, embedding_dim=8)
    for modules in ([transformer, pooling, Dense(384, 8)], [static]):
        made = SentenceTransformer(modules=modules, device="cpu")
        monkeypatch.setattr(SentenceEncoder, "_load", lambda _, kind, made=made: made.to(getattr(torch, kind)))
        encoder = SentenceEncoder(device="cpu")
        encoder.calibrate(["one text", "another"])
        assert encoder.encode(["one text"]).shape == (1, 8) and encoder._packed is None
