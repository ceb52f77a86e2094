"""Data sets on a hub: their names, what they hold, their original files fetched, to be read by Winnow's own readers."""
