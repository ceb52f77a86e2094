"""The current selection: what it is called, whether it is whole, following what people decide, and making another current.

It is the one that the sidebar counts, that is exported, saved and reported. Looking at another run or round never changes it.
"""

import dataclasses
import re

from ..base import access
from ..base.budget import tokens_of
from ..base.errors import CurationError
from ..base.text import counted
from ..refine.publishing import history_key, publish
from ..refine.run import RefineRun
from ..refine.runs import Rounds
from ..selection.params import EarlierParams, RoundsParams, Selection, SelectionParams, VersionParams
from ..selection.stage import Published, last_selection_key, publish_selection, take_again
from ..workspace.deciding import overrides_of
from ..workspace.results import Results
from .candidates import describe, find_choice, is_finished, run_lengths
from .versions import find_version, restore_version, since_then, versions


@dataclasses.dataclass(frozen=True)
class Current:
    """The current selection.

    id: what `make_current` takes for it. title: see `choices.describe`. is_finished: False while rounds of its run are to
    come. is_up_to_date: whether it obeys what was decided since. n: its records as last selected. wanted: the whole budget.
    shortfall: what it lacks, in words, or "". in_tokens: of a budget in tokens "1,999,870 of 2,000,000 tokens", else "".
    """

    id: str
    title: str
    is_finished: bool
    is_up_to_date: bool
    n: int
    wanted: int
    shortfall: str
    in_tokens: str = ""

    @property
    def size(self) -> str:
        """Return how many records it has, of how many where it lacks some."""
        wanted = counted(self.wanted, "record")
        return wanted if self.n == self.wanted else f"{self.n:,} of {wanted}"

    def as_facts(self) -> dict[str, str | bool]:
        """Return what a manifest says of it."""
        return {"id": self.id, "title": self.title, "finished": self.is_finished}


def current_selection(results: Results) -> Current | None:
    """Return the current selection; None where nothing was ever selected."""
    params, key = results.params("select"), last_selection_key(results)
    if params is None or not key:
        return None
    info, lengths = results.workspace.info("select", key), run_lengths(results)
    finished = is_finished(params.as_dict(), lengths)
    title = describe(params.as_dict(), lengths)
    if isinstance(params, VersionParams):
        saved = [version for version in versions(results.workspace) if version.name == params.name]
        finished = all(is_finished(version.params, lengths) for version in saved)
        title += "" if finished else ", unfinished"
    return Current(
        id=_id(results, params, key),
        title=title,
        is_finished=finished,
        is_up_to_date=bool(results.current("select")),
        n=info["n_selected"],
        wanted=_wanted(results, params, info["requested"]),
        shortfall=info["shortfall"],
        in_tokens="{selected:,} of {budget:,} tokens".format(**info["tokens"]) if "tokens" in info else "",
    )


def _id(results: Results, params: SelectionParams | Published, key: str) -> str:
    if isinstance(params, RoundsParams):
        return f"round:{params.run}.{params.rounds}"
    if isinstance(params, VersionParams):
        return f"version:{params.name}"
    if isinstance(params, EarlierParams):
        return f"#{params.number}"
    made = [entry["id"] for entry in results.workspace.ledger.selections() if entry["key"] == key]
    return f"#{made[0]}" if made else ""


def _wanted(results: Results, params: SelectionParams | Published, requested: int) -> int:
    """Return the records of the whole budget: of rounds, of the whole run."""
    if not isinstance(params, RoundsParams) or tokens_of(params.budget):
        return requested
    try:
        return params.n_records(results.workspace.dataset().n_records)
    except CurationError:  # the data shrank below a budget given as a count
        return requested


def is_current(results: Results, choice_id: str) -> bool:
    """Whether a choice ("#3", "round:1.2", "version:NAME") is the current selection, up to date or not."""
    params, kind = results.params("select"), choice_id.partition(":")[0]
    if isinstance(params, RoundsParams) and kind == "round":
        return choice_id == f"round:{params.run}.{params.rounds}" and _stands(Rounds(results), params) is not None
    if isinstance(params, VersionParams) and kind == "version":
        return choice_id == f"version:{params.name}"
    if isinstance(params, EarlierParams) and choice_id == f"#{params.number}":
        return True
    key = last_selection_key(results)
    return bool(key) and any(
        f"#{entry['id']}" == choice_id and entry["key"] == key for entry in results.workspace.ledger.selections()
    )


def _stands(rounds: Rounds, params: RoundsParams) -> RefineRun | None:
    """Return the run whose first rounds a selection holds, None where those have been taken back or made anew since."""
    run = next((run for run in rounds.runs() if run.id == params.run), None)
    if run is None or not params.rounds:
        return None
    standing = rounds.rounds(run.id)[: params.rounds]
    return run if len(standing) == params.rounds and history_key(standing) == params.history else None


