"""How the app is served: what must be so before it starts, and from when on people sign in and paths are confined."""

import ipaddress
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.auth_util import get_secrets_auth_section, is_authlib_installed

from core.base import access, confinement
from core.base.errors import CurationError

INSECURE = "WINNOW_INSECURE"  # set by `winnow app --insecure`
_AUTH = ("redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url")
_LEAST_SECRET = 32  # characters


def begin(who: Callable[[], access.Person | None], reads: Iterable[Path]) -> None:
    """Check how the app is served, and let access and confinement begin; end the process where it is not safe.

    who: tells who is signed in. reads: what every server reads, as the sample.
    """
    told = os.environ.get(INSECURE, "") == "1"
    signs_in = access.roles_path() is not None
    beyond = is_beyond(st.get_option("server.address"), st.get_option("server.allowedHosts"))
    try:
        if signs_in:
            access.read_roles()
            check_auth(get_secrets_auth_section())
        if why := refusal(beyond, signs_in, bool(st.get_option("server.enableXsrfProtection")), told):
            raise CurationError(why)
        if signs_in:
            access.sign_in(who)
        if signs_in or beyond:
            confinement.confine(reads)
    except CurationError as error:
        sys.exit(f"error: {error}")


def refusal(beyond: bool, signs_in: bool, xsrf: bool, insecure: bool) -> str:
    """Return why the server does not start, "" where it may. beyond: whether others reach it. insecure: whether it was told to."""
    unless = f"To start it all the same: winnow app --insecure, or {INSECURE}=1 in its environment."
    if insecure:
        return ""
    if not xsrf:
        return (
            "server.enableXsrfProtection is off, and any page that a curator opens could send files here; leave it on. "
            f"{unless}"
        )
    if beyond and not signs_in:
        return (
            "This server can be reached from other computers, and nobody has to sign in: whoever reaches it could read and "
            f"change everything. Set {access.VARIABLE} to a file of roles and [auth] in secrets.toml (see the README). {unless}"
        )
    return ""


def is_beyond(address: str, hosts: Iterable[str]) -> bool:
    """Whether a server at this address, by these names, is for more than this computer."""
    return not _is_here(address or "") or any(not _is_here(host) for host in hosts)


def _is_here(name: str) -> bool:
    name = name.strip().strip("[]").rstrip(".").lower()
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def check_auth(auth: Mapping[str, Any]) -> None:
    """Raise CurationError unless `auth`, of secrets.toml, names one provider in full: by its sub alone people are known."""
    lacks = [name for name in _AUTH if not isinstance(auth.get(name), str) or not auth.get(name)]
    if lacks:
        raise CurationError(f"{access.VARIABLE} is set, but [auth] in secrets.toml lacks {', '.join(lacks)}; add it.")
    if any(isinstance(each, Mapping) and "client_id" in each for each in auth.values()):
        raise CurationError("[auth] in secrets.toml names several providers, whose subs may be the same; name one.")
    if len(auth["cookie_secret"]) < _LEAST_SECRET:
        raise CurationError(
            f"cookie_secret in secrets.toml has fewer than {_LEAST_SECRET} characters; write more, at random."
        )
    if not is_authlib_installed():
        raise CurationError("Signing in needs Authlib, which is not installed; run: pip install Authlib.")
