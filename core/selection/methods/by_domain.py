"""DaaR's selections: the highest predicted entropy, overall or by domain, and bands of inter- and intra-diversity."""

import numpy as np

from ...base.errors import CurationError, lacking
from ...base.text import counted, ordinal
from ...measures.kinds.domains import inter_intra_similarity
from ...vectors.clustering import cluster_means
from ..method import METHODS, Method
from ..params import REASONS, Selection, SelectionParams
from ..pool import Picks, Pool, unit_rows
from ..quotas import allocate_quotas, by_turns

LEAST_ENTROPY = 0.1  # nats; where the cut lies below it, a curator is warned
_OWN, _OTHER = 0.5, 0.1  # of the released code: half of the target domain's records, a tenth of each other's


def daar(pool: Pool, params: SelectionParams, budget: int) -> Picks:
    """Take the highest predicted entropy (DaaR, arXiv 2502.04380). score: that entropy, in nats.

    With `target_domain`, and where domains have target shares, each domain gives its quota, its highest entropy first.
    """
    reward, domains = _reward(pool)
    return _highest(pool, params, budget, reward, domains)


def direct_diversity(pool: Pool, params: SelectionParams, budget: int) -> Picks:
    """Take the highest phi_inter itself, the summed cosine to the other domains' centres, in place of the entropy. score: it.

    Equation 2 of DaaR as the reward, with no probe between: appendix F.6 of the paper (arXiv 2502.04380) finds that a probe does
    not learn it from single records (34 % right of four quartiles), and takes the entropy as its proxy; here it is computed. High
    is taken, not low, as the entropy's place asks: records "closer to other centroids" (section 4.2). Domains as in `daar`.
    """
    return _highest(pool, params, budget, *_likeness(pool))


def _likeness(pool: Pool) -> tuple[np.ndarray, np.ndarray]:
    """Return (n,) phi_inter and the (n,) domains."""
    x, domains = unit_rows(pool), _reward(pool)[1]
    return inter_intra_similarity(x, domains, cluster_means(x, domains, int(domains.max()) + 1))[0], domains


def _highest(pool: Pool, params: SelectionParams, budget: int, score: np.ndarray, domains: np.ndarray) -> Picks:
    """Take the highest scores ((n,) float), of all or, where a domain is favoured or has a target share, of each domain."""
    free = pool.free_rows()
    wanted = budget - len(pool.pinned)
    if not params.target_domain and not any(pool.shares.values()):
        rows = free[np.argsort(-score[free], kind="stable")][:wanted]
        return Picks(rows, score[rows])
    rows = _first_of_each(pool, domains, -score, _weights(pool, params, domains), budget)
    return Picks(rows, score[rows])


def unmet_shares(pool: Pool, rows: np.ndarray, budget: int, target_domain: str) -> list[str]:
    """Say which target shares a selection by `daar` could not meet. rows: (m,) selected row ids. budget: records, or tokens."""
    wanted = {name: share for name, share in pool.shares.items() if share > 0}
    if not wanted or pool.domains is None:
        return []
    if target_domain:
        return [f"The target shares have no effect while {target_domain} is favoured."]
    costs = np.ones(len(rows), np.int64) if pool.costs is None else pool.costs[rows]
    unit = "record" if pool.costs is None else "token"
    taken = np.bincount(pool.domains[rows], costs, minlength=len(pool.shares)).astype(np.int64)
    reported = []
    for name, count in zip(pool.shares, taken.tolist(), strict=False):
        asked = round(wanted.get(name, 0) * budget)
        if count < asked - costs.max(initial=1):
            why = "it holds no more that are free, or pins or rules took the room"
            reported.append(
                f"{name}: {counted(asked, f'{unit} was', f'{unit}s were')} the target, {count:,} taken: {why}."
            )
    return reported


def low_cuts(pool: Pool, drawn: np.ndarray, target_domain: str) -> list[str]:
    """Say where the least entropy drawn is so low that the probe was nearly sure of it. drawn: (m,) row ids without pins."""
    if not len(drawn) or pool.reward is None or pool.domains is None:
        return []
    reward, domains = np.asarray(pool.reward)[drawn], pool.domains[drawn]
    if not target_domain and not any(pool.shares.values()):
        low = [f"{max(reward.min(), 0):.3f}"] if reward.min() < LEAST_ENTROPY else []
    else:
        cuts = {n: reward[domains == k].min() for k, n in enumerate(pool.shares) if (domains == k).any()}
        low = [f"{max(cut, 0):.3f} in {name}" for name, cut in cuts.items() if cut < LEAST_ENTROPY]
    if not low:
        return []
    return [
        f"The entropy at the cut is low: {', '.join(low)}, where {LEAST_ENTROPY:g} nats is little. The probe was nearly sure of "
        "these records, so chance and the domains' wording put them before others more than the records did. Name domains "
        "that are harder to tell apart, or select fewer."
    ]


