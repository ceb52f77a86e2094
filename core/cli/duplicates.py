"""The verb for near-duplicates: it finds them, says how many there are at a threshold, and drops all but the best of each group."""

import argparse

from ..base.text import counted, shorten
from ..run.pipeline import STAGES, Pipeline
from ..vectors.duplicates.params import KEEP, WAYS, DuplicateParams, Threshold
from ..vectors.duplicates.stage import Found, groups_at, keep_best, note_of
from ..workspace.deciding import decide_records
from ..workspace.ledger import user_name
from .decisions import follow
from .opening import run_stage
from .options import add_engine, add_options, read
from .verbs import Verbs


def add_verbs(verbs: Verbs) -> None:
    """Declare the verb."""
    usual = Threshold()
    sub = verbs.add("duplicates", STAGES["duplicates"].help, run)
    sub.add_argument("--by", choices=tuple(WAYS), default=usual.by, help=f"what makes two records alike ({usual.by})")
    sub.add_argument("--threshold", type=float, default=usual.cosine, help=f"the cosine from which on ({usual.cosine})")
    sub.add_argument("--jaccard", type=float, default=usual.jaccard, help=f"the same of words ({usual.jaccard})")
    sub.add_argument("--keep", choices=tuple(KEEP), default="quality", help="which of a group is kept (quality)")
    sub.add_argument("--sources", default="", help="for --keep source: their order, the best first, as in gsm8k,t0")
    sub.add_argument("--limit", type=int, default=10, help="how many groups to list, the largest first (10)")
    sub.add_argument("--apply", action="store_true", help="drop all but the best of each group, as one decision")
    add_options(sub, DuplicateParams)
    add_engine(sub)


def run(arguments: argparse.Namespace) -> None:
    """Find, count, list and drop."""
    params = read(arguments, DuplicateParams)
    threshold = Threshold(arguments.by, arguments.threshold, arguments.jaccard)
    threshold.check(params)
    pipeline = run_stage("duplicates", params, arguments)
    order = [name.strip() for name in arguments.sources.split(",") if name.strip()]
    found = keep_best(pipeline, groups_at(pipeline, threshold), arguments.keep, order)
    groups = found.groups
    print(f"{counted(len(groups), 'group')} of {counted(len(groups.rows), 'record')} with {threshold.label}")
    _list(pipeline, found, arguments.limit)
    if not arguments.apply or not len(found.drop):
        print(f"{counted(len(found.drop), 'record')} to drop" + (": add --apply" if len(found.drop) else ""))
        return
    note = note_of(threshold, arguments.keep, order)
    decision = decide_records(pipeline.workspace, "drop", found.drop, user_name(), note)
    print(f"drop: {counted(len(decision.rows), 'record')} (decision {decision.id})")
    follow(pipeline)


def _list(pipeline: Pipeline, found: Found, limit: int) -> None:
    n = min(max(limit, 0), len(found.groups))
    shown = [found.keep[i] if found.keep[i] >= 0 else found.groups.members(i)[0] for i in range(n)]
    texts = pipeline.workspace.records().take(shown, ["text"])["text"].to_pylist()
    for row, size, text in zip(shown, found.groups.sizes, texts, strict=False):
        print(f"{size:>7,}  {row:>9}  {shorten(text, 90)}")
