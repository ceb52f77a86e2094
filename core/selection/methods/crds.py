"""CRDS-W (arXiv 2602.13773): records nearest in whitened states to a target's examples, the examples taking turns.

The states of encoders vary in few directions, which drown the others in a cosine; whitened, all that are kept count alike. As in
the released code (tdano1/CRDS: `--whiten`, and `get_top_influences.py` with `max`), each example names its nearest record, then
its second nearest, and so on; one that another example has named before is passed over, and the turn is lost.
"""

import numpy as np

from ...base.errors import CurationError, lacking
from ...base.text import counted
from ...data.tags import one_each
from ...vectors.whitening import fit_whitening
from ..method import METHODS, Method
from ..params import Selection, SelectionParams, places
from ..pool import Picks, Pool, unit_rows
from ._tags import mean_rows, weight_of

_PART = 8  # the paper keeps 512 of 4,096 dimensions
_COSINES = 16_000_000  # at once


def crds(pool: Pool, params: SelectionParams, budget: int) -> Picks:
    """Pick the records by turns of the examples in whitened states; score: the cosine to the example whose turn it was.

    The paper's settings: the strongest 512 of 4,096 directions, here an eighth of the embeddings', fitted on up to 500,000
    records; its states are the position-weighted mean of a causal LM's last layer, here the workspace's embeddings, of unit
    length. Its examples come from an evaluation; here the centres of the clusters stand in for them.
    """
    x, free = unit_rows(pool), pool.free_rows()
    free = free[weight_of(pool)[free] > 0]
    wanted = min(budget - len(pool.pinned), len(free))
    whitening = fit_whitening(x, max(x.shape[1] // _PART, 2))
    if not whitening.turn.shape[1]:
        raise CurationError("All embeddings are the same, so crds has no direction to go by; take random.")
    examples = whitening.apply(_examples(pool, x))
    return by_turns_of(whitening.apply(x, free), examples, free, wanted)


def _examples(pool: Pool, x: np.ndarray) -> np.ndarray:
    """Return (q, d): the mean of each cluster that has records and a weight."""
    if pool.labels is None:
        raise lacking(
            "crds goes toward examples or, in their place, clusters' centres, and the records have none", "cluster"
        )
    centres = mean_rows(x, one_each(pool.labels, pool.n_clusters))
    held = np.bincount(pool.labels, minlength=pool.n_clusters) > 0
    held[[cluster for cluster, factor in pool.multipliers.items() if factor == 0 and cluster < len(held)]] = False
    return centres[held]


def by_turns_of(states: np.ndarray, examples: np.ndarray, rows: np.ndarray, wanted: int) -> Picks:
    """Return `wanted` of `rows`, (m,), in the order in which the examples, taking turns, first name them; score: the cosine.

    states: (m, w), examples: (q, w), unit rows. A record is named in the round of its best rank with any example.
    """
    q, depth = len(examples), min(2 * -(-wanted // max(len(examples), 1)) + 8, len(rows))
    while q and wanted > 0:
        at, cosines = _nearest(states, examples, depth)
        turn = (np.arange(depth)[None, :] * q + np.arange(q)[:, None]).ravel()  # round by round, in the examples' order
        order = np.argsort(turn)
        named, first = np.unique(at.ravel()[order], return_index=True)
        if len(named) >= wanted or depth == len(rows):
            first = np.sort(first)[:wanted]
            return Picks(rows[at.ravel()[order][first]], cosines.ravel()[order][first].astype(np.float64))
        depth = min(4 * depth, len(rows))
    return Picks(rows[:0], np.zeros(0))


def _nearest(states: np.ndarray, examples: np.ndarray, depth: int) -> tuple[np.ndarray, np.ndarray]:
    """Return ((q, depth) positions in `states`, their cosines): each example's nearest, the nearest first."""
    at, cosines = np.empty((len(examples), depth), np.int64), np.empty((len(examples), depth), np.float32)
    step = max(1, _COSINES // max(len(states), 1))
    for start in range(0, len(examples), step):
        found = examples[start : start + step] @ states.T
        best = np.argpartition(-found, depth - 1, axis=1)[:, :depth]
        value = np.take_along_axis(found, best, axis=1)
        order = np.lexsort((best, -value), axis=1)
        at[start : start + step] = np.take_along_axis(best, order, axis=1)
        cosines[start : start + step] = np.take_along_axis(value, order, axis=1)
    return at, cosines


def _notes(pool: Pool, params: SelectionParams, chosen: Selection) -> list[str]:
    said = [
        f"The paper's crds goes toward an evaluation's examples; the centres of {pool.n_clusters:,} clusters stood in for them."
    ]
    if odd := sum(factor not in (0, 1) for factor in pool.multipliers.values()):
        said.append(
            f"crds gives every centre as many turns, so the weights on {counted(odd, 'cluster')} other than 0 have no effect."
        )
    return said


def _why(pool: Pool, params: SelectionParams, chosen: Selection, rows: np.ndarray) -> list[str]:
    picks, said = places(pool, chosen), []
    for row in rows.tolist():
        if row in picks:
            cosine = float(chosen.scores[len(pool.pinned) + picks[row] - 1])
            said.append(
                f"pick {picks[row]:,} of {len(picks):,}, named by a cluster's centre at a cosine of {cosine:.2f} in whitened "
                "states."
            )
        elif pool.multipliers.get(int(pool.labels[row])) == 0:
            said.append(f"the weight of cluster {pool.labels[row]} is 0.")
        else:
            said.append(
                "every cluster's centre had enough records nearer to it, in whitened states, when the budget was met."
            )
    return said


METHODS.add(
    Method(
        name="crds",
        help="Those nearest to each centre in turn, in whitened states.",
        best_when="embeddings come from a language model. The paper's goes toward an evaluation; centres stand in for it.",
        family="papers",
        place=32,
        seconds=lambda n, m: 2e-6 * n + 1.4e-8 * n * n**0.5,
        pick=crds,
        why=_why,
        notes=_notes,
        needs=("embed", "cluster"),
        options=(),
    )
)
