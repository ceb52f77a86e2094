"""Ablation: train the same model on what each method selects, and compare losses on held-out records."""
