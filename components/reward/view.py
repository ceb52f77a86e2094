"""What DaaR found: rewards and the cut on the map and as a histogram, either of which opens records; the domains; examples."""

import numpy as np
import pandas as pd
import pyarrow as pa
import streamlit as st

from components.canvas import beside
from components.canvas.canvas_map import tip_of
from components.canvas.choices import by_domain, by_entropy
from components.canvas.colouring import by_value
from components.charts import shown
from components.charts.escaping import as_markdown
from components.charts.percent import PERCENT, in_percent
from components.charts.reward_figures import entropy_edges, entropy_figure, records_in, shown_entropy, span_of
from components.charts.theme import is_dark
from components.charts.weight_figures import loss_lines
from components.records import record_reader
from components.reward import draws, examples, stability
from components.session import opened, state, trouble
from components.session.focus import look_away
from components.session.state import Focus
from core.base.glossary import meaning
from core.base.text import counted
from core.evidence.current import current_selection
from core.run.pipeline import Pipeline
from core.selection.params import REASONS, SelectionParams
from core.workspace.deciding import overrides_of

_READER_HEIGHT = 420


def show(pipeline: Pipeline, busy: bool) -> None:
    """Draw the results of the current reward stage. busy: a job runs."""
    key = pipeline.current("reward")
    info, table = pipeline.workspace.info("reward", key), pipeline.workspace.table("reward", key)
    if warnings := [*info["warnings"], *stability.warnings(pipeline)]:
        trouble.warn("\n".join(warnings))
    reward, domain = table["reward"].to_numpy(), table["domain"].to_numpy()
    by_it = _last_by_it(pipeline)
    chosen, drawn = _chosen(pipeline, by_it, len(reward))
    by_domain = _by_domain(pipeline, by_it)
    cuts = _cuts(reward, domain, drawn, len(info["names"]), by_domain)
    columns = st.columns(3)
    if "from" in info:
        columns[0].caption(f"Probes trained elsewhere: {as_markdown(info['from'])}")
    else:
        _quality_of_probes(columns, info)
    columns[2].metric("Selected by it", f"{int(chosen.sum()):,}", help=meaning("selection"))
    if by_it is not None and (reported := _stands(pipeline, by_it)):
        columns[2].caption(reported)
    left, right = st.columns([14, 11], gap="large")
    with left:
        _map(pipeline, info["names"], table)
    with right:
        _histogram(pipeline, info["names"], table, cuts, by_domain)
    _domains(info)
    draws.show(pipeline, info, by_it, chosen)
    stability.show(pipeline, busy)
    examples.show(pipeline, info["names"], table, chosen, cuts, draws.taken_by(pipeline, by_it))
    if "from" not in info:
        with st.expander("How the probes were trained"):
            _learning(info)


def _histogram(pipeline: Pipeline, names: list[str], table: pa.Table, cuts: np.ndarray, by_domain: bool) -> None:
    """Draw how entropies are spread, and the records that were picked there or on the map."""
    reward, domain = table["reward"].to_numpy(), table["domain"].to_numpy()

    def read(picked: int) -> None:
        k, i, rows = records_in(picked, reward, domain)
        label = f"{names[k]}, entropy {span_of(entropy_edges(reward), i)}"
        state.get().look_at(Focus("area", label, rows, made_on=opened.shown_keys(pipeline)), "new")

    says = "How the records' entropies are spread, by domain; the table below has the domains' shares."
    shown.show(entropy_figure(reward, domain, names, cuts, is_dark()), "entropies", says, read)
    st.caption(
        "Entropy of each record; the dotted line is the cut"
        + (", each domain's in its colour" if by_domain else "")
        + ". High entropy, a record between domains, is what DaaR selects."
    )
    _reader(pipeline)


def _reader(pipeline: Pipeline) -> None:
    focus = state.get().focus
    if focus is None or not len(focus.rows):
        st.caption("Click a bar or a point, or draw a line around some points: their records are read here.")
        return
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.text(f"{counted(len(focus.rows), 'record')}: {focus.label}", width="content")
        st.button("Close", icon=":material/close:", key="reward_close", type="tertiary", on_click=look_away)
    with st.container(height=_READER_HEIGHT, border=False):
        statuses = opened.statuses(pipeline, overrides_of(pipeline))
        record_reader.show(pipeline, focus.rows, statuses, key="reward", first=focus.first, ranked=True)


def _domains(info: dict) -> None:
    kept = {"moved": info["drift"], "seeds": info["seeds_kept"]} if "drift" in info else {}
    frame = pd.DataFrame({"domain": info["names"], "share": info["shares"]} | kept)
    st.dataframe(
        in_percent(frame, ("share", "seeds")),
        hide_index=True,
        column_config={
            "domain": "Domain",
            "share": st.column_config.NumberColumn(
                "Of all records" if "from" in info else "Of the sample", format=PERCENT
            ),
            "moved": st.column_config.NumberColumn(
                "Moved",
                format="%.2f",
                help="How far its centre moved from its seeds, 1 is as far as the next domain.",
            ),
            "seeds": st.column_config.NumberColumn(
                "Seeds left", format=PERCENT, help="The share of its seeds that still lie nearest to its centre."
            ),
        },
    )


