"""Verbs: what the command line can do, each put on the parser by the module that does it."""

import argparse
from collections.abc import Callable

Do = Callable[[argparse.Namespace], None]


class Verbs:
    """The verbs of one parser; a verb may have ways of its own, as in `version save`."""

    def __init__(self, parser: argparse.ArgumentParser, dest: str = "verb", metavar: str = "VERB") -> None:
        self._verbs = parser.add_subparsers(dest=dest, required=True, metavar=metavar)

    def add(
        self, name: str, summary: str, run: Do | None, workspace: bool = True, also: str = ""
    ) -> argparse.ArgumentParser:
        """Declare a verb that `run` does and return its parser.

        workspace: whether the workspace's folder is its first word. also: what the verb was called before.
        """
        sub = self._verbs.add_parser(name, help=summary, description=summary, aliases=[also] if also else [])
        sub.set_defaults(run=run)
        if workspace:
            sub.add_argument("workspace", help="the workspace folder")
        return sub

    def add_ways(self, name: str, summary: str, metavar: str) -> "Verbs":
        """Declare a verb with ways, and return them."""
        return Verbs(self.add(name, summary, None, workspace=False), "way", metavar)
