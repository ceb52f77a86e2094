"""The verbs of the rounds: refine, round export, round import."""

import argparse
import dataclasses
from pathlib import Path

from ..base.budget import tokens_of
from ..base.errors import COMMAND, CurationError
from ..base.text import counted
from ..evidence.current import current_selection
from ..models.judge import named_model
from ..models.lora import LmParams
from ..refine.advance import Advance
from ..refine.exchange import export_round, import_scores
from ..refine.history import LEAST, drawn_by
from ..refine.params import RefineParams
from ..refine.publishing import take_back
from ..refine.run import RefineRun, Round
from ..refine.runs import Rounds
from ..refine.support import support_of
from ..run.tasks import Step
from ..workspace.ledger import user_name
from .opening import open_pipeline, run_in_workspace, say_current
from .options import add_device, add_options, given
from .verbs import Verbs


def add_verbs(verbs: Verbs) -> None:
    """Declare the verbs."""
    sub = verbs.add("refine", "Choose records in rounds that feedback guides.", refine)
    add_options(sub, RefineParams, only_given=True)
    add_options(sub.add_argument_group("feedback by a language model"), LmParams, only_given=True)
    going = sub.add_argument_group("going on with a run")
    going.add_argument("--run", dest="run_id", type=int, default=0, help="a run's number (the newest)")
    going.add_argument("--continue", dest="go_on", action="store_true", help="go on where the run stands")
    add_options(going, Advance)
    going.add_argument("--take-back", type=int, help="take back this round and those after it")
    going.add_argument("--fork", type=int, help="start a new run from this round of --run; other options change it")
    add_device(sub)
    _add_round(verbs)


def _add_round(verbs: Verbs) -> None:
    ways = verbs.add_ways("round", "Carry a round elsewhere and its scores back.", "export|import")
    sub = ways.add("export", "Write the latest round's records, with what to do.", round_export)
    sub.add_argument("--out", required=True, help="the folder to write to")
    sub.add_argument("--run", dest="run_id", type=int, default=0, help="a run's number (the newest)")
    sub = ways.add("import", "Read the latest round's scores.", round_import)
    sub.add_argument("scores", help="a JSONL file with a score for every record")
    sub.add_argument("--run", dest="run_id", type=int, default=0, help="a run's number (the newest)")


def refine(arguments: argparse.Namespace) -> None:
    """Start, continue, fork or take back rounds, and say how they stand."""
    pipeline = open_pipeline(arguments)
    rounds = Rounds(pipeline)
    if sum((arguments.go_on, arguments.take_back is not None, arguments.fork is not None)) > 1:
        raise CurationError("--continue, --take-back and --fork can't be given together; give one of them.")
    changed = given(arguments, RefineParams) | given(arguments, LmParams)
    goes_on = arguments.go_on or arguments.take_back is not None or arguments.fork is not None
    if arguments.run_id and not goes_on:
        raise CurationError("--run names a run to go on with; add --continue, --take-back or --fork.")
    if (arguments.go_on or arguments.take_back is not None) and changed:
        raise CurationError(f"A run keeps its settings; fork it to change {', '.join(sorted(changed))} (--fork ROUND).")
    if arguments.take_back is not None:
        count = take_back(rounds, rounds.run(arguments.run_id).id, arguments.take_back, user_name())
        print(f"{count} round{'s' if count > 1 else ''} taken back")
        _say_current(arguments)
        return
    Advance(1, arguments.until)  # checked before a run is recorded
    if arguments.go_on:
        run_id = rounds.run(arguments.run_id).id
    elif arguments.fork is not None:
        run = rounds.run(arguments.run_id)
        params = dataclasses.replace(run.params, **given(arguments, RefineParams))
        lm = _named(dataclasses.replace(run.lm, **given(arguments, LmParams)))
        run_id = rounds.fork(run.id, arguments.fork, params, lm, user_name())
    else:
        params, lm = RefineParams(**given(arguments, RefineParams)), _named(LmParams(**given(arguments, LmParams)))
        run_id = rounds.start(params, lm, user_name())
    step = Step("refine", Advance(run_id, arguments.until, who=user_name()).as_dict())
    run_in_workspace(pipeline.workspace, [step], arguments)
    say_run(Rounds(open_pipeline(arguments)), run_id)
    _say_current(arguments)


def _say_current(arguments: argparse.Namespace) -> None:
    if current := current_selection(open_pipeline(arguments)):
        say_current(current)


def round_export(arguments: argparse.Namespace) -> None:
    """Write the latest round for somebody else to train on and score."""
    rounds = Rounds(open_pipeline(arguments))
    path = export_round(rounds, rounds.run(arguments.run_id), Path(arguments.out))
    print(f"written to {path.resolve()}; the README.md beside it says what to do")


def round_import(arguments: argparse.Namespace) -> None:
    """Read the scores of the latest round."""
    rounds = Rounds(open_pipeline(arguments))
    run = rounds.run(arguments.run_id)
    made = import_scores(rounds, run, Path(arguments.scores))
    n = rounds.workspace.info("feedback", rounds.rounds(run.id)[-1].feedback)["n_scored"]
    print(
        f"round {made.number} of run {run.id}: {n:,} scores taken; go on with: refine {arguments.workspace} --continue"
    )


def say_run(rounds: Rounds, run_id: int) -> None:
    """Print how a run stands, a line a round."""
    run = rounds.run(run_id)
    if run.warning:
        print(f"warning: {run.warning}")
    budget = run.params.units(rounds.workspace.dataset().n_records)
    for made in rounds.rounds(run_id):
        print(_line(rounds, run, made))
        if shortfall := rounds.info(made)["shortfall"]:
            print(f"warning: {shortfall}")
        if (update := rounds.update(run, made)) is not None and (thin := support_of(update).warning):
            print(f"warning: {thin}")
    state = rounds.state(run_id)
    if state == "waiting":
        folder = rounds.workspace.folder
        print(
            f"waiting for scores: {COMMAND} round export {folder} --out FOLDER --run {run_id}, then round import {folder} "
            f"SCORES.jsonl --run {run_id}"
        )
    elif state == "ready":
        print(f"go on with: {COMMAND} refine {rounds.workspace.folder} --continue --run {run_id}")
    taken = rounds.taken(run)
    if tokens_of(run.params.budget):
        so_far = f"{counted(len(taken), 'record')}, {rounds.spent(run.params, taken):,} of {counted(budget, 'token')}"
    else:
        so_far = f"{len(taken):,} of {counted(budget, 'record')}"
    print(f"run {run_id}: {so_far} selected")


def _line(rounds: Rounds, run: RefineRun, made: Round) -> str:
    before, after = drawn_by(rounds, run, made)
    text = f"round {made.number}: {counted(rounds.info(made)['n_selected'], 'record')} from {counted(len(before), 'cluster')}"
    if after is None:
        return text + ("; not scored" if made.number < run.params.rounds else "; the last one needs no score")
    moved = (after + LEAST) / (before + LEAST)  # a cluster that a curator gave no weight has moved by nothing
    up, down = int(moved.argmax()), int(moved.argmin())
    return (
        f"{text}; scored, up most cluster {up} ({before[up]:.2f} to {after[up]:.2f} times an equal share), "
        f"down most cluster {down} ({before[down]:.2f} to {after[down]:.2f})"
    )


def _named(lm: LmParams) -> LmParams:
    return dataclasses.replace(lm, judge_model=named_model(lm.judge_model)) if lm.scorer == "judge" else lm
