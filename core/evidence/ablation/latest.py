"""The latest ablation of a workspace, as pages, reports and commands read it."""

import dataclasses

import numpy as np

from ...workspace.results import Results
from ..redraw import overlap_warning
from .losses import LEAST_HELD, AblationLine, with_half
from .params import SETTING, AblationParams

_LINES = 3  # the form of a saved line


@dataclasses.dataclass(frozen=True)
class LastAblation:
    """The latest ablation of a workspace. lines: one a method, none where the data changed since. trained: [method, seed, key].

    untold: (groups, held-out records in them) that are in no line, a group having too few to speak of. varied: what differed
    between the seeds, in words. steps: of the small model's trainings.
    """

    params: AblationParams
    lines: list[AblationLine]
    trained: list[list]
    untold: tuple[int, int]
    varied: str
    steps: int

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
                found.append(overlap_warning(line.method, line.overlap, self.params.n_seeds))
        if not self.varied and self.lines:
            found.append(
                "This was trained before clusters and DaaR's probes were drawn anew for each seed: its intervals leave that out. "
                "Train again."
            )
        return [text for text in found if text]

    @property
    def verdict(self) -> str:
        """Return how the methods stand to chance, in words: "Ahead of chance: kmq. No different from it: quality"."""
        by = {how: [line.method for line in self.lines if line.judged == how] for how in ("better", "chance", "worse")}
        if not any(by.values()):
            return "Nothing tells these from chance: it takes random selections beside them, and two seeds at least"
        parts = [f"Ahead of chance: {', '.join(by['better'])}" if by["better"] else "Nothing here is ahead of chance"]
        parts += [f"no different from it: {', '.join(by['chance'])}"] if by["chance"] else []
        parts += [f"behind it: {', '.join(by['worse'])}"] if by["worse"] else []
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
    names = ("trained", "lines", "basis", "untold", "varied", "steps")
    trained, lines, basis, untold, varied, steps = (saved.pop(name, None) for name in names)
    same = basis in ([2, results.current("records")], [_LINES, results.current("records")])
    lines = [AblationLine(**line) for line in lines] if same else []
    params = AblationParams.from_dict(saved)
    steps = steps or params.small_params().steps
    return LastAblation(params, lines, trained, tuple(untold or (0, 0)), varied or "", steps)


def table_lines(lines: list[AblationLine]) -> list[str]:
    """Return the lines as text, the best first, for a terminal."""
    heads = f"{'method':<18} {'records':>9} {'read':>6} {'overlap':>8} {'macro loss':>17} {'worst':>8} {'against random':>19}"
    reported = [f"{heads}  groups (share of the selection)"]
    for line in lines:
        gap = with_half(f"{line.against:+.4f}", line.against_half) if np.isfinite(line.against) else "-"
        some = ", ".join(f"{name} {loss:.3f} ({line.shares[name]:.0%})" for name, loss in list(line.groups.items())[:4])
        more = f" and {len(line.groups) - 4} more" if len(line.groups) > 4 else ""
        macro = with_half(f"{line.macro:.4f}", line.macro_half)
        read = f"{line.read:.2f}x" if np.isfinite(line.read) else "-"
        overlap = f"{line.overlap:.0%}" if np.isfinite(line.overlap) else "-"
        reported.append(
            f"{line.method:<18} {max(line.n_records):>9,} {read:>6} {overlap:>8} {macro:>17} {line.worst:>8.4f} {gap:>19}  "
            f"{some}{more}"
        )
    return reported
