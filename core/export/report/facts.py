"""What a report says of how a selection came about: the data, the method, the map, the clusters, the people, the hashes."""

import hashlib
import json
from typing import Any

import numpy as np

from ...base.errors import COMMAND
from ...base.text import counted, shorten
from ...data.manifest import export_lines, library_versions
from ...evidence.versions import find_version
from ...refine.params import FEEDBACKS
from ...refine.runs import Rounds
from ...selection.limits import limits_in_words
from ...selection.method import METHODS
from ...selection.params import EarlierParams, RoundsParams, VersionParams
from ...selection.status import DROPPED, FREE, PINNED, SELECTED
from ...workspace.deciding import overrides_of
from ...workspace.edits import edited_raws, edits_of
from ...workspace.results import Results
from ...workspace.shape import cluster_names
from .blocks import CODE, NUMBER, TEXT, Block, Example, Examples, Key, Paragraph, Picture, Section, Table, moment
from .figures import STATUS_COLOURS, map_picture

_MOST_CLUSTERS = 20
_STATUSES = ("not selected", "selected", "pinned", "dropped")
_COLOUR_NAMES = ("grey", "teal", "orange", "red")


def data(results: Results) -> Section:
    """Say what the records are and how they were read."""
    dataset = results.workspace.dataset()
    rows = (
        ("File", dataset.file),
        ("Records", f"{dataset.n_records:,}"),
        ("Not read", f"{dataset.n_rejects:,}"),
        ("Fields", dataset.fields),
        ("Read with", _in_a_row(dataset.params)),
        ("SHA-256", dataset.sha256),
        *((part.repo, f"at commit {part.commit}, licence: {part.licence or 'not said'}") for part in dataset.hub),
    )
    return Section("Data", (Table(("What", "Value"), rows, TEXT + TEXT),))


def method(results: Results, facts: dict[str, Any]) -> Section:
    """Say how the selection was made. facts: of its manifest."""
    params = results.params("select")
    if isinstance(params, RoundsParams):
        blocks = _by_rounds(Rounds(results), params, facts)
    elif isinstance(params, VersionParams):
        blocks = _by_version(results, params, facts)
    elif isinstance(params, EarlierParams):
        blocks = _by_earlier(params, facts)
    else:
        blocks = [Paragraph(f"{params.method}: {METHODS[params.method].help}"), settings("Settings", params.as_dict())]
        blocks += [_target(facts["target"])] if "target" in facts else []
    reported = [Paragraph(text) for text in (*limits_in_words(facts), facts["shortfall"], *facts["warnings"]) if text]
    return Section("Method", (*blocks[:1], *reported, *blocks[1:]))


def _target(held: dict[str, Any]) -> Table:
    """Return what the examples of a target are, and what was taken for each label."""
    rows = [(file["name"], f"{file['file']}, SHA-256 {file['sha256']}") for file in held["files"]]
    rows += [("Picked records", f"{held['n_picked']:,}")] if held["n_picked"] else []
    rows += [(label, f"{counted(n, 'example')}, {held['taken'][label]:,} taken") for label, n in held["labels"].items()]
    rows.append(("Overlap with the examples, left out", counted(held["n_left_out"], "record")))
    return Table(("What", "Value"), tuple(rows), TEXT + TEXT, f"The target, by {held['by']}")


def settings(title: str, values: dict[str, Any]) -> Table:
    """Return params as a table."""
    rows = tuple((name, setting(value)) for name, value in values.items())
    return Table(("Setting", "Value"), rows, TEXT + TEXT, title)


