"""What can be measured of a selection, as pure functions of arrays; and what each measure is called and means."""

from ..base.registry import import_modules_of
from . import kinds

import_modules_of(kinds.__name__, kinds.__path__)
