"""Every result that a GPU can make beside the CPU's: `gpu_checks.py`. Skips where there is none, and says so.

On a machine that has little more than torch and sentence-transformers:
`python -m pytest --noconftest -o addopts= -m cuda tests/test_cuda.py`. WINNOW_GPU_REHEARSE=1 has the CPU stand in for the GPU.
"""

import pytest

from tests.gpu_checks import CHECKS
from tests.on_gpu import is_rehearsal, torch_device

QUICK = ("embedding", "padded-embedding", "clusters", "greedy")  # what takes another way on a GPU than on a CPU


def no_gpu() -> bool:
    import torch

    return not (is_rehearsal() or torch.cuda.is_available())


@pytest.mark.cuda
@pytest.mark.parametrize("result", CHECKS)
def test_on_a_gpu_it_is_the_cpus(result, tmp_path):
    if no_gpu():  # not as a condition of the mark: importing torch takes seconds
        pytest.skip("no CUDA device on this machine")
    CHECKS[result](torch_device(), tmp_path)


@pytest.mark.parametrize("result", QUICK)
def test_the_code_for_a_gpu_gives_the_cpus_result_where_a_cpu_runs_it(result, tmp_path):
    CHECKS[result]("cpu", tmp_path)
