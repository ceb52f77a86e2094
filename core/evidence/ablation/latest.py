"""The latest ablation of a workspace, as pages, reports and commands read it."""

import dataclasses

import numpy as np

from ...base.text import counted
from ...workspace.results import Results
from ..redraw import overlap_warning
from .held_out import LEAST_HELD
from .losses import AblationLine, with_half
from .params import SETTING, AblationParams
from .statistics import AHEAD, BEHIND, UNSURE

LINES = 4  # the form of a saved line


@dataclasses.dataclass(frozen=True)
class Contrast:
    """The difference of the two arms that decide on more seeds, arm less base. n: seeds so far. half: of the rule's interval.

    p: the rule's. least: the least difference that as many seeds show with 80 % power. told: whether the interval leaves out 0.
    """

    arm: str
    base: str
    n: int
    mean: float
    half: float
    p: float
    least: float
    told: bool

    @property
    def words(self) -> str:
        """Return what it came to in a sentence or two."""
        gap = with_half(f"{self.mean:+.4f}", self.half)
        start = f"{self.arm} against {self.base}: {gap} after {counted(self.n, 'seed')}"
        if not np.isfinite(self.half):
            return f"{start}; two seeds at least have an interval."
        if self.told:
            return f"{start}; the interval leaves out 0."
        could = f"So many seeds would have shown a difference of {self.least:.4f} four times in five."
        return f"{start}; the interval includes 0. {could}"


@dataclasses.dataclass(frozen=True)
class LastAblation:
    """The latest ablation of a workspace. lines: one a method, none where the data changed since. trained: [method, seed, key].

    untold: (groups, held-out records in them) that are in no line, a group having too few to speak of. varied: what differed
    between the seeds, in words. steps: of the small model's trainings. contrast: what decided on more seeds, None where nothing
    was compared. finished: False where more seeds were to come when this was kept.
    """

    params: AblationParams
    lines: list[AblationLine]
    trained: list[list]
    untold: tuple[int, int]
    varied: str
    steps: int
    contrast: Contrast | None = None
    finished: bool = True

    @property
    def n_seeds(self) -> int:
        """Return how many seeds were trained, of every arm."""
        return max((len(line.macros) for line in self.lines), default=0)

    @property
    def warnings(self) -> list[str]:
        """Return what whoever reads the lines must know."""
        found = [self.left_out]
        if partly := [f"{line.method} {line.read:.0%}" for line in self.lines if line.read < 0.995]:
            found.append(
                f"Trainings read only a part of what was selected: {', '.join(partly)}. Give more steps, or leave them out: then "
                "the longest selection is read once."
            )
        for line in self.lines:
            if np.isfinite(line.overlap):
                found.append(overlap_warning(line.method, line.overlap, self.n_seeds))
        return [text for text in found if text]

    @property
    def stopping(self) -> str:
        """Return by which rule seeds were added, what the contrast came to, and whether more were to come; "" without lines."""
        rule = self.params.rule
        if not self.lines or rule is None:
            return ""
        parts = [rule.words]
        if self.contrast:
            parts.append(self.contrast.words)
        if not self.finished:
            parts.append(
                f"More seeds are to come, up to {self.params.most_seeds}: one that was stopped goes on when it is started again."
            )
        return " ".join(parts)

    @property
    def verdict(self) -> str:
        """Return how the methods stand to chance, in words: "Ahead of chance: kmq; can't tell: quality"."""
        by = {how: [line.method for line in self.lines if line.verdict == how] for how in (AHEAD, UNSURE, BEHIND)}
        if not any(by.values()):
            return "Nothing tells these from chance: it takes random selections beside them, and two seeds at least"
        parts = [f"Ahead of chance: {', '.join(by[AHEAD])}" if by[AHEAD] else "Nothing here is ahead of chance"]
        parts += [f"behind it: {', '.join(by[BEHIND])}"] if by[BEHIND] else []
        parts += [f"can't tell: {', '.join(by[UNSURE])}"] if by[UNSURE] else []
        return "; ".join(parts)

    @property
    def left_out(self) -> str:
        """Return in a sentence what is in no line, "" where everything is."""
        groups, records = self.untold
        if not groups:
            return ""
        rest = self.params.held_out - records
        return (
            f"{records:,} of the {self.params.held_out:,} held-out records count for nothing: their {groups:,} groups have "
            f"fewer than {LEAST_HELD} with a response. The losses are of the other {rest:,}; hold out more, or take larger groups."
        )


def last_ablation(results: Results) -> LastAblation | None:
    """Return the latest ablation, or None where there was none."""
    saved = results.workspace.ledger.settings().get(SETTING)
    if saved is None:
        return None
    saved.pop("records", None)  # of ablations from before lines had shares
    names = ("trained", "lines", "basis", "untold", "varied", "steps", "contrasted", "finished")
    trained, lines, basis, untold, varied, steps, contrast, finished = (saved.pop(name, None) for name in names)
    lines = [AblationLine(**line) for line in lines] if basis == [LINES, results.current("records")] else []
    if "model_size" not in saved:  # of ablations from before there were two sizes and more seeds than asked for
        saved |= {"model_size": "usual", "held_out_by": "random", "most_seeds": saved["n_seeds"]}
    params = AblationParams.from_dict(saved)
    return LastAblation(
        params=params,
        lines=lines,
        trained=trained,
        untold=tuple(untold or (0, 0)),
        varied=varied or "",
        steps=steps or params.small_params().steps,
        contrast=Contrast(**contrast) if contrast and lines else None,
        finished=finished is not False,
    )


def table_lines(lines: list[AblationLine]) -> list[str]:
    """Return the lines as text, the best first, for a terminal."""
    wide = max([18, *(len(line.method) for line in lines)])
    heads = (
        f"{'method':<{wide}} {'records':>9} {'read':>6} {'overlap':>8} {'macro loss':>17} {'worst':>8} {'against random':>19} "
        f"{'p, Holm':>8} {'':<10} {'could show':>10}"
    )
    reported = [f"{heads}  groups (share of the selection)"]
    for line in lines:
        gap = with_half(f"{line.against:+.4f}", line.against_half) if np.isfinite(line.against) else "-"
        some = ", ".join(f"{name} {loss:.3f} ({line.shares[name]:.0%})" for name, loss in list(line.groups.items())[:4])
        more = f" and {len(line.groups) - 4} more" if len(line.groups) > 4 else ""
        macro = with_half(f"{line.macro:.4f}", line.macro_half)
        read = f"{line.read:.2f}x" if np.isfinite(line.read) else "-"
        overlap = f"{line.overlap:.0%}" if np.isfinite(line.overlap) else "-"
        p = p_in_words(line.adjusted) if np.isfinite(line.adjusted) else "-"
        least = f"{line.least:.4f}" if np.isfinite(line.least) else "-"
        reported.append(
            f"{line.method:<{wide}} {max(line.n_records):>9,} {read:>6} {overlap:>8} {macro:>17} {line.worst:>8.4f} {gap:>19} "
            f"{p:>8} {line.verdict:<10} {least:>10}  {some}{more}"
        )
    return reported


def p_in_words(p: float) -> str:
    """Return a p-value to three decimals."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"
