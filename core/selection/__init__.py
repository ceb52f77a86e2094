"""Selection: which records to train on. One function a method, all with the signature of `Strategy`."""

from core.selection.params import (
    BANDED,
    BANDS,
    DRAWING,
    GROUPS,
    METHODS,
    SEEDED,
    EarlierParams,
    Selection,
    SelectionParams,
    VersionParams,
)
from core.selection.pool import Pool
from core.selection.quotas import allocate_quotas, shares_within
from core.selection.strategies import cluster_quotas, select_records

__all__ = [
    "BANDED",
    "BANDS",
    "DRAWING",
    "GROUPS",
    "METHODS",
    "SEEDED",
    "EarlierParams",
    "Pool",
    "Selection",
    "SelectionParams",
    "VersionParams",
    "allocate_quotas",
    "cluster_quotas",
    "select_records",
    "shares_within",
]
