"""Keys that the environment holds for others' services, kept out of all that is said or written down."""

import os
import urllib.parse

NAMES = (
    "OPENAI_API_KEY",
    "HF_TOKEN",
    "HUGGING_FACE_HUB_TOKEN",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AZURE_STORAGE_KEY",
    "AZURE_STORAGE_CONNECTION_STRING",
    "AZURE_CLIENT_SECRET",
)
_SHORTEST = 8  # a local server takes any key, such as "x": that is no secret, and is in every text
_INSTEAD = "[key]"


def redacted(text: str) -> str:
    """Return a text without the keys that the environment holds, as they are or as an address writes them.

    Servers echo what they were sent: whatever they say goes through here before it is cut, shown or kept.
    """
    for name in NAMES:
        key = os.environ.get(name, "").strip()
        if len(key) >= _SHORTEST:
            for form in {key, urllib.parse.quote(key, safe=""), repr(key)[1:-1]}:
                text = text.replace(form, _INSTEAD)
    return text
