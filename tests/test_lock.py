"""The lock file: the versions of both requirements files and whatever they bring, every one with hashes."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
_ENTRY = re.compile(r"^([a-z0-9-]+)==(\S+) \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.MULTILINE)


def pins(text: str) -> dict[str, str]:
    """Return {package: version} of a requirements file."""
    lines = (line.split("#")[0].strip() for line in text.splitlines())
    return dict(line.split("==") for line in lines if line)


def locked() -> dict[str, str]:
    return {name: version for name, version, _ in _ENTRY.findall(LOCK)}


def test_the_lock_holds_the_versions_of_both_requirements_files():
    asked = {}
    for path in (ROOT / "requirements.txt", ROOT / "tests" / "requirements.txt"):
        asked |= pins(path.read_text(encoding="utf-8"))
    held = {name: version.partition("+")[0] for name, version in locked().items()}  # PyTorch's CPU build is 2.13.0+cpu
    assert {name: held.get(name) for name in asked} == asked, "make requirements.lock anew: see CONTRIBUTING.md"
    assert len(held) > len(asked)


def test_every_line_of_the_lock_is_a_version_with_hashes():
    rest = _ENTRY.sub("", LOCK)
    assert [line for line in rest.splitlines() if line and not line.startswith("#")] == []
