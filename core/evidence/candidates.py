"""The selections of a workspace: every one made so far, rounds on the way to one, every saved version; what each is called."""

import dataclasses
from typing import Any

import numpy as np

from ..base.budget import in_words
from ..base.errors import CurationError
from ..base.text import counted
from ..refine.runs import Rounds
from ..selection.method import GROUPED, is_seeded
from ..selection.stage import last_selection_key
from ..workspace.results import Results
from .versions import version_rows, versions


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


def choices(results: Results) -> list[Choice]:
    """Return what can be compared, the newest first, versions before the rest. One made on other data is left out."""
    found = [
        Choice(f"version:{v.name}", v.name, v.at, v.n, v.params, v.note) for v in reversed(versions(results.workspace))
    ]
    lengths = run_lengths(results)
    listed: dict[Any, dict[str, Any]] = {}
    first: dict[str, dict[str, Any]] = {}  # one made current again keeps the number that it was first known by
    for entry in results.workspace.ledger.selections():
        # A run's selection that only followed decisions is one selection: listed as it stands, else as it stood last.
        same = _history(entry["params"]) or entry["key"]
        first.setdefault(entry["key"], entry)
        if same in listed and listed[same]["key"] == results.current("select") != entry["key"]:
            continue
        if _is_of_this_data(results, entry):
            listed[same] = entry
    made = sorted(listed.values(), key=lambda entry: -entry["id"])
    return found + [_made(first[entry["key"]], lengths) for entry in made] + _on_the_way(results, lengths)


def _made(entry: dict[str, Any], lengths: dict[int, int]) -> Choice:
    name = f"#{entry['id']}"
    return Choice(name, f"{name}: {describe(entry['params'], lengths)}", entry["at"], entry["n"], entry["params"])


def _history(params: dict[str, Any]) -> tuple | None:
    """Return what tells the rounds of a selection from others; None where no rounds made it."""
    return (params["run"], params["rounds"], params["course"]) if params["method"] == "rounds" else None


def _is_of_this_data(results: Results, entry: dict[str, Any]) -> bool:
    workspace, key = results.workspace, entry["key"]
    is_there = workspace.has("select", key)
    return is_there and workspace.info("select", key)["inputs"]["records"] == results.current("records")


def _on_the_way(results: Results, lengths: dict[int, int]) -> list[Choice]:
    """Return what runs had taken after each round but their last, which is a selection of its own; the newest run first."""
    rounds, found = Rounds(results), []
    for run in reversed(rounds.runs()):
        if run.inputs["records"] != results.current("records"):
            continue
        for made in rounds.rounds(run.id)[:-1]:
            n = len(rounds.taken(run, made.number))
            title = describe({"method": "rounds", "run": run.id, "rounds": made.number}, lengths)
            found.append(Choice(f"round:{run.id}.{made.number}", title, made.at, n, {"method": "rounds"}))
    return found


def run_lengths(results: Results) -> dict[int, int]:
    """Return {run: the rounds it is to have}."""
    return {run["id"]: run["params"]["rounds"] for run in results.workspace.ledger.runs()}


def describe(params: dict[str, Any], lengths: dict[int, int]) -> str:
    """Return a selection in a few words, by what made it. lengths: see `run_lengths`.

    "kmq, 10 %, seed 0"; "run 2, round 3 of 4, unfinished"; "run 2, all 4 rounds"; "version first"; "#3: kmq, 10 %, seed 0",
    an earlier one as it stood.
    """
    method = params["method"]
    if method == "rounds":
        number, length = params["rounds"], lengths.get(params["run"], params["rounds"])
        if number >= length > 0:
            return f"run {params['run']}, " + (f"all {length} rounds" if length > 1 else "its one round")
        return f"run {params['run']}, " + (f"round {number} of {length}, unfinished" if number else "no round left")
    if method == "version":
        return f"version {params['name']}"
    if method == "earlier":
        return f"#{params['number']}: {describe(params['made_by'], lengths)}"
    if method == "file":
        return "from a file"
    rules = len(params.get("at_least", ())) + len(params.get("at_most", ()))
    under = f", {counted(rules, 'rule')}" if rules else ""
    by = f" by {params['quota']}" if params.get("quota") in GROUPED else ""
    return f"{method}{by}, {in_words(params['budget'])}{under}" + (
        f", seed {params['seed']}" if is_seeded(params) else ""
    )


def is_finished(params: dict[str, Any], lengths: dict[int, int]) -> bool:
    """Whether a selection is whole: all rounds of its run are in it, where rounds made it."""
    if params.get("method") == "earlier":
        return is_finished(params["made_by"], lengths)
    return params.get("method") != "rounds" or params["rounds"] >= lengths.get(params["run"], 0) > 0


def find_choice(results: Results, name: str) -> Choice:
    """Return the choice with that id; a version's bare name is found too. "current" is the current selection, or the latest
    made where that is out of date. Raises CurationError where there is no such selection of this data.
    """
    if name == "current":
        key = last_selection_key(results)
        made = [entry for entry in results.workspace.ledger.selections() if entry["key"] == key]
        if not made or not _is_of_this_data(results, made[0]):
            raise CurationError("Nothing is selected yet; select some records first.")
        return _made(made[0], run_lengths(results))
    held = choices(results)
    by_id = {choice.id: choice for choice in [*_numbered(results, name), *held]}
    if found := by_id.get(name) or by_id.get(f"version:{name}"):
        return found
    known = ", ".join(choice.id for choice in held[:12]) or "none yet"
    raise CurationError(f"{name!r} is no selection of this workspace; there are: {known}.")


def _numbered(results: Results, name: str) -> list[Choice]:
    """Return the selection of that number, though it stands on the list under a later one."""
    made = [entry for entry in results.workspace.ledger.selections() if f"#{entry['id']}" == name]
    return [_made(entry, run_lengths(results)) for entry in made if _is_of_this_data(results, entry)]


def rows_of(results: Results, choice: Choice) -> np.ndarray:
    """Return the choice's row ids, ascending; one drawn twice comes twice."""
    workspace = results.workspace
    if choice.id.startswith("version:"):
        held = {version.name: version for version in versions(workspace)}
        return version_rows(workspace, held[choice.id.removeprefix("version:")])
    if choice.id.startswith("round:"):
        run, number = (int(part) for part in choice.id.removeprefix("round:").split("."))
        rounds = Rounds(results)
        return rounds.taken(rounds.run(run), number)
    entry = next(e for e in workspace.ledger.selections() if f"#{e['id']}" == choice.id)
    return np.sort(workspace.table("select", entry["key"])["row_id"].combine_chunks().to_numpy())
