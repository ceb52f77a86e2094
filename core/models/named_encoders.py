"""Encoders by the name that params hold: the token means, or a sentence-transformers model."""

from collections.abc import Sequence

from .encoder import BUNDLED, Encoder, SentenceEncoder
from .token_encoder import TOKENS, TokenMeans


def encoder_of(model: str, max_tokens: int = 0, device: str = "auto", sample: Sequence[str] = ()) -> Encoder:
    """Return what embeds by a name. sample: texts by which a model chooses its number format, if any. Raises CurationError."""
    if model == TOKENS:
        return TokenMeans(max_tokens)
    encoder = SentenceEncoder(model, max_tokens, device)
    if sample:
        encoder.calibrate(sample)
    return encoder


def model_behind(model: str) -> str:
    """Return the name of the model that an encoder's tokens are of; "" for "", which vectors from a file have."""
    return BUNDLED if model == TOKENS else model
