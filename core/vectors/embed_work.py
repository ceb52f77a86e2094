"""The work of embedding: a shard's texts to unit rows, wherever it is opened, by the encoder as it was first settled."""

import dataclasses
from pathlib import Path
from typing import Any, Self

from ..data.record_table import RecordTable
from ..models.encoder import Encoder, SentenceEncoder
from ..workspace.work import Opened, in_full
from .embedding import embed_texts

_CALIBRATE_ON = 32


@dataclasses.dataclass(frozen=True)
class EmbedWork:
    """records: the path of the records. model, max_tokens: of `EmbedParams`. encoder: in place of the model."""

    records: Path
    model: str
    max_tokens: int
    device: str
    encoder: Encoder | None = None

    def open(self, settled: dict[str, Any]) -> Opened:
        """Load the encoder; what it settles is its device, its number format, and whether texts are packed."""
        records, encoder = RecordTable(self.records), self.encoder
        if encoder is None:
            encoder = SentenceEncoder(self.model, self.max_tokens, settled.get("device", self.device))
            if settled:
                encoder.settle(settled)
            else:
                encoder.calibrate(records.texts(0, min(_CALIBRATE_ON, len(records))))
        return Opened(
            lambda start, stop, within: embed_texts(records.texts(start, stop), encoder, within),
            getattr(encoder, "settled", {}),
        )

    def sent(self) -> Self:
        """Return it with its paths in full."""
        return dataclasses.replace(self, records=self.records.resolve(), model=in_full(self.model))
