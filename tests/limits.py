"""A pool that every method can choose from, drawn by a seed, and rules on it: for tests of budgets in tokens and of rules."""

import dataclasses

import numpy as np

from core.base.arrays import unit_rows
from core.selection.pool import Bound, Pool
from core.selection.rules import parse_rule
from core.selection.target.targets import Targets


def drawn_pool(seed: int, n: int = 240, longest: int = 60, **changes) -> Pool:
    """Return n records in 6 clusters, 3 domains and 4 sources, of 1 to `longest` tokens, some pinned, some dropped."""
    rng = np.random.default_rng(seed)
    labels = np.sort(rng.choice(6, n, p=[0.35, 0.25, 0.2, 0.1, 0.07, 0.03])).astype(np.int32)
    held = rng.permutation(n)
    values = {
        "labels": labels,
        "quality": rng.random(n).astype(np.float32),
        "embeddings": unit_rows(rng.normal(size=(n, 6)) + labels[:, None] / 3),
        "distances": rng.random(n).astype(np.float32),
        "reward": rng.random(n).astype(np.float32),
        "domains": (labels % 3).astype(np.int32),
        "sources": rng.choice(4, n, p=[0.5, 0.3, 0.15, 0.05]).astype(np.int32),
        "shares": {"a": 0.0, "b": 0.0, "c": 0.0},
        "pinned": held[: rng.integers(0, 6)],
        "dropped": held[10 : 10 + rng.integers(0, 12)],
        "multipliers": {int(rng.integers(6)): float(rng.choice([0.0, 0.5, 3.0]))},
        "costs": rng.integers(1, longest + 1, n).astype(np.int32),
    }
    values["targets"] = drawn_targets(rng, values["embeddings"])
    return Pool(n, **values | changes)


def with_rules(pool: Pool, at_least=(), at_most=()) -> Pool:
    """Return the pool under rules on source=NUMBER and cluster=NUMBER."""
    rules = [parse_rule(text, "least") for text in at_least] + [parse_rule(text, "most") for text in at_most]
    columns = {"source": pool.sources, "cluster": pool.labels}
    bounds = [Bound(rule, columns[rule.where.column] == int(rule.where.values[0])) for rule in rules]
    return dataclasses.replace(pool, rules=tuple(bounds))


def drawn_targets(rng: np.random.Generator, space: np.ndarray, n_left_out: int = 4) -> Targets:
    """Return 7 examples under 2 labels, one of them one of the records, and some records that overlap with them."""
    n, d = space.shape
    vectors = unit_rows(rng.normal(size=(7, d)) + 0.3)
    vectors[0] = space[0]
    left_out = np.sort(rng.choice(n, min(n_left_out, n // 4), replace=False))
    labels = np.array([0, 0, 0, 0, 0, 1, 1], np.int32)
    by, words = left_out % 7, np.full(len(left_out), 13)
    return Targets(vectors, space, labels, ("a", "b"), tuple(f"example {i}" for i in range(7)), left_out, by, words)
