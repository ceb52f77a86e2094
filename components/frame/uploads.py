"""Files dropped on a page, kept in the workspace from then on."""

from pathlib import Path

from core.base.files import replacing
from core.run.pipeline import Pipeline


def keep(pipeline: Pipeline, folder: str, file) -> Path:
    """Keep a dropped file in a folder of the workspace's uploads; return where it lies."""
    path = pipeline.workspace.folder / "uploads" / folder / Path(file.name).name
    with replacing(path) as temporary:
        temporary.write_bytes(file.getbuffer())
    return path
