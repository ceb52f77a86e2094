"""README's table of the ablation is what the kept trainings give."""

import numpy as np

from tests.benchmarks.ablation_pools import POOLS
from tests.benchmarks.ablation_table import rows_of, table, toward_target, trainings_of
from tests.benchmarks.ablation_trained import kept_trainings
from tests.browser import ROOT


def test_readme_shows_the_table_that_the_kept_trainings_give():
    kept, readme = list(kept_trainings().values()), (ROOT / "README.md").read_text(encoding="utf-8")
    assert not [line for line in table(kept) if line not in readme]
    assert toward_target(kept) in readme


def test_an_arm_is_compared_by_the_seeds_that_random_has_too():
    losses = {
        "random": {0: 4.0, 1: 5.0, 2: 6.0, 3: 7.0, 4: 9.0},
        "a": {0: 3.0, 1: 4.1, 2: 5.0, 3: 5.9, 8: 1.0},
        "b": {0: 9.0, 1: 9.0},
    }
    kept = [
        {"pool": POOLS[0].name, "arm": arm, "seed": seed, "losses": [loss, loss, loss + 1], "shares": [0.5, 0.25, 0.25]}
        for arm, some in losses.items()
        for seed, loss in some.items()
    ]
    rows = rows_of(trainings_of(POOLS[0], kept))
    assert list(rows) == ["a"]  # b has too few
    row = rows["a"]
    assert (row.mean.n, row.ahead, row.verdict) == (4, 4, "ahead") and np.isclose(row.mean.mean, -1.0)
    assert np.isclose(row.worst.mean, -1.0) and row.text == "-1.00 ± 0.13 (4 seeds), ahead"
