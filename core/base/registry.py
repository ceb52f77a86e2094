"""Registries: one object a concept, put in once by the module that holds it, found by its name from then on."""

import importlib
import pkgutil
from collections.abc import Iterable
from typing import Protocol, TypeVar


class Named(Protocol):
    """What a registry holds. place: where it stands in lists, the lower the earlier."""

    name: str
    place: int


T = TypeVar("T", bound=Named)


class Registry(dict[str, T]):
    """{name: object}, in the order of their places."""

    def add(self, found: T) -> T:
        """Put an object in and return it. Raises ValueError for a name or a place that is taken."""
        if found.name in self or found.place in {each.place for each in self.values()}:
            raise ValueError(f"the name {found.name!r} or its place {found.place} is taken")
        held = sorted([*self.values(), found], key=lambda each: each.place)
        self.clear()
        self.update({each.name: each for each in held})
        return found


def import_modules_of(package: str, path: Iterable[str]) -> None:
    """Import every module of a package, so that each puts what it holds into its registry. path: the package's `__path__`."""
    for module in sorted(pkgutil.iter_modules(path), key=lambda module: module.name):
        importlib.import_module(f"{package}.{module.name}")
