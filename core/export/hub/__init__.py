"""Pushing: the current selection to a data set on a hub, with its manifest and a card that says how it was chosen."""
