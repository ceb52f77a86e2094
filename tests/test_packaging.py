"""The package `winnow`: the same folder under another name, with what it needs beside it."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ONLY_THE_APP = {"authlib", "streamlit", "plotly", "latex2mathml", "markdown-it-py", "mdit-py-plugins"}


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_package_needs_what_the_checkout_needs_but_for_the_app():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").split()
    app = [line for line in lines if line.split("==")[0] in ONLY_THE_APP]
    assert project()["dependencies"] == [line for line in lines if line not in app]
    ray = (ROOT / "requirements-ray.txt").read_text(encoding="utf-8").split()
    assert project()["optional-dependencies"] == {"app": app, "ray": ray}


def test_the_command_is_the_parsers_main():
    assert project()["scripts"] == {"winnow": "winnow.cli.parser:main"}


def test_under_its_installed_name_it_curates_the_same_bytes_and_names_itself(tmp_path):
    shutil.copytree(ROOT / "core", tmp_path / "winnow", ignore=shutil.ignore_patterns("__pycache__"))
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def run(module: str, cwd: Path, *arguments: str) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", module, *arguments]
        return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)

    sample = str(ROOT / "assets" / "sample.jsonl")
    for module, cwd in (("winnow", tmp_path), ("core", ROOT)):
        out = str(tmp_path / f"{module}.jsonl")
        options = ("--method", "quality", "--budget", "50", "--workspace", str(tmp_path / f"of-{module}"), "--out", out)
        done = run(module, cwd, "curate", sample, *options)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "winnow.jsonl").read_bytes() == (tmp_path / "core.jsonl").read_bytes()
    refused = run("winnow", tmp_path, "status", str(tmp_path / "nothing"))
    assert "make one with: winnow import DATA" in refused.stderr and "core" not in refused.stderr


def test_installed_it_holds_the_app_whose_pages_know_the_package_as_core(tmp_path):
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "core", tmp_path / "winnow", ignore=ignore)
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"][
        "wheel"
    ]
    for held, to in wheel["force-include"].items():  # as the wheel is made
        (tmp_path / to).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / held).is_dir() else shutil.copy
        copy(ROOT / held, tmp_path / to)
    code = """
from streamlit.testing.v1 import AppTest
from winnow.cli.app import find_app
app = AppTest.from_file(find_app(), default_timeout=60).run()
app.button(key="open_sample").click().run()
assert not app.exception and not app.error and app.metric[0].value == "600", (app.exception, app.error, app.metric)
import core.base.errors
assert core.base.errors.COMMAND == "winnow"
"""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {"WINNOW_HOME": "home"}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
