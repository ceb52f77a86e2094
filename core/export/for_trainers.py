"""For a trainer: the current selection in just the keys that a trainer reads, its configuration and a manifest beside it.

The manifest ties every line to the record it comes from, and to its line in the untouched export.
"""

import collections
import dataclasses
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..base.errors import CurationError
from ..base.files import together
from ..base.params import Params, option
from ..base.text import counted
from ..data.manifest import export_lines, write_jsonl, write_manifest
from ..data.targets import Source, check_out
from ..data.trainer_formats import TRAINERS
from ..data.trainer_splits import config_of_parts
from ..data.trainers import FORMS, PROBLEMS, Made, Trainer, made_for
from ..workspace.edits import as_edits, edit_facts, edited_raws, edits_among
from ..workspace.results import Results
from .delivery import begin, manifest_facts, selected_rows
from .parts import check_parts, part_files, split_facts, write_parts
from .splitting import REST, WHOLE, SplitParams, split_rows

_MOST_NAMED = 5


@dataclasses.dataclass(frozen=True)
class TrainerParams(Params):
    """For which trainer, in which form, and what is done about records that it would refuse or drop."""

    trainer: str = option(
        "", "for which trainer", label="For", flag="--for", choices=("", *TRAINERS), usual="the records untouched"
    )
    form: str = option("chat", "in which form", label="Form", choices=FORMS)
    problems: str = option(
        "refuse",
        "what is done about records that the trainer would refuse or drop",
        label="Such records",
        choices=PROBLEMS,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.trainer:
            TRAINERS[self.trainer].check(self.form)


@dataclasses.dataclass
class Written:
    """What came of an export. rows: of the lines, in order. problems: {problem: the rows that have it}. repaired: their rows."""

    rows: list[int] = dataclasses.field(default_factory=list)
    problems: dict[str, list[int]] = dataclasses.field(default_factory=dict)
    repaired: list[int] = dataclasses.field(default_factory=list)
    left_out: dict[int, list[str]] = dataclasses.field(default_factory=dict)
    lines: list[int] = dataclasses.field(default_factory=list)

    def in_words(self) -> str:
        """Return the problems with how many records have each, and some of them."""
        told = []
        for problem, rows in self.problems.items():
            some = ", ".join(map(str, rows[:_MOST_NAMED])) + (", …" if len(rows) > _MOST_NAMED else "")
            told.append(f"{problem}: {counted(len(rows), 'record')} ({some})")
        return "; ".join(told)

    def note(self, row: int, line: int, made: Made) -> None:
        """Write down what became of a record."""
        for problem in made.problems:
            self.problems.setdefault(problem, []).append(row)
        if made.line:
            self.rows.append(row)
            self.lines.append(line)
        else:
            self.left_out[row] = made.problems
        if made.is_repaired:
            self.repaired.append(row)


def look_over(results: Results, params: TrainerParams) -> Written:
    """Return what an export for a trainer would be, nothing written."""
    written = Written()
    collections.deque(_lines(results, selected_rows(results), params, written, hashlib.sha256()), maxlen=0)
    return written


def export_for(
    results: Results,
    out: Path,
    params: TrainerParams,
    unfinished: bool = False,
    split: SplitParams = WHOLE,
    update: bool = False,
) -> tuple[Path, Written]:
    """Write the current selection for a trainer to `out`, its configuration and manifest beside it; return the manifest's path.

    split: into which parts of the rows that are written, each a file of its own in place of `out`. update: see `as_it_stands`.
    Raises CurationError, nothing written: as `export_selection` does; where the trainer would refuse or drop records and
    `params.problems` is "refuse"; or another configuration lies there.
    """
    out, trainer = Path(out), TRAINERS[params.trainer]
    configs, sources = _configs(trainer, out, params.form, split), results.workspace.sources()
    results, rows = begin(results, lambda: _check_places(out, split, configs, sources), unfinished, update)
    written, untouched = Written(), hashlib.sha256()
    lines, parts = _checked(_lines(results, rows, params, written, untouched), written, params, trainer), {}
    with together() as replace:
        if split.split:
            first = look_over(results, params)
            _refuse(first, params, trainer)
            sha256, made = write_parts(lines, split_rows(results, np.array(first.rows, np.int64), split), out, replace)
            parts = split_facts(split, made)
        else:
            sha256 = write_jsonl(lines, out, replace)
        for path, text in configs.items():
            with replace(path) as temporary:
                temporary.write_text(text, encoding="utf-8")
        facts = manifest_facts(results) | edit_facts(edits_among(results.workspace, written.rows))
        facts |= _told(params, written, untouched, len(rows), configs) | parts
        return write_manifest(out, sha256, np.array(written.rows, np.int64), facts, replace), written


def _check_places(out: Path, split: SplitParams, configs: dict[Path, str], sources: Sequence[Source]) -> None:
    check_parts(out, split, sources)
    for path, text in configs.items():
        check_out(path, sources)
        if path.exists() and path.read_text(encoding="utf-8") != text:
            raise CurationError(
                f"{path} is there already and says something else; write to another folder, or take it away."
            )


def _told(
    params: TrainerParams, written: Written, untouched: Any, n_rows: int, configs: dict[Path, str]
) -> dict[str, Any]:
    """Return {"for": …}: what a manifest says of the trainer and of what became of the records."""
    told = params.as_dict() | {
        "untouched": {"sha256": untouched.hexdigest(), "n_lines": n_rows},
        "lines": written.lines,
        "repaired": written.repaired,
        "left_out": [{"row": row, "why": why} for row, why in written.left_out.items()],
        "config": [path.name for path in configs],
    }
    return {"for": told}


def _configs(trainer: Trainer, out: Path, form: str, split: SplitParams) -> dict[Path, str]:
    """Return {path: text}; LLaMA-Factory looks for its file by that very name, the others' begin with the export's."""
    if split.split:
        files = part_files(out, (REST, *split.parts))
        made = config_of_parts(trainer, {name: path.name for name, path in files.items()}, form)
    else:
        made = trainer.config(out.name, form)
    return {
        out.with_name(name if name == "dataset_info.json" else f"{out.name}.{name}"): text
        for name, text in made.items()
    }


def _lines(
    results: Results, rows: np.ndarray, params: TrainerParams, written: Written, untouched: Any
) -> Iterator[bytes]:
    workspace, trainer = results.workspace, TRAINERS[params.trainer]
    dataset = workspace.dataset()
    edited = edited_raws(workspace, as_edits(edits_among(workspace, rows.tolist())))
    lines = export_lines(workspace.records(), rows, edited)
    for number, (row, line) in enumerate(zip(rows.tolist(), lines, strict=True)):
        untouched.update(line)
        made = made_for(line.decode(), dataset.fields_of(row), trainer, params.form, params.problems)
        written.note(row, number, made)
        if made.line:
            yield made.line


def _checked(lines: Iterator[bytes], written: Written, params: TrainerParams, trainer: Trainer) -> Iterator[bytes]:
    """Yield the lines, and refuse at their end, before the file has its name, what is not to be."""
    yield from lines
    _refuse(written, params, trainer)


def _refuse(written: Written, params: TrainerParams, trainer: Trainer) -> None:
    if written.problems and params.problems == "refuse":
        raise CurationError(
            f"{trainer.title} would refuse or drop some: {written.in_words()}",
            command="leave them out with --problems leave-out, or let --problems repair mend what can be.",
            page="leave them out, or let what can be mended be mended",
        )
    if not written.rows:
        raise CurationError(f"{trainer.title} could read none of them: {written.in_words()}.")
