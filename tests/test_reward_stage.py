"""DaaR on a workspace: from descriptions to a selection, by embeddings and by a tiny causal LM."""

import dataclasses

import numpy as np
import pytest

from core.base.errors import CurationError
from core.base.files import file_sha256
from core.daar import stage
from core.daar.domains import Domain, Seed, domain_as_dict
from core.daar.params import DaarParams
from core.daar.probes import Probe, Training, softmax
from core.daar.saved_domains import save_in, saved_domains
from core.models.causal_lm import load_causal
from core.models.hidden_states import input_means, layer_means
from core.run.pipeline import Pipeline
from core.selection.params import SelectionParams
from core.vectors.embedding import EmbedParams
from core.workspace.deciding import decide_records
from core.workspace.workspace import Workspace
from tests.command import run
from tests.conftest import TinyEncoder

DOMAINS = (
    Domain("baking", "bread oven flour"),
    Domain(
        "coding",
        "python function list",
        seeds=(Seed("python list"), Seed("", "record", 1), Seed("no", state="refused")),
    ),
    Domain("garden", "garden soil seeds"),
    Domain("travel", "travel train ticket"),
)
TEXTS = ["how do I bake bread", "a", "write a python function that adds a list of numbers 0 1 2 3 4 5", ""]


def params(domains=DOMAINS, **changes):
    kept = [dataclasses.replace(d, seeds=tuple(s for s in d.seeds if s.state == "kept")) for d in domains]
    return DaarParams(tuple(domain_as_dict(domain) for domain in kept), **({"sample": 60} | changes))


def test_descriptions_become_domains_rewards_and_a_selection(make_pipeline):
    pipeline = make_pipeline("embed")
    pipeline.run("reward", params(learning_rate=3e-4), device="cpu", encoder=TinyEncoder())
    key = pipeline.current("reward")
    table, info = pipeline.workspace.table("reward", key), pipeline.workspace.info("reward", key)
    truth = np.arange(60) % 4
    assert (table["domain"].to_numpy() == truth).mean() > 0.9 and info["names"] == [d.name for d in DOMAINS]
    chances = np.stack([table[f"p{i}"].to_numpy() for i in range(4)], axis=1)
    np.testing.assert_allclose(chances.sum(1), 1, atol=1e-5)
    assert len(info["seed_rows"][0]) and not info["seed_rows"][1]  # coding has seeds of its own
    assert np.array(info["confusion"]).sum() == info["n_held_out"] == 6
    assert info["sources"]["bread"][0] >= 14
    pipeline.run("select", SelectionParams("12", "daar"))
    reward = table["reward"].to_numpy()
    assert pipeline.table("select")["row_id"].to_pylist() == np.argsort(-reward, kind="stable")[:12].tolist()
    probe = Probe.load(pipeline.workspace.path("reward", key, ".domains.safetensors"))
    np.testing.assert_allclose(softmax(probe(np.asarray(pipeline.array("embed")))), chances, atol=1e-5)


def test_the_same_seed_gives_the_same_rewards(make_pipeline, quick_probes):
    rewards = []
    for folder in ("a", "b"):
        pipeline = make_pipeline("embed", folder=folder)
        pipeline.run("reward", params(), device="cpu", encoder=TinyEncoder())
        rewards.append(pipeline.workspace.table("reward", pipeline.current("reward"))["reward"].to_numpy())
    np.testing.assert_array_equal(*rewards)


def test_vectors_from_a_file_ask_for_their_encoder_and_check_it(make_pipeline, tmp_path, vectors, quick_probes):
    pipeline = make_pipeline()
    pipeline.run("embed", EmbedParams(model="", vectors=file_sha256(vectors)), vectors=vectors)
    with pytest.raises(CurationError, match="name the encoder"):
        pipeline.run("reward", params())
    with pytest.raises(CurationError, match="gives 16 dimensions, the records' embeddings have 8"):
        pipeline.run("reward", params(encoder="tiny"), encoder=TinyEncoder())
    rows = tuple(
        Domain(d.name, d.description, seeds=tuple(Seed("", "record", row) for row in range(i, 20, 4)))
        for i, d in enumerate(DOMAINS)
    )
    pipeline.run("reward", params(rows))  # seeds that are records need no encoder
    assert pipeline.state("reward") == "done"


def test_another_encoder_than_the_records_is_found_out(make_pipeline):
    class Other(TinyEncoder):
        def encode(self, texts):
            return super().encode(texts)[:, ::-1]

    pipeline = make_pipeline("embed")
    with pytest.raises(CurationError, match="does not give the records' embeddings"):
        pipeline.run("reward", params(), encoder=Other())


