"""The command line as a test calls it: in this process, or, where that is what is asked about, in one of its own."""

import contextlib
import dataclasses
import io
import os
import subprocess
import sys
from pathlib import Path
from unittest import mock

from core.cli.parser import main

ROOT = Path(__file__).resolve().parent.parent


@dataclasses.dataclass(frozen=True)
class Done:
    """What a command left behind."""

    returncode: int
    stdout: str
    stderr: str


def run(*arguments, home: Path | None = None, check: int | None = None) -> Done:
    """Run a command in this process. check: the exit status that it must end with."""
    out, err = io.StringIO(), io.StringIO()
    environment = mock.patch.dict(os.environ, {"WINNOW_HOME": str(home)} if home else {})
    with environment, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = main([*map(str, arguments)])
        except SystemExit as stop:  # wrong usage
            status = stop.code
    return _checked(Done(status, out.getvalue(), err.getvalue()), check)


def run_process(*arguments, check: int | None = None, **environment: str) -> Done:
    """Run a command in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "core", *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )
    return _checked(Done(done.returncode, done.stdout, done.stderr), check)


def _checked(done: Done, check: int | None) -> Done:
    assert check is None or done.returncode == check, done.stderr
    return done
