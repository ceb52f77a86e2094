"""Pieces of the pages: each `show(...)` draws one and returns a plain value. The only home of session state."""
