"""Rounds on a workspace: a run selects, is given feedback, selects again. Every round is kept; it can be taken back or forked.

A round is an artifact whose key holds all that it came from: the run's params, the clusters, the rounds and feedback before
it and the decisions of the moment. So a killed run goes on, and the same history ends in the same records.
"""

import dataclasses
from typing import Any

import numpy as np
import pyarrow as pa

from ..base.budget import tokens_of
from ..base.errors import CurationError, lacking
from ..base.params import digest
from ..base.text import counted
from ..models.lora import LmParams, read_losses
from ..models.tokenizers import open_tokenizer
from ..selection.rule_groups import bounds_of
from ..selection.token_counts import costs_of, tokenizer_for
from ..workspace.deciding import overrides_of
from ..workspace.results import Results
from .drawing import rounds_target
from .params import RefineParams
from .run import ARRAYS, VERSION, RefineRun, Round, feedback_seed
from .weights import Update, first_weights, update_by_records


class Rounds:
    """The runs of a workspace."""

    def __init__(self, results: Results) -> None:
        self.results = results
        self.workspace = results.workspace

    # Runs

    def runs(self) -> list[RefineRun]:
        """Return every run, oldest first."""
        runs: list[RefineRun] = []
        old: set[int] = set()
        for row in self.workspace.ledger.runs():
            if "scale" not in row["params"] or row["parent"] in old:
                old.add(row["id"])
            params = RefineParams.from_dict({"scale": "raw"} | row["params"])
            lm = LmParams.from_dict(row["lm"])
            runs.append(RefineRun(**row | {"params": params, "lm": lm, "is_old": row["id"] in old}))
        return runs

    def run(self, run_id: int) -> RefineRun:
        """Return a run; 0 means the newest. Raises CurationError where there is none."""
        runs = self.runs()
        found = runs[-1:] if run_id == 0 else [run for run in runs if run.id == run_id]
        if not found:
            have = f"the runs are 1 to {len(runs)}" if runs else "there is none yet"
            raise CurationError(f"There is no run {run_id or ''} of rounds; {have}.".replace("  ", " "))
        return found[0]

    def start(
        self, params: RefineParams, lm: LmParams | None = None, who: str = "", parent: int = 0, parent_round: int = 0
    ) -> int:
        """Record a new run and return its id; nothing is selected yet. Raises CurationError where it can't be done."""
        lm = lm or LmParams()
        needs = params.needs
        for need in needs:
            if not self.results.current(need):
                raise lacking(f"Rounds need the {need} stage, which has not run on this data", need)
        if params.feedback == "lm" and not lm.model:
            raise CurationError(
                "Feedback by a language model needs one",
                command="give its path or hub name (--model).",
                page="give its path or hub name under Language model",
            )
        self._check_quality(params)
        if tokens_of(params.budget):  # as it is now: another encoder later changes nothing for this run
            params = dataclasses.replace(params, tokenizer=tokenizer_for(self.results, params.tokenizer))
            open_tokenizer(params.tokenizer)
        bounds_of(self.results, params.rules)
        first = rounds_target(params.units(self.workspace.dataset().n_records), params.rounds, 1)
        n_pinned = len(overrides_of(self.results).pinned)
        if n_pinned > first and not parent and not tokens_of(params.budget):
            raise CurationError(
                f"{counted(n_pinned, 'record is', 'records are')} pinned, but the first round takes {first:,}; raise the budget, "
                "take fewer rounds, or unpin some."
            )
        inputs = {stage: self.results.current(stage) for stage in ("records", *needs)}
        return self.workspace.ledger.add_run(who, params.as_dict(), lm.as_dict(), inputs, parent, parent_round)

    def fork(self, run_id: int, number: int, params: RefineParams, lm: LmParams | None = None, who: str = "") -> int:
        """Start a run that shares rounds 1 to `number` of another, their feedback too, and return its id."""
        run, shared = self.run(run_id), self.rounds(run_id)[:number]
        if not 1 <= number <= len(shared):
            raise CurationError(
                f"Run {run.id} has {counted(len(self.rounds(run.id)), 'round')}; a fork starts after one of them."
            )
        self.check_inputs(run)
        if number >= params.rounds:
            raise CurationError(
                f"A fork after round {number} needs more than {counted(number, 'round')}; it is to have {params.rounds}."
            )
        room = rounds_target(params.units(len(self.labels(run))), params.rounds, number + 1)
        if (held := self.spent(params, self.taken(run, number))) >= room:
            unit = "token" if tokens_of(params.budget) else "record"
            raise CurationError(
                f"Rounds 1 to {number} hold {counted(held, unit)}, and with round {number + 1} the fork is to hold {room:,}; "
                "give it a larger budget, or fork an earlier round."
            )
        new = self.start(params, lm or run.lm, who, run.id, number)
        for shared_round in shared:
            self.workspace.ledger.add_round(
                new, shared_round.number, shared_round.key, who, shared_round.last_decision, shared_round.feedback
            )
        return new

    def fresh(self) -> "Rounds":
        """Return the runs as they stand now, with today's decisions: a Results remembers those it first saw."""
        return Rounds(self.results.fresh())

    # Rounds

    def rounds(self, run_id: int) -> list[Round]:
        """Return the standing rounds of a run, in order."""
        return [Round(**row) for row in self.workspace.ledger.rounds(run_id) if not row["taken_back"]]

    def state(self, run_id: int) -> str:
        """Return "ready" (for its next round), "waiting" (for scores from elsewhere), "done", "stale" (other clusters), or
        "reversed" (see `RefineRun.is_reversed`)."""
        run, rounds = self.run(run_id), self.rounds(run_id)
        if run.inputs != {stage: self.results.current(stage) for stage in run.inputs}:
            return "stale"
        if run.is_reversed:
            return "reversed"
        if len(rounds) >= run.params.rounds:
            return "done"
        return "waiting" if rounds and not rounds[-1].feedback and run.params.feedback == "import" else "ready"

    def info(self, made: Round) -> dict[str, Any]:
        """Return what was written down of a round's selection."""
        return self.workspace.info("round", made.key)

    def arrays(self, made: Round) -> dict[str, np.ndarray]:
        """Return a round's weights, effective, quotas, held and left, each (k,)."""
        return {name: np.array(self.workspace.array("round", made.key, f".{name}.npy")) for name in ARRAYS}

    def rows(self, made: Round) -> np.ndarray:
        """Return the row ids that a round took, in pick order."""
        return self.workspace.table("round", made.key)["row_id"].combine_chunks().to_numpy()

    def kept_rows(self, made: Round) -> np.ndarray:
        """Return the row ids that a round took, in pick order, less those that a curator has dropped since."""
        rows = self.rows(made)
        return rows[~np.isin(rows, overrides_of(self.results).dropped)]

    def labels(self, run: RefineRun) -> np.ndarray:
        """Return the (n,) int32 clusters that a run draws from."""
        return np.asarray(self.workspace.array("cluster", run.inputs["cluster"]))

    def multipliers(self, run: RefineRun) -> dict[int, float]:
        """Return today's multipliers, none where they are about other clusters than the run's."""
        same = run.inputs["cluster"] == self.results.current("cluster")
        return overrides_of(self.results).multipliers if same else {}

    def costs(self, params: RefineParams) -> np.ndarray | None:
        """Return (n,) int32, what each record takes of a run's budget in tokens; None of one in records."""
        return costs_of(self.results, params.tokenizer) if tokens_of(params.budget) else None

    def spent(self, params: RefineParams, rows: np.ndarray) -> int:
        """Return what `rows` take of a run's budget, records or tokens."""
        costs = self.costs(params)
        return len(rows) if costs is None else int(costs[rows].sum(dtype=np.int64))

    def scores(self, made: Round) -> pa.Table | None:
        """Return the feedback on a round: row_id, score, gold, generated, and answer where a model gave one; or None."""
        return self.workspace.table("feedback", made.feedback) if made.feedback else None

    def update(self, run: RefineRun, made: Round) -> Update | None:
        """Return how the feedback on a round moves the weights under the run's params, or None without feedback."""
        if not made.feedback:
            return None
        weights = np.array(self.workspace.array("round", made.key, ".weights.npy"))
        table = self.scores(made)
        labels = self.labels(run)
        rows = table["row_id"].to_numpy()
        return update_by_records(weights, table["score"].to_numpy(), labels[rows], run.params)

    def next_weights(self, run: RefineRun, upto: int | None = None) -> np.ndarray:
        """Return the (k,) weights to draw by after the standing rounds, or the first `upto`, before multipliers."""
        rounds = self.rounds(run.id)[:upto]
        if not rounds:
            return first_weights(len(self.workspace.info("cluster", run.inputs["cluster"])["sizes"]))
        update = self.update(run, rounds[-1])
        return self.arrays(rounds[-1])["weights"] if update is None else update.weights

    def losses(self, made: Round) -> list[dict[str, float]]:
        """Return the training losses of the feedback on a round, so far where it still runs."""
        if made.feedback:
            return self.workspace.info("feedback", made.feedback).get("losses", [])
        key = self.feedback_key(self.run(made.run), made)
        return read_losses(self.workspace.path("feedback", key, ".shards") / "tuning")

    def scored_rows(self, run: RefineRun, made: Round) -> np.ndarray:
        """Return the ascending row ids that a round's feedback is to score."""
        rows = np.unique(self.kept_rows(made)) if run.params.scored == "round" else self.taken(run)
        if run.params.feedback != "lm" or not run.lm.most_scored:
            return rows
        labels = self.labels(run)[rows]
        rng = np.random.default_rng(feedback_seed(run, made.number))
        order = np.lexsort((rng.random(len(rows)), labels))
        rank = np.arange(len(rows)) - np.searchsorted(labels[order], labels[order])
        return np.sort(rows[order[rank < run.lm.most_scored]])

    def feedback_key(self, run: RefineRun, made: Round) -> str:
        """Return the key that the feedback on a round has or will have."""
        before = [[r.key, r.feedback] for r in self.rounds(run.id) if r.number < made.number]
        how = [run.params.feedback, run.params.scored, run.params.seed]
        lm = run.lm.as_dict() if run.params.feedback == "lm" else {}
        return digest("feedback", VERSION, how, lm, before, made.key, self.taken(run).tobytes().hex())

    def taken(self, run: RefineRun, upto: int | None = None, with_dropped: bool = False) -> np.ndarray:
        """Return the ascending row ids that the standing rounds, or the first `upto`, hold together.

        Less those dropped since, unless `with_dropped`; and never more than those rounds' part of the budget: where a drop
        was undone after its place had been filled, the latest picks give way, pinned ones never.
        """
        return np.sort(self.in_order(run, upto, with_dropped)[0])

    def in_order(self, run: RefineRun, upto: int | None, with_dropped: bool = False) -> tuple[np.ndarray, pa.Table]:
        """Return (row ids in the order of the rounds, their part of the rounds' tables); see `taken`."""
        rounds, overrides = self.rounds(run.id)[:upto], overrides_of(self.results)
        if not rounds:
            return np.zeros(0, np.int64), pa.table({})
        table = pa.concat_tables([self.workspace.table("round", made.key) for made in rounds])
        rows = table["row_id"].to_numpy()
        first = np.zeros(len(rows), bool)
        first[np.unique(rows, return_index=True)[1]] = True
        if not with_dropped:
            first &= ~np.isin(rows, overrides.dropped)
            room = rounds_target(run.params.units(len(self.labels(run))), run.params.rounds, len(rounds))
            loose = np.flatnonzero(first & ~np.isin(rows, overrides.pinned))
            over = self.spent(run.params, rows[first]) - room
            if over > 0:
                costs = self.costs(run.params)
                given_back = np.arange(1, len(loose) + 1) if costs is None else np.cumsum(costs[rows[loose[::-1]]])
                first[loose[::-1][: int(np.searchsorted(given_back, over)) + 1]] = False
        return rows[first], table.filter(pa.array(first))

    def _check_quality(self, params: RefineParams) -> None:
        quality = (
            self.results.column("score", "score")
            if params.inside == "kmq" and params.sampling_probability == "proportional"
            else None
        )
        if quality is not None and quality.min() < 0:
            raise CurationError(
                f"quality goes down to {quality.min():g}, and a probability can't be proportional to a negative number; "
                "take sampling_probability softmax, or another method inside a cluster."
            )

    def check_inputs(self, run: RefineRun) -> None:
        """Raise CurationError unless the clusters and scores are those that the run began with, and their sign is right."""
        if run.is_reversed:
            raise CurationError(run.warning)
        changed = [stage for stage, key in run.inputs.items() if key != self.results.current(stage)]
        if changed:
            raise CurationError(
                f"Run {run.id} began with other {' and '.join(changed)} results than today's; start a new run, or bring back "
                "those it began with."
            )
