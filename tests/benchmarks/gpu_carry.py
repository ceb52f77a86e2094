"""`python -m tests.benchmarks gpu-carry`: put into `.gpu/` what a bare machine with a GPU lacks: the bundled encoder, in float16.

A run there takes the folder along beside the working tree (git ignores it), and `benchmarks gpu` and `-m cuda` take the encoder
from it. Embeddings by it differ from the bundled one's by what float16 rounds of the weights.
"""

import shutil
from pathlib import Path

from core.models.encoder import BUNDLED, model_path
from tests.on_gpu import CARRIED

_LEFT_OUT = shutil.ignore_patterns("*.md", "data_config.json", "vocab.txt", ".gitattributes", "model.safetensors")
MOST_MIB = 64


def main() -> int:
    """Write the folder and say how large it is; 1 where that is more than can be carried."""
    size = carry(Path(model_path(BUNDLED)), CARRIED)
    print(f"{CARRIED.parent.name}/: {size / 2**20:.1f} MiB, of {MOST_MIB} that can be carried")
    return int(size > MOST_MIB * 2**20)


def carry(model: Path, folder: Path) -> int:
    """Write a model's folder with its weights in float16, and return its bytes."""
    import torch
    from safetensors.torch import load_file, save_file

    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(model, folder, ignore=_LEFT_OUT)
    weights = load_file(str(model / "model.safetensors"))
    halved = {name: w.half() if w.dtype == torch.float32 else w for name, w in weights.items()}
    save_file(halved, str(folder / "model.safetensors"), {"format": "pt"})
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
