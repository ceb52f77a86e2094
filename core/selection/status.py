"""What became of a record: not selected, selected, pinned or dropped."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass
FREE, SELECTED, PINNED, DROPPED = range(4)
