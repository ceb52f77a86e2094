"""Scores by one named scorer, whichever scores are the current ones: what methods go by that a paper ties to a scorer."""

import numpy as np

from ..base.errors import COMMAND, CurationError
from ..quality.stage import scores_made
from ..workspace.results import Results

_MADE_BY = {
    "judge-quality": "--scorer judge --criterion quality",
    "judge-complexity": "--scorer judge --criterion complexity",
    "ifd": "--scorer ifd --quality-model gpt2",
}


def scores_key(results: Results, name: str) -> str:
    """Return the key of the latest scores by the scorer called `name`, "" where there are none of these records."""

    def find() -> dict[str, str]:
        made = scores_made(results.workspace.ledger.settings())
        return {called: results.key("score", params) for called, params in made.items()}

    key = results.once("keys of scores", find).get(name, "")
    return key if key and results.workspace.has("score", key) else ""


def scores_by(results: Results, name: str, method: str) -> np.ndarray:
    """Return the (n,) float32 scores by the scorer called `name`. Raises CurationError, which says how they are made."""
    key = scores_key(results, name)
    if not key:
        raise CurationError(
            f"{method} goes by the scores called {name}, and there are none of these records",
            command=f"run: {COMMAND} score {results.workspace.folder} {_MADE_BY[name]}",
            page=f"score the records that way under Score quality another way on the Data page, for {method} needs {name}",
        )
    return results.workspace.table("score", key)["score"].combine_chunks().to_numpy()
