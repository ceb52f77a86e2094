"""When the app's server starts at all: reached by others only with a sign-in, and with XSRF protection, unless told."""

import os
import subprocess
import sys

import pytest

from components.frame.serving import check_auth, is_beyond, refusal
from core.base.errors import CurationError
from tests.browser import ROOT, free_port

AUTH = {
    "redirect_uri": "http://localhost:8501/oauth2callback",
    "cookie_secret": "x" * 32,
    "client_id": "winnow",
    "client_secret": "secret",
    "server_metadata_url": "http://localhost:9400/.well-known/openid-configuration",
}


@pytest.mark.parametrize(
    ("beyond", "signs_in", "xsrf", "insecure", "says"),
    [
        (False, False, True, False, ""),
        (False, True, True, False, ""),
        (True, True, True, False, ""),
        (True, False, True, False, "--insecure"),
        (True, False, True, True, ""),
        (False, False, False, False, "enableXsrfProtection"),
        (True, True, False, False, "enableXsrfProtection"),
        (True, True, False, True, ""),
    ],
)
def test_it_starts_only_where_it_is_safe_or_told(beyond, signs_in, xsrf, insecure, says):
    why = refusal(beyond, signs_in, xsrf, insecure)
    assert says in why and bool(says) == bool(why)


@pytest.mark.parametrize(
    ("address", "hosts", "expected"),
    [
        ("localhost", ["localhost", "127.0.0.1", "::1"], False),
        ("127.0.0.2", ["[::1]"], False),
        ("0.0.0.0", ["localhost"], True),
        ("::", ["localhost"], True),
        ("192.168.1.7", [], True),
        ("", ["localhost"], True),
        ("localhost", ["localhost", "winnow.example.org"], True),  # a proxy before it
        ("localhost", ["*"], True),
    ],
)
def test_a_server_is_for_others_by_its_address_or_by_its_names(address, hosts, expected):
    assert is_beyond(address, hosts) == expected


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"client_secret": ""}, "lacks client_secret"),
        ({"cookie_secret": "short"}, "fewer than 32"),
        ({"google": {"client_id": "another"}}, "several providers"),
    ],
)
def test_a_sign_in_that_is_not_whole_is_refused_at_the_start(change, says):
    check_auth(AUTH)
    with pytest.raises(CurationError, match=says):
        check_auth(AUTH | change)


def started(tmp_path, options=(), **environment):
    """Return the exit status and what a server said that ends at once."""
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        str(ROOT / "app" / "main.py"),
        "--server.port",
        str(free_port()),
    ]
    env = os.environ | {"WINNOW_HOME": str(tmp_path)} | environment
    done = subprocess.run([*command, *options], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


def test_a_server_for_others_without_a_sign_in_ends_at_once(tmp_path):
    status, said = started(tmp_path, ["--server.address", "0.0.0.0"])
    assert status and "nobody has to sign in" in said and "WINNOW_INSECURE=1" in said


def test_a_file_of_roles_without_a_provider_ends_at_once(tmp_path):
    (tmp_path / "roles.toml").write_text('[people]\nann = "admin"\n')
    status, said = started(tmp_path, WINNOW_ROLES=str(tmp_path / "roles.toml"))
    assert status and "[auth] in secrets.toml lacks" in said
