"""What a run of rounds leaves in its workspace: its rounds' records as the current selection; rounds taken back."""

from typing import Any

import numpy as np

from ..base.budget import tokens_of
from ..base.errors import CurationError
from ..base.params import digest
from ..base.text import counted
from ..selection.params import RoundsParams, Selection
from ..selection.pool import rules_held
from ..selection.stage import follow_selection, pool_of, publish_selection
from ..selection.token_counts import tokenizer_facts
from ..workspace.deciding import overrides_of
from .drawing import rounds_target
from .run import RefineRun, Round
from .runs import Rounds


def take_back(rounds: Rounds, run_id: int, number: int, who: str = "") -> int:
    """Take back round `number` and those after it; they stay on record. Return how many were taken back.

    Where one of them is in the current selection, that becomes what is left of the run.
    """
    run = rounds.run(run_id)
    current = rounds.results.params("select")
    count = rounds.workspace.ledger.take_back_rounds(run.id, number, who) if number >= 1 else 0
    if not count:
        raise CurationError(f"Run {run.id} has no round {number} to take back.")
    was_in = isinstance(current, RoundsParams) and current.run == run.id and current.rounds >= number
    if was_in and rounds.state(run.id) != "stale":
        publish(rounds, run)
    return count


def history_key(standing: list[Round]) -> str:
    """Return a hash of the rounds that a selection holds: their records, and the feedback that the later ones were drawn by."""
    return digest([[made.key, made.feedback] for made in standing[:-1]], standing[-1].key)


def publish(rounds: Rounds, run: RefineRun, upto: int | None = None, follow: bool = False) -> None:
    """Make what the run has taken in its rounds so far, or the first `upto`, the current selection, in the rounds' order.

    It obeys today's decisions as far as the rounds can: what was dropped is not in it. `follow`: it is the current selection
    already (see `Results.follow`). Without a round left the selection that the run had made is out of date.
    """
    standing = rounds.rounds(run.id)[:upto]
    if not standing:
        rounds.workspace.ledger.set_settings("select", RoundsParams(run.id, 0, "", run.params.budget).as_dict())
        return
    rows, table = rounds.in_order(run, upto)
    labels = rounds.labels(run)
    target = rounds_target(run.params.units(len(labels)), run.params.rounds, len(standing))
    tokens = rounds.spent(run.params, rows) if tokens_of(run.params.budget) else None
    wanted = target if tokens is None else len(rows)
    selection = Selection(
        rows=rows,
        clusters=labels[rows].astype(np.int32),
        scores=table["score"].to_numpy(),
        reasons=table["reason"].to_numpy(),
        requested=wanted,
        shortfall=_shortfall(rounds, run, standing[-1], rows, wanted),
        tokens=tokens,
    )
    params = RoundsParams(run.id, len(standing), history_key(standing), run.params.budget)
    limits = _limit_facts(rounds, run, rows, target, tokens)
    (follow_selection if follow else publish_selection)(rounds.results, params, selection, limits)


def _limit_facts(rounds: Rounds, run: RefineRun, rows: np.ndarray, target: int, tokens: int | None) -> dict[str, Any]:
    """Return what is written down of a budget in tokens and of rules, as `selection.stage.limit_facts` does of a method's."""
    if tokens is None and not run.params.rules:
        return {}
    pool = pool_of(rounds.results, limits=run.params)
    facts = {"rules": [each.as_dict() for each in rules_held(pool, rows, target)]} if pool.rules else {}
    if tokens is not None:
        about = tokenizer_facts(rounds.results, run.params.tokenizer)
        facts["tokens"] = {"budget": target, "selected": tokens} | about
    return facts


def _shortfall(rounds: Rounds, run: RefineRun, last: Round, rows: np.ndarray, wanted: int) -> str:
    """Return what the rounds up to `last` lack, in words, or ""."""
    reported = [text] if (text := rounds.info(last)["shortfall"]) else []
    if last.number == run.params.rounds:
        anew = f"round {last.number}, selected anew,"
    else:
        anew = "the next round" if len(rounds.rounds(run.id)) == last.number else f"a fork after round {last.number}"
    before = max(0, wanted - len(rounds.taken(run, last.number, with_dropped=True)))  # what the round itself told
    if (missing := wanted - len(rows) - before) > 0:
        reported.append(f"{counted(missing, 'record')} short since some were dropped; {anew} fills their places.")
    if missing := len(np.setdiff1d(overrides_of(rounds.results).pinned, rows)):
        reported.append(f"{missing:,} pinned records are not in yet; {anew} takes them.")
    return " ".join(reported)
