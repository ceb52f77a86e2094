"""What the measures of a selection come to, in words: better or worse than chance, and in what; and what of it is estimated."""

from collections.abc import Sequence

import numpy as np

from ..measures.measure import MEASURES
from .measuring import Evidence


def verdict(found: Evidence) -> str:
    """Return the verdict in a short line: "Better records than chance, and more diverse"; "" where no measure has merit.

    Only what one random selection in a hundred would reach counts as better or worse.
    """
    judged = {name: found.told_from_chance(name) for name in found.values}
    quality = judged.get("quality", "")
    diverse = [judged[name] for name in judged if MEASURES[name].tells_diversity and judged[name]]
    better, worse = diverse.count("better"), diverse.count("worse")
    if not diverse:
        spread = ""
    elif better and worse:
        spread = "more diverse by some measures and less by others"
    else:
        spread = "more diverse" if better else "less diverse" if worse else "no more diverse"
    records = {"better": "Better records", "worse": "Worse records", "chance": "Records no better"}.get(quality, "")
    if not records:
        return spread and f"{spread[0].upper()}{spread[1:]} than chance"
    if not spread:
        return f"{records} than chance"
    link = "and" if (quality == "better") == (spread == "more diverse") else "but"
    return f"{records} than chance, {link} {spread}"


def counts_in_words(found: Evidence) -> str:
    """Return which measures say so: "Better in 6 of 10 measures: NovelSum, …. Among chance in 3: …. Worse in 1: Coverage."."""
    judged = {name: found.judged(name) for name in found.values}
    n, said = sum(map(bool, judged.values())), []
    for place, how in (("better", "Better"), ("chance", "No different"), ("worse", "Worse")):
        if names := [name for name, each in judged.items() if each == place]:
            of = f" of {n} measures" if not said else ""
            said.append(f"{how} in {len(names)}{of}: {listed(names)}.")
    return " ".join(said)


def against(one: Evidence, other: Evidence) -> tuple[list[str], list[str], list[str]]:
    """Return the measures in which the first is ahead, in which the second is, and in which they differ by no more than chance.

    By chance: by no more than random selections of their size do among themselves. Measures without merit are left out.
    """
    ahead: tuple[list[str], list[str], list[str]] = ([], [], [])
    for name in one.values:
        better = MEASURES[name].better
        if not better or name not in other.values:
            continue
        gap = (one.values[name] - other.values[name]) * (1 if better == "more" else -1)
        noise = max(float(np.ptp(each.bands[name])) for each in (one, other))
        ahead[2 if abs(gap) <= noise else 0 if gap > 0 else 1].append(name)
    return ahead


def listed(names: Sequence[str]) -> str:
    """Return measures by their titles: "NovelSum, Vendi score and coverage"."""
    titles = [MEASURES[name].title for name in names]
    return " and ".join([", ".join(titles[:-1]), titles[-1]] if len(titles) > 1 else titles)


def basis(found: Evidence, name: str, n_pool: int) -> str:
    """Return from how many records a measure is estimated; "" where it is exact or not told yet."""
    if not found.details:
        return ""
    compared, audience = found.details["compared"], found.details.get("audience", n_pool)
    goes_by, sampled = MEASURES[name].goes_by, f"{audience:,} records drawn from the {n_pool:,} of the data"
    if goes_by == "pairs" and compared < found.n:
        return (
            f"Estimated: {compared:,} of its {found.n:,} records, drawn at random, were each compared with all of them."
        )
    if goes_by == "coverage" and audience < n_pool:
        return f"Estimated: how near the selection is to {sampled}."
    if goes_by == "languages" and audience < n_pool:
        return f"Estimated: the languages of {sampled}."
    if name in ("novelsum", "coverage") and found.details.get("estimated"):
        return "Estimated: the nearest records are sought among near cells only."
    return ""


def estimates(found: Evidence, n_pool: int) -> list[str]:
    """Return what is estimated and from how many records, a sentence each: "NovelSum and DCScore are estimated: 5,000 of …"."""
    lines: dict[str, list[str]] = {}
    for name in found.values:
        if said := basis(found, name, n_pool):
            lines.setdefault(said, []).append(name)
    return [
        f"{listed(names)} {'is' if len(names) == 1 else 'are'} estimated: {said.removeprefix('Estimated: ')}"
        for said, names in lines.items()
    ]
