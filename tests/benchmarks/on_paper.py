"""`python -m tests.benchmarks on-paper`: what 10 million, 100 million and a billion records would need, on paper.

Arithmetic on measured constants, each with where it was measured; nothing runs. When one of those is measured anew, it is changed
here, and the README's table is printed anew (`tests/test_on_paper.py` holds the two together).
"""

import dataclasses

SIZES = (10_000_000, 100_000_000, 1_000_000_000)
WIDTH, CLUSTERS = 384, 512
SAMPLED = 256 * CLUSTERS  # records that k-means is trained on, at most
LISTED = 64 * (4 + 4 + 4 + 4)  # bytes: a record's 64 nearest, with cosines, and both turned round (`_sparse_cover.py`)
KEPT = 4 * WIDTH + 4 + 4 + 8 + 4 + 16  # bytes on disk: embedding, cluster, distance, place on the map, score, hash


@dataclasses.dataclass(frozen=True)
class Measured:
    """value: of what, in which unit. source: the benchmark that measured it, as the README's *Speed* says."""

    value: float
    unit: str
    source: str


EMBEDDED = Measured(251 / 2, "records a second and core, of 143 tokens", "embed")
PASS = Measured(4.4 / (67_193 * CLUSTERS * 25), "s a record, centre and pass, 2 cores", "curate: k-means of 67,193")
REST = Measured(5.2 / 67_193, "s a record, 2 cores: all of curate but k-means", "curate: 67,193")
MAP_START, MAP_EACH = (
    Measured(67 - 200_000 * (158 - 67) / 800_000, "s to fit the sample of 100,000", "layout: 200,000 and 1,000,000"),
    Measured((158 - 67) / 800_000, "s a record that is placed, 2 cores", "layout: 200,000 and 1,000,000"),
)
OVERLAP = Measured(164 / 1_000_000, "s of CPU a record", "decontaminate: 1,000,000")
CONSTANTS = (EMBEDDED, PASS, REST, MAP_START, MAP_EACH, OVERLAP)


def main() -> None:
    """Print the constants and the table."""
    for constant in CONSTANTS:
        print(f"{constant.value:.3g} {constant.unit} (`{constant.source}`)")
    print()
    print("\n".join(table()))


def table() -> list[str]:
    """Return the README's table, a Markdown line each."""
    rows: dict[str, list[str]] = {
        "disk, beside the data's own text, of which a workspace keeps a copy": [_bytes(KEPT * n) for n in SIZES],
        "more of it while embeddings are written": [_bytes(4 * WIDTH * n) for n in SIZES],
        "memory of `facility-location` and `qdit`, for the neighbours": [_bytes(LISTED * n) for n in SIZES],
        "embedding, in core-hours": [f"{n / EMBEDDED.value / 3600:,.0f}" for n in SIZES],
        "embedding, in GPU-hours": ["not measured" for _ in SIZES],
        f"k-means, {CLUSTERS} x 25": [_time(_k_means(n)) for n in SIZES],
        "the rest of `curate` (import, scores, `kmq`, export)": [_time(REST.value * n) for n in SIZES],
        "the map": [_time(MAP_START.value + MAP_EACH.value * n) for n in SIZES],
        "overlap with 12,008 items": [_time(OVERLAP.value * n) for n in SIZES],
    }
    head = ["| what, one machine of 2 cores | 10 million | 100 million | 1 billion |", "| --- | --- | --- | --- |"]
    return head + [f"| {what} | {' | '.join(cells)} |" for what, cells in rows.items()]


def _k_means(n: int) -> float:
    """Return seconds: 25 passes over the sample, one over all."""
    return PASS.value * CLUSTERS * (25 * min(n, SAMPLED) + n)


def _bytes(n: float) -> str:
    return f"{n / 1e12:.1f} TB" if n >= 1e12 else f"{n / 1e9:,.0f} GB"


def _time(seconds: float) -> str:
    return f"{seconds / 3600:,.1f} h" if seconds >= 5400 else f"{seconds / 60:,.0f} min"
