"""Ablation on a workspace: hold out, select by each arm, train, and add seeds until the contrast tells or the cap is reached.

Each training is a result of its own, so a killed ablation goes on with the next one, and another arm added later costs only
its own trainings.
"""

import dataclasses

import numpy as np

from ...base.budget import tokens_of
from ...base.device import resolve_device
from ...base.progress import Progress, no_progress, part_of
from ...workspace.results import Results
from ..redraw import mean_overlap
from .arm_names import parse_arm
from .arms import fair_random, redrawn_words, select_for_ablation
from .held_out import Held, hold_out, reported_groups
from .latest import LINES, Contrast
from .losses import AblationLine, loss_tables, losses_reported, sum_up
from .params import KIND, SETTING, AblationParams
from .statistics import BASE, contrast_of
from .training import Trainer

_CHOOSING = 0.1  # of the time, about
Which = tuple[str, int]  # an arm and a seed


def ablate(
    results: Results, params: AblationParams, progress: Progress = no_progress, device: str = "auto"
) -> list[AblationLine]:
    """Train what is not trained yet and return a line an arm. Raises CurationError where a method lacks what it needs.

    After n_seeds seeds, and after each that is added, what came out so far is kept as the workspace's latest ablation.
    """
    made = _Ablation(results, params, resolve_device(device))
    start = 0.0
    for n in range(params.n_seeds, params.most_seeds + 1):
        stop = n / params.most_seeds
        made.train_up_to(n, part_of(progress, start, stop))
        start = stop
        contrast = made.contrast()
        is_last = n == params.most_seeds or contrast is None or contrast.told
        lines = made.keep(contrast, is_last)
        if is_last:
            break
    progress(1, 1)
    return lines


class _Ablation:
    """One ablation as far as it got. chosen: {(arm, seed): row ids}, seed by seed; trained: {(arm, seed): key of its losses}."""

    def __init__(self, results: Results, params: AblationParams, device: str) -> None:
        self._results, self._params, self._device = results, params, device
        self._held: Held = hold_out(results, params)
        reported_groups(len(self._held.groups), self._held.codes[self._held.rows])
        self._train = Trainer(results, params, self._held, device)
        self._arms, self._fair = list(params.methods), {}
        self._chosen: dict[Which, np.ndarray] = {}
        self._trained: dict[Which, str] = {}

    def train_up_to(self, n_seeds: int, progress: Progress) -> None:
        """Select and train for the first `n_seeds` seeds, as far as that is not done."""
        if not self._chosen:
            self._find_bases()
        seeds = range(self._params.seed, self._params.seed + n_seeds)
        new = [(arm, seed) for seed in seeds for arm in self._arms if (arm, seed) not in self._chosen]
        # All of them first: what is missing is said before an hour of training.
        for place, (arm, seed) in enumerate(new):
            within = part_of(progress, _CHOOSING * place / len(new), _CHOOSING * (place + 1) / len(new))
            self._chosen[arm, seed] = self._select(arm, seed, within)
        self._train.settle([self._chosen[which] for which in new])
        asked = {which: self._chosen[which] for which in new}
        self._trained |= self._train(asked, part_of(progress, _CHOOSING, 1))

    def _find_bases(self) -> None:
        """A version gets random selections of its own size to be compared with."""
        for arm in self._params.methods if BASE in self._params.methods else ():
            if parse_arm(arm).method == "version":
                rows = self._select(arm, self._params.seed)
                self._fair[arm] = fair_random(self._results, self._params, rows)
                if self._fair[arm] not in self._arms:
                    self._arms.append(self._fair[arm])

    def _select(self, arm: str, seed: int, progress: Progress = no_progress) -> np.ndarray:
        return select_for_ablation(self._results, arm, self._params, seed, self._held.barred, progress, self._device)

    def _bases(self) -> dict[str, str]:
        """Return {arm: the random selections that it is compared with}; none for one that found less than the budget."""
        sizes: dict[str, list[int]] = {}
        for (arm, _), rows in self._chosen.items():
            sizes.setdefault(arm, []).append(len(rows))
        in_tokens = tokens_of(self._params.budget) is not None
        found = {arm: self._fair.get(arm, BASE) for arm in self._arms if not parse_arm(arm).is_random}
        return {
            arm: base for arm, base in found.items() if base in self._arms and (in_tokens or sizes[arm] == sizes[base])
        }

    def _losses(self) -> dict[str, list[np.ndarray]]:
        losses: dict[str, list[np.ndarray]] = {}
        for (arm, _), key in self._trained.items():
            losses.setdefault(arm, []).append(np.array(self._results.workspace.array(KIND, key)))
        return losses

    def contrast(self) -> Contrast | None:
        """Return what the chosen contrast came to so far, or None where nothing is compared."""
        pair, losses = self._params.contrasted, self._losses()
        if pair is None or self._params.rule is None:
            return None
        arm, base = pair[0], self._fair.get(pair[0], pair[1]) if pair[1] == BASE else pair[1]
        codes = self._held.codes[self._held.rows]
        tables = loss_tables(losses, codes, losses_reported(losses, len(self._held.groups), codes))
        found = contrast_of(tables, arm, base, self._params.rule)
        return Contrast(arm, base, found.n, found.mean, found.half, found.p, found.least, found.excludes_0)

    def lines(self) -> list[AblationLine]:
        """Return a line an arm of what is trained so far."""
        taken: dict[str, list[np.ndarray]] = {}
        rows: dict[str, list[np.ndarray]] = {}
        read: dict[str, list[float]] = {}
        for (arm, seed), key in self._trained.items():
            rows.setdefault(arm, []).append(self._chosen[arm, seed])
            taken.setdefault(arm, []).append(self._held.codes[rows[arm][-1]])
            read.setdefault(arm, []).append(_times_read(self._results.workspace.info(KIND, key)))
        codes = self._held.codes[self._held.rows]
        lines = sum_up(self._losses(), taken, self._held.groups, codes, self._bases(), self._params.rule)
        return [
            dataclasses.replace(
                line,
                read=float(np.mean(read[line.method])),
                overlap=mean_overlap(rows[line.method]) if len(rows[line.method]) > 1 else float("nan"),
            )
            for line in lines
        ]

    def keep(self, contrast: Contrast | None, is_last: bool) -> list[AblationLine]:
        """Keep what came out so far as the workspace's latest ablation, and return its lines."""
        lines = self.lines()
        reported = {
            "trained": [[*which, key] for which, key in self._trained.items()],
            "lines": [line.as_dict() for line in lines],
            "untold": self._untold(lines),
            "varied": redrawn_words(self._results, self._params),
            "steps": self._train.small.steps,
            "basis": [LINES, self._results.current("records")],
            "contrasted": dataclasses.asdict(contrast) if contrast else None,
            "finished": is_last,
        }
        self._results.workspace.ledger.set_settings(SETTING, self._params.as_dict() | reported)
        return lines

    def _untold(self, lines: list[AblationLine]) -> tuple[int, int]:
        counts = np.bincount(self._held.codes[self._held.rows] + 1, minlength=len(self._held.groups) + 1)[1:]
        left_out = counts[[name not in lines[0].groups for name in self._held.groups]]
        return int((left_out > 0).sum()), int(left_out.sum())


def _times_read(info: dict) -> float:
    """Return how often a training read its selection."""
    return info["epochs"] if "epochs" in info else info["tokens"] / max(info["tokens_selected"], 1)
