"""Overlap with evaluation data: records that share words in a row with its items, or are near them in meaning."""
