"""What speaks for a selection: measures beside random ones, comparison, stability, versions, ablation."""
