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
    first_look,
    push,
    refine,
    stages,
    target,
    versions,
)
from .terminal import shown_as_text
from .verbs import Verbs

_MOST_SHOWN = 10_000  # letters of an error


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
        first_look,
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
    with shown_as_text():
        return _run(sys.argv[1:] if argv is None else argv)


def _run(argv: Sequence[str]) -> int:
    try:
        _check_utf8(argv)
        arguments = build_parser().parse_args(argv)
        arguments.run(arguments)
    except CurationError as error:
        print(f"error: {' '.join(str(error)[:_MOST_SHOWN].splitlines())}", file=sys.stderr)
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


def _check_utf8(argv: Sequence[str]) -> None:
    for text in argv:
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise CurationError(f"{text!r} is not UTF-8; give names and notes in UTF-8.") from error
