"""The work of hidden states: a row a record from inside a causal language model, wherever it is opened."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import numpy as np

from ..data.record_table import RecordTable
from ..models.causal_lm import CausalModel, load_causal
from .work import Opened, in_full, with_whole_paths


@dataclasses.dataclass(frozen=True)
class StatesWork:
    """means: a function of a module, of (lm, texts, progress=...), to (m, d) float32. records: their path. model: of `lm`.

    lm: that model where it is loaded here already; another machine loads it by its name.
    """

    means: Callable[..., np.ndarray]
    records: Path
    model: str
    max_tokens: int
    device: str
    lm: CausalModel | None = None

    def open(self, settled: dict[str, Any]) -> Opened:
        """Load the model where it is not; what it settles is its device."""
        records = RecordTable(self.records)
        lm = self.lm or load_causal(self.model, settled.get("device", self.device), self.max_tokens)
        return Opened(
            lambda start, stop, within: self.means(lm, records.texts(start, stop), progress=within),
            {"device": lm.device},
        )

    def sent(self) -> Self:
        """Return it without the loaded model, with its paths in full."""
        return dataclasses.replace(with_whole_paths(self), lm=None, model=in_full(self.model))
