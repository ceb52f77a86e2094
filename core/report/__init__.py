"""The report of a selection: one HTML file that needs no network, and the same as Markdown. Computes nothing long."""

from core.report.writing import write_report

__all__ = ["write_report"]