def test_a_seed_whose_row_holds_another_record_now_goes_by_its_text(make_pipeline, quick_probes):
    pipeline = make_pipeline("embed")
    texts = pipeline.workspace.records().take(np.arange(4), ["text"])["text"].to_pylist()
    domains = [Domain(d.name, d.description, seeds=(Seed(texts[i], "record", i),)) for i, d in enumerate(DOMAINS)]
    moved = [
        Domain(d.name, d.description, seeds=(Seed(texts[i], "record", row),))
        for i, (d, row) in enumerate(zip(DOMAINS, (3, 2, 999, 0), strict=True))
    ]
    pseudo = []
    for some in (domains, moved):
        pipeline.run("reward", params(tuple(some), steps=20), device="cpu", encoder=TinyEncoder())
        pseudo.append(np.array(pipeline.workspace.array("reward", pipeline.current("reward"), ".pseudo.npy")))
    np.testing.assert_array_equal(*pseudo)
    gone = [Domain("gone", "x", seeds=(Seed("", "record", 999),)), *DOMAINS[1:]]
    with pytest.raises(CurationError, match="A seed of gone is record 999; the records are 0 to 59"):
        pipeline.run("reward", params(tuple(gone)), encoder=TinyEncoder())


def test_bands_by_source_labels_need_no_domains(make_pipeline):
    pipeline = make_pipeline("embed")
    pipeline.run("select", SelectionParams("12", "intra-band", groups="source"))
    codes = pipeline.workspace.records().sources()[1]
    assert np.bincount(codes[pipeline.table("select")["row_id"].to_numpy()]).tolist() == [3, 3, 3, 3]
    with pytest.raises(CurationError, match="needs the reward stage"):
        pipeline.run("select", SelectionParams("12", "intra-band"))


# A causal language model


@pytest.mark.parametrize("layer", [0, 1, 3, 4])
def test_masked_means_equal_an_unpadded_reference(tiny_lm, layer):
    import torch

    lm = load_causal(tiny_lm, "cpu", 64)
    found = layer_means(lm, TEXTS, layer, batch_size=3)
    for i, text in enumerate(TEXTS):
        ids = lm.tokenizer(text, add_special_tokens=False)["input_ids"] or [lm.pad]
        with torch.inference_mode():
            blocks = []
            handle = lm.model.model.layers[max(layer, 1) - 1].register_forward_hook(
                lambda module, inputs, output, blocks=blocks: blocks.append(
                    output[0] if isinstance(output, tuple) else output
                )
            )
            embedded = lm.model.get_input_embeddings()(torch.tensor([ids]))
            lm.model(torch.tensor([ids]))
            handle.remove()
        states = embedded if layer == 0 else blocks[0].reshape(1, len(ids), -1)
        np.testing.assert_allclose(found[i], states[0].mean(0).numpy(), atol=1e-5)


def test_only_the_layers_needed_are_run(tiny_lm):
    lm = load_causal(tiny_lm, "cpu", 64)
    ran = []
    for i, block in enumerate(lm.model.model.layers):
        block.register_forward_hook(lambda *a, i=i: ran.append(i))
    layer_means(lm, TEXTS, 2)
    assert set(ran) == {0, 1}
    with pytest.raises(CurationError, match="this model has 0"):
        layer_means(lm, TEXTS, 9)
    np.testing.assert_array_equal(input_means(lm, TEXTS), layer_means(lm, TEXTS, 0))


def test_a_causal_model_runs_all_steps_and_its_states_are_kept(make_pipeline, tiny_lm, quick_probes):
    pipeline = make_pipeline()  # not even embedded
    asked = params(model=tiny_lm, layer=2, max_tokens=64)
    pipeline.run("reward", asked, device="cpu")
    assert list(pipeline.workspace.artifacts.glob("states-*.npy"))
    before = [path.stat().st_mtime_ns for path in pipeline.workspace.artifacts.glob("states-*.npy")]
    Pipeline(pipeline.workspace).run("reward", dataclasses.replace(asked, seed=1), device="cpu")
    assert [path.stat().st_mtime_ns for path in pipeline.workspace.artifacts.glob("states-*.npy")] == before
    pipeline = Pipeline(pipeline.workspace)
    pipeline.run("select", SelectionParams("12", "daar"))
    assert len(pipeline.table("select")) == 12


# From the command line