def _reward(pool: Pool) -> tuple[np.ndarray, np.ndarray]:
    if pool.reward is None or pool.domains is None:
        raise lacking("This method goes by DaaR's domains and rewards, and there are none", "reward")
    return np.asarray(pool.reward, np.float64), pool.domains


def _weights(pool: Pool, params: SelectionParams, domains: np.ndarray) -> np.ndarray:
    """Return (K,) float64 weights of the domains: released code's proportions, or the target shares and sizes for the rest."""
    names = list(pool.shares)
    sizes = np.bincount(domains, minlength=len(names)).astype(np.float64)
    if params.target_domain:
        if params.target_domain not in names:
            raise CurationError(f"target_domain is {params.target_domain!r}; the domains are {', '.join(names)}.")
        return sizes * np.where(np.arange(len(sizes)) == names.index(params.target_domain), _OWN, _OTHER)
    shares = np.array(list(pool.shares.values()))
    rest = np.where(shares > 0, 0, sizes)
    return shares + (1 - shares.sum()) * rest / max(rest.sum(), 1)


def _quotas(pool: Pool, weights: np.ndarray, budget: int, domains: np.ndarray) -> np.ndarray:
    """Return (K,) int64: what each domain gives beside its pins."""
    pinned = np.bincount(domains[pool.pinned], minlength=len(weights))
    held = np.bincount(domains[pool.free_rows()], minlength=len(weights))
    weights = np.where(held + pinned > 0, _giving_way(weights), 0)
    return allocate_quotas(weights, budget, held + pinned, least=pinned) - pinned


def _giving_way(weights: np.ndarray) -> np.ndarray:
    """Return weights with which a domain that is full gives way to the others, those without a target share too."""
    return np.maximum(weights, 1e-9)


def _first_of_each(pool: Pool, domains: np.ndarray, keys: np.ndarray, weights: np.ndarray, budget: int) -> np.ndarray:
    """Return each domain's quota of free rows by ascending keys ((n,) float), all together by ascending keys.

    By costs, all free rows: the domains take turns, each by ascending keys, so that any first part keeps the quotas.
    """
    free = pool.free_rows()
    order = free[np.lexsort((free, keys[free], domains[free]))]
    mine = domains[order]
    if pool.costs is not None:
        given = np.bincount(domains[pool.pinned], pool.costs[pool.pinned], minlength=len(weights))
        return order[by_turns(mine, pool.costs[order], _giving_way(weights), given)[0]]
    quotas = _quotas(pool, weights, budget, domains)
    rank = np.arange(len(order)) - np.searchsorted(mine, mine)
    taken = order[rank < quotas[mine]]
    return taken[np.lexsort((taken, keys[taken]))]


def inter_band(pool: Pool, params: SelectionParams, budget: int) -> Picks:
    """Take a band by phi_inter, the summed cosine to the other domains' centres; 0-20 are the least alike to others."""
    return _band(pool, params, budget, 0)


def intra_band(pool: Pool, params: SelectionParams, budget: int) -> Picks:
    """Take a band by phi_intra, the cosine to the own domain's centre; 0-20 are the farthest from it."""
    return _band(pool, params, budget, 1)


def _groups(pool: Pool, params: SelectionParams) -> np.ndarray:
    """Return (n,) int32 groups: domains, or source labels, where records without one are a group of their own."""
    if params.groups == "domains":
        return _reward(pool)[1]
    sources = pool.sources
    if sources is None or sources.max() < 0:
        raise CurationError("The records have no source labels; name the field that holds them, or go by domains.")
    return np.where(sources < 0, sources.max() + 1, sources).astype(np.int32)


def _band(pool: Pool, params: SelectionParams, budget: int, which: int) -> Picks:
    """Draw each domain's share of the budget, by size, from its band; where that is too small, from what lies next to it."""
    x, domains = unit_rows(pool), _groups(pool, params)
    k = int(domains.max()) + 1
    value = inter_intra_similarity(x, domains, cluster_means(x, domains, k))[which]
    order = np.lexsort((value, domains))
    sizes = np.bincount(domains, minlength=k)
    place = np.empty(len(x))
    place[order] = (np.arange(len(x)) - np.searchsorted(domains[order], domains[order]) + 0.5) / sizes[domains[order]]
    low, high = (int(edge) / 100 for edge in params.band.split("-"))
    outside = np.maximum(np.maximum(low - place, place - high), 0)
    # Inside the band all are alike, and a draw decides; outside it the nearest come first.
    keys = np.where(outside > 0, 1 + outside, np.random.default_rng(params.seed).random(len(x)))
    rows = _first_of_each(pool, domains, keys, sizes.astype(np.float64), budget)
    beside = outside[rows] > 0
    return Picks(rows, value[rows], int(beside.sum()), None if pool.costs is None else beside)


