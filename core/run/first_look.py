"""The first look: embeddings by token means, with their clusters and map, until a model's take their place, all at once."""

from pathlib import Path
from typing import Any

from ..base import access
from ..base.errors import CurationError
from ..base.progress import Progress, part_of
from ..models.encoder import Encoder
from ..models.token_encoder import TOKENS
from ..vectors.embedding import EmbedParams
from ..workspace.beside import Beside
from ..workspace.engine import LOCAL, Engine
from ..workspace.results import Results

REPLACE = "replace"  # the task, and the setting that says by what
# What rests on the embeddings and is made anew with them, where it is there: in the order that they need each other.
_ON_EMBEDDINGS = ("cluster", "project", "regions", "balance", "meaning")
_EMBEDDING = 0.9  # of the whole work
# Of a record's ten nearest by the bundled model, how many are among its ten nearest by token means, as
# `python -m tests.benchmarks first-look` measures it.
NEIGHBORS_OF_10, MEASURED_ON = "5 to 6", "20,000 and 67,193 instructions"


def replacement_of(results: Results) -> EmbedParams | None:
    """Return the params of the embedding that is to replace today's, None where today's is no first look."""
    params = results.params("embed")
    if params is None or params.model != TOKENS or not results.current("embed"):
        return None
    asked = results.once("settings", results.workspace.ledger.settings).get(REPLACE)
    return EmbedParams.from_dict(asked) if asked and asked["model"] else EmbedParams()


def note_of(results: Results) -> str:
    """Return in words what a first look is worth, "" where today's embeddings are none."""
    if replacement_of(results) is None:
        return ""
    return (
        f"First look: by averaged token embeddings, not the model's; about {NEIGHBORS_OF_10} of 10 neighbours agree "
        f"(measured on {MEASURED_ON})."
    )


def replace(
    results: Results,
    params: EmbedParams,
    progress: Progress,
    device: str = "auto",
    encoder: Encoder | None = None,
    vectors: Path | None = None,
    engine: Engine = LOCAL,
) -> None:
    """Embed anew, make what rests on the embeddings by the params that it has, and put all of it in the place of today's at once.

    Until then nothing that is shown changes; stopped, it goes on where it was. Decisions on records stay; those on clusters are
    set aside, as after any new clustering. Raises CurationError where the params are those of a first look.
    """
    if params.model == TOKENS:
        raise CurationError(
            "tokens gives a first look only, which is what is to be replaced; name a model, or none for the bundled one."
        )
    access.require(access.RUN)
    results.workspace.ledger.set_settings(REPLACE, params.as_dict())
    beside = Beside(results.workspace, results.stages)
    means: dict[str, Any] = {"device": device, "encoder": encoder, "vectors": vectors, "engine": engine}
    beside.run("embed", params, part_of(progress, 0, _EMBEDDING), **means)
    for i, stage in enumerate(_ON_EMBEDDINGS):
        asked = results.forget().params(stage)
        if asked is None or not all(map(beside.current, results.stages[stage].needs_of(asked))):
            continue  # it never ran, or what it needs did not
        start, stop = (_EMBEDDING + (1 - _EMBEDDING) * at / len(_ON_EMBEDDINGS) for at in (i, i + 1))
        beside.run(stage, asked, part_of(progress, start, stop), **means)
    beside.replace()
    results.forget()
