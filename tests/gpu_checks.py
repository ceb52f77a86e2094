"""Every result that a GPU can make beside the CPU's. Each check takes torch's device, "cpu" in a rehearsal, and a free folder.

As `on_gpu.py`, it imports nothing that a bare machine with a GPU lacks. Where FAISS is missing, the code for CUDA gives, on the
CPU, what is compared with.
"""

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from core.base.device import resolve_device
from core.daar.probes import ProbeParams, spearman, train_domain_probe, train_entropy_probe
from core.measures.pairwise import facility_coverage, vendi, within_selection
from core.models.causal_lm import CausalModel, generate_responses, load_causal, mean_log_probs
from core.models.hidden_states import input_means, layer_means, weighted_means
from core.models.lora import LmParams, tune
from core.models.next_token_loss import next_token_loss
from core.models.reward_model import RewardModel
from core.models.scratch_lm import SmallLmParams, held_out_losses, train_small_lm
from core.models.scratch_tokens import encode_pairs, train_tokenizer
from core.vectors.embedding import embed_texts
from tests.on_gpu import cuda_code, encoder_model, encoder_on, grouped_vectors, has_faiss, sample_texts
from tests.tiny_models import make_causal_lm, make_classifier

PROMPTS = [f"question number {i} about bread" for i in range(12)] + ["buy a ticket", ""]
RESPONSES = [f"answer number {i} goes on" + " and on" * (i % 4) for i in range(12)] + ["to the sea", "no prompt here"]
QUICK = LmParams(
    model="x", learning_rate=1e-2, batch_size=2, accumulation=1, save_steps=50, max_tokens=64, max_new_tokens=8
)
SMALL = SmallLmParams(
    vocabulary=320, context=64, width=32, layers=2, heads=2, steps=60, batch_size=8, learning_rate=1e-2
)


def check_embedding(device: str, folder: Path) -> None:
    """Embeddings within cosine 0.99 of sentence-transformers' in float32, and the same again."""
    from core.models.encoder import SentenceEncoder

    texts = [text[:300] for text in sample_texts(24 if device == "cpu" else 2000)]
    usual, ours = SentenceEncoder(encoder_model(), device="cpu"), encoder_on(device, texts[:32])
    found = embed_texts(texts, ours)
    assert np.sum(found * embed_texts(texts, usual), axis=1).min() >= 0.99
    np.testing.assert_array_equal(found[:200], embed_texts(texts, ours)[:200])


def check_padded_embedding(device: str, folder: Path) -> None:
    """The same of a model whose texts can't be laid end to end: batches by tokens, padded."""
    from core.models.encoder import SentenceEncoder

    texts = [*(text[:300] for text in sample_texts(6 if device == "cpu" else 500)), "one", "two"]
    usual, ours = SentenceEncoder(encoder_model(), device="cpu"), encoder_on(device, texts[:32])
    ours._packed = None
    assert np.sum(embed_texts(texts, ours) * embed_texts(texts, usual), axis=1).min() >= 0.99


def check_clusters(device: str, folder: Path) -> None:
    """k-means comes to the CPU's objective, assigns to the nearest, and repeats itself."""
    from core.vectors.clustering import ClusterParams, cluster_embeddings

    x, params = grouped_vectors(3000, 16, 10), ClusterParams(12)
    with cuda_code(device):
        found, again = (cluster_embeddings(x, params, "cuda") for _ in range(2))
    if has_faiss():
        cpu = cluster_embeddings(x, params, "cpu")
    else:
        with cuda_code("cpu"):
            cpu = cluster_embeddings(x, params, "cuda")
    np.testing.assert_array_equal(found.labels, again.labels)
    np.testing.assert_allclose(found.objective, cpu.objective, rtol=0.01)
    away = ((x[:200, None] - found.centroids) ** 2).sum(2)
    np.testing.assert_array_equal(away.argmin(1), found.labels[:200])


