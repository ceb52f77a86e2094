"""The stages on a workspace: what each depends on, whether its result is current, and running it if it is not.

A stage's key is a hash of its version, its params and the keys it depends on. Same key, same result, no work.
"""

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from core.clustering import ClusterParams
from core.embedding import EmbedParams, Encoder
from core.errors import CurationError, lacking
from core.overrides import Decision, Overrides
from core.params import Params, digest
from core.progress import Progress, no_progress
from core.projection import ProjectParams
from core.quality import QualityParams
from core.refinement import RoundsParams
from core.reward import RewardParams
from core.runners import RUNNERS, Run, selection_result
from core.selection import EarlierParams, Pool, Selection, SelectionParams, VersionParams
from core.suggestion import SuggestParams
from core.workspace import Workspace


@dataclasses.dataclass(frozen=True)
class Stage:
    """One stage. version: raised when its result changes for the same params. needs: the stages it reads."""

    params: type[Params]
    version: int
    needs: tuple[str, ...]


STAGES = {
    "embed": Stage(EmbedParams, 1, ("records",)),
    "cluster": Stage(ClusterParams, 1, ("embed",)),
    "project": Stage(ProjectParams, 1, ("embed",)),
    "suggest": Stage(SuggestParams, 1, ("embed",)),
    "score": Stage(QualityParams, 2, ("records",)),
    "reward": Stage(RewardParams, 1, ("records",)),
    "select": Stage(SelectionParams, 1, ()),
}
OTHER_SELECTIONS = {"rounds": RoundsParams, "version": VersionParams, "earlier": EarlierParams}  # by their method
Published = RoundsParams | VersionParams | EarlierParams
LEADING = (
    "embed",
    "cluster",
    "project",
    "score",
    "select",
)  # what every curator needs; the others are for those who ask


