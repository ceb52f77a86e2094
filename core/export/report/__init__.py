"""The report of a selection: one HTML file that needs no network, and the same as Markdown. Computes nothing long."""
