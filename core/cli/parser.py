"""The command line: `python -m core VERB …`. Exit status 0 done, 1 the data or params are at fault, 2 wrong usage."""

import argparse
import sqlite3
import sys
from collections.abc import Sequence

from ..base.errors import COMMAND, CurationError
from ..base.refusals import refusal, unwritable
from . import (
    ablation,
    app,
    care,
    corrections,
    curate,
    daar,
    decisions,
    decontamination,
    duplicates,
    embedders,
    evidence,
    export,
    find,
    push,
    refine,
    stages,
    target,
    versions,
)
from .verbs import Verbs


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all verbs; every verb's function is its default `run`."""
    parser = argparse.ArgumentParser(
        prog=COMMAND,
        description="Winnow: choose a small, diverse set of records to train on.",
    )
    verbs = Verbs(parser)
    for module in (
        app,
        curate,
        stages,
        refine,
        daar,
        evidence,
        embedders,
        ablation,
        versions,
        find,
        duplicates,
        decontamination,
        target,
        decisions,
        corrections,
        export,
        push,
        care,
    ):
        module.add_verbs(verbs)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit status."""
    arguments = build_parser().parse_args(argv)
    try:
        arguments.run(arguments)
    except CurationError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except (
        OSError,
        sqlite3.Error,
    ) as error:  # of what was written without a name of its own, such as a library's own files
        if not (number := refusal(error)):
            raise
        print(f"error: {unwritable(getattr(error, 'filename', None) or 'A file', number)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; what was finished is kept, the same command goes on from there", file=sys.stderr)
        return 130
    return 0