class Pipeline:
    """The stages of one workspace, as they stood when it was first asked.

    What it found is remembered until it runs or decides something itself; take a new one to see what others did.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._found: dict[str, Any] = {}

    def _once(self, name: str, find: Callable[[], Any]) -> Any:
        if name not in self._found:
            self._found[name] = find()
        return self._found[name]

    def params(self, stage: str) -> Params | None:
        """Return the params that the stage last ran with, or None."""
        values = self._once("settings", self.workspace.ledger.settings).get(stage)
        if values is None:
            return None
        kind = (
            OTHER_SELECTIONS.get(values.get("method"), SelectionParams) if stage == "select" else STAGES[stage].params
        )
        return kind.from_dict(values)

    def key(self, stage: str, params: Params | None = None) -> str:
        """Return the key of a stage's result for `params`, or for its last; "" where it or what it needs never ran."""
        if stage == "records":
            return self._once(
                "records", lambda: self.workspace.dataset().fingerprint if self.workspace.has_data else ""
            )
        params = params or self.params(stage)
        if params is None:
            return ""
        if stage == "select":
            return self._select_key(params)
        needs = [self.current(need) for need in self._needs(stage, params)]
        if not all(needs):
            return ""
        if stage == "cluster":
            return self._cluster_key(params, needs)
        return digest(stage, STAGES[stage].version, params.as_dict(), needs)

    def _cluster_key(self, params: ClusterParams, needs: list[str]) -> str:
        """Return the key that holds the clusters of `params`, whether asked for by "auto" or by the number that it takes.

        The key of "auto" is theirs where neither has run; results that were kept under the number's key stay what they are.
        """
        alike = sorted(params.alike(self._n_records()), key=lambda each: each.n_clusters)
        keys = {each: digest("cluster", STAGES["cluster"].version, each.as_dict(), needs) for each in alike}
        there = [keys[each] for each in (params, *alike) if self.workspace.has("cluster", keys[each])]
        return there[0] if there else keys[alike[0]]

    def _n_records(self) -> int:
        return self._once("n_records", lambda: self.workspace.dataset().n_records)

    @staticmethod
    def _needs(stage: str, params: Params) -> tuple[str, ...]:
        if stage == "select":
            return params.needs
        # A causal LM reads the texts itself; else DaaR goes by the embeddings.
        return (
            ("records",)
            if stage == "reward" and params.model
            else ("embed",)
            if stage == "reward"
            else STAGES[stage].needs
        )

    def current(self, stage: str) -> str:
        """Return the key of the stage's result if it is there and up to date, else ""."""
        return self._once(f"current {stage}", lambda: self._current(stage))

    def _current(self, stage: str) -> str:
        key = self.key(stage)
        return key if key and (stage == "records" or self.workspace.has(stage, key)) else ""

    def state(self, stage: str) -> str:
        """Return "missing" (never ran), "stale" (what it depends on has changed since), or "done"."""
        if stage != "records" and self.params(stage) is None:
            return "missing"
        return "done" if self.current(stage) else "stale" if stage != "records" else "missing"

    # Results, each None where it is not current

    def embeddings(self) -> np.ndarray | None:
        """Return the (n, d) float32 unit rows."""
        return self.workspace.array("embed", key) if (key := self.current("embed")) else None

    def labels(self) -> np.ndarray | None:
        """Return the (n,) int32 clusters."""
        return self.workspace.array("cluster", key) if (key := self.current("cluster")) else None

    def quality(self) -> np.ndarray | None:
        """Return the (n,) float32 quality scores."""
        if not (key := self.current("score")):
            return None
        return self.workspace.table("score", key)["score"].combine_chunks().to_numpy()

    def overrides(self) -> Overrides:
        """Return the curators' decisions as constraints on the current records and clusters."""
        return self._once("overrides", lambda: self.workspace.overrides(self.labels(), self.current("cluster")))

    def selection(self) -> pa.Table | None:
        """Return the current selection: row_id, cluster, score, reason, in pick order."""
        return self.workspace.table("select", key) if (key := self.current("select")) else None

    def last_selection_key(self) -> str:
        """Return the key of the current selection, or where it is out of date of the latest made; "" without any."""
        last = self._last_made()
        return self.current("select") or (last if last and self.workspace.has("select", last) else "")

    def _last_made(self) -> str:
        made = self._once("selections", self.workspace.ledger.selections)
        return made[-1]["key"] if made else ""

    def finished(self, stage: str) -> dict[str, Any]:
        """Return the facts of a stage's current result. Raises CurationError where there is none, or no longer."""
        if not (key := self.current(stage)):
            raise CurationError(
                f"The result of {stage} is out of date already: somebody decided, or ran a stage it depends on, meanwhile. "
                "Run it again."
            )
        return self.workspace.info(stage, key)

    # Running

    def run(
        self,
        stage: str,
        params: Params,
        progress: Progress = no_progress,
        device: str = "auto",
        encoder: Encoder | None = None,
        vectors: Path | None = None,
    ) -> str:
        """Bring a stage's result up to date and return its key. Raises CurationError where what it needs is not there.

        encoder: in place of the model that `params` names. vectors: the file of the curator's own embeddings.
        """
        key = self.make(stage, params, progress, device, encoder, vectors)
        self._remember(stage, key, params)
        return key

    def make(
        self,
        stage: str,
        params: Params,
        progress: Progress = no_progress,
        device: str = "auto",
        encoder: Encoder | None = None,
        vectors: Path | None = None,
    ) -> str:
        """Make a stage's result, if it is not there, without making it the workspace's own; else as `run`."""
        for need in self._needs(stage, params):
            if not self.current(need):
                raise lacking(f"{stage} needs the {need} stage, which has not run on this data", need)
        key = self.key(stage, params)
        with self.workspace.lock(stage, key):  # the app and the command line may ask for the same at once
            if not self.workspace.has(stage, key):
                started = time.monotonic()
                info, parts = RUNNERS[stage](Run(self, key, params, progress, device, encoder, vectors))
                seconds = round(time.monotonic() - started, 3)
                self.workspace.save(stage, key, {"params": params.as_dict(), "seconds": seconds} | info, **parts)
                shards = self.key(stage, params.asked) if stage == "score" else key
                self.workspace.remove_shards(stage, shards)
        return key

    def _remember(self, stage: str, key: str, params: Params) -> None:
        """Record that `key` is now the stage's result."""
        self.workspace.ledger.set_settings(stage, params.as_dict())
        if stage == "score":
            self.workspace.ledger.set_settings(f"score:{params.name}", params.as_dict())
        self._found.clear()
        if stage == "select":
            self._note_down(key, params)

    def _note_down(self, key: str, params: Params) -> None:
        """Put a selection on the list of those made, unless it is the latest there."""
        if self._last_made() != key:
            n = self.workspace.info("select", key)["n_selected"]
            self.workspace.ledger.add_selection(key, params.as_dict(), n)
        self._found.clear()

    def publish(self, params: Published, selection: Selection) -> str:
        """Make a selection that rounds have made, or a restored one, the current one, and return its key."""
        key = self._keep_selection(params, selection)
        self._remember("select", key, params)
        return key

    def follow(self, params: Published, selection: Selection) -> str:
        """Keep what the current selection, of `params`, is under today's decisions, and return its key.

        What is current is not written anew: a job may have gone on to another one meanwhile, and that must stand.
        """
        key = self._keep_selection(params, selection)
        self._note_down(key, params)
        return key

    def _keep_selection(self, params: Published, selection: Selection) -> str:
        key = self._select_key(params)
        if not key:
            raise CurationError("The clusters that this selection was drawn from are no longer there; cluster again.")
        with self.workspace.lock("select", key):
            if not self.workspace.has("select", key):
                info, parts = selection_result(self, selection, params)
                self.workspace.save("select", key, {"params": params.as_dict()} | info, **parts)
        return key

    def take_again(self, params: Params) -> str:
        """Make a selection current again whose result under today's decisions is there; return its key, else ""."""
        key = self.key("select", params)
        if not key or not self.workspace.has("select", key):
            return ""
        self._remember("select", key, params)
        return key

    def decide_cluster(
        self,
        action: str,
        cluster: int,
        who: str = "",
        note: str = "",
        value: float = 1.0,
        clustering: str = "",
        refers: int = 0,
    ) -> Decision:
        """Pin, drop, clear or weight a cluster of the current clustering. Raises CurationError where there is no such.

        clustering: the key of the clustering that the caller has in mind, if any; another one now is an error.
        refers: the decision about an earlier clustering that this one carries over.
        """
        if clustering and clustering != self.current("cluster"):
            raise CurationError(
                f"The clusters have changed since cluster {cluster} was looked at; nothing was decided."
            )
        clustering = self.current("cluster")
        if not clustering:
            raise lacking("There are no clusters yet, or they are out of date", "cluster", self.workspace.folder)
        n_clusters = len(self.workspace.info("cluster", clustering)["sizes"])
        if not 0 <= cluster < n_clusters:
            raise CurationError(f"cluster is {cluster}; the clusters are 0 to {n_clusters - 1}.")
        self._found.clear()
        return self.workspace.ledger.add_decision(
            Decision(
                action=action,
                target="cluster",
                cluster=cluster,
                clustering=clustering,
                value=value,
                who=who,
                note=note,
                refers=refers,
            )
        )

    def pool(self, overrides: Overrides | None = None, groups: str = "domains") -> Pool:
        """Return what a selection method chooses from, as of now. groups: "source" where it goes by source labels."""
        overrides = overrides or self.overrides()
        return Pool(
            n_records=self.workspace.dataset().n_records,
            labels=self.labels(),
            quality=self.quality(),
            embeddings=self.embeddings(),
            distances=self.workspace.array("cluster", key, ".distances.npy")
            if (key := self.current("cluster"))
            else None,
            reward=self._reward_column("reward"),
            domains=self._reward_column("domain"),
            sources=self.workspace.records().sources()[1] if groups == "source" else None,
            shares=self._shares(),
            pinned=overrides.pinned,
            dropped=overrides.dropped,
            multipliers=overrides.multipliers,
        )

    def _reward_column(self, name: str) -> np.ndarray | None:
        if not (key := self.current("reward")):
            return None
        return self.workspace.table("reward", key)[name].combine_chunks().to_numpy()

    def _shares(self) -> dict[str, float]:
        params = self.params("reward")
        return {domain["name"]: float(domain.get("share") or 0) for domain in params.domains} if params else {}

    def _select_key(self, params: SelectionParams | Published) -> str:
        needs = params.needs
        if any(not self.current(need) for need in needs):
            return ""
        inputs = [self.current(stage) for stage in ("records", "cluster", "score", *needs)]
        constraints = self.overrides()
        rows = [constraints.pinned.tobytes().hex(), constraints.dropped.tobytes().hex()]
        return digest(
            "select", STAGES["select"].version, params.as_dict(), inputs, rows, list(constraints.multipliers.items())
        )
