"""`python -m tests.benchmarks gpu`: what one GPU does beside the CPU, with its peak memory and the share of what it could do.

Results are held to the CPU's first (`tests/gpu_checks.py`). A time is the GPU's, by CUDA events, after one whole warm-up; where the
CPU did a part only, its time is scaled and the line says by how much. The limits, measured in the same run: a product of large
matrices in the format that is used, and a copy in the GPU's memory. The share is of operations or bytes that the work itself needs:
what is padded, waited for or done on the CPU lowers it. `--rehearse`: tiny, with the CPU in the GPU's place, to see that every
line of it runs. `--out FILE`, or the folder $OUT, gets the table too. Needs the sample, and what `benchmarks gpu-carry` brings.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.gpu_checks import CHECKS
from tests.on_gpu import REHEARSE, is_rehearsal, torch_device

MOST_SECONDS = 480  # no work is begun after so many: a call of ten minutes must end with its table
_PRODUCT, _COPIED = 8192, 2**30  # rows of a square matrix, bytes
_TIMES = 5


def main() -> int:
    """Print the table and return the exit status: 1 where there is no GPU, or a result is not the CPU's."""
    import torch

    if "--rehearse" in sys.argv:
        os.environ[REHEARSE] = "1"
    if not is_rehearsal() and not torch.cuda.is_available():
        print("no CUDA device on this machine; --rehearse runs it tiny on the CPU", file=sys.stderr)
        return 1
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        lines = []
        for line, is_wrong in _lines(Path(folder)):
            print(line, flush=True)
            lines.append(line)
            wrong += is_wrong
            _keep(lines)
    return 1 if wrong else 0


def _keep(lines: list[str]) -> None:
    """Write what there is so far: a run that is cut off leaves that."""
    out = sys.argv[sys.argv.index("--out") + 1] if "--out" in sys.argv[:-1] else ""
    if not out and os.environ.get("OUT"):
        out = str(Path(os.environ["OUT"]) / "gpu.txt")
    if out:
        Path(out).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _lines(folder: Path) -> Iterator[tuple[str, bool]]:
    """Yield the lines, each with whether it tells of a result that is wrong."""
    from tests.benchmarks.gpu_work import TINY, Sizes, all_work

    started, device = time.monotonic(), torch_device()
    yield _machine(device), False
    yield from _checked(device, folder)
    limits = _limits(device)
    yield (
        "limits: "
        + ", ".join(
            f"{name} {limit / 1e9:,.0f} {'GB/s' if name == 'copy' else 'GFLOP/s'}" for name, limit in limits.items()
        ),
        False,
    )
    yield f"{'work':<44} {'records':>9} {'CPU s':>9} {'GPU s':>9} {'ratio':>8} {'peak GiB':>9}  share of a limit", False
    for work in all_work(device, TINY if is_rehearsal() else Sizes(), folder):
        if time.monotonic() - started > MOST_SECONDS and not is_rehearsal():
            yield f"left out, since {MOST_SECONDS} s are over: {work.name} and what comes behind it", False
            break
        work.gpu()
        _reset_peak(device)
        gpu, cpu = _seconds(work.gpu, device), _seconds(work.cpu, "cpu") * work.scale
        scaled = f"; CPU on 1/{work.scale:.0f}, scaled" if work.scale > 1 else ""
        yield (
            f"{work.name:<44} {work.n:>9,} {cpu:>9.3f} {gpu:>9.3f} {cpu / gpu:>7.1f}x {_peak(device):>9.2f}  "
            f"{_share(work, gpu, limits)}{scaled}",
            False,
        )
    yield f"{time.monotonic() - started:.0f} s in all", False


def _share(work, seconds: float, limits: dict[str, float]) -> str:
    if work.operations:
        limit = limits.get(work.number_format, limits["float32"])
        return f"{work.operations / seconds / limit:.0%} of {work.number_format} products"
    return f"{work.moved / seconds / limits['copy']:.0%} of a copy" if work.moved else "-"


def _machine(device: str) -> str:
    import torch

    name = (
        "a rehearsal: the CPU in the GPU's place, no figure counts" if device == "cpu" else torch.cuda.get_device_name()
    )
    return f"{name}; torch {torch.__version__}, {torch.get_num_threads()} threads on the CPU"


def _checked(device: str, folder: Path) -> Iterator[tuple[str, bool]]:
    """Yield a line for each result that is not the CPU's, and one that counts them."""
    wrong = 0
    checks = {name: check for name, check in CHECKS.items() if name != "device" or device == "cuda"}
    for name, check in checks.items():
        own = folder / f"check-{name}"
        own.mkdir()
        try:
            check(device, own)
        except Exception as error:  # noqa: BLE001 - whatever it is, the other results are looked at too
            wrong += 1
            yield f"NOT the CPU's: {name}: {type(error).__name__}: {' '.join(str(error).split())[:300]}", True
    yield f"results held to the CPU's: {len(checks) - wrong} of {len(checks)} agree", False


def _limits(device: str) -> dict[str, float]:
    """Return operations a second of products by format, and bytes a second, read and written, of a copy."""
    import torch

    rows, size = (256, 2**20) if is_rehearsal() else (_PRODUCT, _COPIED)
    found = {}
    for name in ("bfloat16", "float32"):
        a, b = (torch.rand(rows, rows, device=device).to(getattr(torch, name)) for _ in range(2))
        torch.matmul(a, b)
        found[name] = 2 * rows**3 / min(_seconds(lambda a=a, b=b: torch.matmul(a, b), device) for _ in range(_TIMES))
    source = torch.zeros(size, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    target.copy_(source)
    found["copy"] = 2 * size / min(_seconds(lambda: target.copy_(source), device) for _ in range(_TIMES))
    return found


def _seconds(work: Callable[[], object], device: str) -> float:
    """Return how long it takes: on a GPU by its own events, all that it was given included."""
    if device == "cpu":
        started = time.perf_counter()
        work()
        return max(time.perf_counter() - started, 1e-9)
    import torch

    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    torch.cuda.synchronize()
    begin.record()
    work()
    end.record()
    torch.cuda.synchronize()
    return begin.elapsed_time(end) / 1000


def _reset_peak(device: str) -> None:
    if device == "cuda":
        import torch

        torch.cuda.reset_peak_memory_stats()


def _peak(device: str) -> float:
    """Return the most that torch held of the GPU's memory at once, in GiB; 0 in a rehearsal."""
    if device == "cpu":
        return 0.0
    import torch

    return torch.cuda.max_memory_allocated() / 2**30
