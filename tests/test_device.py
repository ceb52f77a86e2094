"""The choice of the device; what one gives that another does is in `test_cuda.py`."""

import pytest

from core.base.device import resolve_device
from core.base.errors import CurationError

# As a text, which is asked when the test is to run: importing torch takes seconds.
CUDA_IS_THERE = "__import__('torch').cuda.is_available()"


def test_cpu_is_cpu_and_unknown_devices_are_refused():
    assert resolve_device("cpu") == "cpu"
    with pytest.raises(CurationError, match="must be one of auto, cpu, cuda"):
        resolve_device("gpu")


@pytest.mark.skipif(CUDA_IS_THERE, reason="this machine has a CUDA device")
def test_without_cuda_auto_is_cpu_and_asking_for_it_is_a_clear_error():
    assert resolve_device("auto") == "cpu"
    with pytest.raises(CurationError, match="no CUDA device"):
        resolve_device("cuda")
