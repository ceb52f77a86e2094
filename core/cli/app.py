"""The verb `app`: start the app's server, and the browser at it. The pages are not part of `core`; they are only found here."""

import argparse
import importlib.util
import os
import socket
import sys
from pathlib import Path

from ..base.errors import CurationError
from .verbs import Verbs

_PACKAGE = Path(__file__).resolve().parents[1]
_PORT = 8501  # Streamlit's own first choice


def add_verbs(verbs: Verbs) -> None:
    """Declare the verb."""
    sub = verbs.add("app", "Start the app and open it in the browser.", start, workspace=False)
    sub.add_argument("--no-browser", action="store_true", help="only print its address")
    sub.add_argument(
        "--insecure", action="store_true", help="start although others may reach it and nobody has to sign in"
    )
    sub.add_argument("--port", type=int, help=f"where it listens ({_PORT}, or the next one that is free)")
    sub.add_argument("streamlit", nargs="*", metavar="OPTION", help="behind --, options of Streamlit's own")


def start(arguments: argparse.Namespace) -> None:
    """Become the app's server."""
    port = arguments.port or _free_port()
    print(f"Winnow is at http://localhost:{port}; Ctrl+C stops it.", flush=True)
    if arguments.insecure:
        os.environ["WINNOW_INSECURE"] = "1"
    os.execv(sys.executable, command(find_app(), port, not arguments.no_browser, arguments.streamlit))


def find_app() -> Path:
    """Return the app's main.py: beside `core` in a checkout, inside the package where it is installed. Raises CurationError."""
    if not importlib.util.find_spec("streamlit"):
        raise CurationError("The app needs Streamlit, which is not installed; run: pip install 'winnow[app]'.")
    for folder in (_PACKAGE.parent, _PACKAGE / "pages"):
        if (folder / "app" / "main.py").is_file():
            return folder / "app" / "main.py"
    raise CurationError(f"The app is not beside {_PACKAGE}; start it from a checkout, with: python -m core app.")


def command(main: Path, port: int, browser: bool, more: list[str]) -> list[str]:
    """Return the command that serves the app. more: options of Streamlit's own; they come last and so win."""
    own = [
        "--server.port",
        str(port),
        "--server.headless",
        str(not browser).lower(),
        "--logger.hideWelcomeMessage",
        "true",
    ]
    return [sys.executable, "-m", "streamlit", "run", str(main), *own, *more]


def _free_port() -> int:
    for port in range(_PORT, _PORT + 100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("localhost", port))
            except OSError:
                continue
            return port
    raise CurationError(f"Every port from {_PORT} to {_PORT + 99} is taken; name another by --port.")
