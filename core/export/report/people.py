"""What a report says of the people: every decision, whose it is, and whether it stands."""

from ...base.text import shorten
from ...workspace.deciding import overrides_of
from ...workspace.decisions import ACTIONS, Decision, decision_states
from ...workspace.results import Results
from ...workspace.shape import is_about_today, then_called
from ...workspace.told import about_shape
from .blocks import NUMBER, SHORT, TEXT, Paragraph, Section, Table, moment

_MOST_DECISIONS, _ROWS_NAMED = 200, 5


def decisions(results: Results) -> Section:
    """List what people decided, the newest first."""
    made = results.workspace.ledger.decisions()
    if not made:
        return Section("Decisions", (Paragraph("Nobody pinned, dropped or weighted anything."),))
    states = decision_states(made, overrides_of(results))
    shown = list(reversed(made))[:_MOST_DECISIONS]
    rows = tuple(
        (
            each.id,
            moment(each.at),
            each.who or "–",
            each.action,
            _about(results, each),
            states.get(each.id, "–"),
            shorten(each.note, 300),
        )
        for each in shown
    )
    columns = ("No.", "When (UTC)", "Who", "Action", "What", "State", "Note")
    more = f" {len(made) - len(shown):,} earlier ones are not shown." if len(shown) < len(made) else ""
    text = f"{len(made):,} decision{'s' if len(made) > 1 else ''}, the newest first.{more}"
    return Section("Decisions", (Paragraph(text), Table(columns, rows, NUMBER + SHORT + 3 * TEXT + SHORT + TEXT)))


def _about(results: Results, decision: Decision) -> str:
    """Return what a decision is about, in words."""
    if decision.action not in ACTIONS:
        return f"decision {decision.refers}"
    if decision.target == "records":
        named = ", ".join(f"{row:,}" for row in decision.rows[:_ROWS_NAMED])
        more = f" and {n:,} more" if (n := len(decision.rows) - _ROWS_NAMED) > 0 else ""
        earlier = "" if decision.fingerprint == results.workspace.dataset().fingerprint else " of an earlier import"
        field = f", {decision.field}" if decision.action == "edit" else ""
        return f"record{'s' if len(decision.rows) > 1 else ''} {named}{more}{earlier}{field}"
    by = f", × {decision.value:g}" if decision.action == "weight" else about_shape(decision, ", ")
    if not is_about_today(results, decision):
        return f"cluster {decision.cluster} of an earlier clustering{by}"
    name = shorten(then_called(results, decision), 60)
    return f"cluster {decision.cluster}{f' ({name})' if name else ''}{by}"
