"""Data sets of a hub: their names, what they hold, their original files fetched. Read by Winnow's own readers, no code of theirs."""
