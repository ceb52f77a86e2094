"""DaaR on the pool: pseudo-labels against the sources' families, probes, and the whole of it in seconds and memory."""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from core.daar.centroids import assign_domains, pick_by_description
from core.daar.domains import Domain, domain_as_dict
from core.daar.params import ASSIGNMENTS, DaarParams
from core.daar.probes import spearman
from core.models.encoder import BUNDLED, SentenceEncoder
from core.run.pipeline import Pipeline
from core.selection.over_draws import overlaps
from core.workspace.workspace import Workspace
from tests.benchmarks.data import POOL, ROOT, VECTORS

DOMAINS = (
    Domain("mathematics", "Arithmetic and word problems, algebra, geometry."),
    Domain("coding", "Writing or explaining computer programs and queries."),
    Domain(
        "language tasks",
        "Working with text: reading comprehension, summaries, sentiment, paraphrases, common questions.",
    ),
)
_DRAWS = 5
_STEADY_OF, _MEANS_OF, _SPLITS, _BUDGETS = 10, (1, 3, 5), 20, (0.05, 0.1, 0.2)

_RUN = """
import resource, sys, time
from pathlib import Path
from core.daar.domains import domain_as_dict
from core.models.encoder import BUNDLED
from core.run.pipeline import Pipeline
from core.daar.params import DaarParams
from core.selection.params import SelectionParams
from core.workspace.workspace import Workspace
from tests.benchmarks.daar import DOMAINS

seed, assignment = int(sys.argv[2]), sys.argv[3]
pipeline = Pipeline(Workspace(sys.argv[1]))
started = time.perf_counter()
params = DaarParams(tuple(map(domain_as_dict, DOMAINS)), encoder=BUNDLED, seed=seed, assignment=assignment)
pipeline.run("reward", params)
pipeline.run("select", SelectionParams("20%", "daar", seed=seed))
seconds = time.perf_counter() - started
info = pipeline.workspace.info("reward", pipeline.current("reward"))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
print(seconds, peak, info["accuracy"], info["spearman"], len(pipeline.table("select")))
"""


def macro_f1(labels: np.ndarray, truth: np.ndarray, k: int) -> float:
    """Return the mean over k classes of F1."""
    scores = []
    for one in range(k):
        hits = ((labels == one) & (truth == one)).sum()
        scores.append(2 * hits / max((labels == one).sum() + (truth == one).sum(), 1))
    return float(np.mean(scores))


def main() -> None:
    """Print the tables."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder) / "pool"
        for verb in (
            ["import", str(POOL), "--workspace", str(workspace)],
            ["embed", str(workspace), "--embeddings", str(VECTORS)],
        ):
            subprocess.run([sys.executable, "-m", "core", *verb], cwd=ROOT, check=True, capture_output=True)
        _pseudo_labels(Pipeline(Workspace(workspace)))
        print("  the whole of DaaR, from embeddings to 20 %, descriptions alone; allowed 180 s and 3 GiB")
        for seed in range(3):
            command = [sys.executable, "-c", _RUN, str(workspace), str(seed), "clusters"]
            done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
            seconds, peak, accuracy, rank, n = map(float, done.stdout.split())
            print(
                f"    seed {seed}: {seconds:.1f} s, {peak:.2f} GiB, {n:,.0f} records; domain probe's validation accuracy "
                f"{accuracy:.3f} (wanted 0.90), reward probe's Spearman {rank:.3f} (wanted 0.90)",
                flush=True,
            )
        for assignment in ("clusters", "kmeans"):
            steadiness(Pipeline(Workspace(workspace)), assignment)


def steadiness(pipeline: Pipeline, assignment: str) -> None:
    """Print how much two means of some draws share of what they select: disjoint draws out of ten, the mean of 20 splits."""
    asked = DaarParams(tuple(map(domain_as_dict, DOMAINS)), encoder=BUNDLED, assignment=assignment, draws=_STEADY_OF)
    pipeline.run("reward", asked)
    tables = [pipeline.workspace.table("reward", key) for key in pipeline.info("reward")["draws"]]
    rewards = np.stack([table["reward"].to_numpy() for table in tables])
    rng, n = np.random.default_rng(0), rewards.shape[1]
    print(f"  how much two means of so many draws share, {assignment}, descriptions alone; chance is the budget")
    for n_draws in _MEANS_OF:
        found = []
        for _ in range(_SPLITS):
            order = rng.permutation(_STEADY_OF)
            one, other = (rewards[order[i * n_draws : (i + 1) * n_draws]].mean(axis=0) for i in (0, 1))
            taken = [[np.argsort(-each, kind="stable")[: round(b * n)] for each in (one, other)] for b in _BUDGETS]
            found.append([spearman(one, other), *(overlaps(pair)[0][2] for pair in taken)])
        rho, *shares = np.mean(found, axis=0)
        cells = ", ".join(f"{share:.0%} of a {b:.0%} selection" for share, b in zip(shares, _BUDGETS, strict=True))
        print(
            f"    {n_draws} draws: Spearman {rho:.2f}, {cells} (least {np.min(found, axis=0)[2]:.0%} of 10%)",
            flush=True,
        )


def _pseudo_labels(pipeline: Pipeline) -> None:
    x = pipeline.array("embed")
    names, codes = pipeline.workspace.records().sources()
    family = np.array([0 if n.startswith("gsm8k") else 1 if n.startswith("codealpaca") else 2 for n in names])[codes]
    descriptions = SentenceEncoder(BUNDLED, device="cpu").encode([f"{d.name}: {d.description}" for d in DOMAINS])
    found: dict[tuple[str, str], list[float]] = {}
    for draw in range(_DRAWS):
        rng = np.random.default_rng(draw)
        sample = np.sort(rng.choice(len(x), 5000, replace=False))
        records = np.asarray(x[sample])
        drawn = [x[rng.choice(np.flatnonzero(family == k), 10, replace=False)] for k in range(3)]
        picked = [records[rows] for rows in pick_by_description(records, descriptions, 10)]
        for kind, seeds in (("10 seeds a domain", drawn), ("descriptions alone", picked)):
            for assignment in ASSIGNMENTS:
                labels = assign_domains(records, seeds, assignment, draw).labels
                found.setdefault((kind, assignment), []).append(macro_f1(labels, family[sample], 3))
    print("pseudo-labels of 5,000 records of the pool against the sources' families: macro-F1, mean of 5 draws (least)")
    for (kind, assignment), scores in found.items():
        print(f"  {kind:<20} {assignment:<9} {np.mean(scores):.3f} ({min(scores):.3f})", flush=True)
