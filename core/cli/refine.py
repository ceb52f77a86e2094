"""The verbs of the rounds: refine, round export, round import."""

import argparse
import dataclasses
from pathlib import Path

from ..base.errors import CurationError
from ..base.text import counted
from ..evidence.current import current_selection
from ..models.judge import named_model
from ..models.lora import PERPLEXITIES, SCORERS, LmParams
from ..refine.advance import Advance
from ..refine.exchange import export_round, import_scores
from ..refine.history import LEAST, drawn_by
from ..refine.params import DIRECTIONS, FEEDBACKS, INSIDE, SCALES, SCORED, UPDATES, RefineParams
from ..refine.publishing import take_back
from ..refine.runs import RefineRun, Round, Rounds
from ..run.tasks import Step
from ..workspace.ledger import user_name
from .stages import open_pipeline, run_in_workspace, say_current


def add_refine(sub: argparse.ArgumentParser) -> None:
    """Declare the options of `refine`."""
    for name, kind, text in (
        ("--budget", str, "how many records in all: a count or a percentage (10%%)"),
        ("--rounds", int, "over how many rounds the budget is spread (3)"),
        ("--temperature", float, "of the softmax that makes factors of scores; smaller moves more (2)"),
        ("--floor", float, "the least weight of a cluster as a share of the mean weight, 0 to 1 (0)"),
        ("--seed", int, "of everything random (0)"),
    ):
        sub.add_argument(name, type=kind, help=text)
    for name, choices, text in (
        ("--feedback", tuple(FEEDBACKS), "where a round's scores come from (proxy)"),
        ("--update", tuple(UPDATES), f"how scores move weights: {_told(UPDATES)} (multiply)"),
        ("--scale", tuple(SCALES), f"scores enter the softmax {_told(SCALES)} (standardised)"),
        ("--direction", tuple(DIRECTIONS), f"{_told(DIRECTIONS)} (harder)"),
        ("--inside", INSIDE, "the method inside a cluster (kmq)"),
        ("--probability", ("proportional", "softmax"), "of a record in kmq, by its quality (proportional)"),
        ("--scored", SCORED, "score all records taken so far, or this round's (all)"),
    ):
        sub.add_argument(name, choices=choices, help=text)
    lm = sub.add_argument_group("feedback by a language model")
    lm.add_argument("--model", help="path or hub name of a causal language model")
    lm.add_argument("--scorer", choices=SCORERS, help="what compares answers with true responses (likelihood)")
    lm.add_argument("--perplexity", choices=tuple(PERPLEXITIES), help=f"likelihood is {_told(PERPLEXITIES)} (response)")
    lm.add_argument("--judge-model", help="with --scorer judge: its name at the endpoint ($WINNOW_JUDGE_MODEL)")
    lm.add_argument("--reward-model", help="with --scorer reward: path or hub name of a sequence classifier")
    for name, text in (
        ("--epochs", "over the records taken so far (1)"),
        ("--batch-size", "records at once (4)"),
        ("--accumulation", "batches a step (4)"),
        ("--max-tokens", "of a record (1024)"),
        ("--max-new-tokens", "of an answer (128)"),
        ("--save-steps", "steps between checkpoints (50)"),
        ("--most-scored", "score at most so many records a cluster (0: all)"),
        ("--rank", "of the LoRA (16)"),
    ):
        lm.add_argument(name, type=int, help=text)
    lm.add_argument("--learning-rate", type=float, help="of the tuning (0.0002)")
    going = sub.add_argument_group("going on with a run")
    going.add_argument("--run", dest="run_id", type=int, default=0, help="a run's number (the newest)")
    going.add_argument("--continue", dest="go_on", action="store_true", help="go on where the run stands")
    going.add_argument("--until", type=int, default=0, help="stop once this round is selected, to look and decide")
    going.add_argument("--take-back", type=int, help="take back this round and those after it")
    going.add_argument("--fork", type=int, help="start a new run from this round of --run; other options change it")


def _told(choices: dict[str, str]) -> str:
    return "; ".join(f"{name}: {meaning}" for name, meaning in choices.items())


def refine(arguments: argparse.Namespace) -> None:
    """Start, continue, fork or take back rounds, and say how they stand."""
    pipeline = open_pipeline(arguments)
    rounds = Rounds(pipeline)
    if sum((arguments.go_on, arguments.take_back is not None, arguments.fork is not None)) > 1:
        raise CurationError("--continue, --take-back and --fork exclude each other; give one of them.")
    given = _given(arguments, RefineParams) | _given(arguments, LmParams)
    goes_on = arguments.go_on or arguments.take_back is not None or arguments.fork is not None
    if arguments.run_id and not goes_on:
        raise CurationError("--run names a run to go on with; add --continue, --take-back or --fork.")
    if (arguments.go_on or arguments.take_back is not None) and given:
        raise CurationError(f"A run keeps its params; fork it to change {', '.join(sorted(given))} (--fork ROUND).")
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
        params = dataclasses.replace(run.params, **_given(arguments, RefineParams))
        lm = _named(dataclasses.replace(run.lm, **_given(arguments, LmParams)))
        run_id = rounds.fork(run.id, arguments.fork, params, lm, user_name())
    else:
        params, lm = RefineParams(**_given(arguments, RefineParams)), _named(LmParams(**_given(arguments, LmParams)))
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
    budget = run.params.n_records(rounds.workspace.dataset().n_records)
    for made in rounds.rounds(run_id):
        print(_line(rounds, run, made))
        if shortfall := rounds.info(made)["shortfall"]:
            print(f"warning: {shortfall}")
    state = rounds.state(run_id)
    if state == "waiting":
        folder = rounds.workspace.folder
        print(
            f"waiting for scores: python -m core round export {folder} --out FOLDER --run {run_id}, then round import {folder} "
            f"SCORES.jsonl --run {run_id}"
        )
    elif state == "ready":
        print(f"go on with: python -m core refine {rounds.workspace.folder} --continue --run {run_id}")
    print(f"run {run_id}: {len(rounds.taken(run)):,} of {counted(budget, 'record')} selected")


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


def _given(arguments: argparse.Namespace, kind: type) -> dict:
    """Return the options that were given, of those that are params of `kind`."""
    names = [field.name for field in dataclasses.fields(kind)]
    return {name: value for name in names if (value := getattr(arguments, name, None)) is not None}
