"""DaaR's probes: an MLP that tells domains apart, and one that predicts the entropy of the first. torch, CPU or CUDA."""

import dataclasses
import itertools
from pathlib import Path
from typing import Any

import numpy as np

from ..base.errors import CurationError
from ..base.files import replacing
from ..base.params import Params, option
from ..base.progress import Progress, no_progress

_BLOCK = 8192


@dataclasses.dataclass(frozen=True)
class ProbeParams(Params):
    """How a probe is trained. The released code: Adam, lr 1e-5, batch 1, one epoch, 97/3 split; batches take less time.

    steps: of the optimiser at most, in whole epochs, so that a small pool is trained as long as a large one. held_out: the
    share kept for validation. patience: steps without a better validation loss before it stops.
    """

    steps: int = option(2000, "of the optimiser at most", least=1)
    batch_size: int = option(64, "records a step", least=1)
    learning_rate: float = option(3e-4, "of Adam", least=0)
    weight_decay: float = option(1e-4, "of Adam", least=0)
    held_out: float = option(0.1, "the share kept for validation")
    patience: int = option(500, "steps without a better validation loss before it stops", least=1)
    seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.held_out < 1:
            raise CurationError(f"held_out is {self.held_out!r}; it is a share between 0 and 1.")


@dataclasses.dataclass(frozen=True)
class Training:
    """How a training went. curve: an entry an epoch: epoch, train, validation (losses) and accuracy or spearman.

    held_out: (v,) positions of the validation records. outputs: (v, k) float32, the trained probe's for them.
    """

    curve: list[dict[str, float]]
    held_out: np.ndarray
    outputs: np.ndarray


