"""The connection to a Ray cluster: one that runs already, or one that is started on this machine for a run."""

import contextlib
import os
import socket
import uuid
from collections.abc import Iterator
from typing import Any

from ..base.errors import CurationError
from ..base.text import first_line

_OWN = "local"  # Ray's word for a cluster that is started here
_ANSWERS_WITHIN = 10.0  # seconds


@contextlib.contextmanager
def connected(address: str) -> Iterator[Any]:
    """Yield ray, connected to `address`, $RAY_ADDRESS, or a cluster of this machine alone that ends with the block.

    Where it was connected before, it stays.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent to anybody
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    address = address or os.environ.get("RAY_ADDRESS", "") or _OWN
    if address == _OWN:  # it listens on every network that this machine is in: nobody gets in without the token
        os.environ.setdefault("RAY_AUTH_MODE", "token")
        os.environ.setdefault("RAY_AUTH_TOKEN", uuid.uuid4().hex)
    _check_answers(address)
    import ray

    if ray.is_initialized():
        yield ray
        return
    try:
        ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    except (ConnectionError, RuntimeError, ValueError, OSError, TimeoutError) as error:
        raise _no_cluster(address, error) from error
    try:
        yield ray
    finally:
        ray.shutdown()


def _check_answers(address: str) -> None:
    """Raise CurationError where nothing answers at an address: Ray itself would try for minutes."""
    host, colon, port = address.rpartition(":")
    if not colon:
        return
    try:
        socket.create_connection((host, int(port)), timeout=_ANSWERS_WITHIN).close()
    except (OSError, ValueError, OverflowError) as error:
        raise _no_cluster(address, error) from error


def _no_cluster(address: str, error: Exception) -> CurationError:
    return CurationError(
        f"No Ray cluster can be used at {address} ({first_line(error)}); start one with ray start, on this machine too, and "
        "give its address, host:port."
    )
