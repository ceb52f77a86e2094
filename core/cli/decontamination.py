"""The verb for overlap with evaluation data: it finds the records, shows the clearest beside what they hit, and drops them."""

import argparse
from pathlib import Path

import numpy as np

from ..base.files import file_sha256
from ..base.text import counted, shorten
from ..export.decontamination import checked
from ..run.pipeline import STAGES, Pipeline
from ..vectors.overlap.evaluations import evaluations_in
from ..vectors.overlap.hits import Hits, hits_of, items_of, note_of, to_drop
from ..vectors.overlap.params import WAYS, OverlapParams
from ..vectors.overlap.stage import COSINE
from ..workspace.deciding import decide_records, overrides_of
from ..workspace.ledger import user_name
from .decisions import follow
from .opening import run_stage, warn
from .options import add_device, add_options, read
from .verbs import Verbs

_WIDTH = 110


def add_verbs(verbs: Verbs) -> None:
    """Declare the verb."""
    sub = verbs.add("decontaminate", STAGES["decontaminate"].help, run)
    sub.add_argument(
        "evaluations", nargs="+", help="files of evaluation data, each under a name of yours as in NAME=PATH"
    )
    add_options(sub, OverlapParams)
    sub.add_argument("--embeddings", help="the items' own embeddings, a .npy file with one row an item")
    sub.add_argument("--limit", type=int, default=5, help="how many hits of each file and way to show (5)")
    sub.add_argument("--drop", action="store_true", help="drop the records that overlap, as one decision")
    add_device(sub)


def run(arguments: argparse.Namespace) -> None:
    """Find, count, show and drop."""
    vectors = file_sha256(Path(arguments.embeddings)) if arguments.embeddings else ""
    params = read(arguments, OverlapParams, vectors=vectors, evaluations=evaluations_in(arguments.evaluations))
    pipeline = run_stage("decontaminate", params, arguments)
    hits, facts = hits_of(pipeline), pipeline.finished("decontaminate")["evaluations"]
    for i, (evaluation, about) in enumerate(zip(params.evaluations, facts, strict=True)):
        print(f"{evaluation.name}: {counted(about['n_items'], 'item')}, {about['fields']}")
        if about["n_unread"]:
            warn(f"{counted(about['n_unread'], 'entry', 'entries')} of {evaluation.path} could not be read")
        for way, name in enumerate(WAYS):
            if name in about["n_items_hit"]:
                found = hits.only(i, way)
                n_items = counted(about["n_items_hit"][name], "item")
                print(f"  {params.rule_of(name)}: {counted(len(found), 'record')}, with {n_items}")
                _list(pipeline, found.strongest_first().take(np.arange(min(max(arguments.limit, 0), len(found)))))
    _drop(pipeline, hits, params, arguments.drop)


def _list(pipeline: Pipeline, hits: Hits) -> None:
    """Print hits, each record over the item that it hits."""
    texts = pipeline.workspace.records().take(hits.rows, ["text"])["text"].to_pylist()
    for i, (text, item) in enumerate(zip(texts, items_of(pipeline, hits), strict=True)):
        by = f"cosine {hits.scores[i]:.3f}" if hits.ways[i] == COSINE else counted(int(hits.scores[i]), "word")
        print(f"    {by}")
        print(f"      record {hits.rows[i]:>9}  {shorten(text, _WIDTH)}")
        print(f"      item   {hits.items[i]:>9}  {shorten(' '.join(item.values()), _WIDTH)}")
        if words := hits.words(i):
            print(f"      both              {shorten(words, _WIDTH)}")


def _drop(pipeline: Pipeline, hits: Hits, params: OverlapParams, asked: bool) -> None:
    rows, overlapping = to_drop(pipeline, hits), np.unique(hits.rows)
    dropped, pinned = (np.isin(overlapping, each).sum() for each in _decided(pipeline))
    print(f"{counted(len(overlapping), 'record overlaps', 'records overlap')} in all; {dropped:,} dropped already")
    if pinned:
        warn(f"{counted(int(pinned), 'of them is', 'of them are')} pinned, and stays in every selection until cleared")
    if not asked or not len(rows):
        print(f"{counted(len(rows), 'record')} to drop" + (": add --drop" if len(rows) else ""))
        return
    decision = decide_records(pipeline.workspace, "drop", rows, user_name(), note_of(params.evaluations, params))
    print(f"drop: {counted(len(decision.rows), 'record')} (decision {decision.id})")
    follow(pipeline)


def _decided(pipeline: Pipeline) -> tuple[np.ndarray, np.ndarray]:
    overrides = overrides_of(pipeline)
    return overrides.dropped, overrides.pinned


def say_checked(pipeline: Pipeline) -> None:
    """Print what evaluation data the selection was checked against, if it was: a warning where something is left in it."""
    if (found := checked(pipeline)) is not None:
        (print if found.is_clean else warn)(found.said)