class Probe:
    """MLP d -> 2d -> d -> d/2 -> 256 -> k with ReLU, on standardised inputs. k = 1 for the reward probe."""

    def __init__(self, d: int, k: int, device: str = "cpu") -> None:
        from torch import nn

        widths = [d, 2 * d, d, max(d // 2, 1), 256, k]
        layers: list[Any] = []
        for i, (wide, narrow) in enumerate(itertools.pairwise(widths)):
            layers += [nn.Linear(wide, narrow)] + ([nn.ReLU()] if i < len(widths) - 2 else [])
        self.net = nn.Sequential(*layers).to(device)
        self.device, self.d, self.k = device, d, k
        self.mean, self.scale = np.zeros(d, np.float32), np.ones(d, np.float32)

    def __call__(self, inputs: np.ndarray) -> np.ndarray:
        """Return (n, k) float32 outputs (logits, or the entropy) for (n, d) inputs, in blocks."""
        import torch

        if inputs.ndim != 2 or inputs.shape[1] != self.d:
            raise CurationError(
                f"The probe was trained on {self.d} dimensions; these embeddings have shape {inputs.shape}."
            )
        outputs = np.empty((len(inputs), self.k), np.float32)
        with torch.inference_mode():
            for start in range(0, len(inputs), _BLOCK):
                block = self._tensor(inputs[start : start + _BLOCK])
                outputs[start : start + len(block)] = self.net(block).cpu().numpy()
        return outputs

    def _tensor(self, inputs: np.ndarray):
        import torch

        return torch.from_numpy((np.asarray(inputs, np.float32) - self.mean) / self.scale).to(self.device)

    def save(self, path: Path) -> None:
        """Write the probe as safetensors."""
        import torch
        from safetensors.torch import save

        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in self.net.state_dict().items()}
        tensors |= {"input.mean": torch.from_numpy(self.mean), "input.scale": torch.from_numpy(self.scale)}
        with replacing(Path(path)) as temporary:
            temporary.write_bytes(save(tensors, {"winnow": "probe"}))  # of several entries the order would be by chance

    @classmethod
    def load(cls, path: Path, device: str = "cpu") -> "Probe":
        """Read a probe that `save` wrote. Raises CurationError for another file."""
        from safetensors import SafetensorError, safe_open
        from safetensors.torch import load_file

        try:
            with safe_open(str(path), "np") as file:
                facts = file.metadata() or {}
            tensors = load_file(str(path))
        except (OSError, SafetensorError) as error:
            raise CurationError(
                f"{path} is no probe that can be read ({error}); give one that Winnow saved."
            ) from error
        if facts.get("winnow") != "probe":
            raise CurationError(f"{path} holds other weights than a probe's; give one that Winnow saved.")
        probe = cls(
            len(tensors["input.mean"]), len(tensors[max(name for name in tensors if name.endswith("bias"))]), device
        )
        probe.mean, probe.scale = tensors.pop("input.mean").numpy(), tensors.pop("input.scale").numpy()
        probe.net.load_state_dict(tensors)
        return probe


def train_domain_probe(
    inputs: np.ndarray,
    labels: np.ndarray,
    k: int,
    params: ProbeParams,
    device: str = "cpu",
    progress: Progress = no_progress,
) -> tuple[Probe, Training]:
    """Train a probe to tell k domains apart by cross-entropy. inputs: (m, d), labels: (m,) int in 0..k-1."""
    import torch

    target = torch.from_numpy(np.asarray(labels, np.int64))

    def measure(outputs: np.ndarray, held: np.ndarray) -> dict[str, float]:
        return {"accuracy": round(float((outputs.argmax(1) == labels[held]).mean()), 6)}

    return _train(inputs, target, k, torch.nn.functional.cross_entropy, measure, params, device, progress)


def train_entropy_probe(
    inputs: np.ndarray,
    entropies: np.ndarray,
    params: ProbeParams,
    device: str = "cpu",
    progress: Progress = no_progress,
) -> tuple[Probe, Training]:
    """Train a probe to predict the domain entropy by squared error. inputs: (m, d), entropies: (m,)."""
    import torch

    target = torch.from_numpy(np.asarray(entropies, np.float32))[:, None]

    def measure(outputs: np.ndarray, held: np.ndarray) -> dict[str, float]:
        return {"spearman": round(spearman(outputs[:, 0], entropies[held]), 6)}

    return _train(inputs, target, 1, torch.nn.functional.mse_loss, measure, params, device, progress)


def _train(inputs, target, k, loss_of, measure, params: ProbeParams, device: str, progress: Progress):
    """Adam with early stopping; the weights of the best validation loss are kept. The split and the batches come from the seed."""
    import torch

    rng = np.random.default_rng(params.seed)
    order = rng.permutation(len(inputs))
    n_held = max(1, round(params.held_out * len(inputs))) if len(inputs) > 1 else 0
    held, seen = np.sort(order[:n_held]), np.sort(order[n_held:])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(params.seed)
        probe = Probe(inputs.shape[1], k)
    probe.net.to(device)
    probe.device = device
    probe.mean = inputs[seen].mean(axis=0, dtype=np.float64).astype(np.float32)
    probe.scale = np.maximum(inputs[seen].std(axis=0, dtype=np.float64), 1e-6).astype(np.float32)
    x, y, x_held, y_held = (
        probe._tensor(inputs[seen]),
        target[seen].to(device),
        probe._tensor(inputs[held]),
        target[held].to(device),
    )
    optimizer = torch.optim.Adam(probe.net.parameters(), params.learning_rate, weight_decay=params.weight_decay)
    curve: list[dict[str, float]] = []
    best, kept, since = np.inf, None, 0
    per_epoch = max(1, -(-len(seen) // params.batch_size))
    epochs, patience = -(-params.steps // per_epoch), max(3, -(-params.patience // per_epoch))
    for epoch in range(epochs):
        total = 0.0
        batches = torch.from_numpy(rng.permutation(len(seen))).to(device)
        for batch in batches.split(params.batch_size):
            optimizer.zero_grad()
            loss = loss_of(probe.net(x[batch]), y[batch])
            loss.backward()
            optimizer.step()
            total += float(loss.detach()) * len(batch)
        outputs = probe(inputs[held])
        with torch.inference_mode():
            validation = float(loss_of(probe.net(x_held), y_held)) if n_held else total
        entry = {"epoch": epoch + 1, "train": round(total / max(len(seen), 1), 6), "validation": round(validation, 6)}
        curve.append(entry | (measure(outputs, held) if n_held else {}))
        progress(epoch + 1, epochs)
        if validation < best - 1e-6:
            best, kept, since = validation, {n: t.detach().clone() for n, t in probe.net.state_dict().items()}, 0
        elif (since := since + 1) >= patience:
            break
    if kept is not None:
        probe.net.load_state_dict(kept)
    return probe, Training(curve, held, probe(inputs[held]))


def spearman(x: np.ndarray, y: np.ndarray) -> float:
    """Return Spearman's rank correlation, ties sharing their rank; 0 where one of the two is constant."""
    import pandas as pd

    a, b = (pd.Series(v).rank().to_numpy() for v in (x, y))
    if len(a) < 2 or a.std() == 0 or b.std() == 0:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return (n, k) float64 probabilities of (n, k) logits."""
    raised = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def entropy(probabilities: np.ndarray) -> np.ndarray:
    """Return (n,) float64: H = -sum p log p of each row, in nats."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return -np.where(probabilities > 0, probabilities * np.log(probabilities), 0).sum(axis=1)
