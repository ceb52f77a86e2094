"""Signing in, in a real browser against a provider on this computer: in, refused, removed, and by a forged cookie."""

import contextlib
from pathlib import Path

import oidc_provider_mock
import pytest
from oidc_provider_mock import User

from tests.browser import CHROMIUM, browser_page, free_port, running_app

pytestmark = pytest.mark.skipif(
    not Path(CHROMIUM).exists(), reason="no Chromium on this machine; install it to run this"
)
SIGN_IN = "Sign in"


@pytest.fixture
def team(tmp_path, monkeypatch):
    """A server where people sign in; yield (its address, a function that writes the file of roles)."""
    port, provider, folder = free_port(), free_port(), tmp_path / "etc"
    folder.mkdir()
    auth = {
        "redirect_uri": f"http://localhost:{port}/oauth2callback",
        "cookie_secret": "of the tests alone, and long enough",
        "client_id": "winnow",
        "client_secret": "secret",
        "server_metadata_url": f"http://localhost:{provider}/.well-known/openid-configuration",
    }
    (folder / "secrets.toml").write_text("[auth]\n" + "".join(f'{name} = "{each}"\n' for name, each in auth.items()))
    roles = folder / "roles.toml"
    roles.write_text('[people]\nalice = "viewer"\n')
    monkeypatch.setenv("WINNOW_ROLES", str(roles))
    users = [User(sub=name, claims={"name": name.title()}) for name in ("alice", "mallory")]
    options = ["--secrets.files", str(folder / "secrets.toml")]
    with (
        oidc_provider_mock.run_server_in_thread(port=provider, user_claims=users),
        running_app(tmp_path / "home", tmp_path, options, port=port) as address,
    ):
        yield address, roles.write_text


def sign_in(page, address: str, sub: str) -> None:
    page.goto(address)
    page.get_by_role("button", name=SIGN_IN).click()
    page.locator("input[name=sub]").fill(sub)
    page.locator("input[name=sub]").press("Enter")
    page.wait_for_url(f"{address}/**")


def test_in_then_removed_and_refused_and_a_forged_cookie(team):
    address, write_roles = team
    with browser_page() as page:
        page.goto(address)
        page.get_by_role("button", name=SIGN_IN).wait_for()
        assert not page.get_by_text("Open the sample").count()
        sign_in(page, address, "alice")
        page.get_by_text("Alice, viewer").wait_for()
        assert page.get_by_role("button", name="Open the sample").is_disabled()
        cookies = page.context.cookies()

        # Removed: out at the next action, though the cookie is as good as before.
        write_roles('[people]\nbob = "viewer"\n')
        page.get_by_role("button", name="Words").click()
        page.get_by_text("You have no role here").wait_for()
        assert not page.get_by_text("Open the sample").count()
        write_roles('[people]\nalice = "viewer"\n')

        with contextlib.closing(page.context.browser.new_context()) as other:
            stranger = other.new_page()
            sign_in(stranger, address, "mallory")
            stranger.get_by_text("You have no role here").wait_for()
            assert not stranger.get_by_text("Open the sample").count()

        assert any(each["name"].startswith("_streamlit_user") for each in cookies)
        for forge in (lambda value: value[:-2] + ("AA" if value[-2:] != "AA" else "BB"), lambda value: "x" + value):
            with contextlib.closing(page.context.browser.new_context()) as other:
                forged = [
                    each | {"value": forge(each["value"])} if each["name"].startswith("_streamlit_user") else each
                    for each in cookies
                ]
                other.add_cookies(forged)
                forger = other.new_page()
                forger.goto(address)
                forger.get_by_role("button", name=SIGN_IN).wait_for()
                assert not forger.get_by_text("Open the sample").count()
