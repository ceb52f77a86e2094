"""What an export says of the evaluations it was checked against: files, rule, what overlaps, what of it is still in."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from ..base.text import counted
from ..vectors.overlap.hits import hits_of
from ..vectors.overlap.params import WAYS, OverlapParams
from ..vectors.overlap.stage import NAME
from ..workspace.deciding import overrides_of
from ..workspace.results import Results


@dataclasses.dataclass(frozen=True)
class File:
    """An evaluation: its name, its file, its items, and the records that overlap with it. hits: {way: records}."""

    name: str
    file: str
    sha256: str
    n_items: int = 0
    n_unread: int = 0
    hits: dict[str, int] = dataclasses.field(default_factory=dict)
    n_overlapping: int = 0
    n_dropped: int = 0
    n_in_export: int = 0


@dataclasses.dataclass(frozen=True)
class Checked:
    """What the data was checked against. is_up_to_date: else there are no counts. The rest: records, of all files together."""

    params: OverlapParams
    files: tuple[File, ...]
    is_up_to_date: bool
    n_overlapping: int = 0
    n_dropped: int = 0
    n_in_export: int = 0

    @property
    def is_clean(self) -> bool:
        """Whether it holds, and nothing that overlaps is left in the selection."""
        return self.is_up_to_date and not self.n_in_export

    @property
    def said(self) -> str:
        """It in a sentence."""
        text = f"Checked against {', '.join(file.name for file in self.files)}"
        if not self.is_up_to_date:
            return f"{text}, but the data, its embeddings or a file changed since: look for overlap again."
        if not self.n_overlapping:
            return f"{text}: no overlap."
        text += f": {counted(self.n_overlapping, 'record overlaps', 'records overlap')}"
        if self.n_in_export:
            return f"{text}, {self.n_dropped:,} dropped; {self.n_in_export:,} still in the selection."
        if self.n_dropped == self.n_overlapping:
            return f"{text}, all dropped."
        return f"{text}, {self.n_dropped:,} dropped, none in the selection."


def checked(results: Results) -> Checked | None:
    """Return what the data was checked against, and what of it the current selection holds; None where it never was."""
    params = results.params(NAME)
    if params is None:
        return None
    named = [{"name": each.name, "file": Path(each.path).name, "sha256": each.sha256} for each in params.evaluations]
    if not results.current(NAME):
        return Checked(params, tuple(File(**each) for each in named), False)
    table, hits = results.table("select"), hits_of(results)
    exported = np.zeros(0, np.int64) if table is None else np.unique(table["row_id"].combine_chunks().to_numpy())
    dropped = overrides_of(results).dropped

    def counts(rows: np.ndarray) -> dict[str, int]:
        rows = np.unique(rows)
        inside = {"n_dropped": np.isin(rows, dropped), "n_in_export": np.isin(rows, exported)}
        return {"n_overlapping": len(rows)} | {name: int(where.sum()) for name, where in inside.items()}

    files = []
    for i, (each, about) in enumerate(zip(named, results.info(NAME)["evaluations"], strict=True)):
        own = hits.only(i)
        by_way = {way: int((own.ways == code).sum()) for code, way in enumerate(WAYS) if getattr(params, way)}
        read = {name: about[name] for name in ("n_items", "n_unread")}
        files.append(File(**each, **read, hits=by_way, **counts(own.rows)))
    return Checked(params, tuple(files), True, **counts(hits.rows))


def checked_facts(results: Results) -> dict[str, Any]:
    """Return {"evaluations": …} for a manifest, nothing where the data was never checked."""
    found = checked(results)
    if found is None:
        return {}
    asked = {name: value for name, value in found.params.as_dict().items() if name != "evaluations"}
    facts: dict[str, Any] = {"rule": found.params.rule, "params": asked, "up_to_date": found.is_up_to_date}
    if not found.is_up_to_date:
        files = [{name: getattr(file, name) for name in ("name", "file", "sha256")} for file in found.files]
        return {"evaluations": facts | {"files": files, "warning": found.said}}
    facts |= {"files": [dataclasses.asdict(file) for file in found.files]}
    facts |= {name: getattr(found, name) for name in ("n_overlapping", "n_dropped", "n_in_export")}
    return {"evaluations": facts | ({} if found.is_clean else {"warning": found.said})}
