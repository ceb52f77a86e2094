"""A workspace to be damaged, and how to see what became of it."""

import os
import subprocess
import sys

import numpy as np
import pytest

from core.base.temporaries import temporary_for
from core.run.pipeline import Pipeline
from core.selection.params import SelectionParams
from core.workspace.deciding import decide_records


@pytest.fixture
def selected(make_pipeline):
    pipeline = make_pipeline("score")
    decide_records(pipeline.workspace, "pin", np.array([41]), who="ann")
    pipeline = Pipeline(pipeline.workspace)
    pipeline.run("select", SelectionParams("12", "random"))
    return pipeline


def flip(path, text):
    """Flip one bit of the letter after `text`."""
    content = bytearray(path.read_bytes())
    content[content.index(text) + len(text)] ^= 1
    path.write_bytes(content)


def everything_in(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def left_by_a_killed_one(path, machine=""):
    """Leave what a process of this machine that was killed, or one of another machine, leaves of a file half-written."""
    dead = subprocess.Popen([sys.executable, "-S", "-c", ""])
    dead.wait()
    name = temporary_for(path).name.replace(f"-{os.getpid()}-", f"-{dead.pid}-")
    mark = name.split(".")[-2]
    left = path.with_name(name.replace(mark, f"{machine}{mark[8:]}") if machine else name)
    left.write_bytes(b"half")
    return left
