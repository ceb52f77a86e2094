"""InsTag's sampling (arXiv 2308.07074, algorithm 1: complexity-first diverse sampling).

Records are put in order, those with the most tags first. A round goes through what is left and takes every record that carries a
tag not met in this round; then the next round begins. So a round takes, of each tag, the first record left that carries it: each
tag keeps its own queue, and nothing is gone through twice.
"""

import numpy as np

from ...data.tags import Tags
from ..method import METHODS, Method
from ..params import Selection, SelectionParams, places
from ..pool import Picks, Pool
from ._tags import stand_in_note, tags_of, weight_of


def instag(pool: Pool, params: SelectionParams, budget: int) -> Picks:
    """Pick by rounds over the tags, records with more tags first; of as many, the better, then the lower row. score: the tags.

    The paper's tags are written by a model for each prompt. Without tags, clusters stand in: every record then has one, and its
    quality, where there is one, decides which of a cluster comes first. Records without a tag only fill the budget.
    """
    tags, free = tags_of(pool, params), pool.free_rows()
    free = free[weight_of(pool)[free] > 0]
    quality = np.zeros(pool.n_records) if pool.quality is None else np.nan_to_num(pool.quality)
    order = free[np.lexsort((free, -quality[free], -tags.counts[free]))]
    rounds = _rounds(tags, order, budget - len(pool.pinned))
    best = np.lexsort((np.arange(len(order)), rounds))[: budget - len(pool.pinned)]
    rows = order[best]
    counts = tags.counts[rows]
    return Picks(rows, counts.astype(np.float64), int((counts == 0).sum()))


def _rounds(tags: Tags, order: np.ndarray, wanted: int) -> np.ndarray:
    """Return (m,) int64: the round in which each of `order`, rows in their order, is taken; a large one for those of none.

    No more than `wanted` records need a round.
    """
    place = np.full(len(tags), -1, np.int64)
    place[order] = np.arange(len(order))
    owners, codes = place[tags.owners], tags.codes
    owners, codes = owners[owners >= 0], codes[owners >= 0]
    by_tag = np.lexsort((owners, codes))
    queue, codes = owners[by_tag], codes[by_tag]
    heads = np.flatnonzero(np.r_[True, codes[1:] != codes[:-1]]) if len(codes) else np.zeros(0, np.int64)
    ends = np.append(heads[1:], len(codes))
    rounds = np.full(len(order), np.iinfo(np.int64).max)
    number = n_taken = 0
    while len(heads) and n_taken < wanted:
        first = np.unique(queue[heads])
        rounds[first] = number
        n_taken, number = n_taken + len(first), number + 1
        stale = np.arange(len(heads))
        while len(stale):  # on to each tag's next record that is not taken yet
            heads[stale] += 1
            stale = stale[heads[stale] < ends[stale]]
            stale = stale[rounds[queue[heads[stale]]] < number]
        open_tags = heads < ends
        heads, ends = heads[open_tags], ends[open_tags]
    return rounds


def _why(pool: Pool, params: SelectionParams, chosen: Selection, rows: np.ndarray) -> list[str]:
    tags, picks, said = tags_of(pool, params), places(pool, chosen), []
    what = "tag" if pool.tags is not None else "cluster, standing in for a tag"
    for row in rows.tolist():
        n = int(tags.counts[row])
        carries = f"it carries {n:,} {what if n == 1 else 'tags'}"
        if row in picks:
            said.append(f"pick {picks[row]:,} of {len(picks):,}: {carries}, one of them new to its round.")
        elif n:
            said.append(f"{carries}; in every round before the budget was met, records before it had each of them.")
        else:
            said.append("it carries no tag, and such records only fill the budget.")
    return said


METHODS.add(
    Method(
        name="instag",
        help="Every tag in turn, records with the most tags first.",
        best_when="a model has tagged the records. Without tags, clusters stand in for them.",
        family="papers",
        place=37,
        seconds=lambda n, m: 1e-5 * n,  # of which most reads the tags
        pick=instag,
        why=_why,
        notes=lambda pool, params, chosen: stand_in_note(pool, params),
        needs=("cluster",),
        options=("tags",),
    )
)
