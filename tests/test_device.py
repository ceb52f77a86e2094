"""The choice of the device, and the CUDA path through the same functions; the latter skips where there is no CUDA."""

import numpy as np
import pytest

from core.base.device import resolve_device
from core.base.errors import CurationError
from core.models.encoder import SentenceEncoder
from core.vectors.clustering import ClusterParams, cluster_embeddings
from core.vectors.embedding import embed_texts
from tests.test_clustering import blobs

# As texts, which are asked when the test is to run: importing torch takes seconds.
CUDA_IS_THERE = "__import__('torch').cuda.is_available()"
needs_cuda = pytest.mark.skipif(f"not {CUDA_IS_THERE}", reason="no CUDA device on this machine")


def test_cpu_is_cpu_and_unknown_devices_are_refused():
    assert resolve_device("cpu") == "cpu"
    with pytest.raises(CurationError, match="must be one of auto, cpu, cuda"):
        resolve_device("gpu")


@pytest.mark.skipif(CUDA_IS_THERE, reason="this machine has a CUDA device")
def test_without_cuda_auto_is_cpu_and_asking_for_it_is_a_clear_error():
    assert resolve_device("auto") == "cpu"
    with pytest.raises(CurationError, match="no CUDA device"):
        resolve_device("cuda")


@needs_cuda
def test_clusters_on_cuda_reach_the_cpus_objective_and_repeat_themselves():
    x = blobs(n_per=500, k=20, d=64)
    cpu, cuda, again = (cluster_embeddings(x, ClusterParams(30), device) for device in ("cpu", "cuda", "cuda"))
    assert cuda.objective == pytest.approx(cpu.objective, rel=0.01)
    np.testing.assert_array_equal(cuda.labels, again.labels)


@needs_cuda
def test_embeddings_on_cuda_are_the_cpus(real_encoder):
    texts = [f"text number {i} about {word}" for i, word in enumerate(["bread", "trains", "stars", "python"] * 20)]
    encoder = SentenceEncoder(device="cuda")
    encoder.calibrate(texts[:16])
    assert np.sum(embed_texts(texts, encoder) * embed_texts(texts, real_encoder), axis=1).min() >= 0.99