def _quality_of_probes(columns, info: dict) -> None:
    columns[0].metric(
        "Domain probe right",
        "–" if info["accuracy"] is None else f"{info['accuracy']:.0%}",
        help="Of records held out: how often it names the domain they were given.",
    )
    columns[1].metric(
        "Reward probe's order",
        "–" if info["spearman"] is None else f"{info['spearman']:.2f}",
        help="Rank correlation of predicted and true entropy on records held out; 1 is perfect.",
    )


def _last_by_it(pipeline: Pipeline) -> dict | None:
    """Return the ledger's entry of the latest selection that DaaR made from this data, current or not; None without any."""
    workspace = pipeline.workspace
    for entry in reversed(workspace.ledger.selections()):
        if entry["params"]["method"] == "daar" and workspace.has("select", entry["key"]):
            same = workspace.info("select", entry["key"])["inputs"]["records"] == pipeline.current("records")
            return entry if same else None
    return None


def _stands(pipeline: Pipeline, entry: dict) -> str:
    """Return what keeps a selection by DaaR from being what is exported, or ""."""
    if pipeline.key("select", SelectionParams.from_dict(entry["params"])) != entry["key"]:
        return ":orange[Out of date: something was decided, or trained anew, since.]"
    if pipeline.current("select") != entry["key"]:
        return f"Not the current selection, which is {as_markdown(current_selection(pipeline).title)}."
    return ""


def _chosen(pipeline: Pipeline, entry: dict | None, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (taken, drawn), each (n,) bool: what the latest selection by DaaR took, and what of it by its reward."""
    taken, drawn = np.zeros(n, bool), np.zeros(n, bool)
    if entry is not None:
        selection = pipeline.workspace.table("select", entry["key"])
        rows = selection["row_id"].to_numpy()
        taken[rows] = True
        drawn[rows[selection["reason"].to_numpy() == REASONS.index("drawn")]] = True
    return taken, drawn


def _by_domain(pipeline: Pipeline, entry: dict | None) -> bool:
    """Whether every domain has a cut of its own: one is favoured, or has a target share."""
    trained, favoured = pipeline.params("reward"), entry is not None and entry["params"].get("customise")
    return bool(favoured or any(domain.get("share") for domain in trained.domains))


def _cuts(reward: np.ndarray, domain: np.ndarray, drawn: np.ndarray, k: int, by_domain: bool) -> np.ndarray:
    """Return (k,) the least reward that was drawn, of each domain or of all; NaN where none was."""
    groups = [drawn & (domain == i) for i in range(k)] if by_domain else [drawn] * k
    return np.array([reward[group].min() if group.any() else np.nan for group in groups])


def _map(pipeline: Pipeline, names: list[str], table: pa.Table) -> None:
    by_draws = ["spread"] if "spread" in table.column_names else []
    choices = ["domain", "entropy", *by_draws, *(f"probability of {name}" for name in names)]
    by = st.selectbox("Colour the map by", choices, key="reward_colour", width=320)
    xy = opened.positions(pipeline)
    if xy is None:
        st.caption("No map yet; prepare it on the Data page.")
        return
    dark = is_dark()
    if by == "domain":
        colouring = by_domain(pipeline, dark)
    elif by == "entropy":
        colouring = by_entropy(pipeline, dark)
    else:
        column = "spread" if by == "spread" else f"p{choices.index(by) - 2 - len(by_draws)}"
        title = "spread" if by == "spread" else "probability"
        colouring = by_value(f"{column} {pipeline.current('reward')}", title, table[column].to_numpy(), dark)
    domain, entropies = table["domain"].to_numpy(), shown_entropy(table["reward"].to_numpy())

    def tip(row: int) -> list[str]:
        spread = f" ± {table['spread'][row].as_py():.3f}" if by_draws else ""
        return [*tip_of(pipeline, row), f"{names[domain[row]]}, entropy {entropies[row]:.3f}{spread}"]

    beside.show(pipeline, "reward_map", colouring, tip, 460)


def _learning(info: dict) -> None:
    if "draws" in info:
        lines = [(i + 1, each["accuracy"], each["spearman"]) for i, each in enumerate(info["of_draws"])]
        st.dataframe(
            pd.DataFrame(lines, columns=["Draw", "Domain probe right", "Reward probe's order"]),
            hide_index=True,
            key="of_draws",
        )
        st.caption("The curves are the first draw's; the counts are over all draws.")
    left, right = st.columns(2, gap="large")
    for column, title, curve in ((left, "Domain probe", info["curve"]), (right, "Reward probe", info["reward_curve"])):
        losses = {name: [{"step": e["epoch"], "loss": e[name]} for e in curve] for name in ("train", "validation")}
        figure = loss_lines(losses, is_dark())
        figure.update_layout(xaxis={"title": "epoch"}, yaxis={"title": "loss"})
        column.caption(title)
        with column:
            shown.show(figure, f"curve-{title}", f"{title}: loss over the epochs, in training and on records held out.")
    left.caption(
        f"Of {counted(info['n_held_out'], 'record')} held out: the domain they were given (rows) and the one the probe names."
    )
    left.dataframe(pd.DataFrame(info["confusion"], index=info["names"], columns=info["names"]), key="confusion")
    if info["sources"]:
        right.caption("Of the sample: the source label (rows) and the domain it was given. Labels were not used.")
        right.dataframe(pd.DataFrame(info["sources"], index=info["names"]).T, key="sources")
