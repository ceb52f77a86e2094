"""Which records to train on: the methods, the pool they choose from, quotas, and the selection as a stage."""

from ..base.registry import import_modules_of
from . import methods

import_modules_of(methods.__name__, methods.__path__)
