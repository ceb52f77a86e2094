"""Sixty hostile files; `python -m tests.fuzz 1000` makes as many as one likes."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_sixty_hostile_files_end_in_an_export_or_one_clear_line():
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", "60", "--seed", "1"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
