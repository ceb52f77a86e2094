"""What a report says of what came out: weights over the rounds, measures over their bands, sources."""

import numpy as np

from ...base.errors import COMMAND
from ...base.text import shorten
from ...evidence.ground import MeasureParams
from ...evidence.measuring import Evidence, found_before, params_in_use
from ...evidence.verdict import counts_in_words, estimates, verdict
from ...measures.kinds.mix import shares
from ...measures.measure import MEASURES
from ...refine.history import History, history_of
from ...refine.run import Round
from ...refine.runs import Rounds
from ...selection.params import RoundsParams
from ...selection.status import DROPPED, SELECTED
from ...workspace.results import Results
from .blocks import NUMBER, SHORT, TEXT, Key, Paragraph, Picture, Section, Table
from .figures import PLAIN, STATUS_COLOURS, measure_dots, share_bars, weight_lines

_MOST_NAMED, _MOST_BARS = 12, 15
_BETTER = {"more": "More is better.", "less": "Less is better.", "": "Neither is better."}
_GOOD, _BAD = STATUS_COLOURS[SELECTED], STATUS_COLOURS[DROPPED]


def rounds(results: Results) -> Section:
    """Show how the clusters' weights went, where rounds have made the selection."""
    params = results.params("select")
    if not isinstance(params, RoundsParams):
        return Section("Rounds", (Paragraph("The selection was not made in rounds."),))
    made = Rounds(results)
    run = made.run(params.run)
    history, standing = history_of(made, run, params.rounds), made.rounds(run.id)[: params.rounds]
    text = "A weight of 1 is an equal share of what a round takes; curators' weights are counted in."
    if history.titles[-1] == "next":
        text += " “next” is what the round to come would draw by."
    blocks = [Paragraph(text), _round_table(made, standing, history)]
    if len(history.titles) == 1:
        return Section("Rounds", (*blocks, Paragraph("Weights move once a round has feedback.")))
    named = np.array(history.most_changed(_MOST_NAMED)[:_MOST_NAMED])
    named = named[np.argsort(-history.relative[named, -1], kind="stable")]
    alt = f"Weights of {len(history.names):,} clusters over the rounds"
    picture = Picture(weight_lines(history.titles, history.names, history.relative, named), "image/svg+xml", alt)
    return Section("Rounds", (blocks[0], picture, blocks[1], _weight_table(history, named)))


def _round_table(made: Rounds, standing: list[Round], history: History) -> Table:
    lines = []
    for place, title in enumerate(history.titles):
        counts = ("–", "–")
        if place < len(standing):
            scores = made.scores(standing[place])
            counts = (made.info(standing[place])["n_selected"], "–" if scores is None else len(scores))
        least, middle, most = np.percentile(history.relative[:, place], [0, 50, 100])
        lines.append((title, *counts, f"{least:.2f}", f"{middle:.2f}", f"{most:.2f}", len(history.decisions[place])))
    columns = ("Round", "Taken", "Scored", "Least weight", "Middle", "Most", "Decisions before it")
    return Table(columns, tuple(lines), SHORT + 6 * NUMBER)


def _weight_table(history: History, named: np.ndarray) -> Table:
    all_of = len(history.names) <= len(named)
    title = (
        "Weights of the clusters"
        if all_of
        else f"Weights of the {len(named)} clusters that changed most or were decided on"
    )
    rows = tuple(
        (cluster, history.names[cluster], *(f"{weight:.2f}" for weight in history.relative[cluster]))
        for cluster in named.tolist()
    )
    return Table(("No.", "Cluster", *history.titles), rows, NUMBER + TEXT + NUMBER * len(history.titles), title)


def measures(results: Results, rows: np.ndarray) -> Section:
    """Show every measure over its random band if they were measured, else say how to. rows: the selected row ids."""
    params = params_in_use(results)
    found = found_before(results, rows, params)
    if found is None:
        text = "This selection was not measured beside random ones. Measure it, then write the report again:"
        return Section("Measures", (Paragraph(text, f"{COMMAND} measure WORKSPACE"),))
    names = list(found.values)
    values = [found.values[name] for name in names]
    colours = [_colour(found, name) for name in names]
    chart = measure_dots([MEASURES[n].title for n in names], values, [found.bands[n] for n in names], colours)
    keys = (
        Key(_GOOD, "teal", "better than every random selection"),
        Key(_BAD, "red", "worse than every random selection"),
        Key(PLAIN, "grey", "among them, or neither better nor worse"),
    )
    columns = ("Measure", "Value", "Random, least", "Random, most", "Place", "What it says")
    lines = tuple((MEASURES[n].title, *_numbers(found, n), found.place(n), _meaning(n)) for n in names)
    return Section(
        "Measures",
        (
            Paragraph(_in_words(found)),
            Paragraph(_measured_on(found, len(rows), params, results.n_records())),
            Picture(chart, "image/svg+xml", "Every measure as a dot over the bar of its random band", keys),
            Table(columns, lines, TEXT + 3 * NUMBER + SHORT + TEXT),
        ),
    )


def _colour(found: Evidence, name: str) -> str:
    return {"better": _GOOD, "worse": _BAD}.get(found.judged(name), PLAIN)


def _meaning(name: str) -> str:
    return f"{MEASURES[name].meaning} {_BETTER[MEASURES[name].better]}"


def _numbers(found: Evidence, name: str) -> tuple[str, str, str]:
    """Return the value and the ends of its band, alike in their decimals."""
    numbers = (found.values[name], min(found.bands[name]), max(found.bands[name]))
    decimals = 0 if all(number == int(number) for number in numbers) else 1 if max(map(abs, numbers)) >= 1000 else 4
    return tuple(f"{number:,.{decimals}f}" for number in numbers)


def _in_words(found: Evidence) -> str:
    said = verdict(found)
    return f"{said}. {counts_in_words(found)}" if said else counts_in_words(found)


def _measured_on(found: Evidence, n: int, params: MeasureParams, n_pool: int) -> str:
    tokens = found.details["tokens"]
    text = (
        f"The bar is where {params.n_random} random selections of {n:,} records lie, the dot is this selection; every line has "
        f"a scale of its own, larger to the right. The selection has {tokens['prompts']:,} tokens in prompts and "
        f"{tokens['responses']:,} in responses, counted by the tokenizer of {tokens['tokenizer']}."
    )
    return " ".join([text, *estimates(found, n_pool)])


def sources(results: Results, rows: np.ndarray) -> Section:
    """Set the selection's mix of source labels beside the data's. rows: the selected row ids, with repeats."""
    names, codes = results.workspace.records().sources()
    if not names:
        return Section("Sources", (Paragraph("The records name no source."),))
    found = shares(names, codes, rows)
    first = list(found)[:_MOST_BARS]
    chart = share_bars(first, [found[name][0] for name in first], [found[name][1] for name in first])
    keys = (Key(_GOOD, "teal", "share of the selection"), Key(PLAIN, "grey", "share of the data"))
    alt = "The sources' shares of the selection and of the data"
    lines = tuple((shorten(name, 80), f"{chosen:.1%}", f"{every:.1%}") for name, (chosen, every) in found.items())
    more = f" The {len(lines)} most frequent of {len(names):,}." if len(lines) < len(names) else ""
    return Section(
        "Sources",
        (
            Paragraph(f"Where the records come from, by their own labels.{more}"),
            Picture(chart, "image/svg+xml", alt, keys),
            Table(("Source", "Selection", "Data"), lines, TEXT + 2 * NUMBER),
        ),
    )
