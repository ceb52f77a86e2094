"""Going on with a run of rounds: select, give feedback, select again, until the wanted round is there."""

import dataclasses
import sqlite3

import pyarrow as pa

from ..base.errors import CurationError
from ..base.params import Params, digest, option
from ..base.progress import Progress, no_progress, part_of
from ..models.encoder import Encoder
from ..selection.stage import pool_of
from ..workspace.artifacts import Result
from ..workspace.deciding import overrides_of
from .drawing import RoundSelection, select_round
from .feedback import Feedback, lm_feedback, pairs_of, proxy_feedback
from .publishing import publish
from .run import ARRAYS, VERSION, RefineRun, Round, feedback_seed
from .runs import Rounds
from .support import support_of
from .weights import update_by_records


@dataclasses.dataclass(frozen=True)
class Advance(Params):
    """How far to go with a run: until round `until` is selected, 0 for the last; `redo` first takes the latest round back."""

    run: int = option(0, "the run's number", least=1, flag=None)
    until: int = option(0, "stop once this round is selected, to look and decide", least=0)
    redo: bool = False
    who: str = ""


def advance(
    rounds: Rounds, how: Advance, progress: Progress = no_progress, device: str = "auto", encoder: Encoder | None = None
) -> None:
    """Select and give feedback until the wanted round is selected and scored, or scores from elsewhere are needed.

    The last round of all is not scored: nothing would be drawn by it.

    encoder: of the proxy, in place of its own. Raises CurationError: the clusters or scores are not those the run began
    with; more pins than a round has room for.
    """
    run = rounds.run(how.run)
    rounds.check_inputs(run)
    n_rounds = run.params.rounds
    goal = min(how.until or n_rounds, n_rounds)
    standing = rounds.rounds(run.id)
    if standing and (how.redo or (goal == n_rounds and is_outdated(rounds, run))):
        _select(rounds, run, how.who, len(standing) - 1)
    begun = len(rounds.rounds(run.id))
    while True:
        rounds = rounds.fresh()  # a round with a language model takes long, and people decide meanwhile
        rounds.check_inputs(run)
        standing = rounds.rounds(run.id)
        span = max(goal - begun, 1)
        place = max(len(standing) - begun - 1, 0) / span
        within = part_of(progress, min(place, 1), min(place + 1 / span, 1))
        if standing and not standing[-1].feedback and len(standing) < n_rounds and run.params.feedback != "import":
            give_feedback(rounds, run, standing[-1], within, device, encoder)
        elif len(standing) < goal and (not standing or standing[-1].feedback):
            _select(rounds, run, how.who, len(standing))
            within(0, 1)
        else:
            break
    if rounds.rounds(run.id):
        publish(rounds, run)


def is_outdated(rounds: Rounds, run: RefineRun) -> bool:
    """Whether the run is complete and something was decided since that its last round, selected anew, would obey.

    That round alone is then selected again: it has no feedback, and those before it keep theirs.
    """
    standing = rounds.rounds(run.id)
    return len(standing) == run.params.rounds and standing[-1].key != _round_key(rounds, run, len(standing) - 1)


def _round_key(rounds: Rounds, run: RefineRun, n_before: int) -> str:
    """Return the key of the round after the first `n_before`, under the decisions that `rounds` sees."""
    overrides = overrides_of(rounds.results)
    return digest(
        "round",
        VERSION,
        run.params.as_dict(),
        run.inputs,
        n_before + 1,
        [[made.key, made.feedback] for made in rounds.rounds(run.id)[:n_before]],
        [overrides.pinned.tobytes().hex(), overrides.dropped.tobytes().hex(), list(overrides.multipliers.items())],
    )


def _select(rounds: Rounds, run: RefineRun, who: str, n_before: int) -> None:
    """Select the round after the first `n_before`, in place of those that stand there already."""
    workspace = rounds.workspace
    standing, number = rounds.rounds(run.id), n_before + 1
    last_decision = workspace.ledger.last_decision_id()
    rounds = rounds.fresh()  # after the id was read: a decision made between the two counts as one of the next round
    overrides = overrides_of(rounds.results)
    key = _round_key(rounds, run, n_before)

    def make() -> Result:
        pool, taken = pool_of(rounds.results, overrides, limits=run.params), rounds.taken(run, n_before)
        made = select_round(pool, run.params, number, rounds.next_weights(run, n_before), taken)
        return _round_result(number, made, pool.multipliers)

    rounds.results.keep("round", key, make)
    if len(standing) > n_before:
        workspace.ledger.take_back_rounds(run.id, number, who)
    try:
        workspace.ledger.add_round(run.id, number, key, who, last_decision)
    except sqlite3.IntegrityError as error:
        raise CurationError(
            f"Somebody else has just selected round {number} of run {run.id}; look at it first."
        ) from error


def _round_result(number: int, made: RoundSelection, multipliers: dict[int, float]) -> Result:
    selection = made.selection
    info = {
        "number": number,
        "n_selected": len(selection),
        "shortfall": selection.shortfall,
        "multipliers": {str(cluster): factor for cluster, factor in multipliers.items()},
    }
    columns = {
        "row_id": pa.array(selection.rows, pa.int64()),
        "score": pa.array(selection.scores, pa.float32()),
        "reason": pa.array(selection.reasons, pa.int8()),
    }
    arrays = {name: getattr(made, name) for name in ARRAYS}
    return info, {"value": pa.table(columns), **arrays}


def give_feedback(
    rounds: Rounds,
    run: RefineRun,
    made: Round,
    progress: Progress = no_progress,
    device: str = "auto",
    encoder: Encoder | None = None,
) -> None:
    """Score the run's latest round `made` by the proxy or a language model tuned here."""
    workspace, key = rounds.workspace, rounds.feedback_key(run, made)
    records = workspace.records()

    def make() -> Result:
        taken, scored = (pairs_of(records, rows) for rows in (rounds.taken(run), rounds.scored_rows(run, made)))
        if run.params.feedback == "proxy":
            return feedback_result(rounds, run, made, proxy_feedback(taken, scored, encoder))
        folder, seed = workspace.shard_folder("feedback", key), feedback_seed(run, made.number)
        found = lm_feedback(taken, scored, run.lm, folder, seed, device, progress)
        return feedback_result(rounds, run, made, found)

    rounds.results.keep("feedback", key, make, shards=key)
    workspace.ledger.set_feedback(made.id, key)


def feedback_result(rounds: Rounds, run: RefineRun, made: Round, found: Feedback) -> Result:
    """Return what is written down of the scores of round `made`, with what the clusters' scores rest on, and their table."""
    columns = {
        "row_id": pa.array(found.rows, pa.int64()),
        "score": pa.array(found.scores, pa.float32()),
        "gold": pa.array(found.gold, pa.float32()),
        "generated": pa.array(found.generated, pa.float32()),
    }
    if found.answers:
        columns["answer"] = pa.array(list(found.answers), pa.large_string())
    update = update_by_records(rounds.arrays(made)["weights"], found.scores, rounds.labels(run)[found.rows], run.params)
    facts = {"feedback": run.params.feedback, "n_scored": len(found.rows), "support": support_of(update).as_dict()}
    info = facts | found.info
    return info, {"value": pa.table(columns)}
