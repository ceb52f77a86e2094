"""Seeds written by a language model: 5 to start, grown to 10 with counter-examples; what is too like another is refused."""

import dataclasses
import re
from collections.abc import Callable, Sequence

import numpy as np

from ..base.arrays import unit_rows
from ..base.errors import CurationError
from ..base.progress import Progress, no_progress
from ..models.encoder import Encoder
from .centroids import THRESHOLD
from .domains import Domain, Seed

Write = Callable[[str], str]  # a prompt in, what a model answers out
START, FULL, TRIES = 5, 10, 8
_COUNTER_EXAMPLES = 3
_FORMAT = "Answer with the instruction and its answer only, in the form\nInstruction: ...\nResponse: ..."


@dataclasses.dataclass(frozen=True)
class Grown:
    """The seeds of one domain. seeds: those offered, "offered" until a curator keeps them. why: "" or why it ended early.

    failed: whether the model could not be asked any more, so that it is worth to try again.
    """

    seeds: tuple[Seed, ...]
    why: str = ""
    failed: bool = False


def grow_seeds(
    domain: Domain,
    write: Write,
    encoder: Encoder,
    seed: int = 0,
    progress: Progress = no_progress,
    n_seeds: int = FULL,
    threshold: float = THRESHOLD,
    tries: int = TRIES,
) -> Grown:
    """Let a model write seeds for a domain (DaaR, step 1).

    The first 5 are asked for by the description; from then on 3 earlier ones, drawn by the seed, go along as what not to
    repeat, and a new one stays only below the cosine `threshold` to all kept. After `tries` failures in a row, of the form or
    of the threshold, it ends and says so; what was kept stays. Seeds that the domain keeps already count as earlier ones.
    """
    rng = np.random.default_rng(seed)
    held = [own.text for own in domain.own if own.text]
    kept, vectors = list(held), [*unit_rows(encoder.encode(held))] if held else []
    wanted, failures, last = len(held) + n_seeds, 0, ""
    while len(kept) < wanted and failures < tries:
        try:
            text = parse_seed(write(_prompt(domain, kept, rng)))
        except CurationError as error:
            return Grown(_offered(kept[len(held) :]), str(error), failed=True)
        if text is None:
            failures, last = failures + 1, "did not keep to the form asked for"
            continue
        vector = unit_rows(encoder.encode([text]))[0]
        if vectors and len(kept) >= min(START, wanted - 1) and max(float(v @ vector) for v in vectors) >= threshold:
            failures, last = failures + 1, f"wrote what is too much like an earlier seed (cosine {threshold:g} or more)"
            continue
        if text in kept:
            failures, last = failures + 1, "repeated itself"
            continue
        kept.append(text)
        vectors.append(vector)
        failures = 0
        progress(len(kept) - len(held), n_seeds)
    why, new = "", kept[len(held) :]
    if len(new) < n_seeds:
        why = f"For {domain.name} the model {last} {failures} times in a row; {len(new)} of {n_seeds} seeds came of it."
    return Grown(_offered(new), why)


def _offered(texts: Sequence[str]) -> tuple[Seed, ...]:
    return tuple(Seed(text, "generated", state="offered") for text in texts)


def _prompt(domain: Domain, kept: Sequence[str], rng: np.random.Generator) -> str:
    text = f"Write one training example of the domain {domain.name}: {domain.description}\n"
    if len(kept) >= START:
        chosen = rng.choice(len(kept), _COUNTER_EXAMPLES, replace=False)
        text += (
            "It must differ clearly from these:\n\n" + "\n\n".join(kept[i] for i in sorted(chosen.tolist())) + "\n\n"
        )
    return text + _FORMAT


def parse_seed(answer: str) -> str | None:
    """Return the record that an answer holds, instruction and response in two parts, or None where it keeps not to the form."""
    match = re.search(r"Instruction:\s*(.+?)\s*\n\s*Response:\s*(.+)", answer, re.DOTALL)
    return f"{match[1].strip()}\n{match[2].strip()}" if match else None