def check_greedy(device: str, folder: Path) -> None:
    """The greedy methods take the CPU's records, with pins and drops, and give each the same score."""
    from core.selection.choosing import select_records
    from core.selection.params import SelectionParams
    from core.selection.pool import Pool

    x = grouped_vectors(1200, 24, 40)
    pool = Pool(
        len(x),
        embeddings=x,
        quality=np.random.default_rng(1).uniform(0, 1, len(x)).astype(np.float32),
        pinned=np.array([3, 40]),
        dropped=np.array([5, 600]),
    )
    for method in ("k-center", "facility-location", "qdit", "novelselect"):
        params = SelectionParams("120", method)
        with cuda_code(device):
            found = select_records(dataclasses.replace(pool, device="cuda"), params)
        with contextlib.nullcontext() if has_faiss() else cuda_code("cpu"):
            cpu = select_records(pool if has_faiss() else dataclasses.replace(pool, device="cuda"), params)
        # From the first two that are worth as good as the same on, each may go its own way: nearly all is asked.
        assert len(np.intersect1d(found.rows, cpu.rows)) >= 0.95 * len(cpu), method
        np.testing.assert_array_equal(found.rows[:20], cpu.rows[:20], method)
        np.testing.assert_allclose(found.scores[:20], cpu.scores[:20], rtol=1e-4, atol=1e-5, err_msg=method)
        np.testing.assert_allclose(found.scores.sum(), cpu.scores.sum(), rtol=0.01, err_msg=method)


def check_pairwise(device: str, folder: Path) -> None:
    """Every pairwise measure is the CPU's."""
    pool, rng = grouped_vectors(1500, 24, 15), np.random.default_rng(0)
    rows = np.sort(rng.choice(len(pool), 300, replace=False))
    x, dense = pool[rows], rng.uniform(1, 50, len(rows))
    for asked in (None, np.arange(0, 300, 3)):
        cpu, found = (within_selection(x, dense, where, asked=asked) for where in ("cpu", device))
        np.testing.assert_allclose(list(found.values()), list(cpu.values()), atol=1e-4)
        assert list(found) == list(cpu)
    np.testing.assert_allclose(facility_coverage(pool, x, device), facility_coverage(pool, x), atol=1e-4)
    np.testing.assert_allclose(vendi(x, device), vendi(x), rtol=1e-5)


def check_probes(device: str, folder: Path) -> None:
    """Both probes know as much as the CPU's, place records alike, and load again where there is no GPU."""
    from core.daar.probes import Probe, entropy, softmax

    x, quick = grouped_vectors(900, 16, 3), ProbeParams(steps=200)
    labels = (x @ grouped_vectors(3, 16, 3, seed=1).T).argmax(1)
    (cpu, told), (found, training) = (train_domain_probe(x, labels, 3, quick, where) for where in ("cpu", device))
    np.testing.assert_allclose(training.curve[-1]["accuracy"], told.curve[-1]["accuracy"], atol=0.03)
    assert (cpu(x).argmax(1) == found(x).argmax(1)).mean() >= 0.97
    found.save(folder / "probe.safetensors")
    np.testing.assert_allclose(Probe.load(folder / "probe.safetensors")(x), found(x), atol=1e-3)
    entropies = entropy(softmax(cpu(x)))
    outputs = [train_entropy_probe(x, entropies, quick, where)[0](x)[:, 0] for where in ("cpu", device)]
    assert spearman(*outputs) >= 0.97


@contextlib.contextmanager
def _causal(device: str, folder: Path, size: int = 64) -> Iterator[tuple[CausalModel, CausalModel]]:
    name = make_causal_lm(folder / "lm", size=size)
    yield load_causal(name, "cpu", 64), load_causal(name, device, 64)


def check_likelihoods(device: str, folder: Path) -> None:
    """Likelihoods are the CPU's up to half precision: of responses, and of prompts with them."""
    with _causal(device, folder) as (cpu, found):
        for of_all in (False, True):
            ours, usual = (mean_log_probs(lm, PROMPTS, RESPONSES, of_all=of_all) for lm in (found, cpu))
            np.testing.assert_allclose(ours, usual, rtol=0.02)
        assert len(generate_responses(found, PROMPTS, 4)) == len(PROMPTS)
        drawn = [generate_responses(found, PROMPTS, 4, temperature=1.0, seed=3) for _ in range(2)]
        assert drawn[0] == drawn[1]


