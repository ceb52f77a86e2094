"""Make an environment for a trainer, load our exports of data files by the trainer's own loader, and count the rows: none lost.

`python -m tests.trainers TRAINER DATA... [--python PATH of one that has the trainer]`; fails where rows were lost.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from core.cli.parser import main as winnow
from core.data.trainer_formats import TRAINERS

HERE = Path(__file__).resolve().parent
INSTALL = {
    "trl": ("trl==1.16.0", "datasets", "torch"),
    "llamafactory": ("llamafactory",),
    "axolotl": ("axolotl",),
    "ms-swift": ("ms-swift",),
}


def environment(trainer: str, folder: Path) -> Path:
    """Make an environment with the trainer and return its Python."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", *INSTALL[trainer]], check=True)
    return python


def exported(trainer: str, form: str, data: Path, folder: Path) -> tuple[Path, int]:
    """Export all records of a file for a trainer; return the export and how many rows it has."""
    workspace, out = folder / "workspace", folder / f"{data.stem}-{form}" / f"{data.stem.replace('.', '-')}.jsonl"
    out.parent.mkdir(parents=True)
    for command in (
        ["import", data, "--workspace", workspace],
        ["select", workspace, "--method", "random", "--budget", "100%"],
        ["export", workspace, "--for", trainer, "--form", form, "--problems", "leave-out", "--out", out],
    ):
        if winnow([str(each) for each in command]):
            raise SystemExit(f"{command} failed")
    return out, len(json.loads(Path(f"{out}.manifest.json").read_text())["row_ids"])


def main() -> None:
    """Check a trainer."""
    parser = argparse.ArgumentParser(prog="python -m tests.trainers", description=__doc__)
    parser.add_argument("trainer", choices=INSTALL)
    parser.add_argument("data", nargs="+", type=Path)
    parser.add_argument("--python", help="of an environment that has the trainer")
    arguments = parser.parse_args()
    lost = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        python = arguments.python or environment(arguments.trainer, folder / "environment")
        for data in arguments.data:
            for form in ("chat", "prompt-completion"):
                if form not in TRAINERS[arguments.trainer].rows:
                    continue
                out, n = exported(arguments.trainer, form, data, folder / f"{data.stem}-{form}-of")
                script = HERE / f"load_{arguments.trainer.replace('-', '_')}.py"
                done = subprocess.run([python, script, out, form], cwd=folder, capture_output=True, text=True)
                loaded = done.stdout.strip().splitlines()[-1] if done.returncode == 0 else done.stderr[-600:]
                print(f"{arguments.trainer}, {form}: {data.name}, {n} rows written, loaded: {loaded}")
                lost += loaded != str(n)
    sys.exit(bool(lost))


if __name__ == "__main__":
    main()
