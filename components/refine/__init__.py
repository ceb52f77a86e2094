"""The Refine page."""
