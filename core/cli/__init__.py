"""The command line: a verb a function, its options from the params."""
