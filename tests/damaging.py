"""A workspace to be damaged, and how to see what became of it."""

import numpy as np
import pytest

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
