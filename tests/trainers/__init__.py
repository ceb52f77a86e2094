"""Our exports in the trainers' own loaders, each in an environment of its own: `python -m tests.trainers trl gsm8k.jsonl`."""