def setting(value: Any) -> str:
    """Return a param's value as text."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or (not isinstance(value, int | float) and not value):
        return "–"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _in_a_row(values: dict[str, Any]) -> str:
    return ", ".join(f"{name} {setting(value)}" for name, value in values.items())


def _by_rounds(rounds: Rounds, params: RoundsParams, facts: dict[str, Any]) -> list[Block]:
    run, held = rounds.run(params.run), facts["rounds"]
    feedback = run.params.feedback
    scored = sum(bool(made["feedback"]) for made in held["rounds"])
    text = (
        f"Rounds: every round draws from the clusters by their weights, and feedback on what is taken moves the weights. This "
        f"is run {run.id}{f' by {run.who}' if run.who else ''}, {params.rounds} of {counted(run.params.rounds, 'round')}, "
        f"{scored} of "
        f"them with feedback. Feedback by {feedback}: {FEEDBACKS[feedback]}"
    )
    if run.parent:
        text += f" The run was forked from run {run.parent} after round {run.parent_round}."
    applied = {"temperature in force": run.params.softmax_temperature}
    tables = [settings("Settings of the run", run.params.as_dict() | applied)]
    if "lm" in held:
        tables.append(settings("Settings of the feedback by a language model", held["lm"]))
    warned = [Paragraph(run.warning)] if run.warning else []
    return [Paragraph(text), *warned, *tables]


def _by_version(results: Results, params: VersionParams, facts: dict[str, Any]) -> list[Block]:
    version, made_by = find_version(results.workspace, params.name), facts["version"]["made_by"]
    text = f"The saved version “{version.name}” was restored: {counted(version.n, 'record')}, kept"
    text += f" by {version.who}" if version.who else ""
    text += f" at {moment(version.at)} UTC." + (f" Note: {version.note}" if version.note else "")
    blocks = [Paragraph(text)]
    if "from" in made_by:
        came = made_by["from"]
        blocks.append(
            Paragraph(
                f"It came from the file {came['file']}: {came['n_in_the_data']:,} of its {came['n_records']:,} records are in "
                "this data."
            )
        )
    if "rounds" in made_by:
        blocks.append(settings("Settings of the rounds that made it", made_by["rounds"]["params"]))
    elif selected := made_by.get("stages", {}).get("select"):
        blocks.append(settings("Settings that made it", selected["params"]))
    return blocks


def _by_earlier(params: EarlierParams, facts: dict[str, Any]) -> list[Block]:
    text = (
        f"An earlier selection, {facts['selection']['title']}, was made current again as it stood: {params.n:,} records. What "
        "was decided or changed since has no effect on it."
    )
    return [Paragraph(text), settings("Settings that made it", params.made_by)]


def map_of(results: Results, rows: np.ndarray) -> Section:
    """Show every record on the map, coloured by what became of it. rows: the selected row ids."""
    key = results.current("project")
    if not key:
        return Section(
            "Map", (Paragraph("There is no map of this data. Draw it with:", f"{COMMAND} project WORKSPACE"),)
        )
    xy = np.asarray(results.workspace.array("project", key))
    statuses = np.full(len(xy), FREE, np.int8)
    statuses[rows] = SELECTED
    statuses[overrides_of(results).pinned] = PINNED
    statuses[overrides_of(results).dropped] = DROPPED
    counts = np.bincount(statuses, minlength=len(_STATUSES))
    keys = tuple(
        Key(STATUS_COLOURS[status], _COLOUR_NAMES[status], f"{counts[status]:,} {_STATUSES[status]}")
        for status in range(len(_STATUSES))
        if counts[status]
    )
    text = "Every record is a point; near points are alike in meaning. Distances on a flat map are rough: no method reads it."
    picture = Picture(map_picture(xy, statuses), "image/png", "Map of all records", keys)
    return Section("Map", (Paragraph(text), picture))


def clusters(results: Results, rows: np.ndarray) -> Section:
    """Say what the largest clusters held and what was taken from them. rows: the selected row ids, with repeats."""
    labels = results.array("cluster")
    if labels is None:
        return Section("Clusters", (Paragraph("The data has no clusters."),))
    names = cluster_names(results)
    held = np.bincount(labels, minlength=len(names))
    taken = np.bincount(labels[rows], minlength=len(names))
    n_held = np.count_nonzero(held)  # one that was merged into another holds none
    order = np.argsort(-held, kind="stable")[: min(n_held, _MOST_CLUSTERS)].tolist()
    some = f" These are the {len(order)} that hold most." if len(order) < n_held else ""
    text = f"Something was taken from {np.count_nonzero(taken):,} of {counted(n_held, 'cluster')}.{some}"
    lines = tuple(
        (cluster, names[cluster], int(held[cluster]), int(taken[cluster]), f"{taken[cluster] / held[cluster]:.1%}")
        for cluster in order
    )
    columns = ("No.", "Cluster", "Held", "Taken", "Taken of held")
    return Section("Clusters", (Paragraph(text), Table(columns, lines, NUMBER + TEXT + 3 * NUMBER)))


def examples(results: Results, rows: np.ndarray, count: int, seed: int) -> Section:
    """Show `count` selected records and as many others, drawn by the seed. rows: the selected row ids."""
    everything = np.arange(results.workspace.dataset().n_records)
    blocks = []
    for place, (title, those) in enumerate(
        (("Selected", np.unique(rows)), ("Not selected", np.setdiff1d(everything, rows)))
    ):
        drawn = np.random.default_rng([seed, place]).choice(those, min(count, len(those)), replace=False)
        if len(drawn):
            blocks.append(Examples(title, _records(results, np.sort(drawn))))
    text = f"Drawn at random with the seed {seed}; texts are cut at 600 characters."
    return Section("Examples", (Paragraph(text), *blocks) if blocks else (Paragraph("None were asked for."),))


def _records(results: Results, rows: np.ndarray) -> tuple[Example, ...]:
    table = results.workspace.records().take(rows, ["prompt", "response", "source"]).to_pylist()
    labels = results.array("cluster")
    names = [] if labels is None else cluster_names(results)
    shown = []
    for row, record in zip(rows.tolist(), table, strict=True):
        title = f"Record {row:,}"
        title += f", cluster {labels[row]} ({shorten(names[labels[row]], 60)})" if names else ""
        title += f", source {shorten(record['source'], 60)}" if record["source"] else ""
        shown.append(Example(title, record["prompt"], record["response"]))
    return tuple(shown)


def fingerprints(results: Results, rows: np.ndarray, facts: dict[str, Any]) -> Section:
    """Say by what the selection can be checked and made again. rows: as an export has them; facts: of the manifest."""
    hasher = hashlib.sha256()
    edited = edited_raws(results.workspace, edits_of(results))
    for text in export_lines(results.workspace.records(), rows, edited):
        hasher.update(text)
    files = ((facts["input"]["file"], facts["input"]["sha256"]), ("an export of the selection", hasher.hexdigest()))
    held = facts["stages"]
    stages = tuple((stage, results.current(stage), _in_a_row(info.get("params", {}))) for stage, info in held.items())
    return Section(
        "Fingerprints",
        (
            Paragraph("The same data, settings and decisions give the same keys, and the same records byte for byte."),
            Table(("File", "SHA-256"), files, TEXT + CODE, "Files"),
            Table(("Stage", "Key", "Settings"), stages, TEXT + CODE + TEXT, "Stages"),
            Table(("Library", "Version"), tuple(library_versions().items()), TEXT + TEXT, "Versions"),
        ),
    )
