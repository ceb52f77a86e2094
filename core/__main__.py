"""`python -m core VERB …`: see `cli/parser.py`."""

import sys

from .cli.parser import main

if __name__ == "__main__":
    sys.exit(main())
