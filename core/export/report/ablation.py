"""What a report says of the latest ablation: a forest plot, the verdicts, losses and shares by group."""

import numpy as np

from ...base.budget import in_words
from ...base.errors import COMMAND
from ...base.text import shorten
from ...evidence.ablation.forest import forest_rows, share_names
from ...evidence.ablation.latest import LastAblation, last_ablation, p_in_words
from ...evidence.ablation.losses import AblationLine, with_half
from ...workspace.results import Results
from .blocks import NUMBER, SHORT, TEXT, Key, Paragraph, Picture, Section, Table
from .figures import VERDICTS, forest, part_colours

_MOST_GROUPS = 6
_PROXY = "A small model from scratch is a proxy: it says what a selection teaches it, not how a large model will do."


def ablation(results: Results) -> Section:
    """Show what the latest ablation came to, if there is one on this data."""
    title, found = "Ablation", last_ablation(results)
    if found is None or not found.lines:
        text = "No model was trained on what the methods select from this data. Do it, then write the report again:"
        return Section(title, (Paragraph(text, f"{COMMAND} ablate WORKSPACE"),))
    blocks = [Paragraph(f"{found.verdict}."), Paragraph(_how(found))]
    blocks += [Paragraph(text) for text in (found.stopping, found.left_out) if text]
    if any(line.base for line in found.lines):
        blocks.append(_picture(found.lines))
    columns = (
        "Method",
        "Records",
        "Mean loss",
        "Against random",
        "p, Holm",
        "Says",
        "Could show",
        "Worst group",
    )
    kinds = TEXT + 4 * NUMBER + SHORT + NUMBER + TEXT
    return Section(title, (*blocks, Table(columns, tuple(map(_row, found.lines)), kinds), _group_table(found.lines)))


def _how(found: LastAblation) -> str:
    params = found.params
    base = params.base or "a small language model from scratch"
    text = (
        f"Every method selected with the budget {in_words(params.budget)} and {found.n_seeds} seeds, and {base} was trained on "
        f"each selection; {params.held_out:,} records were held out before. Mean loss over groups of held-out responses, in nats a "
        "token; lower is better. ± is half a 95 % confidence interval over the seeds; against random, of the differences of the "
        "same seeds. Ahead, behind, can't tell: those tests at 5 %, after Holm's correction over the methods. Could show: the "
        "least difference that as many seeds show four times in five."
    )
    return text if params.base else f"{text} {_PROXY}"


def _picture(lines: list[AblationLine]) -> Picture:
    names = [shorten(name, 40) for name in share_names(lines, _MOST_GROUPS)]
    rows = forest_rows(lines, _MOST_GROUPS)
    keys = (
        *(Key(VERDICTS[judged], name, text) for judged, name, text in _VERDICT_KEYS),
        *(Key(colour, f"part {i}", f"share of {name}") for i, (colour, name) in enumerate(_parts(names), 1)),
    )
    told = "; ".join(f"{row.arm} {row.said}" for row in rows)
    alt = f"Each method's difference from random in nats a token, the best first, and its selection's shares: {told}"
    return Picture(forest(rows), "image/svg+xml", alt, keys)


_VERDICT_KEYS = (("better", "teal", "ahead"), ("worse", "red", "behind"), ("chance", "grey", "can't tell"))


def _parts(names: list[str]) -> list[tuple[str, str]]:
    return list(zip(part_colours(len(names)), names, strict=True))


def _group_table(lines: list[AblationLine]) -> Table:
    """Return each method's loss on the groups, and what share of its selection each of them had."""
    groups = list(lines[0].groups)[:_MOST_GROUPS]
    rows = tuple(
        (line.method, *(f"{line.groups[name]:.4f} ({line.shares[name]:.0%})" for name in groups)) for line in lines
    )
    more = len(lines[0].groups) - len(groups)
    caption = "Loss on each group, and the group's share of what was selected" + (
        f"; {more} more groups" if more else ""
    )
    return Table(("Method", *(shorten(name, 40) for name in groups)), rows, TEXT + NUMBER * len(groups), caption)


def _row(found: AblationLine) -> tuple:
    least, most = min(found.n_records), max(found.n_records)
    return (
        found.method,
        f"{least:,}" if least == most else f"{least:,} to {most:,}",
        with_half(f"{found.macro:.4f}", found.macro_half),
        with_half(f"{found.against:+.4f}", found.against_half) if np.isfinite(found.against) else "–",
        p_in_words(found.adjusted) if np.isfinite(found.adjusted) else "–",
        found.verdict or "–",
        f"{found.least:.4f}" if np.isfinite(found.least) else "–",
        f"{shorten(found.worst_group, 40)}, {found.worst:.4f}",
    )
