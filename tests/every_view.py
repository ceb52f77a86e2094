"""`python -m tests.every_view FOLDER WORKSPACE...`: every page of workspaces, at three widths, light and dark, to be looked at.

WORKSPACE: the folder of one that is prepared. It is copied, its large files linked. Beside the pictures a sheet a workspace and
theme is made, all pages in rows, all widths in columns.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image

from tests.browser import browser_page, running_app, settled

WIDTHS = {1100: 800, 1440: 900, 1920: 1080}
PAGES = ("data", "map", "duplicates", "select", "refine", "reward", "review", "compare", "export")
_SMALL = 560  # pixels across, on a sheet


def copied(workspace: Path, home: Path) -> str:
    """Copy a workspace into a home of its own, linked but for what changes; return its name."""
    target = home / workspace.name
    shutil.copytree(workspace, target, copy_function=lambda a, b: Path(b).hardlink_to(a))
    for path in workspace.glob("workspace.db*"):
        (target / path.name).unlink()
        shutil.copy2(path, target / path.name)
    return workspace.name


def photograph(page, address: str, name: str, folder: Path) -> None:
    """Take every page of a workspace at every width."""
    for width, height in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": height})
        for each in PAGES:
            page.goto(f"{address}/{'' if each == 'data' else each}?workspace={name}")
            page.get_by_test_id("stHeading").or_(page.get_by_test_id("stAlert")).first.wait_for()
            settled(page)
            page.wait_for_timeout(1500)
            page.screenshot(path=folder / f"{each}-{width}.png")


def sheet(folder: Path) -> None:
    """Join the pictures of a folder to one."""
    parts = [[Image.open(folder / f"{each}-{width}.png") for width in WIDTHS] for each in PAGES]
    small = [[part.resize((_SMALL, part.height * _SMALL // part.width)) for part in row] for row in parts]
    heights = [max(part.height for part in row) for row in small]
    whole = Image.new("RGB", (_SMALL * len(WIDTHS), sum(heights)), "white")
    top = 0
    for row, height in zip(small, heights, strict=True):
        for at, part in enumerate(row):
            whole.paste(part, (at * _SMALL, top))
        top += height
    whole.save(folder.with_suffix(".png"))


def main(folder: Path, workspaces: list[Path]) -> None:
    """Take them all."""
    with tempfile.TemporaryDirectory(dir=workspaces[0].parent) as home:
        names = [copied(workspace, Path(home)) for workspace in workspaces]
        with running_app(Path(home)) as address:
            for dark in (False, True):
                with browser_page(dark) as page:
                    for name in names:
                        into = folder / f"{name}-{'dark' if dark else 'light'}"
                        into.mkdir(parents=True, exist_ok=True)
                        photograph(page, address, name, into)
                        sheet(into)
                        print(into.with_suffix(".png"), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(argument).resolve() for argument in sys.argv[2:]])
