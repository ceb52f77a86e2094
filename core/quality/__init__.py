"""One number a record: by plain rules, from a column, by a model or a judge, or several of these together."""

from ..base.registry import import_modules_of
from . import scorers

import_modules_of(scorers.__name__, scorers.__path__)
