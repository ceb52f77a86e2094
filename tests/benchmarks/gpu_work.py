"""What `benchmarks gpu` has done by a CPU and by a GPU: the same functions as a workspace's stages call.

Random vectors and repeated sample texts do: times don't depend on what they say. As `tests/on_gpu.py`, it imports nothing that a
bare machine with a GPU lacks.
"""

import dataclasses
import shutil
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from core.base.progress import no_progress
from core.daar.probes import Probe, ProbeParams, train_domain_probe
from core.measures.pairwise import facility_coverage, vendi, within_selection
from core.models.causal_lm import load_causal, mean_log_probs, pair_tokens
from core.models.encoder import SentenceEncoder
from core.models.hidden_states import layer_means
from core.models.lora import LmParams, tune
from core.models.scratch_lm import SmallLmParams, train_small_lm
from core.models.scratch_tokens import encode_pairs, train_tokenizer
from core.selection.choosing import select_records
from core.selection.params import SelectionParams
from core.selection.pool import Pool
from core.vectors import clustering
from core.vectors.embedding import SHARD_ROWS, embed_texts
from core.workspace.shards import make_in_shards
from core.workspace.work import Opened
from tests.benchmarks.operations import encoder_operations
from tests.on_gpu import cuda_code, encoder_model, encoder_on, grouped_vectors, has_faiss, sample_texts, unit_vectors
from tests.tiny_models import make_causal_lm

GREEDY = ("k-center", "facility-location", "qdit", "novelselect")


@dataclasses.dataclass(frozen=True)
class Sizes:
    """How much of each; `part` is what the CPU does where all would take too long, and its time is scaled."""

    texts: int = 100_000
    texts_part: int = 2048
    rows: int = 1_000_000
    rows_part: int = 65_536
    clusters: int = 512
    iterations: int = 25
    pool: int = 20_000
    selected: int = 20_000
    audience: int = 200_000
    probed: int = 50_000
    probe_steps: int = 1000
    lm_width: int = 512
    pairs: int = 2048
    pairs_part: int = 128
    tuned: int = 256
    tuned_part: int = 64
    steps: int = 200


TINY = Sizes(64, 32, 2000, 1000, 8, 3, 400, 200, 500, 300, 20, 32, 24, 12, 8, 4, 5)


@dataclasses.dataclass(frozen=True)
class Work:
    """Something that both do. cpu, gpu: do it. scale: how many times the CPU's part goes into the GPU's.

    operations: of its matrix products, 0 where they are not what it is about; of the format `number_format`. moved: bytes that it
    has to read at least, where that is the limit. n: records.
    """

    name: str
    cpu: Callable[[], object]
    gpu: Callable[[], object]
    n: int
    scale: float = 1.0
    operations: float = 0.0
    number_format: str = "float32"
    moved: float = 0.0


def all_work(device: str, sizes: Sizes, folder: Path) -> Iterator[Work]:
    """Yield each piece of work, made ready. device: torch's for the GPU, "cpu" in a rehearsal."""
    yield _embedding(device, sizes, folder)
    yield _k_means(device, sizes)
    yield from _greedy(device, sizes)
    yield from _pairwise(device, sizes)
    yield _probe(device, sizes)
    yield from _language_models(device, sizes, folder)
    yield _from_scratch(device, sizes)


