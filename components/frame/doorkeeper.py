"""The doorkeeper: which names the app's server answers to.

A page of somebody else's can have its own name lead to this computer (DNS rebinding) and would then read all that the app
shows; what gives it away is the name it asks for. Streamlit looks at that name only where a session begins; here every
request is asked, before anything else.
"""

import sys
from collections.abc import Sequence

import streamlit as st
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send


def check_settings() -> None:
    """End the process where Streamlit has not found Winnow's settings: it would be open to the whole network."""
    if not st.get_option("server.address") or not st.get_option("server.allowedHosts"):
        sys.exit(
            "error: Winnow's settings, app/.streamlit/config.toml, were not found; start app/main.py itself, by its own path."
        )


class Doorkeeper:
    """ASGI middleware that refuses every request, of whatever kind, for a host not in `server.allowedHosts`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer 403."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        hosts = [value.decode("latin-1") for name, value in scope["headers"] if name.lower() == b"host"]
        if len(hosts) == 1 and is_allowed(hosts[0], st.get_option("server.allowedHosts")):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await PlainTextResponse(_refusal(hosts), status_code=403)(scope, receive, send)


def is_allowed(host: str, allowed: Sequence[str]) -> bool:
    """Whether a Host header names one of `allowed`, on whatever port. "*" allows all, "*.example.org" what is below it."""
    name = host_name(host)
    for pattern in (entry.strip().strip("[]").rstrip(".").lower() for entry in allowed):
        if name and (pattern in ("*", name) or (pattern.startswith("*.") and name.endswith(pattern[1:]))):
            return True
    return False


def host_name(host: str) -> str:
    """Return the name in a Host header without the port: "[::1]:8501" -> "::1"; "" where it is none."""
    host = host.strip().lower()
    if host.startswith("["):
        name, _, port = host[1:].partition("]")
    else:
        name, colon, port = host.partition(":")
        port = colon + port
    is_port = port == "" or (port.startswith(":") and port[1:].isdecimal())
    return name.rstrip(".") if is_port and not {*name} & {*"/\\@?#[] "} else ""


def _refusal(hosts: Sequence[str]) -> str:
    name = host_name(hosts[0]) if len(hosts) == 1 else ""
    return (
        f"Winnow does not answer to the name {name or '(none)'}. If it should, start it with "
        f"--server.allowedHosts {name or 'NAME'}\n"
    )