def check_hidden_states(device: str, folder: Path) -> None:
    """Means of input embeddings, of a layer and of the last states are the CPU's up to half precision."""
    with _causal(device, folder) as (cpu, found):
        for means in (input_means, layer_means, weighted_means):
            ours, usual = means(found, RESPONSES), means(cpu, RESPONSES)
            cosines = (ours * usual).sum(1) / np.linalg.norm(ours, axis=1) / np.linalg.norm(usual, axis=1)
            assert cosines.min() >= 0.999, means.__name__


def check_rewards(device: str, folder: Path) -> None:
    """A reward model's scores are the CPU's up to half precision."""
    name = make_classifier(folder / "reward", size=64)
    ours, usual = (RewardModel(name, where, 64).score(PROMPTS, RESPONSES) for where in (device, "cpu"))
    np.testing.assert_allclose(ours, usual, atol=0.02)


def check_tuning(device: str, folder: Path) -> None:
    """LoRA learns as it does on the CPU."""
    with _causal(device, folder) as (cpu, found):
        assert device == "cpu" or str(found.model.dtype) == "torch.bfloat16"
        losses = [
            tune(lm, PROMPTS * 2, RESPONSES * 2, QUICK, folder / name, seed=1)
            for name, lm in (("cpu", cpu), ("found", found))
        ]
        first, last = ([each[i]["loss"] for each in losses] for i in (0, -1))
        np.testing.assert_allclose(first[1], first[0], rtol=0.02)
        assert last[1] < first[1]
        np.testing.assert_allclose(last[1], last[0], rtol=0.2)
        assert np.isfinite(mean_log_probs(found, PROMPTS, RESPONSES)).all()


def check_scratch_training(device: str, folder: Path) -> None:
    """A small model from scratch learns as it does on the CPU, and its training repeats itself."""
    names, towns = ["rye", "oat", "corn", "spelt"], ["Oslo", "Paris", "Rome"]
    prompts = [f"how do I bake {names[i % 4]} bread number {i} in {towns[i % 3]}" for i in range(60)]
    responses = [f"mix the {names[i % 4]} flour with water and bake it in an oven" for i in range(60)]
    tokenizer = train_tokenizer([*prompts, *responses], SMALL.vocabulary)
    encoded = encode_pairs(tokenizer, prompts[:40], responses[:40])
    held = encode_pairs(tokenizer, prompts[40:], responses[40:])
    cpu, found, again = (train_small_lm(encoded, SMALL, 0, where) for where in ("cpu", device, device))
    assert found.curve == again.curve
    np.testing.assert_array_equal(held_out_losses(found, held), held_out_losses(again, held))
    np.testing.assert_allclose(held_out_losses(found, held).mean(), held_out_losses(cpu, held).mean(), rtol=0.2)


def check_next_token_loss(device: str, folder: Path) -> None:
    """The loss in one pass and its gradients are cross-entropy's there too."""
    import torch

    draw = torch.Generator().manual_seed(0)
    states, head = (torch.randn(shape, generator=draw).to(device).requires_grad_() for shape in ((7, 5), (11, 5)))
    targets = torch.randint(0, 11, (7,), generator=draw).to(device)
    plain = torch.nn.functional.cross_entropy(states @ head.T, targets)
    found = next_token_loss(states, head, targets)
    for ours, usual in zip(
        torch.autograd.grad(found, [states, head]), torch.autograd.grad(plain, [states, head]), strict=True
    ):
        assert torch.allclose(ours, usual, atol=1e-5)
    assert torch.allclose(found, plain, atol=1e-5)


def check_device(device: str, folder: Path) -> None:
    """A GPU that is there is taken unless the CPU is asked for."""
    assert resolve_device("auto") == device and resolve_device("cpu") == "cpu"


CHECKS: dict[str, Callable[[str, Path], None]] = {
    name.removeprefix("check_").replace("_", "-"): check
    for name, check in list(globals().items())
    if name.startswith("check_")
}
