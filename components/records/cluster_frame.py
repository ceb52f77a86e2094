"""The clusters as rows: what each holds, what was taken, where it lies; and which of them are wanted."""

import dataclasses

import numpy as np
import pandas as pd
import streamlit as st

from components.session import opened
from core.base.params import codes_digest, digest
from core.refine.history import history_of
from core.refine.runs import Rounds
from core.run.pipeline import Pipeline
from core.selection.status import DROPPED, PINNED, SELECTED
from core.vectors.cluster_facts import main_sources, redundancy, words_of_clusters
from core.vectors.topics import regions_of_clusters

ONLY = {
    "nothing selected": lambda frame: frame["selected"] == 0,
    "weighted": lambda frame: frame["weight"] != 1,
    "pinned": lambda frame: frame["pinned"] > 0,
    "dropped": lambda frame: frame["dropped"] > 0,
}


def cluster_frame(
    labels: np.ndarray, names: list[str], statuses: np.ndarray, quality: np.ndarray | None, weights: dict[int, float]
) -> pd.DataFrame:
    """Return one row a cluster. labels: (n,) int, statuses: (n,) int8, quality: (n,) float or None, weights: multipliers."""
    k = len(names)
    by_status = np.bincount(labels.astype(np.int64) * 4 + statuses, minlength=4 * k).reshape(k, 4)
    sizes = by_status.sum(axis=1)
    selected = by_status[:, SELECTED] + by_status[:, PINNED]
    frame = pd.DataFrame(
        {
            "cluster": np.arange(k),
            "name": names,
            "records": sizes,
            "selected": selected,
            "share": selected / np.maximum(sizes, 1),
            "pinned": by_status[:, PINNED],
            "dropped": by_status[:, DROPPED],
            "weight": [weights.get(cluster, 1.0) for cluster in range(k)],
        }
    )
    if quality is not None:
        frame["quality"] = np.bincount(labels, quality, minlength=k) / np.maximum(sizes, 1)
    return frame


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What of the table is wanted. words: each must be in the name, terms, region or number. only: of ONLY. source: the main one.

    region: a region's name.
    """

    words: str = ""
    only: tuple[str, ...] = ()
    source: str = ""
    region: str = ""

    def of(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the rows that are wanted, in their order; an empty cluster, merged into another, never is."""
        is_wanted = frame["records"] > 0
        said = frame["cluster"].astype(str)
        for column in ("name", "terms", "region"):
            said = said + " " + frame[column] if column in frame else said
        said = said.str.casefold()
        for word in self.words.casefold().split():
            is_wanted &= said.str.contains(word, regex=False)
        for name in self.only:
            is_wanted &= ONLY[name](frame)
        for column, value in (("source", self.source), ("region", self.region)):
            if value:
                is_wanted &= frame[column] == value
        return frame[is_wanted]


def whole_frame(pipeline: Pipeline, statuses: np.ndarray, weights: dict[int, float]) -> pd.DataFrame:
    """Return `cluster_frame` of the current clusters with what else is known of them: terms, region, rounds, words, source."""
    names = opened.cluster_names(pipeline)
    frame = _counts(pipeline, names, statuses, weights).assign(**_facts(pipeline))
    if (terms := opened.cluster_terms(pipeline)) != names:
        frame.insert(frame.columns.get_loc("name") + 1, "terms", terms)
    if regions := regions_of_clusters(pipeline):
        frame.insert(frame.columns.get_loc("name") + 1, "region", regions)
    if (history := _history(pipeline)) is not None:
        frame.insert(frame.columns.get_loc("weight") + 1, "rounds", list(history))
    return frame


def _counts(pipeline: Pipeline, names: list[str], statuses: np.ndarray, weights: dict[int, float]) -> pd.DataFrame:
    return _known_counts(
        str(pipeline.workspace.folder.resolve()),
        (pipeline.key("records"), pipeline.current("cluster"), pipeline.current("score")),
        digest(names, sorted(weights.items()), codes_digest(statuses)),
        (pipeline, names, statuses, weights),
    ).copy(deep=False)


@st.cache_resource(max_entries=8, show_spinner=False)
def _known_counts(folder: str, keys: tuple[str, ...], of: str, _parts: tuple) -> pd.DataFrame:
    pipeline, names, statuses, weights = _parts
    return cluster_frame(opened.labels(pipeline), names, statuses, opened.quality(pipeline), weights)


def _facts(pipeline: Pipeline) -> dict[str, np.ndarray | list[str]]:
    return _known_facts(
        str(pipeline.workspace.folder.resolve()), pipeline.key("records"), pipeline.current("cluster"), pipeline
    )


@st.cache_resource(max_entries=8, show_spinner=False)
def _known_facts(folder: str, records: str, clustering: str, _pipeline: Pipeline) -> dict[str, np.ndarray | list[str]]:
    labels = opened.labels(_pipeline)
    centroids, distances = (_pipeline.array("cluster", f".{name}.npy") for name in ("centroids", "distances"))
    facts = {"alike": redundancy(centroids, labels, distances), "words": words_of_clusters(_pipeline)}
    sources, codes = opened.sources(_pipeline)
    if sources:
        best, share = main_sources(labels, codes, len(centroids), len(sources))
        facts |= {"source": [sources[code] if code >= 0 else "" for code in best.tolist()], "source_share": share}
    return facts


def _history(pipeline: Pipeline) -> np.ndarray | None:
    """Return (k, r): the weights over the rounds of the newest run on these clusters, None before its second."""
    rounds = Rounds(pipeline)
    runs = [run for run in rounds.runs() if run.inputs.get("cluster") == pipeline.current("cluster")]
    if not runs or not rounds.rounds(runs[-1].id):
        return None
    relative = history_of(rounds, runs[-1]).relative
    return relative if relative.shape[1] > 1 else None
