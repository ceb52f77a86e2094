"""Measures of how the selected records lie to each other: see `pairwise.py` for what each is."""

from ..measure import MEASURES, Measure
from ..pairwise import vendi

MEASURES.add(
    Measure(
        "novelsum",
        "NovelSum",
        "How far the records lie from each other, counted more in dense places; the best known sign of a good tuned model.",
        "more",
        1,
        lambda seen: seen.pairs["novelsum"],
        tells_diversity=True,
        goes_by="pairs",
    )
)
MEASURES.add(
    Measure(
        "vendi",
        "Vendi score",
        "How many really different records there seem to be; grows with the number.",
        "more",
        2,
        lambda seen: vendi(seen.vectors, seen.device),
        tells_diversity=True,
    )
)
MEASURES.add(
    Measure(
        "dcscore",
        "DCScore",
        "How surely each record can be told from all the others.",
        "more",
        3,
        lambda seen: seen.pairs["dcscore"],
        tells_diversity=True,
        goes_by="pairs",
    )
)
MEASURES.add(
    Measure(
        "coverage",
        "Coverage",
        "How near every record of the data is to something selected (mean cosine).",
        "more",
        4,
        lambda seen: seen.coverage,
        tells_diversity=True,
        goes_by="coverage",
    )
)
MEASURES.add(
    Measure(
        "nearest",
        "Nearest-neighbour distance",
        "Mean cosine distance of a record to the nearest other one.",
        "more",
        7,
        lambda seen: seen.pairs["nearest"],
        tells_diversity=True,
        goes_by="pairs",
    )
)
MEASURES.add(
    Measure(
        "redundancy",
        "Near-duplicate rate",
        "The share of records with another one nearly like it (cosine 0.95 or more).",
        "less",
        8,
        lambda seen: seen.pairs["redundancy"],
        tells_diversity=True,
        goes_by="pairs",
    )
)
