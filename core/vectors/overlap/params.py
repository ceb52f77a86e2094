"""What the search for overlap with evaluation data is asked."""

import dataclasses
from pathlib import Path
from typing import Any

from ...base.errors import CurationError
from ...base.params import Params, option
from ...base.text import counted

WAYS = {
    "words": "so many words in a row are the same",
    "cosine": "the embeddings are so near each other",
}


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """A file of evaluation data. name: what it is called. sha256: of the file. path: where it was read."""

    name: str
    sha256: str
    path: str

    @property
    def known_by(self) -> tuple[str, str, str]:
        """What results go by: not where the file lies, but what it is called and holds, and how it is read."""
        return self.name, self.sha256, "".join(Path(self.path).suffixes)


@dataclasses.dataclass(frozen=True)
class OverlapParams(Params):
    """evaluations: the files. vectors: sha256 of the curator's own embeddings of their items; "" where a model embeds."""

    words: int = option(
        13,
        "how many words in a row count as an overlap; 0 leaves words out",
        label="Words in a row",
        more="A text of fewer words, or a prompt of fewer, counts where it is the same as a whole. 0 leaves words out.",
        least=0,
    )
    cosine: float = option(
        0.9,
        "the cosine from which on a record counts as near an item; 0 leaves meaning out",
        label="Cosine from",
        more="0 leaves meaning out.",
        least=0,
        most=1,
        step=0.01,
    )
    fields: str = option(
        "",
        "which field of the evaluation data is what, as in prompt=question,response=answer",
        label="Fields",
        usual="found by themselves",
    )
    model: str = option("", "what embeds the items, where the records' embeddings came from a file", label="Model")
    vectors: str = ""
    evaluations: tuple[Evaluation, ...] = ()

    def __post_init__(self) -> None:
        held = tuple(each if isinstance(each, Evaluation) else Evaluation(**each) for each in self.evaluations)
        object.__setattr__(self, "evaluations", held)
        super().__post_init__()
        object.__setattr__(self, "cosine", float(self.cosine))  # 0 and 0.0 have one key
        if not self.words and not self.cosine:
            raise CurationError("Neither words nor cosine is asked for; give one of them another value than 0.")
        if self.model and self.vectors:
            raise CurationError("A model and embeddings of the items can't be given together; give one of them.")

    def as_dict(self) -> dict[str, Any]:
        """Return the params as JSON-ready values."""
        return super().as_dict() | {"evaluations": [dataclasses.asdict(each) for each in self.evaluations]}

    def only(self, way: str = "", cosine: float = 0.0) -> "OverlapParams":
        """Return what asks for one of WAYS alone, "" for all that it asks for. cosine: a higher threshold."""
        words = self.words if way in ("", "words") else 0
        return dataclasses.replace(self, words=words, cosine=0.0 if way == "words" else max(cosine, self.cosine))

    @property
    def rule(self) -> str:
        """What counts as an overlap, in words."""
        return " or ".join(self.rule_of(way) for way in WAYS if getattr(self, way))

    def rule_of(self, way: str) -> str:
        """What counts as an overlap in one of WAYS, in words."""
        return f"{counted(self.words, 'word')} in a row" if way == "words" else f"cosine {self.cosine:g} or more"
