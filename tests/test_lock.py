"""The lock file: the versions of both requirements files and whatever they bring but PyTorch, every one with hashes."""

import re
import tomllib
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
    del asked["torch"]  # see CONTRIBUTING.md
    held = locked()
    assert {name: held.get(name) for name in asked} == asked, "make requirements.lock anew: see CONTRIBUTING.md"
    assert len(held) > len(asked)


def test_every_line_of_the_lock_is_a_version_with_hashes():
    rest = _ENTRY.sub("", LOCK)
    assert [line for line in rest.splitlines() if line and not line.startswith("#")] == []


def test_ci_installs_by_the_lock_and_no_version_is_a_build_of_one_machine():
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    first, second = (line for line in lines if line.startswith("pip install"))
    assert "--no-deps --require-hashes -r requirements.lock" in first
    assert second.endswith("-r requirements.txt -r tests/requirements.txt")
    assert not [version for version in locked().values() if "+" in version] and "torch" not in locked()


def test_the_wheel_asks_for_the_versions_of_the_lock():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = pins("\n".join([*project["dependencies"], *project["optional-dependencies"]["app"]]))
    del asked["torch"]
    assert {name: locked().get(name) for name in asked} == asked
