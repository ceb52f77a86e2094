"""How many operations a BERT's matrix products take."""

from typing import Any

import numpy as np


def encoder_operations(lengths: np.ndarray, config: Any) -> float:
    """Return the operations of the texts' matrix products: four of the width, two of the inner layer, attention's two."""
    width, inner, tokens = config.hidden_size, config.intermediate_size, lengths.astype(float)
    of_weights = 2 * tokens.sum() * (4 * width**2 + 2 * width * inner)
    return config.num_hidden_layers * (of_weights + 4 * width * (tokens**2).sum())
