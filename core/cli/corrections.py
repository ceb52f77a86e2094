"""The verbs by which people correct what was found or given: clusters named, merged and split, fields of records edited."""

import argparse
from pathlib import Path

from ..base.errors import CurationError
from ..base.text import shorten
from ..run.pipeline import Pipeline
from ..vectors import reshaping
from ..workspace.decisions import Decision
from ..workspace.edits import edit_record, editable_fields, edits_in
from ..workspace.ledger import user_name
from ..workspace.shape import cluster_names
from ..workspace.told import told
from .decisions import add_note
from .opening import open_pipeline
from .verbs import Verbs


def add_verbs(verbs: Verbs) -> None:
    """Declare the verbs."""
    ways = verbs.add_ways("recluster", "Name, merge or split clusters by hand.", "rename|merge|split")
    way = ways.add("rename", "Give a cluster a name of your own.", rename)
    way.add_argument("--cluster", type=int, required=True, help="the cluster's number")
    way.add_argument("--name", required=True, help="its name")
    add_note(way)
    way = ways.add("merge", "Make one cluster of several; it keeps the lowest number.", merge)
    way.add_argument("--clusters", required=True, help="their numbers, as in 3,17")
    add_note(way)
    way = ways.add("split", "Split a cluster by k-means inside it; the largest part keeps the number.", split)
    way.add_argument("--cluster", type=int, required=True, help="the cluster's number")
    way.add_argument("--parts", type=int, default=2, help="into how many (2)")
    way.add_argument("--seed", type=int, default=0, help="of everything random (0)")
    add_note(way)
    sub = verbs.add("edit", "Correct a field of a record; the original stays, an export has the new text.", edit)
    sub.add_argument("row", type=int, help="the record's number")
    sub.add_argument("--field", help="as in the data, or prompt or response; without it the fields are listed")
    sub.add_argument("--text", help="its new text")
    sub.add_argument("--file", help="a file that holds its new text, UTF-8; one line break at its end is left out")
    add_note(sub)


def rename(arguments: argparse.Namespace) -> None:
    """Give a cluster another name."""
    pipeline = open_pipeline(arguments)
    made = reshaping.rename_cluster(pipeline, arguments.cluster, arguments.name, user_name(), arguments.note)
    print(f"rename: cluster {made.cluster} is {made.text} (decision {made.id})")


def merge(arguments: argparse.Namespace) -> None:
    """Make one cluster of several."""
    pipeline = open_pipeline(arguments)
    clusters = [part.strip() for part in arguments.clusters.split(",")]
    if not all(part.isdecimal() for part in clusters):
        raise CurationError(f"clusters is {arguments.clusters!r}; write cluster numbers, as in 3,17.")
    made = reshaping.merge_clusters(pipeline, [*map(int, clusters)], user_name(), arguments.note)
    _say_shape(pipeline, made, (made.cluster,))


def split(arguments: argparse.Namespace) -> None:
    """Split a cluster."""
    pipeline = open_pipeline(arguments)
    made = reshaping.split_cluster(
        pipeline, arguments.cluster, arguments.parts, arguments.seed, user_name(), arguments.note
    )
    _say_shape(pipeline, made, made.numbers[1:])


def _say_shape(pipeline: Pipeline, made: Decision, clusters: tuple[int, ...]) -> None:
    now = pipeline.fresh()
    sizes, names = now.info("cluster")["sizes"], cluster_names(now)
    print(f"{told(made)} (decision {made.id})")
    for cluster in clusters:
        print(f"{cluster:>5} {sizes[cluster]:>9,}  {names[cluster]}")


def edit(arguments: argparse.Namespace) -> None:
    """Give a field of a record another text, or list the record's fields."""
    workspace = open_pipeline(arguments).workspace
    if arguments.field is None:
        if arguments.text is not None or arguments.file is not None:
            raise CurationError("Which field has this text? Name it with --field.")
        standing = edits_in(workspace).get(arguments.row, {})
        for field in editable_fields(workspace, arguments.row):
            mark = " (edited)" if field.name in standing else ""
            print(f"{field.name:<20} {field.part:<10} {shorten(standing.get(field.name, field.text), 80)}{mark}")
        return
    text = _text_of(arguments)
    decision = edit_record(workspace, arguments.row, arguments.field, text, user_name(), arguments.note)
    print(f"edit: {decision.field} of record {arguments.row} (decision {decision.id})")


def _text_of(arguments: argparse.Namespace) -> str:
    if (arguments.text is None) == (arguments.file is None):
        raise CurationError("Give the new text with one of --text and --file.")
    if arguments.text is not None:
        return arguments.text
    try:
        return Path(arguments.file).read_bytes().decode().removesuffix("\n").removesuffix("\r")
    except (OSError, UnicodeDecodeError) as error:
        raise CurationError(f"{arguments.file} can't be read as UTF-8 text ({error}); give another file.") from error
