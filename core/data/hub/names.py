"""Names of data sets on a hub: `hf://owner/name@revision?config=C&split=S`, all but the owner and the name left out at will.

Input -> output: "https://huggingface.co/datasets/openai/gsm8k/tree/main" names what "hf://openai/gsm8k@main" does.
"""

import dataclasses
import re
import urllib.parse
from typing import Self

from ...base.errors import CurationError

SCHEME = "hf://"
_PART = r"[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9_])?"
_REPO = re.compile(rf"{_PART}/{_PART}")
_PAGE = re.compile(r"https?://[^/]+/datasets/([^/?#]+/[^/?#]+)(?:/(?:tree|blob)/([^?#]+?))?/?$")
_REVISION = re.compile(r"[A-Za-z0-9][\w./-]*")
_COMMIT = re.compile(r"[0-9a-f]{40}")


def is_hub_name(text: object) -> bool:
    """Whether a text names a data set on a hub, rather than a path."""
    return str(text).startswith(SCHEME)


def check_repo(repo: str) -> str:
    """Return the "owner/name" of a data set. Raises CurationError where it is none."""
    if not _REPO.fullmatch(repo) or ".." in repo or "--" in repo:
        raise CurationError(f"{repo!r} is no data set's name; it has an owner and a name, as in openai/gsm8k.")
    return repo


@dataclasses.dataclass(frozen=True)
class HubName:
    """A data set of a hub, or a part of it. revision: a branch, a tag or a commit, "" for the main branch.

    config, split: "" where it does not say. Raises CurationError for what can't be a name.
    """

    repo: str
    revision: str = ""
    config: str = ""
    split: str = ""

    def __post_init__(self) -> None:
        check_repo(self.repo)
        if self.revision and (not _REVISION.fullmatch(self.revision) or ".." in self.revision):
            raise CurationError(f"{self.revision!r} is no revision; name a branch, a tag or a commit.")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return what a text names: a name as above, "owner/name", or the address of a data set's page."""
        page = _PAGE.match(text.strip())
        if page:
            return cls(page[1], urllib.parse.unquote(page[2] or ""))
        name, _, asked = text.strip().removeprefix(SCHEME).removeprefix("datasets/").partition("?")
        repo, _, revision = name.partition("@")
        told = urllib.parse.parse_qsl(asked, keep_blank_values=True)
        if others := [key for key, _ in told if key not in ("config", "split")]:
            raise CurationError(f"{text!r} says {others[0]!r}; a name on a hub may say config and split.")
        return cls(repo.rstrip("/"), revision, **dict(told))

    def __str__(self) -> str:
        told = {name: value for name, value in (("config", self.config), ("split", self.split)) if value}
        asked = f"?{urllib.parse.urlencode(told, quote_via=urllib.parse.quote)}" if told else ""
        return f"{SCHEME}{self.repo}{'@' if self.revision else ''}{self.revision}{asked}"

    @property
    def is_pinned(self) -> bool:
        """Whether it names the very same files for ever: a commit, a config and a split of it."""
        return bool(_COMMIT.fullmatch(self.revision) and self.config and self.split)

    @property
    def place(self) -> str:
        """Return what it is called at whatever revision: "hf://openai/gsm8k (main, train)"."""
        parts = ", ".join(filter(None, (self.config, self.split)))
        return f"{SCHEME}{self.repo}" + (f" ({parts})" if parts else "")
