"""`app`: what it starts, where it listens, whether the browser opens."""

import importlib.util
import os
import socket

import pytest

from core.cli import app
from core.cli.parser import main
from tests.pages import MAIN


@pytest.fixture
def started(monkeypatch) -> list[str]:
    """The command that this process would become."""
    command: list[str] = []
    monkeypatch.setattr(os, "execv", lambda program, arguments: command.extend(arguments))
    return command


def option(command: list[str], name: str) -> str:
    return command[command.index(name) + 1]


def test_it_opens_the_browser_unless_it_is_asked_not_to(started, capsys):
    assert main(["app", "--port", "8765"]) == 0
    assert str(started[4]) == MAIN and option(started, "--server.headless") == "false"
    assert "http://localhost:8765" in capsys.readouterr().out
    started.clear()
    assert main(["app", "--no-browser", "--", "--server.maxUploadSize", "9"]) == 0
    assert option(started, "--server.headless") == "true" and started[-2:] == ["--server.maxUploadSize", "9"]


def test_a_port_that_is_taken_is_passed_over(started, monkeypatch):
    with socket.socket() as taken:
        taken.bind(("localhost", 0))
        taken.listen()
        monkeypatch.setattr(app, "_PORT", taken.getsockname()[1])
        main(["app"])
        assert int(option(started, "--server.port")) > taken.getsockname()[1]


def test_without_streamlit_or_its_pages_it_says_what_to_do(started, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(app, "_PACKAGE", tmp_path / "winnow")
    assert main(["app"]) == 1 and "start it from a checkout" in capsys.readouterr().err
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert main(["app"]) == 1 and "pip install 'winnow[app]'" in capsys.readouterr().err
    assert not started
