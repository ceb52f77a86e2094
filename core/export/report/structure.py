"""What a report says of the clusters' quality by their number, and of what another embedder would change."""

from ...base.errors import COMMAND
from ...evidence.embedders import Transfer, known_transfer
from ...workspace.results import Results
from .blocks import NUMBER, TEXT, Block, Paragraph, Section, Table

_TITLE = "Cluster quality"


def cluster_quality(results: Results) -> Section:
    """Show what several numbers of clusters came to, and what stays under another embedder, where these were looked at."""
    return Section(_TITLE, (*_by_number(results), *_transfer(results)))


def _by_number(results: Results) -> tuple[Block, ...]:
    key = results.current("suggest")
    if not key:
        text = "Other numbers of clusters were not tried on this data. Do it, then write the report again:"
        return (Paragraph(text, f"{COMMAND} suggest WORKSPACE"),)
    info, used = results.workspace.info("suggest", key), len((results.info("cluster") or {}).get("sizes", ()))
    rows = tuple(
        (
            f"{choice['n_clusters']:,}{', as here' if choice['n_clusters'] == used else ''}",
            f"{choice['silhouette']:.3f}",
            f"{choice['objective']:.4f}",
            f"{choice['too_small']:.0%}",
            f"{choice['singletons']:.0%}",
        )
        for choice in info["choices"]
    )
    columns = ("Clusters", "Silhouette", "Mean squared distance", "Too small for their share", "Of one record")
    caption = "Quality by the number of clusters (arXiv 2409.11378, section 4.4)"
    return Table(columns, rows, TEXT + 4 * NUMBER, caption), Paragraph(" ".join(info["advice"]))


def _transfer(results: Results) -> tuple[Block, ...]:
    found = known_transfer(results)
    if found is None:
        text = "These clusters and this selection were not compared with another embedder's. Do it, then write the report again:"
        return (Paragraph(text, f"{COMMAND} compare-embedders WORKSPACE FILE.npy"),)
    rows = [
        ("Clusters, adjusted mutual information", f"{found.clusters:.3f}", f"{found.clusters_by_seed:.3f}", "0.000"),
        *_selection(found),
        (
            f"A record's {found.params.neighbors} nearest",
            f"{found.neighbors:.1%}",
            "100.0%",
            f"{found.neighbors_by_chance:.1%}",
        ),
    ]
    columns = ("What", "Stays", "With another seed", "By chance")
    text = (
        f"The same records by the embeddings in {found.params.file}: how much stays as it is here. Another seed of k-means, on "
        "today's embeddings, changes clusters and what is drawn from them by itself. The selection's own seed is the same."
    )
    said = [Paragraph(f"The selection was not made anew: {found.why_not}.")] if found.why_not else []
    return Table(columns, tuple(rows), TEXT + 3 * NUMBER, "Under another embedder"), Paragraph(text), *said


def _selection(found: Transfer) -> list[tuple[str, ...]]:
    if found.selection is None:
        return []
    shares = (found.selection, found.selection_by_seed, found.by_chance)
    return [("The selection", *(f"{share:.1%}" for share in shares))]
