"""Sets of rows as bytes: a roaring bitmap (Lemire et al. 2018, arXiv 1709.07821), so that many rows take little room."""

import numpy as np

from ..base.errors import CurationError

_MOST = 2**32


def pack_rows(rows: np.ndarray) -> bytes:
    """Return a set of row ids as bytes. rows: (m,) int, from 0 to 2^32 - 1, in any order."""
    from pyroaring import BitMap

    rows = np.asarray(rows, np.int64)
    if len(rows) and (rows.min() < 0 or rows.max() >= _MOST):
        raise CurationError(
            f"record {rows.min() if rows.min() < 0 else rows.max()} can't be; rows are 0 to {_MOST - 1}."
        )
    packed = BitMap(memoryview(rows.astype(np.uint32)))
    packed.run_optimize()  # a stretch of rows takes four bytes, however long
    return packed.serialize()


def unpack_rows(packed: bytes) -> np.ndarray:
    """Return the (m,) int64 ascending row ids that `pack_rows` made `packed` of, none of b""."""
    from pyroaring import BitMap

    if not packed:
        return np.zeros(0, np.int64)
    return np.frombuffer(BitMap.deserialize(packed).to_array(), np.uint32).astype(np.int64)
