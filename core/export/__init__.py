"""What leaves a workspace: JSONL with its manifest, and the report."""
