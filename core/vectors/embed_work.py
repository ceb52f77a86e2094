"""The work of embedding: a shard's texts to unit rows, wherever it is opened, by the encoder as it was first settled."""

import dataclasses
from pathlib import Path
from typing import Any, Self

from ..data.record_table import RecordTable
from ..models.encoder import Encoder, SentenceEncoder
from ..models.named_encoders import encoder_of
from ..models.token_encoder import TOKENS
from ..workspace.work import Opened, in_full, with_whole_paths
from .embedding import SHARD_ROWS, embed_texts

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
        if encoder is None or self.model == TOKENS:
            sample = [] if settled else records.texts(0, min(_CALIBRATE_ON, len(records)))
            encoder = encoder_of(self.model, self.max_tokens, settled.get("device", self.device), sample)
            if settled and isinstance(encoder, SentenceEncoder):
                encoder.settle(settled)
        return Opened(
            lambda start, stop, within: embed_texts(records.texts(start, stop), encoder, within),
            getattr(encoder, "settled", {}),
            max(1, getattr(encoder, "at_once", 0) // SHARD_ROWS),
        )

    def sent(self) -> Self:
        """Return it with its paths in full."""
        return dataclasses.replace(with_whole_paths(self), model=in_full(self.model))
