"""Models from elsewhere and small ones made here: encoders, causal LMs, reward models, judges, LoRA. They know no workspace."""
