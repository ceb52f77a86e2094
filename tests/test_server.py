"""The server as it is started from anywhere: on this computer only, and only by the names it is known by."""

import contextlib
import http.client
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from components.frame.doorkeeper import is_allowed
from tests.browser import ROOT, free_port, running_app

ENDPOINTS = [
    ("GET", "/"),
    ("GET", "/map"),
    ("GET", "/_stcore/health"),
    ("GET", "/_stcore/host-config"),
    ("GET", "/_stcore/metrics"),
    ("GET", "/static/js/none.js"),
    ("GET", "/media/none.jsonl"),
    ("PUT", "/_stcore/upload_file/a/b"),
    ("OPTIONS", "/_stcore/upload_file/a/b"),
    ("DELETE", "/_stcore/upload_file/a/b"),
    ("POST", "/_stcore/agent"),
    ("GET", "/no/such/place"),
]
FOREIGN = ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "evil.example@localhost", ""]


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """The app started from a folder whose own settings would open it to everybody."""
    cwd = tmp_path_factory.mktemp("elsewhere")
    (cwd / ".streamlit").mkdir()
    (cwd / ".streamlit" / "config.toml").write_text(
        '[server]\naddress = "0.0.0.0"\nenableCORS = false\nallowedHosts = ["*"]\n[browser]\ngatherUsageStats = true\n'
    )
    with running_app(tmp_path_factory.mktemp("home"), cwd) as address:
        yield urlsplit(address).port


def status_of(port, host, method="GET", path="/"):
    """Return what is answered to a request that calls this computer `host`."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        connection.putrequest(method, path, skip_host=True)
        if host is not None:
            connection.putheader("Host", host)
        connection.endheaders()
        return connection.getresponse().status


def session(port, host, origin=None):
    """Open a session as a page that reached this computer as `host` would; return the first message of the app."""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=20) as link,
        connect(f"ws://{host}/_stcore/stream", sock=link, origin=origin, subprotocols=["streamlit"]) as websocket,
    ):
        message = BackMsg()
        message.rerun_script.query_string = ""
        websocket.send(message.SerializeToString())
        while True:
            answer = ForwardMsg.FromString(websocket.recv(timeout=30))
            if answer.WhichOneof("type") == "new_session":
                return answer.new_session


def listening_on(port):
    """Return the addresses that somebody listens on at a port, as the kernel writes them."""
    tables = [path for path in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")) if path.exists()]
    lines = [line.split() for path in tables for line in path.read_text().splitlines()[1:]]
    return {line[1].split(":")[0] for line in lines if line[3] == "0A" and int(line[1].split(":")[1], 16) == port}


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="the kernel tells it elsewhere")
def test_started_from_another_folder_it_listens_on_this_computer_only(elsewhere):
    assert listening_on(elsewhere) == {"0100007F"}  # 127.0.0.1


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "LOCALHOST"])
def test_its_own_names_are_answered_and_no_usage_is_reported(elsewhere, host):
    assert status_of(elsewhere, f"{host}:{elsewhere}") == 200
    new_session = session(elsewhere, f"{host}:{elsewhere}", f"http://{host}:{elsewhere}")
    assert new_session.config.gather_usage_stats is False


@pytest.mark.parametrize("host", FOREIGN)
@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_a_foreign_name_gets_nothing_anywhere(elsewhere, host, method, path):
    assert status_of(elsewhere, f"{host}:{elsewhere}", method, path) == 403


@pytest.mark.parametrize("host", [None, "localhost, evil.example"])
def test_a_request_without_one_name_gets_nothing(elsewhere, host):
    assert status_of(elsewhere, host) in (400, 403)


@pytest.mark.parametrize("with_origin", [True, False])
def test_a_foreign_name_gets_no_session(elsewhere, with_origin):
    host = f"evil.example:{elsewhere}"
    with pytest.raises(InvalidStatus) as refused:
        session(elsewhere, host, f"http://{host}" if with_origin else None)
    assert refused.value.response.status_code == 403


def test_a_foreign_page_gets_no_session_by_a_right_name(elsewhere):
    with pytest.raises(InvalidStatus):
        session(elsewhere, f"localhost:{elsewhere}", "http://evil.example")


def test_a_teams_server_answers_to_the_names_it_was_given(tmp_path, monkeypatch):
    monkeypatch.setenv("WINNOW_INSECURE", "1")  # nobody signs in
    options = [
        "--server.address",
        "0.0.0.0",
        "--server.allowedHosts",
        "localhost",
        "--server.allowedHosts",
        "team.example",
    ]
    with running_app(tmp_path, tmp_path, options) as address:
        port = urlsplit(address).port
        assert listening_on(port) <= {"00000000"}
        assert [status_of(port, host) for host in ("team.example", "localhost", "evil.example")] == [200, 200, 403]
        assert session(port, f"team.example:{port}", f"http://team.example:{port}").initialize


def test_it_does_not_start_where_its_settings_are_not_found(tmp_path):
    (tmp_path / "main.py").symlink_to(ROOT / "app" / "main.py")
    command = [sys.executable, "-m", "streamlit", "run", "main.py", "--server.headless", "true"]
    done = subprocess.run(
        [*command, "--server.port", str(free_port())], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode != 0 and "settings" in done.stderr + done.stdout


@pytest.mark.parametrize(
    ("host", "allowed", "expected"),
    [
        ("localhost:8501", ["localhost"], True),
        ("localhost.:8501", ["localhost"], True),
        ("[::1]:8501", ["::1"], True),
        ("[::1]", ["[::1]"], True),
        ("Team.Example", ["team.example"], True),
        ("a.team.example", ["*.team.example"], True),
        ("team.example", ["*.team.example"], False),
        ("evilteam.example", ["*.team.example"], False),
        ("anything", ["*"], True),
        ("", ["*"], False),
        ("::1", ["::1"], False),
        ("localhost:x", ["localhost"], False),
        ("evil.example#localhost", ["localhost"], False),
        ("localhost", [], False),
    ],
)
def test_which_names_are_allowed(host, allowed, expected):
    assert is_allowed(host, allowed) is expected
