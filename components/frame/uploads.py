"""Files dropped on a page, kept in the workspace from then on."""

from pathlib import Path

from core.run.pipeline import Pipeline
from core.workspace.uploads import keep_upload


def keep(pipeline: Pipeline, folder: str, file) -> Path:
    """Keep a dropped file in a folder of the workspace's uploads; return where it lies."""
    return keep_upload(pipeline.workspace, file.name, file.getbuffer(), folder)
