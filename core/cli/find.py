"""The verb that finds records: by words, by meaning, by filters; listed, written, or decided on."""

import argparse
from pathlib import Path

import numpy as np
import orjson

from ..base.errors import CurationError
from ..base.files import replacing
from ..base.text import counted, shorten
from ..data.targets import check_out
from ..models.named_encoders import encoder_of
from ..run.pipeline import Pipeline
from ..selection.finding.find import Found, find, sentence_model
from ..selection.finding.query import NEAREST, Query, parse_filter
from ..workspace.deciding import decide_records
from ..workspace.ledger import user_name
from .decisions import follow, parse_rows
from .opening import open_pipeline
from .options import add_device
from .verbs import Verbs

_BLOCK = 4096


def add_verbs(verbs: Verbs) -> None:
    """Declare the verb."""
    sub = verbs.add("find", "Find records by words, by meaning and by filters; all that is given must hold.", run)
    sub.add_argument(
        "words", nargs="?", default="", help="as in 'bread \"sour dough\" photo* *synth* prompt:rye -cake'"
    )
    sub.add_argument("--like", default="", help="a sentence; the nearest in meaning are found")
    sub.add_argument("--more-like", help="records, as in 3,17; the nearest to them are found")
    sub.add_argument("--nearest", type=int, default=NEAREST, help=f"how many nearest ones ({NEAREST})")
    sub.add_argument(
        "--where",
        action="append",
        default=[],
        help="a filter, as in quality>0.5, source=gsm8k or words=10..50; repeat it",
    )
    sub.add_argument("--in-order", action="store_true", help="in the data's order, not the best match first")
    sub.add_argument("--model", default="", help="what reads the sentence, where the embeddings came from a file")
    sub.add_argument("--limit", type=int, default=20, help="how many to list (20); --out and decisions take all")
    sub.add_argument("--out", help="write all that were found as JSONL: row, cosine, record")
    decided = sub.add_mutually_exclusive_group()
    decided.add_argument("--pin", action="store_true", help="pin all that were found")
    decided.add_argument("--drop", action="store_true", help="drop all that were found")
    sub.add_argument("--note", default="", help="why, for those who read the decision later")
    add_device(sub)


def run(arguments: argparse.Namespace) -> None:
    """Find, list, write and decide."""
    pipeline = open_pipeline(arguments)
    query = _query(arguments, pipeline.n_records())
    if arguments.limit < 0:
        raise CurationError(f"--limit is {arguments.limit}; it must be a whole number of at least 0.")
    if arguments.out:
        check_out(Path(arguments.out), pipeline.workspace.sources())
    found = find(pipeline, query, _encoder(pipeline, query, arguments))
    print(f"{counted(len(found.rows), 'record')}: {query.label}")
    if found.note:
        print(found.note)
    _list(pipeline, found, arguments.limit)
    if arguments.out:
        _write(pipeline, found, Path(arguments.out))
        print(f"written to {arguments.out}")
    if action := "pin" if arguments.pin else "drop" if arguments.drop else "":
        note = arguments.note or f"found: {query.label}"
        decision = decide_records(pipeline.workspace, action, found.rows, user_name(), note)
        print(f"{action}: {counted(len(decision.rows), 'record')} (decision {decision.id})")
        follow(pipeline)


def _query(arguments: argparse.Namespace, n_records: int) -> Query:
    more_like = parse_rows(arguments.more_like, n_records) if arguments.more_like else ()
    return Query(
        words=arguments.words,
        like=arguments.like,
        more_like=tuple(int(row) for row in more_like),
        filters=tuple(parse_filter(text) for text in arguments.where),
        nearest=arguments.nearest,
        in_order=arguments.in_order,
    )


def _encoder(pipeline: Pipeline, query: Query, arguments: argparse.Namespace):
    known = (arguments.model, 0) if arguments.model else sentence_model(pipeline)
    if not query.like.strip() or known is None:
        return None
    return encoder_of(*known, device=arguments.device).encode


def _list(pipeline: Pipeline, found: Found, limit: int) -> None:
    rows = found.rows[:limit]
    for i, record in enumerate(pipeline.workspace.records().take(rows, ["prompt", "response", "source"]).to_pylist()):
        cosine = "" if found.scores is None else f"  {found.scores[i]:.3f}"
        text = shorten(record["prompt"] or record["response"], 80)
        print(f"{rows[i]:>9}{cosine}  {shorten(record['source'] or '', 24):<24}  {text}")


def _write(pipeline: Pipeline, found: Found, out: Path) -> None:
    records = pipeline.workspace.records()
    with replacing(out) as temporary, temporary.open("wb") as file:
        for start in range(0, len(found.rows), _BLOCK):
            rows = found.rows[start : start + _BLOCK]
            scores = np.full(len(rows), np.nan) if found.scores is None else found.scores[start : start + _BLOCK]
            raws = records.take(rows, ["raw"])["raw"].to_pylist()
            for row, score, raw in zip(rows.tolist(), scores.tolist(), raws, strict=True):
                line = {"row": row} | ({} if found.scores is None else {"cosine": round(score, 6)})
                file.write(orjson.dumps(line | {"record": orjson.Fragment(raw)}) + b"\n")
