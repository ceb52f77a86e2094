"""Other texts embedded as the records were: by their encoder, or where they came from a file by the one that is named."""

from collections.abc import Sequence

import numpy as np

from ..base.arrays import unit_rows
from ..base.errors import CurationError
from ..models.encoder import BUNDLED
from ..models.named_encoders import encoder_of
from ..workspace.results import Run
from .embedding import EmbedParams

_CHECKED = 8
_AGREEMENT = 0.9


def encode_as_records(
    run: Run, texts: Sequence[str], encoder: str, what: str, instead: tuple[str, str], place: str = "Settings"
) -> np.ndarray:
    """Return (len(texts), d) float32 unit rows, by what embedded the records.

    encoder: its name, where the records' embeddings came from a file. what: the texts are, in words. instead: what else can be
    done, on the command line and on a page. place: where on a page the encoder is named. Raises CurationError where nothing
    tells, or it does not give the records' embeddings.
    """
    x = run.results.array("embed")
    if not texts:
        return np.zeros((0, x.shape[1]), np.float32)
    embed: EmbedParams = run.results.params("embed")
    name, encodes = encoder or embed.model, run.encoder
    if encodes is None:
        if not name:
            raise CurationError(
                f"The records' embeddings came from a file, so it isn't known what to embed {what} by",
                command=f"name the encoder they came from (--encoder, such as {BUNDLED}), or {instead[0]}.",
                page=f"name the encoder they came from under {place} (such as {BUNDLED}), or {instead[1]}",
            )
        encodes = encoder_of(name, embed.max_tokens, run.device)
    rows = np.unique(np.linspace(0, len(x) - 1, min(_CHECKED, len(x))).astype(np.int64))
    records = run.results.workspace.records().take(rows, ["text"])["text"].to_pylist()
    vectors = unit_rows(encodes.encode([*records, *texts]))
    if vectors.shape[1] != x.shape[1]:
        raise CurationError(
            f"{name} gives {vectors.shape[1]} dimensions, the records' embeddings have {x.shape[1]}; name another."
        )
    agreement = float(np.mean(np.sum(vectors[: len(records)] * x[rows], axis=1)))
    if agreement < _AGREEMENT:
        raise CurationError(
            f"{name} does not give the records' embeddings (mean cosine {agreement:.2f}); name the encoder they came from."
        )
    return vectors[len(records) :]
