"""Domains of DaaR: names with one-sentence descriptions, and the seed records that stand for each. Embeds nothing."""

import dataclasses
import json
import reprlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..base.errors import CurationError
from ..base.files import write_json
from ..base.plain_files import check_plain_file
from ..base.text import first_line, shorten

STATES = ("kept", "offered", "refused")
_MOST_FIELDS = 100_000
_MOST_TEXT = 4_000_000  # letters of all domains
ORIGINS = ("description", "written", "record", "generated")


@dataclasses.dataclass(frozen=True)
class Seed:
    """A text that stands for a domain. origin: one of ORIGINS. row: of a record of the pool, else -1.

    state: "kept", "offered" (generated, not yet looked at) or "refused"; only kept ones count.
    """

    text: str
    origin: str = "written"
    row: int = -1
    state: str = "kept"


@dataclasses.dataclass(frozen=True)
class Domain:
    """name, and a description in one sentence. share: of the selection, 0..1, or 0 where none is wanted."""

    name: str
    description: str
    share: float = 0.0
    seeds: tuple[Seed, ...] = ()

    @property
    def own(self) -> tuple[Seed, ...]:
        """Return the seeds that were kept."""
        return tuple(seed for seed in self.seeds if seed.state == "kept")

    @property
    def kept(self) -> tuple[Seed, ...]:
        """Return the seeds that count; the description itself where there is none."""
        return self.own or (Seed(f"{self.name}: {self.description}", "description"),)


DEFAULT_DOMAINS = (
    Domain(
        "common sense", "Everyday knowledge about people, things and places, and what usually happens in daily life."
    ),
    Domain(
        "reasoning",
        "Drawing conclusions step by step from given facts: logic, puzzles, deduction, reading between lines.",
    ),
    Domain(
        "mathematics",
        "Solving mathematical problems: arithmetic, word problems with numbers, algebra, geometry, proofs.",
    ),
    Domain("coding", "Writing, explaining or repairing computer programs, functions, scripts, queries and algorithms."),
)


def check_domains(domains: Sequence[Domain]) -> tuple[Domain, ...]:
    """Return the domains. Raises CurationError: fewer than two, an empty or doubled name, no description, bad shares."""
    if len(domains) < 2:
        raise CurationError(f"There {'is 1 domain' if domains else 'are no domains'}; DaaR tells at least two apart.")
    names = [domain.name.strip() for domain in domains]
    for name, domain in zip(names, domains, strict=True):
        if not name or not domain.description.strip():
            raise CurationError(f"The domain {name or '(no name)'!r} needs a name and a description in one sentence.")
        if names.count(name) > 1:
            raise CurationError(f"Two domains are called {name!r}; give each a name of its own.")
        if not isinstance(domain.share, int | float) or not 0 <= domain.share <= 1:
            raise CurationError(f"The share of {name!r} is {domain.share!r}; it is a number from 0 to 1.")
    if (total := sum(domain.share for domain in domains)) > 1 + 1e-9:
        raise CurationError(f"The domains' shares sum to {total:g}; they may sum to 1 at most.")
    return tuple(domains)


def load_domains(path: Path) -> tuple[Domain, ...]:
    """Read domains from YAML or JSON: a list of objects with name, description, share and seeds (texts or objects).

    Raises CurationError for a file that can't be read or holds something else.
    """
    check_plain_file(path, "give the path of a YAML or JSON file")
    try:
        with Path(path).open(encoding="utf-8") as file:
            text = file.read(_MOST_TEXT + 1)
    except OSError as error:
        raise CurationError(
            f"{path} can't be read ({error.strerror}); give the path of a YAML or JSON file."
        ) from error
    except UnicodeDecodeError as error:
        raise CurationError(f"{path} is not text in UTF-8; give a YAML or JSON file.") from error
    return parse_domains(text, Path(path).name)


