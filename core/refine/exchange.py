"""A round carried elsewhere and back: its records with ids as JSONL and a README of what to do; scores read in again."""

import json
from pathlib import Path

import numpy as np
import orjson

from ..base import access
from ..base.confinement import check_reading, check_writing
from ..base.errors import COMMAND, CurationError
from ..base.files import file_sha256, replacing
from ..base.params import digest
from ..base.text import counted
from ..data.targets import check_out
from .advance import feedback_result
from .feedback import read_scores
from .run import RefineRun, Round
from .runs import Rounds

RECORDS = "records.jsonl"
_README = """# Round {number} of run {run}: {n_scored} to score

`{records}` has one record a line: `id`, `prompt`, `response`, `cluster`, `round` and, where there is one, `messages` as in the
source. All rounds so far are in it: it is the data to train on.

1. Train your model on `{records}`, for one epoch from the base model.
2. For every record whose `score` is true{all_of_them}, let the trained model answer `prompt`.
3. Write a JSONL file with one line for each of those records, in any order, in one of these forms:

   {{"id": "…", "score": 0.31}}
   {{"id": "…", "gold_score": 4.0, "generated_score": 2.5}}
   {{"id": "…", "gold_losses": [1.9, 0.7], "generated_losses": [0.9, 0.8]}}

   The larger `score` is, the more the model has to learn of the record{weight}.
   `gold_score` and `generated_score` are points for the answer of the data and for the model's, more for the better one, by
   a reward model or a judge; `score` is then gold minus generated. Likelihoods are written as losses, -log p of each token
   under the trained model: `score` is then the mean of the gold losses minus the mean of the generated ones, log PPL_gold - log
   PPL_generated (equation 7 of "Diversify and Conquer"), so that a true answer which the model finds less likely than its
   own counts as more to learn. Do not give log-probabilities as points: they would count the other way round.
4. Bring it back:

   {command} round import {workspace} SCORES.jsonl --run {run}
   {command} refine {workspace} --continue --run {run}
"""


def record_id(row: int, raw: str) -> str:
    """Return the id of a record in an exported round: its row, and a part of its content's hash against mix-ups."""
    return f"{row}-{digest(raw)[:8]}"


def export_round(rounds: Rounds, run: RefineRun, folder: Path) -> Path:
    """Write the latest round of a run into `folder`; return the path of its records. Raises CurationError without a round."""
    access.require(access.EXPORT)
    folder = check_writing(folder)
    made = _latest(rounds, run)
    rounds.check_inputs(run)
    if folder.exists() and not folder.is_dir():
        raise CurationError(f"{folder} is a file; name a folder to write the round to.")
    path = folder / RECORDS
    if folder.exists():
        for name in (RECORDS, "README.md"):
            check_out(folder / name, rounds.workspace.sources())
    rounds.workspace.check_records()
    scored = set(rounds.scored_rows(run, made).tolist())
    labels = rounds.labels(run)
    with replacing(path) as temporary, temporary.open("wb") as file:
        for number, rows in [(each.number, rounds.kept_rows(each)) for each in rounds.rounds(run.id)]:
            table = rounds.workspace.records().take(rows, ["prompt", "response", "raw"])
            for row, prompt, response, raw in zip(
                rows.tolist(), *(table[c].to_pylist() for c in table.column_names), strict=True
            ):
                entry = {
                    "id": record_id(row, raw),
                    "prompt": prompt,
                    "response": response,
                    "cluster": int(labels[row]),
                    "round": number,
                    "score": row in scored,
                }
                messages = orjson.loads(raw).get("messages")
                if messages:
                    entry["messages"] = messages
                file.write(json.dumps(entry, ensure_ascii=False).encode() + b"\n")
    text = _README.format(
        number=made.number,
        run=run.id,
        n_scored=counted(len(scored), "record"),
        records=RECORDS,
        workspace=rounds.workspace.folder,
        command=COMMAND,
        weight=", and the more weight its cluster gets"
        if run.params.direction == "harder"
        else "; this run gives such clusters less weight",
        all_of_them=" (here: all of them)" if run.params.scored == "all" else "",
    )
    with replacing(folder / "README.md") as temporary:
        temporary.write_text(text, encoding="utf-8")
    return path


def import_scores(rounds: Rounds, run: RefineRun, path: Path) -> Round:
    """Take the scores of the latest round from `path`; return the round. Raises CurationError and takes nothing at a fault."""
    path = check_reading(path)
    made = _latest(rounds, run)
    if run.params.feedback != "import":
        raise CurationError(
            f"Run {run.id} gets its feedback by {run.params.feedback}, not from a file; start one with import."
        )
    if made.feedback:
        raise CurationError(
            f"Round {made.number} of run {run.id} has its scores already; take the round back first, or fork the run."
        )
    rounds.check_inputs(run)
    wanted = rounds.scored_rows(run, made)
    rows = rounds.taken(run, with_dropped=True) if run.params.scored == "all" else np.unique(rounds.rows(made))
    raws = rounds.workspace.records().take(rows, ["raw"])["raw"].to_pylist()
    ids = {record_id(row, raw): row for row, raw in zip(rows.tolist(), raws, strict=True)}
    # What a curator dropped after the round was exported may have a score or not.
    must = set(wanted.tolist())
    optional = {name for name, row in ids.items() if row not in must}
    found = read_scores(path, ids, optional)
    key = digest("import", rounds.feedback_key(run, made), file_sha256(path))
    rounds.results.keep("feedback", key, lambda: feedback_result(rounds, run, made, found))
    rounds.workspace.ledger.set_feedback(made.id, key)
    return made


def _latest(rounds: Rounds, run: RefineRun) -> Round:
    standing = rounds.rounds(run.id)
    if not standing:
        raise CurationError(
            f"Run {run.id} has no round yet",
            command=f"run: {COMMAND} refine {rounds.workspace.folder} --continue",
            page="press Next round on the Refine page",
        )
    return standing[-1]
