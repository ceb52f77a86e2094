"""What a target is made of: the files and records that are its examples, and what distances to them go by."""

import dataclasses
from typing import Any

from ...base.errors import CurationError
from ...base.params import Params, option
from ...vectors.overlap.params import Evaluation

LEAST, MOST = 10, 500  # examples: fewer say little, more are refused


@dataclasses.dataclass(frozen=True)
class TargetParams(Params):
    """files: of examples, named as evaluations are. rows: picked records, ascending; texts: a digest of their texts, so that rows
    of other data are not taken for them.
    """

    label: str = option(
        "",
        "the field of an example that says what it is an example of; a dot steps into an object",
        label="Label",
        more="The field that says what an example is an example of, such as subject. A dot steps into an object.",
        usual="its file, or a picked record's source",
    )
    fields: str = option(
        "",
        "which field of the files is what, as in prompt=question,response=answer",
        label="Fields",
        usual="found by themselves",
    )
    draw: int = option(
        0,
        "draw so many of the files' examples, of each label its share",
        label="Draw",
        more=f"Of files with more than {MOST} examples: how many to draw, of each label its share. 0 takes all.",
        least=0,
        most=MOST,
        usual="all",
    )
    words: int = option(
        13,
        "a record that shares so many words in a row with an example is left out",
        label="Words in a row",
        more="A record that shares so many words in a row with an example is left out, as is one whose whole text or prompt is the "
        "same.",
        least=1,
    )
    model: str = option(
        "",
        "a causal language model by path or hub name, whose last hidden states distances go by, as in the paper",
        label="Causal language model",
        more="Distances then go by its last hidden states, later tokens weighing more, as in RDS+; it reads every record.",
        usual="distances go by the embeddings",
    )
    max_tokens: int = option(2048, "of a record, for a causal language model", least=1, flag=None)
    encoder: str = option(
        "",
        "what examples are embedded by where your embeddings came from a file",
        label="Encoder of your embeddings",
        more="Where the records' embeddings came from a file: what examples are embedded by.",
    )
    seed: int = option(0, "of what is drawn", label="Random seed", least=0)
    files: tuple[Evaluation, ...] = ()
    rows: tuple[int, ...] = ()
    texts: str = ""

    def __post_init__(self) -> None:
        held = tuple(each if isinstance(each, Evaluation) else Evaluation(**each) for each in self.files)
        object.__setattr__(self, "files", held)
        object.__setattr__(self, "rows", tuple(sorted({int(row) for row in self.rows})))
        super().__post_init__()
        if self.draw > MOST:
            raise CurationError(f"draw is {self.draw}; a target has at most {MOST} examples.")

    def as_dict(self) -> dict[str, Any]:
        """Return the params as JSON-ready values."""
        return super().as_dict() | {"files": [dataclasses.asdict(each) for each in self.files], "rows": list(self.rows)}