def parse_domains(text: str, name: str) -> tuple[Domain, ...]:
    """Return the domains that the text of a YAML or JSON file holds. name: the file's; it ends in .json for JSON."""
    import yaml

    class Loader(yaml.SafeLoader):
        """Counts what `<<` merges into mappings, which may name each other over and over."""

        n_merged = 0

        def flatten_mapping(self, node: yaml.MappingNode) -> None:
            super().flatten_mapping(node)
            self.n_merged += len(node.value)
            if self.n_merged > _MOST_FIELDS:
                raise yaml.YAMLError(f"more than {_MOST_FIELDS:,} fields")

    if len(text) > _MOST_TEXT:
        raise CurationError(
            f"{name} has more than {_MOST_TEXT:,} letters, the most that domains may have; leave out seeds."
        )
    try:
        content = json.loads(text) if name.endswith(".json") else Loader(text).get_single_data()
    except (ValueError, yaml.YAMLError) as error:
        raise CurationError(f"{name} is neither YAML nor JSON: {first_line(error)}.") from error
    except RecursionError as error:
        raise CurationError(
            f"{name} is nested too deeply; write a list of objects with name and description."
        ) from error
    if isinstance(content, dict):
        content = content.get("domains")
    if not isinstance(content, list):
        raise CurationError(f"{name} holds no list of domains; write a list of objects with name and description.")
    domains, n = [], 0
    for entry in content:
        domains.append(domain_from(entry))
        n += sum(len(seed.text) for seed in domains[-1].seeds) + len(domains[-1].description)
        if n > _MOST_TEXT:  # a YAML file may name one list over and over
            raise CurationError(
                f"{name} gives domains of more than {_MOST_TEXT:,} letters, the most they may have; leave out seeds."
            )
    return check_domains(domains)


def save_domains(domains: Sequence[Domain], path: Path) -> None:
    """Write domains as JSON that `load_domains` reads. Raises CurationError where the file can't be written."""
    try:
        write_json(Path(path), as_file(domains))
    except OSError as error:
        raise CurationError(
            f"{path} can't be written ({error.strerror}); give a path in a folder you may write to."
        ) from error


def as_file(domains: Sequence[Domain]) -> dict[str, Any]:
    """Return domains as the content of a file that `load_domains` reads."""
    return {"domains": [domain_as_dict(domain) for domain in domains]}


def _shown(value: Any) -> str:
    """Return a value from a file in a few letters, however large it is."""
    return shorten(reprlib.repr(value), 80)


def domain_from(entry: Any) -> Domain:
    """Build a domain from a plain object. Raises CurationError for another field or kind of value."""
    if not isinstance(entry, dict):
        raise CurationError(f"A domain is {_shown(entry)}; it must be an object with name and description.")
    if unknown := sorted(set(map(str, entry)) - {"name", "description", "share", "seeds"}):
        raise CurationError(f"A domain has the field {_shown(unknown[0])}; it has name, description, share and seeds.")
    for part in ("name", "description"):
        if isinstance(entry.get(part), dict | list | set | tuple):
            raise CurationError(f"The {part} of a domain is {_shown(entry[part])}; it must be a text.")
    given = entry.get("seeds") or []
    if not isinstance(given, list | tuple):
        raise CurationError(f"The seeds of {entry.get('name')!r} are {_shown(given)}; they must be a list of texts.")
    seeds = [_seed_from(seed, entry.get("name")) for seed in given]
    share = entry.get("share") or 0.0
    return Domain(str(entry.get("name") or ""), str(entry.get("description") or ""), share, tuple(seeds))


def _seed_from(given: Any, name: Any) -> Seed:
    seed = {"text": given} if isinstance(given, str) else given
    if not isinstance(seed, dict) or set(seed) - {field.name for field in dataclasses.fields(Seed)}:
        raise CurationError(f"A seed of {name!r} is {_shown(given)}; it must be a text.")
    made = Seed(**({"text": ""} | seed))
    row_is_whole = isinstance(made.row, int) and not isinstance(made.row, bool)
    if not isinstance(made.text, str) or not row_is_whole or (not made.text.strip() and made.row < 0):
        raise CurationError(f"A seed of {name!r} is {_shown(given)}; it must be a text, or the row of a record.")
    for field, allowed in (("state", STATES), ("origin", ORIGINS)):
        if getattr(made, field) not in allowed:
            raise CurationError(
                f"A seed of {name!r} has the {field} {getattr(made, field)!r}; it must be one of {', '.join(allowed)}."
            )
    return made


def domain_as_dict(domain: Domain) -> dict[str, Any]:
    """Return a domain as JSON-ready values."""
    return dataclasses.asdict(domain)
