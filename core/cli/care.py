"""The verbs of care: doctor, pack, unpack."""

import argparse
from pathlib import Path

from ..base.errors import CurationError
from ..base.text import counted
from ..run.doctor import examine, repair
from ..run.packing import pack, unpack
from .verbs import Verbs


def add_verbs(verbs: Verbs) -> None:
    """Declare the verbs."""
    sub = verbs.add("doctor", "Look at all of a workspace and say what is wrong and what to do.", _doctor)
    sub.add_argument("--repair", action="store_true", help="do what can be done about it")
    sub = verbs.add("pack", "Write a workspace to one file, for another machine.", _pack)
    sub.add_argument("file", help="where to write it, as in work.tar.gz")
    sub = verbs.add("unpack", "Make a workspace of a file that pack wrote.", _unpack, workspace=False)
    sub.add_argument("file", help="the file that pack wrote")
    sub.add_argument("folder", help="the workspace's folder, which is not there yet")


def _doctor(arguments: argparse.Namespace) -> None:
    folder = Path(arguments.workspace)
    found = examine(folder)
    for finding in found:
        print(f"{'note' if finding.is_harmless else 'wrong'}: {finding.what}\n  to do: {finding.todo}")
    if arguments.repair and found:
        print(*repair(folder, found), sep="\n")
        found = examine(folder)
    wrong = [finding for finding in found if not finding.is_harmless]
    if wrong:
        left = "still wrong" if arguments.repair else "wrong"
        more = "" if arguments.repair or not any(f.repair for f in wrong) else "; --repair does what can be done"
        raise CurationError(f"{counted(len(wrong), 'thing is', 'things are')} {left} with {folder}{more}.")
    print(f"{folder} is in order")


def _pack(arguments: argparse.Namespace) -> None:
    n = pack(Path(arguments.workspace), Path(arguments.file))
    print(f"packed {counted(n, 'file')} into {arguments.file}")


def _unpack(arguments: argparse.Namespace) -> None:
    n = unpack(Path(arguments.file), Path(arguments.folder))
    print(f"unpacked {counted(n, 'file')} to {arguments.folder}")
