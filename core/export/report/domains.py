"""What a report says of DaaR's domains: how far they lie apart and how wide each is spread, and how far draws of it agree."""

from typing import Any

import numpy as np

from ...base.text import shorten
from ...evidence.by_domain import means_by_domain
from ...measures.domain_means import DomainMeans, domain_variances, global_inter
from ...selection.over_draws import HARDLY, PERHAPS, SURELY
from ...workspace.results import Results
from .blocks import NUMBER, SHORT, TEXT, Paragraph, Section, Table


def domains(results: Results, rows: np.ndarray) -> list[Section]:
    """Set the selection's domains beside the data's, where DaaR found some. rows: the selected row ids, with repeats."""
    info, x = results.info("reward"), results.array("embed")
    if info is None or x is None:
        return []
    names, groups = info["names"], results.column("reward", "domain")
    chosen, every = (means_by_domain(x, each, groups, len(names)) for each in (rows, np.arange(len(x))))
    text = (
        "Inter-diversity is the mean distance between the centres of two domains, intra-diversity the mean squared distance of "
        "a domain's records to its centre (equations 2 and 3 of arXiv 2502.04380): more is more diverse. The selection's "
        f"inter-diversity is {_figure(global_inter(chosen))}, the data's {_figure(global_inter(every))}."
    )
    blocks = [Paragraph(text), _spread(names, chosen, every)]
    if over_draws := (results.info("select") or {}).get("draws"):
        blocks += [Paragraph(_told(over_draws)), _agreement(info, over_draws), _shares(over_draws)]
    return [Section("Domains", tuple(blocks))]


def _spread(names: list[str], chosen: DomainMeans, every: DomainMeans) -> Table:
    lines = []
    variances = [domain_variances(found) for found in (chosen, every)]
    for k, name in enumerate(names):
        shares = [f"{found.counts[k] / max(found.counts.sum(), 1):.1%}" for found in (chosen, every)]
        lines.append((shorten(name, 80), *shares, *(_figure(each[k]) for each in variances)))
    columns = ("Domain", "Of the selection", "Of the data", "Intra-diversity, selection", "Intra-diversity, data")
    return Table(columns, tuple(lines), TEXT + 4 * NUMBER)


def _agreement(info: dict[str, Any], over_draws: dict[str, Any]) -> Table:
    ranks = {(i, j): rho for i, j, rho in info["agreement"]}
    lines = tuple(
        (f"{i + 1} and {j + 1}", _figure(ranks.get((i, j))), f"{share:.0%}") for i, j, share in over_draws["overlaps"]
    )
    return Table(("Draws", "Spearman of rewards", "Selected by both"), lines, SHORT + 2 * NUMBER, "Draws, two by two")


def _shares(over_draws: dict[str, Any]) -> Table:
    lines = tuple(
        (shorten(name, 80), f"{least:.1%}", f"{most:.1%}") for name, (least, most) in over_draws["shares"].items()
    )
    title = "A domain's share of what a draw selects"
    return Table(("Domain", "Least", "Most"), lines, TEXT + 2 * NUMBER, title)


def _told(over_draws: dict[str, Any]) -> str:
    words = ", ".join(f"{over_draws[word]:,} {word}" for word in (SURELY, PERHAPS, HARDLY))
    return (
        f"The rewards are the means of {over_draws['n']} draws of seeds and probes. Of the records selected by them, the draws "
        f"alone would take {words}: surely is by all of them, perhaps by half at least. {over_draws['passed_over']:,} others "
        "are passed over, though half of the draws take them."
    )


def _figure(value: float | None) -> str:
    return "–" if value is None or np.isnan(value) else f"{value:.4f}"