def follow_decisions(results: Results) -> bool:
    """Bring the current selection of a run in line with today's decisions; return whether that changed anything.

    What was dropped leaves it at once; pins and weights count from the next round on. No round and no feedback is run again.
    Other selections, and a run whose clusters or scores have changed, are left as they are: out of date.
    """
    if (run := _run_behind(results)) is None:
        return False
    publish(Rounds(results), run, results.params("select").rounds, follow=True)
    return True


def is_behind(results: Results) -> bool:
    """Whether the current selection is a run's and lacks only what `follow_decisions` would bring into it."""
    return _run_behind(results) is not None


def _run_behind(results: Results) -> RefineRun | None:
    params = results.params("select")
    if not isinstance(params, RoundsParams) or results.workspace.is_read_only or results.state("select") != "stale":
        return None
    rounds = Rounds(results)
    run = _stands(rounds, params)
    return None if run is None or rounds.state(run.id) == "stale" else run


def make_current(results: Results, choice_id: str) -> Current:
    """Make a selection the current one: "#3", "round:1.2", "run:2" (all its rounds so far), "version:NAME" or its bare name.

    A run's rounds obey today's decisions, as after a round. An earlier selection that rests on what is no longer so, and a
    version, stand as they were; what was decided since is told as a shortfall. Raises CurationError: there is no such one.
    """
    access.require(access.RUN)
    if match := re.fullmatch(r"(?:run:(\d+)|round:(\d+)\.(\d+))", choice_id):
        _use_run(results, int(match[1] or match[2]), int(match[3] or 0))
    else:
        choice = find_choice(results, choice_id)
        if choice.id.startswith("version:"):
            restore_version(results, find_version(results.workspace, choice.id.removeprefix("version:")))
        else:
            _use_earlier(results, int(choice.id.removeprefix("#")))
    return current_selection(results.fresh())


def select_anew(results: Results) -> None:
    """Make the current selection's result again, where it is not there: by its params, or of its rounds or version.

    Raises CurationError where that can't be done.
    """
    params = results.params("select")
    if isinstance(params, SelectionParams):
        results.run("select", params)
    else:
        make_current(results, _id(results, params, ""))


def _use_run(results: Results, run_id: int, number: int) -> None:
    """Make a run's rounds up to `number` current, 0 for all that it has."""
    rounds = Rounds(results)
    run = rounds.run(run_id)
    standing = rounds.rounds(run.id)
    if run_id < 1 or not standing or number > len(standing):
        have = f"it has {len(standing)} so far" if standing else "it has none yet"
        raise CurationError(f"Run {run_id} has no round {number or 1} to select by; {have}.")
    number = number or len(standing)
    if rounds.state(run.id) != "stale":
        publish(rounds, run, number)
        return
    history = history_key(standing[:number])
    made = [
        entry["id"]
        for entry in results.workspace.ledger.selections()
        if entry["params"].get("course") == history and entry["params"].get("run") == run.id
    ]
    if not made:
        raise CurationError(
            f"Run {run.id} began with other clusters or scores than today's, and its round {number} was never selected by; "
            "bring those back first."
        )
    _use_earlier(results, made[-1])


def _use_earlier(results: Results, number: int) -> None:
    """Make selection `number` of those made current: again, where it obeys all that holds today, else as it stood."""
    workspace = results.workspace
    entry = next(entry for entry in workspace.ledger.selections() if entry["id"] == number)
    if entry["params"]["method"] == "earlier":  # it has stood for another since; that one's own number is its name
        made = EarlierParams.from_dict(entry["params"])
        number, entry = made.number, entry | {"key": made.key, "params": made.made_by, "n": made.n}
    number = next((each["id"] for each in workspace.ledger.selections() if each["key"] == entry["key"]), number)
    if entry["params"]["method"] == "version":
        restore_version(results, find_version(workspace, entry["params"]["name"]))
        return
    kind = RoundsParams if entry["params"]["method"] == "rounds" else SelectionParams
    params = kind.from_dict(entry["params"])
    if results.key("select", params) == entry["key"] and take_again(results, params):
        return
    table = workspace.table("select", entry["key"])
    rows = table["row_id"].combine_chunks().to_numpy()
    info = workspace.info("select", entry["key"])
    lacks = (
        [f"It took {len(rows):,} of the {info['requested']:,} records asked for."]
        if len(rows) < info["requested"]
        else []
    )
    selection = Selection(
        rows=rows,
        clusters=table["cluster"].to_numpy(),
        scores=table["score"].to_numpy(),
        reasons=table["reason"].to_numpy(),
        requested=len(rows),
        shortfall=" ".join([*lacks, *since_then(overrides_of(results), rows)]),
    )
    publish_selection(results, EarlierParams(number, entry["key"], len(rows), entry["params"]), selection)
