"""A path as somebody typed it into a field."""

from pathlib import Path

from .errors import CurationError
from .text import shorten

_TOLD = 80  # characters of a path in an error


def given_path(text: str) -> Path:
    """Return the path that a text names, "~" and "~somebody" put in full. Whether anything is there is not asked.

    Raises CurationError where that can't be a path here: nobody of that name, a name longer than the disk takes, a null byte.
    """
    text = text.strip()
    try:
        if "\0" in text:  # `exists` would say that there is no such file
            raise ValueError("it holds a null byte")
        path = Path(text).expanduser()
        path.exists()
    except RuntimeError as error:
        raise CurationError(
            f"{shorten(text, _TOLD)} begins with the home of a user whom this computer does not know; write the whole path."
        ) from error
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise CurationError(f"{shorten(text, _TOLD)} can't be a path here ({why}); check it.") from error
    return path
