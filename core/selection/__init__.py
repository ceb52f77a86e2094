"""Selection: which records to train on. One function a method, all with the signature of `Strategy`."""

from core.selection.params import DRAWING, METHODS, NEEDS, Selection, SelectionParams
from core.selection.pool import Pool
from core.selection.quotas import allocate_quotas
from core.selection.strategies import select_records

__all__ = ["DRAWING", "METHODS", "NEEDS", "Pool", "Selection", "SelectionParams", "allocate_quotas", "select_records"]
