"""What is said of a target where a selection toward it is written down: its files, labels, and what overlaps."""

from typing import Any

import numpy as np

from ...base.text import counted
from ...workspace.results import Results
from .stage import NAME, targets_of
from .targets import Targets


def target_facts(results: Results, rows: np.ndarray, scores: np.ndarray) -> dict[str, Any]:
    """Return what is written down of the target of a selection. rows, scores: (m,) what was taken, and its cosines."""
    targets, info = targets_of(results), results.info(NAME)
    took = np.bincount(targets.labels[targets.taken_by(rows, scores)], minlength=len(targets.names)).tolist()
    held = {name: info[name] for name in ("n_examples", "labels", "n_left_out")}
    files = [*info["params"]["files"]]
    by = info["params"].get("model") or "embeddings"
    return held | {
        "files": files,
        "n_picked": len(info["params"]["rows"]),
        "by": by,
        "taken": dict(zip(targets.names, took, strict=True)),
    }


def pinned_overlaps(targets: Targets, pinned: np.ndarray) -> list[str]:
    """Return the warning of pins that overlap with the examples, which a pin does not go by."""
    n = len(np.intersect1d(pinned, targets.left_out))
    if not n:
        return []
    return [
        f"{counted(n, 'pinned record overlaps', 'pinned records overlap')} with the target's examples, and stays selected."
    ]


def target_in_words(facts: dict[str, Any]) -> list[str]:
    """Return what is written down of a target, a line each. facts: what `target_facts` says."""
    labels = ", ".join(f"{n:,} {label}" for label, n in facts["labels"].items())
    told = [f"{counted(facts['n_examples'], 'example')} ({labels}), by {facts['by']}"]
    told += [f"{file['name']}: {file['file']}, SHA-256 {file['sha256']}" for file in facts["files"]]
    if facts["n_picked"]:
        told.append(f"{counted(facts['n_picked'], 'picked record')} among the examples")
    told.append(f"{counted(facts['n_left_out'], 'record overlaps', 'records overlap')} with the examples and left out")
    return [*told, "taken: " + ", ".join(f"{n:,} for {label}" for label, n in facts["taken"].items())]
