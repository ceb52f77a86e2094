"""What DaaR found: domains, rewards and the cut, and the records at the top, at the cut and at the bottom with their reason."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pyarrow as pa
import streamlit as st

from components.canvas import beside
from components.canvas.canvas_map import tip_of
from components.canvas.choices import by_domain, by_entropy
from components.canvas.colouring import by_value
from components.charts.escaping import as_markdown, plain
from components.charts.theme import GRID, category_colours, is_dark, lay_out, text_colour
from components.charts.weight_figures import loss_lines
from components.session import opened, trouble
from core.base.text import counted, shorten
from core.evidence.current import current_selection
from core.run.pipeline import Pipeline
from core.selection.params import REASONS, SelectionParams

_SHOWN = 3


def show(pipeline: Pipeline) -> None:
    """Draw the results of the current reward stage."""
    key = pipeline.current("reward")
    info, table = pipeline.workspace.info("reward", key), pipeline.workspace.table("reward", key)
    for warning in info["warnings"]:
        trouble.warn(warning)
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
    columns[2].metric("Selected by it", f"{int(chosen.sum()):,}")
    if by_it is not None and (reported := _stands(pipeline, by_it)):
        columns[2].caption(reported)
    left, right = st.columns([17, 9], gap="large")
    with left:
        _map(pipeline, info["names"], table)
    with right:
        _domains(info)
        st.plotly_chart(
            entropy_figure(reward, domain, info["names"], cuts, is_dark()),
            key="entropies",
            theme=None,
            config={"displayModeBar": False},
        )
        st.caption(
            "Entropy of each record; the dotted line is the cut"
            + (", each domain's in its colour" if by_domain else "")
            + ". High entropy, a record between domains, is what DaaR selects."
        )
    _records(pipeline, info["names"], table, chosen, cuts)
    if "from" not in info:
        with st.expander("How the probes were trained"):
            _learning(info)


def shown_entropy(predicted: np.ndarray) -> np.ndarray:
    """Return predicted entropies as they are shown. The probe is a regression and may go below 0, which no entropy does."""
    return np.maximum(predicted, 0) + 0.0  # no -0.0


def _domains(info: dict) -> None:
    st.dataframe(
        pd.DataFrame(
            {"domain": info["names"], "share": info["shares"]}
            | ({} if "from" in info else {"moved": info["drift"], "seeds": info["seeds_kept"]})
        ),
        hide_index=True,
        column_config={
            "domain": "Domain",
            "share": st.column_config.NumberColumn(
                "Of all records" if "from" in info else "Of the sample", format="percent"
            ),
            "moved": st.column_config.NumberColumn(
                "Moved",
                format="%.2f",
                help="How far its centre moved from its seeds, 1 is as far as the next domain.",
            ),
            "seeds": st.column_config.NumberColumn(
                "Seeds left", format="percent", help="The share of its seeds that still lie nearest to its centre."
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


def entropy_figure(reward: np.ndarray, domain: np.ndarray, names: list[str], cuts: np.ndarray, dark: bool) -> go.Figure:
    """Return histograms of (n,) rewards by domain, and the cut as a line, a domain's in its colour where they differ.

    cuts: (k,) the least reward that was taken of each domain, NaN where none was.
    """
    figure = go.Figure()
    reward, cuts = shown_entropy(reward), shown_entropy(cuts)
    edges = np.linspace(0, max(float(reward.max()), 1e-6), 41)
    for k, (name, colour) in enumerate(zip(names, category_colours(len(names), dark), strict=True)):
        counts = np.histogram(reward[domain == k], edges)[0]
        figure.add_trace(
            go.Bar(
                x=(edges[:-1] + edges[1:]) / 2,
                y=counts,
                name=plain(name),
                marker_color=colour,
                hovertemplate="%{y:,}<extra>" + plain(name) + "</extra>",
            )
        )
    alike = len(set(cuts[np.isfinite(cuts)].tolist())) == 1
    for cut, colour in zip(cuts.tolist(), category_colours(len(names), dark), strict=True):
        if np.isfinite(cut):
            figure.add_vline(x=cut, line={"dash": "dot", "color": text_colour(dark) if alike else colour})
    return lay_out(
        figure,
        dark,
        270,
        barmode="stack",
        bargap=0.05,
        margin={"l": 40, "r": 0, "t": 8, "b": 30},
        legend={"orientation": "h", "y": 1.32},
        xaxis={"title": "entropy"},
        yaxis={"gridcolor": GRID},
    )


def _map(pipeline: Pipeline, names: list[str], table: pa.Table) -> None:
    choices = ["domain", "entropy", *(f"probability of {name}" for name in names)]
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
        column = f"p{choices.index(by) - 2}"
        colouring = by_value(f"{column} {pipeline.current('reward')}", "probability", table[column].to_numpy(), dark)
    domain, entropies = table["domain"].to_numpy(), shown_entropy(table["reward"].to_numpy())

    def tip(row: int) -> list[str]:
        return [*tip_of(pipeline, row), f"{names[domain[row]]}, entropy {entropies[row]:.3f}"]

    beside.show(pipeline, "reward_map", colouring, tip, 460)


def _learning(info: dict) -> None:
    left, right = st.columns(2, gap="large")
    for column, title, curve in ((left, "Domain probe", info["curve"]), (right, "Reward probe", info["reward_curve"])):
        losses = {name: [{"step": e["epoch"], "loss": e[name]} for e in curve] for name in ("train", "validation")}
        figure = loss_lines(losses, is_dark())
        figure.update_layout(xaxis={"title": "epoch"}, yaxis={"title": "loss"})
        column.caption(title)
        column.plotly_chart(figure, key=f"curve-{title}", theme=None, config={"displayModeBar": False})
    left.caption(
        f"Of {counted(info['n_held_out'], 'record')} held out: the domain they were given (rows) and the one the probe names."
    )
    left.dataframe(pd.DataFrame(info["confusion"], index=info["names"], columns=info["names"]), key="confusion")
    if info["sources"]:
        right.caption("Of the sample: the source label (rows) and the domain it was given. Labels were not used.")
        right.dataframe(pd.DataFrame(info["sources"], index=info["names"]).T, key="sources")


def _records(pipeline: Pipeline, names: list[str], table: pa.Table, chosen: np.ndarray, cuts: np.ndarray) -> None:
    reward, domain = table["reward"].to_numpy(), table["domain"].to_numpy()
    order = np.argsort(-reward, kind="stable")
    fifth = reward[order[len(order) // 5]]  # where the cut would be, while nothing is selected
    cuts = np.where(np.isfinite(cuts), cuts, fifth)
    nearest = np.argsort(np.abs(reward - cuts[domain]), kind="stable")[:_SHOWN]
    places = {
        "At the top": order[:_SHOWN],
        "At the cut": nearest[np.argsort(-reward[nearest], kind="stable")],
        "At the bottom": order[-_SHOWN:],
    }
    for column, (title, rows) in zip(st.columns(3, gap="large"), places.items(), strict=True):
        with column:
            st.markdown(f"##### {as_markdown(title)}")
            texts = opened.records(pipeline).take(rows, ["prompt", "response"])
            for row, prompt, response in zip(
                rows.tolist(), texts["prompt"].to_pylist(), texts["response"].to_pylist(), strict=True
            ):
                with st.container(border=True):
                    st.caption(
                        f"record {row:,} · entropy {shown_entropy(reward[row]):.3f} · {'taken' if chosen[row] else 'not taken'}"
                    )
                    st.text(shorten(prompt or response, 160))
                    bars = pd.DataFrame(
                        {
                            "domain": names,
                            "probability": [float(table[f"p{k}"][row].as_py()) for k in range(len(names))],
                        }
                    )
                    st.dataframe(
                        bars,
                        hide_index=True,
                        key=f"bars-{title}-{row}",
                        column_config={
                            "domain": st.column_config.TextColumn("Domain", width="small"),
                            "probability": st.column_config.ProgressColumn(
                                "Probability", min_value=0.0, max_value=1.0, format="percent"
                            ),
                        },
                    )
