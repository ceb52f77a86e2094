"""Layouts of records: what a field holds, which part of a conversation that is, how whole files of them are understood."""
