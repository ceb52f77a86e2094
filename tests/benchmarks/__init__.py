"""Benchmarks: `python -m tests.benchmarks [NAME …]`. Each prints ratios against a baseline run in the same process."""
