"""Where the arithmetic runs, cpu or cuda, and in which number format. Imports torch only when asked."""

import ctypes
import sys

from .errors import CurationError

DEVICES = ("auto", "cpu", "cuda")


def resolve_device(device: str = "auto") -> str:
    """Return "cpu" or "cuda". Raises CurationError for "cuda" on a machine without one."""
    if device not in DEVICES:
        raise CurationError(f"device is {device!r}; it must be one of {', '.join(DEVICES)}.")
    if device == "cpu" or (device == "auto" and not _has_cuda_driver()):
        return "cpu"
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if device == "cuda":
        raise CurationError("device is 'cuda', but this machine has no CUDA device; use 'cpu' or 'auto'.")
    return "cpu"


def _has_cuda_driver() -> bool:
    """Whether asking torch is worth the seconds that importing it takes."""
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    return True


def fast_format(device: str) -> str:
    """Return the fastest number format that `device` multiplies in hardware: "bfloat16" or "float32".

    `device` is a resolved one. The caller checks that the format is accurate enough before it relies on it.
    """
    import torch

    if device == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported() else "float32"
    has_bf16 = torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()
    return "bfloat16" if has_bf16 else "float32"