def _embedding(device: str, sizes: Sizes, folder: Path) -> Work:
    """From texts to an array on the disk, as the stage does: tokens are made ahead and shards written, on threads."""
    texts = sample_texts(sizes.texts)
    usual, ours = SentenceEncoder(encoder_model(), device="cpu"), encoder_on(device, texts[:32])
    usual.calibrate(texts[:32])
    part = texts[: sizes.texts_part]
    ids = usual._model.tokenizer(part, truncation=True, max_length=usual._model.max_seq_length)["input_ids"]
    operations = encoder_operations(np.array(list(map(len, ids))), usual._model[0].auto_model.config)

    def embed(some: list[str], encoder: SentenceEncoder, name: str) -> None:
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).mkdir()
        place = types.SimpleNamespace(
            dataset=lambda: types.SimpleNamespace(n_records=len(some)),
            shard_folder=lambda kind, key: folder / name,
            path=lambda kind, key, end: folder / name / f"whole{end}",
        )
        opened = Opened(
            lambda a, b, say: embed_texts(some[a:b], encoder, say), at_once=max(1, encoder.at_once // SHARD_ROWS)
        )
        make_in_shards(place, "embed", "", SHARD_ROWS, types.SimpleNamespace(open=lambda settled: opened), no_progress)

    return Work(
        "embedding, texts to disk",
        lambda: embed(part, usual, "on-cpu"),
        lambda: embed(texts, ours, "on-gpu"),
        sizes.texts,
        sizes.texts / len(part),
        operations * sizes.texts / len(part),
        ours.format,
    )


def _k_means(device: str, sizes: Sizes) -> Work:
    x, params = unit_vectors(sizes.rows), clustering.ClusterParams(sizes.clusters, sizes.iterations)
    part = x[: sizes.rows_part]
    centres = x[: sizes.clusters].copy()

    def by_torch(rows: np.ndarray, where: str) -> None:
        found = clustering._torch_train(rows, centres, params, no_progress, where)
        clustering._torch_assign(rows, found, no_progress, where)

    def by_faiss() -> None:
        clustering.faiss_assign(part, clustering.faiss_train(part, centres, params))

    cpu = by_faiss if has_faiss() else lambda: by_torch(part, "cpu")
    products = 2 * sizes.iterations + 1  # distances and sums, and the distances once more
    operations = 2 * products * float(sizes.rows) * sizes.clusters * x.shape[1]
    name = f"k-means, {sizes.clusters} x {sizes.iterations}, CPU by {'FAISS' if has_faiss() else 'torch'}"
    return Work(name, cpu, lambda: by_torch(x, device), sizes.rows, sizes.rows / len(part), operations)


def _greedy(device: str, sizes: Sizes) -> Iterator[Work]:
    x = grouped_vectors(sizes.pool, 384, max(4, sizes.pool // 100))
    quality = np.random.default_rng(1).uniform(0, 1, len(x)).astype(np.float32)
    pool = Pool(len(x), embeddings=x, quality=quality)

    def select(method: str, where: str) -> None:
        with cuda_code(where):
            select_records(dataclasses.replace(pool, device="cuda"), SelectionParams("10%", method))

    for method in GREEDY:
        needs_faiss = method != "k-center"
        usual = has_faiss() or not needs_faiss

        def cpu(method: str = method, usual: bool = usual) -> None:
            select_records(pool, SelectionParams("10%", method)) if usual else select(method, "cpu")

        n_picked = SelectionParams("10%", method).n_records(len(x))
        yield Work(
            f"{method}, 10 %{'' if usual else ', CPU by torch'}",
            cpu,
            lambda method=method: select(method, device),
            len(x),
            moved=4.0 * n_picked * x.size,  # every pick is compared with all records once
        )


def _pairwise(device: str, sizes: Sizes) -> Iterator[Work]:
    x = unit_vectors(max(sizes.audience, sizes.selected))
    chosen, dense = x[: sizes.selected], np.random.default_rng(2).uniform(1, 50, sizes.selected)
    m, n, d = len(chosen), len(x), x.shape[1]
    yield Work(
        "measures among the selected",
        lambda: within_selection(chosen, dense),
        lambda: within_selection(chosen, dense, device),
        m,
        operations=2.0 * m * m * d,
    )
    yield Work(
        "coverage of all records",
        lambda: facility_coverage(x, chosen),
        lambda: facility_coverage(x, chosen, device),
        n,
        operations=2.0 * n * m * d,
    )
    yield Work("Vendi score", lambda: vendi(x), lambda: vendi(x, device), n, moved=8.0 * x.size)


def weights_of(model: Any) -> float:
    """Return how many weights of matrices a token is multiplied by: of its inputs' table only where a head shares it.

    A pass takes two operations a weight and token, back through it two more, and two where the weight learns.
    """
    table = getattr(model, "get_input_embeddings", lambda: None)()
    shared = table is not None and model.get_output_embeddings().weight is table.weight
    counts = [weight.numel() for weight in model.parameters() if weight.ndim > 1]
    return float(sum(counts) - (table.weight.numel() if table is not None and not shared else 0))


def _probe(device: str, sizes: Sizes) -> Work:
    x, params = unit_vectors(sizes.probed), ProbeParams(steps=sizes.probe_steps, patience=sizes.probe_steps)
    labels = (x @ unit_vectors(8, seed=1).T).argmax(1)
    weights = weights_of(Probe(x.shape[1], 8).net)
    operations = weights * (6.0 * params.steps * params.batch_size + 2.0 * len(x))

    def train(where: str) -> None:
        train_domain_probe(x, labels, 8, params, where)[0](x)

    return Work(
        "domain probe, trained and asked", lambda: train("cpu"), lambda: train(device), len(x), operations=operations
    )


def _pairs(n: int) -> tuple[list[str], list[str]]:
    texts = sample_texts(n)
    return [text[:80] for text in texts], [text[80:400] or "." for text in texts]


def _language_models(device: str, sizes: Sizes, folder: Path) -> Iterator[Work]:
    name = make_causal_lm(folder / "lm", size=sizes.lm_width)
    cpu, gpu = load_causal(name, "cpu", 256), load_causal(name, device, 256)
    prompts, responses = _pairs(sizes.pairs)
    number_format, weights = str(gpu.model.dtype).removeprefix("torch."), weights_of(gpu.model)
    lengths = [len(pair_tokens(gpu, *pair)[0]) for pair in zip(prompts, responses, strict=True)]
    some, scale = slice(sizes.pairs_part), sizes.pairs / sizes.pairs_part
    yield Work(
        "likelihoods",
        lambda: mean_log_probs(cpu, prompts[some], responses[some]),
        lambda: mean_log_probs(gpu, prompts, responses),
        sizes.pairs,
        scale,
        2 * weights * sum(lengths),
        number_format,
    )
    yield Work(
        "hidden states, layer 3",
        lambda: layer_means(cpu, responses[some]),
        lambda: layer_means(gpu, responses),
        sizes.pairs,
        scale,
        2 * weights * 3 / 4 * sum(len(ids) for ids in gpu.tokenizer(responses)["input_ids"]),  # three layers of four
        number_format,
    )
    params = LmParams(model="x", max_tokens=256, save_steps=10_000)

    def tuned(where: str, n: int) -> None:
        shutil.rmtree(folder / "tuning", ignore_errors=True)  # a checkpoint there would be gone on from
        tune(load_causal(name, where, 256), prompts[:n], responses[:n], params, folder / "tuning", seed=0)

    yield Work(
        "tuning by LoRA, loading included",
        lambda: tuned("cpu", sizes.tuned_part),
        lambda: tuned(device, sizes.tuned),
        sizes.tuned,
        sizes.tuned / sizes.tuned_part,
        4 * weights * sum(lengths[: sizes.tuned]),  # the weights themselves learn nothing
        number_format,
    )


def _from_scratch(device: str, sizes: Sizes) -> Work:
    prompts, responses = _pairs(max(200, sizes.pairs))
    params = SmallLmParams(steps=sizes.steps)
    encoded = encode_pairs(train_tokenizer([*prompts, *responses], params.vocabulary), prompts, responses)
    return Work(
        f"small model from scratch, {sizes.steps} steps",
        lambda: train_small_lm(encoded, params, 0, "cpu"),
        lambda: train_small_lm(encoded, params, 0, device),
        len(encoded),
        operations=6 * weights_of(train_small_lm(encoded, SmallLmParams(steps=1), 0, "cpu").model) * params.tokens_seen,
        number_format="bfloat16" if device == "cuda" else "float32",
    )
