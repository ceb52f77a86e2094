"""The selections of a workspace that can be compared: every one made so far, rounds on the way to one, every saved version."""

import dataclasses
from typing import Any

import numpy as np

from core.comparison import mean_jaccard
from core.errors import CurationError
from core.params import Params, check_count, digest
from core.pipeline import Pipeline
from core.progress import Progress, no_progress, part_of
from core.redraw import mean_overlap, redrawn_pool
from core.rounds import Rounds
from core.selection import SelectionParams, select_records
from core.versions import version_rows, versions

VERSION = 2
LEAST_SEEDS = 2


@dataclasses.dataclass(frozen=True)
class Choice:
    """One selection. title: for people. params: what made it.

    id: "#3" (the third made), "round:1.2" (of run 1, up to round 2), or "version:NAME".
    """

    id: str
    title: str
    at: str
    n: int
    params: dict[str, Any]
    note: str = ""


def choices(pipeline: Pipeline) -> list[Choice]:
    """Return what can be compared, the newest first, versions before the rest. One made on other data is left out."""
    workspace = pipeline.workspace
    found = [Choice(f"version:{v.name}", v.name, v.at, v.n, v.params, v.note) for v in reversed(versions(workspace))]
    seen = set()
    for entry in reversed(workspace.ledger.selections()):
        key = entry["key"]
        if key in seen or not workspace.has("select", key):
            continue
        seen.add(key)
        if workspace.info("select", key)["inputs"]["records"] != pipeline.current("records"):
            continue
        found.append(Choice(f"#{entry['id']}", describe(entry), entry["at"], entry["n"], entry["params"]))
    return found + _on_the_way(pipeline)


def _on_the_way(pipeline: Pipeline) -> list[Choice]:
    """Return what runs had taken after each round but their last, which is a selection of its own; the newest run first."""
    rounds, found = Rounds(pipeline), []
    for run in reversed(rounds.runs()):
        if run.inputs["records"] != pipeline.current("records"):
            continue
        for made in rounds.rounds(run.id)[:-1]:
            n = len(rounds.taken(run, made.number))
            title = f"run {run.id} up to round {made.number}"
            found.append(Choice(f"round:{run.id}.{made.number}", title, made.at, n, {"method": "rounds"}))
    return found


def describe(entry: dict[str, Any]) -> str:
    """Return a selection in a few words: its number, method, budget and seed."""
    params = entry["params"]
    seed = f", seed {params['seed']}" if params.get("seed") else ""
    if params["method"] == "rounds":
        return f"#{entry['id']} rounds, {params['rounds']} of run {params['run']}"
    if params["method"] == "version":
        return f"#{entry['id']} version {params['name']}, restored"
    return f"#{entry['id']} {params['method']}, {params['budget']}{seed}"


def find_choice(pipeline: Pipeline, name: str) -> Choice:
    """Return the choice with that id; "current" is the latest selection, and a version's bare name is found too."""
    held = choices(pipeline)
    if name == "current":
        made = [choice for choice in held if choice.id.startswith("#")]
        if not made:
            raise CurationError("Nothing is selected yet; select some records first.")
        return made[0]
    by_id = {choice.id: choice for choice in held}
    if found := by_id.get(name) or by_id.get(f"version:{name}"):
        return found
    known = ", ".join(choice.id for choice in held[:12]) or "none yet"
    raise CurationError(f"{name!r} is no selection of this workspace; there are: {known}.")


def rows_of(pipeline: Pipeline, choice: Choice) -> np.ndarray:
    """Return the choice's row ids, ascending; one drawn twice comes twice."""
    workspace = pipeline.workspace
    if choice.id.startswith("version:"):
        held = {version.name: version for version in versions(workspace)}
        return version_rows(workspace, held[choice.id.removeprefix("version:")])
    if choice.id.startswith("round:"):
        run, number = (int(part) for part in choice.id.removeprefix("round:").split("."))
        rounds = Rounds(pipeline)
        return rounds.taken(rounds.run(run), number)
    entry = next(e for e in workspace.ledger.selections() if f"#{e['id']}" == choice.id)
    return np.sort(workspace.table("select", entry["key"])["row_id"].combine_chunks().to_numpy())


@dataclasses.dataclass(frozen=True)
class StabilityParams(Params):
    """select: `SelectionParams.as_dict`. n_seeds: how many seeds it is drawn with, from its own on."""

    select: dict
    n_seeds: int = 5

    def __post_init__(self) -> None:
        check_count("n_seeds", self.n_seeds, LEAST_SEEDS)
        SelectionParams.from_dict(self.select)


@dataclasses.dataclass(frozen=True)
class Stability:
    """How alike a method selects with `n_seeds` seeds, two by two on average: jaccard, 0..1, and overlap, the shared share."""

    n_seeds: int
    jaccard: float
    overlap: float


def stability(
    pipeline: Pipeline, params: StabilityParams, progress: Progress = no_progress, device: str = "auto"
) -> Stability:
    """Select with several seeds under today's decisions, all that is random drawn anew (`redraw.py`); kept once found."""
    if not (key := _stability_key(pipeline, params)):
        raise CurationError(f"{params.select['method']} lacks a stage that it needs; status says which are missing.")
    workspace = pipeline.workspace
    with workspace.lock("stability", key):
        if not workspace.has("stability", key):
            asked, drawn = SelectionParams.from_dict(params.select), []
            for i in range(params.n_seeds):
                within = part_of(progress, i / params.n_seeds, (i + 1) / params.n_seeds)
                pool = redrawn_pool(pipeline, asked, i, within, device)
                drawn.append(np.unique(select_records(pool, dataclasses.replace(asked, seed=asked.seed + i)).rows))
                progress(i + 1, params.n_seeds)
            found = {"jaccard": round(mean_jaccard(drawn), 6), "overlap": round(mean_overlap(drawn), 6)}
            workspace.save("stability", key, {"params": params.as_dict()} | found)
    return known_stability(pipeline, params)


def known_stability(pipeline: Pipeline, params: StabilityParams) -> Stability | None:
    """Return the stability if it was found before, else None."""
    key = _stability_key(pipeline, params)
    if not key or not pipeline.workspace.has("stability", key):
        return None
    info = pipeline.workspace.info("stability", key)
    return Stability(params.n_seeds, info["jaccard"], info["overlap"])


def _stability_key(pipeline: Pipeline, params: StabilityParams) -> str:
    """Return the key, "" where a stage that the method needs is missing or out of date."""
    selection = pipeline.key("select", SelectionParams.from_dict(params.select))
    return digest("stability", VERSION, selection, params.n_seeds) if selection else ""
