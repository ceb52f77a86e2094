"""Winnow: choose a small, diverse set of records to train on. The face for notebooks and scripts.

    import winnow                    # in a checkout: import core as winnow

    ws = winnow.open_data("data.jsonl")
    ws.embed()
    ws.cluster()
    ws.score()
    ws.drop(cluster=3, note="adverts")
    ws.select("10%", method="kmq")
    ws.measure()
    ws.export("curated.jsonl")

Arrays and DataFrames come back. A workspace is a folder that the app and the command line can have open at the same time; what
is there and up to date is not made again.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .run.curation import Curation, Engine, open_data, open_workspace

__all__ = ["Curation", "Engine", "open_data", "open_workspace"]


def __getattr__(name: str) -> Any:
    """Import the face when it is asked for: every module of the package passes by here, and must not pay for it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .run import curation

    return getattr(curation, name)