def test_reward_from_a_file_of_domains(workspace, tmp_path, tiny_lm, quick_probes):
    path = tmp_path / "domains.yaml"
    path.write_text("".join(f"- {{name: {d.name}, description: {d.description}}}\n" for d in DOMAINS))
    options = ["--model", tiny_lm, "--layer", 2, "--sample", 50, "--draws", 2, "--device", "cpu"]
    done = run("reward", workspace, "--domains", path, "--budget", "20%", *options, check=0)
    assert (
        "baking" in done.stdout and "validation accuracy" in done.stdout and "12 of 60 records selected" in done.stdout
    )
    done = run(
        "reward", workspace, "--budget", 10, "--target-domain", "coding", *options, check=0
    )  # the domains are kept
    assert "10 of 60" in done.stdout and "coding" in done.stdout
    assert "the domains are baking" in run("reward", workspace, "--target-domain", "x", *options, check=1).stderr
    assert "python -m core reward" in run("curate", path, "--method", "daar", "--out", tmp_path / "o", check=1).stderr


def test_a_reward_that_is_refused_changes_nothing_and_a_file_says_what_it_replaces(workspace, tmp_path):
    held = Workspace(workspace)
    mine = (Domain("mine", "what I wrote", seeds=(Seed("kept by hand"), Seed("refused", state="refused"))), DOMAINS[0])
    save_in(held, mine)
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text("".join(f"- {{name: {d.name}, description: {d.description}}}\n" for d in DOMAINS))
    bad.write_text("- {name: a, description: b, seeds: [{text: '', row: 99999}]}\n- {name: c, description: d}\n")
    for options, told in (
        (["--domains", good, "--budget", "abc"], "budget is 'abc'"),
        (["--domains", good, "--budget", "99999"], "99,999"),
        (["--domains", bad], "a seed of a is record 99999"),
        (["--probes", workspace, "--sample", 10], "leave --sample out"),
    ):
        assert told in run("reward", workspace, *options, check=1).stderr
        assert saved_domains(held) == mine
    done = run("reward", workspace, "--domains", good, "--target-domain", "nobody", check=1)
    assert (
        "--target-domain is 'nobody'" in done.stderr
        and "2 seeds that were kept or refused here are not in" in done.stderr
    )


@pytest.mark.parametrize(
    ("accuracy", "spearman", "n_held_out", "told"),
    [
        (0.9, 0.9, 10, []),
        (0.9, 0.9, 9, ["Only 9 records were held out"]),
        (0.3, -0.2, 10, ["right on 30%", "entropy is -0.20"]),
        (0.9, None, 10, ["entropy is not known"]),
    ],
)
def test_probes_that_trained_too_little_are_said_to(
    make_pipeline, monkeypatch, quick_probes, accuracy, spearman, n_held_out, told
):
    def train_so(train, how_well):
        def trained(*given):
            held = np.arange(n_held_out)
            return train(*given)[0], Training([{"validation": 1.0} | how_well], held, np.zeros((len(held), 4)))

        return trained

    how_well = {"accuracy": accuracy}, {} if spearman is None else {"spearman": spearman}
    for name, curve in zip(("train_domain_probe", "train_entropy_probe"), how_well, strict=True):
        monkeypatch.setattr(stage, name, train_so(getattr(stage, name), curve))
    pipeline = make_pipeline("embed")
    pipeline.run("reward", params(), device="cpu", encoder=TinyEncoder())
    warnings = [text for text in pipeline.finished("reward")["warnings"] if "held" in text or "correlation" in text]
    assert len(warnings) == len(told) and all(part in text for part, text in zip(told, warnings, strict=True))


def _without_cuts(pipeline):
    return [text for text in pipeline.finished("select")["warnings"] if "entropy at the cut" not in text]


def test_target_shares_that_cannot_be_met_are_said(make_pipeline):
    domains = (dataclasses.replace(DOMAINS[0], share=0.9), *DOMAINS[1:])
    pipeline = make_pipeline("embed")
    pipeline.run("reward", params(domains, learning_rate=3e-4), device="cpu", encoder=TinyEncoder())
    pipeline.run("select", SelectionParams("40", "daar"))
    told = _without_cuts(pipeline)
    assert len(told) == 1 and told[0].startswith("baking: 36 records were the target")
    pipeline.run("select", SelectionParams("40", "daar", target_domain="coding"))
    assert "no effect while coding is favoured" in pipeline.finished("select")["warnings"][0]
    pipeline.run("select", SelectionParams("4", "daar"))
    assert _without_cuts(pipeline) == []
    decide_records(pipeline.workspace, "drop", np.array([5]))
    with pytest.raises(CurationError, match="out of date already"):
        Pipeline(pipeline.workspace).finished("select")
