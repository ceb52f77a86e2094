"""The Select page."""