# Why a record is taken or not


def _gave(pool: Pool, weights: np.ndarray, chosen: Selection, domains: np.ndarray) -> np.ndarray:
    """Return (K,) int64 quotas; where tokens or rules leave none in records, what each domain gave beside its pins."""
    if pool.is_limited:
        return np.bincount(domains[chosen.rows[len(pool.pinned) :]], minlength=len(weights))
    return _quotas(pool, weights, chosen.requested, domains)


def _why_daar(pool: Pool, params: SelectionParams, chosen: Selection, rows: np.ndarray) -> list[str]:
    return _why_highest(pool, params, chosen, rows, (*_reward(pool), "predicted entropy ({:.3f} nats)"))


def _why_direct(pool: Pool, params: SelectionParams, chosen: Selection, rows: np.ndarray) -> list[str]:
    return _why_highest(pool, params, chosen, rows, (*_likeness(pool), "likeness to the other domains ({:.3f})"))


def _why_highest(
    pool: Pool,
    params: SelectionParams,
    chosen: Selection,
    rows: np.ndarray,
    by: tuple[np.ndarray, np.ndarray, str],
) -> list[str]:
    """by: what `_highest` goes by, the domains, and its name with a place for a record's own."""
    reward, domains, named = by
    free, names = pool.free_rows(), list(pool.shares)
    by_domain = bool(params.target_domain) or any(pool.shares.values())
    quotas = _gave(pool, _weights(pool, params, domains), chosen, domains) if by_domain else None
    said = []
    for row in rows.tolist():
        rivals = free[domains[free] == domains[row]] if by_domain else free
        above = (reward[rivals] > reward[row]).sum() + (rivals[reward[rivals] == reward[row]] < row).sum()
        place = f"{ordinal(int(above) + 1)} of {len(rivals):,} by {named.format(reward[row])}"
        if quotas is None:
            said.append(f"{place}; {len(chosen) - len(pool.pinned):,} were taken.")
        else:
            said.append(f"{place} in domain {names[domains[row]]}, whose quota is {int(quotas[domains[row]]):,}.")
    return said


def _why_band(pool: Pool, params: SelectionParams, chosen: Selection, rows: np.ndarray) -> list[str]:
    groups = _groups(pool, params)
    names = dict(enumerate(pool.shares)) if params.groups == "domains" else {}
    quotas = _gave(pool, np.bincount(groups).astype(np.float64), chosen, groups)
    filled = set(chosen.rows[chosen.reasons == REASONS.index("filled")].tolist())
    taken = set(chosen.rows.tolist())
    said = []
    for row in rows.tolist():
        group = int(groups[row])
        name = f"domain {names[group]}" if group in names else "its source"
        if row in filled:
            said.append(
                f"beside the band {params.band} of {name}, which holds too few for its quota of {int(quotas[group]):,}."
            )
        elif row in taken:
            said.append(f"drawn from the band {params.band} of {name}, whose quota is {int(quotas[group]):,}.")
        else:
            said.append(
                f"{name} gave its quota of {int(quotas[group]):,} from its band {params.band}; whether this record lies outside "
                "of it or was not drawn is not kept."
            )
    return said


METHODS.add(
    Method(
        name="daar",
        help="The records a probe finds hardest to place in one domain.",
        best_when="the domains on Reward are hard to tell apart and the model is to learn across them.",
        family="papers",
        place=10,
        pick=daar,
        why=_why_daar,
        needs=("reward",),
        options=("target_domain", "quota"),
    )
)
METHODS.add(
    Method(
        name="inter-band",
        help="Inside each domain, a fifth by likeness to other domains.",
        best_when="you study how much nearness to other domains matters.",
        family="papers",
        place=11,
        seconds=lambda n, m: 1e-5 * n,
        pick=inter_band,
        why=_why_band,
        needs=("embed", "reward"),
        options=("band", "groups", "seed"),
    )
)
METHODS.add(
    Method(
        name="intra-band",
        help="Inside each domain, a fifth by nearness to its centre.",
        best_when="you study how typical records of a domain do beside unusual ones.",
        family="papers",
        place=12,
        seconds=lambda n, m: 1e-5 * n,
        pick=intra_band,
        why=_why_band,
        needs=("embed", "reward"),
        options=("band", "groups", "seed"),
    )
)
METHODS.add(
    Method(
        name="direct-diversity",
        help="The records nearest to the centres of the other domains.",
        best_when="you study whether daar's entropy says more than plain nearness to other domains.",
        family="papers",
        place=20,
        seconds=lambda n, m: 1e-5 * n,
        pick=direct_diversity,
        why=_why_direct,
        needs=("embed", "reward"),
        options=("target_domain",),
    )
)
