"""Speaking to a hub by `huggingface_hub`: at which address, and its refusals in words. The token is the environment's own.

The token (HF_TOKEN) is read by `huggingface_hub` for each request; it is never held, written or said here.
"""

import contextlib
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ...base.errors import CurationError
from ...base.secrets import redacted

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_USUAL = "https://huggingface.co"
_SECONDS = 120


def endpoint() -> str:
    """Return the address of the hub: $HF_ENDPOINT, or the usual one. Raises CurationError where that is no address."""
    told = (os.environ.get("HF_ENDPOINT") or _USUAL).rstrip("/")
    if not told.startswith(("https://", "http://")):
        raise CurationError(f"HF_ENDPOINT is {told!r}; it must be an address such as {_USUAL}.")
    return told


def open_api() -> "HfApi":
    """Return the hub's interface."""
    from huggingface_hub import HfApi, get_session  # here, for a command that asks no hub need not wait for it

    get_session().timeout = _SECONDS  # of its own it has none, and a hub that falls silent would hold a page for ever
    return HfApi(endpoint=endpoint(), library_name="winnow")


@contextlib.contextmanager
def asking(repo: str, revision: str = "", doing: str = "read", stays: str = "") -> Iterator[None]:
    """Turn what goes wrong while a hub is asked for a data set into CurationError.

    doing: "read" it or "write" to it. stays: what is added, of what is kept.
    """
    from huggingface_hub import errors

    try:
        yield
    except errors.OfflineModeIsEnabled as error:
        raise CurationError(f"{repo} can't be reached: HF_HUB_OFFLINE is set; unset it, and try again.") from error
    except errors.HfHubHTTPError as error:
        # Not "from error": its text names addresses that are signed for this reader alone.
        raise CurationError(_refusal(error, repo, revision, doing) + stays) from None
    except (errors.HTTPError, errors.XetDownloadError, ConnectionError, TimeoutError) as error:
        name = type(error).__name__
        raise CurationError(
            f"The connection to {endpoint()} failed ({name}); check the network, and try again.{stays}"
        ) from None
    except (ValueError, KeyError, TypeError) as error:  # of the answer's JSON
        name = type(error).__name__
        raise CurationError(
            f"{endpoint()} did not answer as a hub does ({name}: {redacted(str(error))}).{stays}"
        ) from None


def check_card(text: str) -> None:
    """Raise CurationError where the hub would not take a data set's card."""
    from huggingface_hub.utils import get_session, hf_raise_for_status

    asked = {"repoType": "dataset", "content": text}
    response = get_session().post(f"{endpoint()}/api/validate-yaml", json=asked, timeout=30)
    if response.status_code != 400:
        hf_raise_for_status(response)
        return
    errors = response.json().get("errors", [])
    why = "; ".join(str(each.get("message", each)) for each in errors) or "it does not say why"
    why = redacted(why)
    raise CurationError(f"{endpoint()} does not take the card ({why}); a licence is given as the hub writes it.")


def _refusal(error: Any, repo: str, revision: str, doing: str) -> str:
    """Return in words what the hub refused. error: HfHubHTTPError."""
    from huggingface_hub import errors

    status, where = error.response.status_code, endpoint()
    token = f"set HF_TOKEN to a token that may {doing} it"
    if isinstance(error, errors.GatedRepoError):
        return f"{repo} on {where} is gated; ask for access on its page, and {token}."
    if isinstance(error, errors.RevisionNotFoundError):
        return f"{repo} has no revision {revision or 'main'!r}; name a branch, a tag or a commit of it."
    if isinstance(error, errors.EntryNotFoundError):
        return f"{repo} at {revision or 'main'} lacks a file that it listed; try again."
    if status == 401 and not isinstance(error, errors.RepositoryNotFoundError):
        return f"{where} does not take the token it was given (401); {token}."
    if isinstance(error, errors.RepositoryNotFoundError) or status in (401, 404):
        return f"There is no data set {repo} on {where}, or it is private ({status}); check the name, or {token}."
    if status == 403:
        return f"{where} does not let you {doing} {repo} (403); {token}."
    if status in (409, 412):
        return f"{repo} was changed by somebody else meanwhile ({status}); try again."
    if status == 429:
        return f"{where} was asked too often (429); wait some minutes, and try again."
    if status == 400:
        why = redacted(error.server_message or "it does not say why")
        return f"{where} does not take what it was sent for {repo} (400): {why}."
    return f"{where} answered {repo} with the status {status}; try again later."
