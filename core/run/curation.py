"""A workspace as notebooks and scripts use it: verbs as methods, arrays and DataFrames back. The package's face offers it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..base.files import file_sha256
from ..base.params import Params
from ..base.progress import Progress, no_progress
from ..daar.domains import check_domains, domain_as_dict, domain_from
from ..daar.params import USUAL_DRAWS
from ..daar.saved_domains import kept_only, save_in, saved_domains
from ..data.hub.listing import settle
from ..data.pool import on_hub, open_pool
from ..data.records import RecordParams
from ..evidence.candidates import find_choice, rows_of
from ..evidence.ground import MeasureParams
from ..evidence.measuring import found_before
from ..evidence.why import why
from ..export.delivery import export_selection
from ..export.report.writing import write_report
from ..export.splitting import SplitParams
from ..models.encoder import Encoder
from ..models.lora import LmParams
from ..models.named_encoders import encoder_of
from ..refine.advance import Advance
from ..refine.history import history_of
from ..refine.params import RefineParams
from ..refine.runs import Rounds
from ..selection.finding.find import find, sentence_model
from ..selection.finding.query import Query, parse_filter
from ..selection.params import REASONS
from ..selection.target.examples import picked
from ..vectors.embedding import EmbedParams
from ..vectors.overlap.evaluations import evaluations_in
from ..vectors.overlap.hits import hits_of, note_of, to_drop
from ..vectors.overlap.params import WAYS, OverlapParams
from ..workspace.deciding import decide_cluster, decide_records
from ..workspace.engine import LOCAL, Engine
from ..workspace.ledger import user_name
from ..workspace.shape import cluster_names
from ..workspace.workspace import Workspace, default_folder
from .first_look import REPLACE
from .pipeline import STAGES, Pipeline, open_results
from .tasks import Step, import_steps, run_steps

if TYPE_CHECKING:
    import pandas as pd

AnyPath = str | os.PathLike[str]


def open_data(
    data: AnyPath | Sequence[AnyPath],
    workspace: AnyPath | None = None,
    fields: str = "",
    on_error: str = "fail",
    config: str = "",
    split: str = "",
    **means: Any,
) -> Curation:
    """Read a data file, a folder, a glob, a name on a hub or several of these into a workspace; open that.

    workspace: `workspaces/NAME` where none is named. fields, on_error: see `RecordParams`. config, split: of what lies on a hub.
     means: device, encoder, report and engine of `Curation`. Raises CurationError.
    """
    data = [str(each) for each in ([data] if isinstance(data, str | os.PathLike) else data)]
    if there := [each for each in data if each not in on_hub(data)]:
        open_pool(there)  # a wrong path must not leave an empty workspace behind
    data = settle(data, config, split)
    made = Workspace(Path(workspace) if workspace else default_folder(data), create=True)
    opened = Curation(made, **means)
    try:
        for step in import_steps(data, RecordParams(fields, on_error)):
            opened._do(step.do, step.params, step.data)
    except BaseException:
        made.remove()  # only where it was made for this import, which failed
        raise
    return opened


def open_workspace(folder: AnyPath, **means: Any) -> Curation:
    """Open a workspace that was made before. means: device, encoder, report and engine of `Curation`. Raises CurationError."""
    return Curation(Workspace(Path(folder)), **means)


class Curation:
    """An open workspace. device: where to compute. encoder: in place of the model that embeds. engine: where shards are made.

    report: called with the name of each step, returns what is called with (done, total) while it runs. Every method raises
    CurationError where the data or the params are at fault.
    """

    def __init__(
        self,
        workspace: Workspace,
        device: str = "auto",
        encoder: Encoder | None = None,
        report: Callable[[str], Progress] | None = None,
        engine: Engine = LOCAL,
    ) -> None:
        self.workspace = workspace
        self._device, self._encoder, self._report, self._engine = device, encoder, report, engine

    @property
    def results(self) -> Pipeline:
        """Return the stages' results as they stand now, the current selection in line with what was decided."""
        return open_results(self.workspace)

    def _do(self, do: str, params: Params | Mapping[str, Any], data: str = "", vectors: Path | None = None) -> None:
        values = dict(params) if isinstance(params, Mapping) else params.as_dict()
        report = self._report or (lambda step: no_progress)
        step = Step(do, values, data)
        run_steps(self.workspace, [step], report, self._device, vectors, self._encoder, self._engine)

    def _stage(self, name: str, values: dict[str, Any], vectors: Path | None = None) -> None:
        self._do(name, STAGES[name].params(**values), vectors=vectors)

    # The stages

    def embed(self, model: str = "", vectors: AnyPath | None = None, **params: Any) -> np.ndarray:
        """Embed the records; return (n, d) float32 unit rows. vectors: your own, a .npy file. params: of `EmbedParams`."""
        return self._embed("embed", model, vectors, params)

    def re_embed(self, model: str = "", vectors: AnyPath | None = None, **params: Any) -> np.ndarray:
        """As `embed`, beside what there is: embeddings, and clusters and map if made, take the place of today's at once."""
        return self._embed(REPLACE, model, vectors, params)

    def _embed(self, do: str, model: str, vectors: AnyPath | None, params: dict[str, Any]) -> np.ndarray:
        if vectors is not None:
            self._do(do, EmbedParams(model="", vectors=file_sha256(Path(vectors))), vectors=Path(vectors))
        else:
            self._do(do, EmbedParams(**({"model": model} if model else {}), **params))
        return self.results.array("embed")

    def cluster(self, n_clusters: int = 0, **params: Any) -> pd.DataFrame:
        """Cluster the embeddings; return `clusters()`. n_clusters: 0 for the square root. params: of `ClusterParams`."""
        self._stage("cluster", {"n_clusters": n_clusters} | params)
        return self.clusters()

    def project(self, **params: Any) -> np.ndarray:
        """Lay out the map; return (n, 2) float32. params: of `ProjectParams`."""
        self._stage("project", params)
        return self.results.array("project")

    def score(self, column: str = "", **params: Any) -> np.ndarray:
        """Score quality; return (n,) float32. column: a numeric field, else the heuristic. params: of `QualityParams`."""
        self._stage("score", {"column": column} | params)
        return self.results.column("score", "score")

    def target(self, files: AnyPath | Sequence[AnyPath] = (), rows: Sequence[int] = (), **params: Any) -> pd.DataFrame:
        """Give examples for the method target: files, each with a label as in "math=train.jsonl", and records of the data.

        Return a row an example: label, prompt, response. params: of `TargetParams`.
        """
        named = [str(each) for each in ([files] if isinstance(files, str | os.PathLike) else files)]
        own = picked(self.workspace.records(), rows) if len(rows) else {}
        self._stage("targets", {"files": evaluations_in(named) if named else ()} | own | params)
        results = self.results
        names, made = results.finished("targets")["names"], results.table("targets").to_pandas()
        return made.assign(label=[names[code] for code in made["label"]])[["label", "prompt", "response"]]

    def select(self, budget: str | int = "10%", method: str = "kmq", **params: Any) -> pd.DataFrame:
        """Select by a method; return `selection()`. budget: a count, a percentage, or tokens. params: of `SelectionParams`."""
        self._stage("select", {"budget": str(budget), "method": method} | params)
        return self.selection()

    def refine(self, budget: str | int = "10%", rounds: int = 3, lm: Mapping[str, Any] | None = None, **params: Any):
        """Select in rounds (D&C); return a DataFrame of weights, a row a cluster, a column a round, 1 an equal share.

        lm: of `LmParams`, for feedback="lm". params: of `RefineParams`.
        """
        import pandas as pd

        asked = RefineParams(budget=str(budget), rounds=rounds, **params)
        run_id = Rounds(self.results).start(asked, LmParams(**(lm or {})), _who())
        self._do("refine", Advance(run_id, who=_who()))
        made = Rounds(self.results)
        history = history_of(made, made.run(run_id))
        return pd.DataFrame(history.relative, columns=history.titles).assign(name=history.names)

    def daar(self, domains: Sequence[Any] = (), budget: str | int = "20%", **params: Any) -> pd.DataFrame:
        """Run DaaR and select by it; return `rewards()`.

        domains: objects with name, description and, if wanted, share and seeds (texts), as in a domains file; those used last
        where empty. params: of `DaarParams`; draws=1 is the paper's single draw.
        """
        if domains:
            save_in(self.workspace, check_domains([domain_from(dict(domain)) for domain in domains]))
        kept = tuple(domain_as_dict(kept_only(domain)) for domain in saved_domains(self.workspace))
        self._stage("reward", {"domains": kept, "draws": USUAL_DRAWS} | params)
        self._stage("select", {"budget": str(budget), "method": "daar", "seed": params.get("seed", 0)})
        return self.rewards()

    # Decisions

    def pin(self, rows: Sequence[int] = (), cluster: int | None = None, note: str = "") -> int:
        """Pin records or a cluster; return the decision's id."""
        return self._decide("pin", rows, cluster, note)

    def drop(self, rows: Sequence[int] = (), cluster: int | None = None, note: str = "") -> int:
        """Drop records or a cluster; return the decision's id."""
        return self._decide("drop", rows, cluster, note)

    def decontaminate(self, *evaluations: AnyPath, drop: bool = False, **params: Any) -> pd.DataFrame:
        """Find records that overlap with evaluation files; return row_id, evaluation (its name), item, way, score, words.

        drop: drop them, as one decision. params: of `OverlapParams`.
        """
        asked = OverlapParams(evaluations=evaluations_in([str(each) for each in evaluations]), **params)
        self._do("decontaminate", asked)
        hits = hits_of(results := self.results)
        if drop and len(rows := to_drop(results, hits)):
            decide_records(self.workspace, "drop", rows, _who(), note_of(asked.evaluations, asked))
        names, ways = [each.name for each in asked.evaluations], list(WAYS)
        frame = hits.table.to_pandas()
        return frame.assign(
            evaluation=[names[i] for i in frame["evaluation"]], way=[ways[code] for code in frame["way"]]
        )

    def clear(self, rows: Sequence[int] = (), cluster: int | None = None, note: str = "") -> int:
        """Take pins, drops and weights off records or a cluster; return the decision's id."""
        return self._decide("clear", rows, cluster, note)

    def weight(self, cluster: int, by: float, note: str = "") -> int:
        """Multiply a cluster's share of the budget; return the decision's id."""
        return self._decide("weight", (), cluster, note, by)

    def _decide(self, action: str, rows: Sequence[int], cluster: int | None, note: str, by: float = 1.0) -> int:
        if cluster is None:
            return decide_records(self.workspace, action, rows, _who(), note).id
        return decide_cluster(self.results, action, cluster, _who(), note, by).id

    # What comes back

    def records(self, rows: Sequence[int] | None = None) -> pd.DataFrame:
        """Return row_id, prompt, response and source of some records, or of all."""
        table = self.workspace.records()
        wanted = np.arange(len(table)) if rows is None else np.asarray(rows, np.int64)
        return table.take(wanted, ["row_id", "prompt", "response", "source"]).to_pandas()

    def find(
        self, words: str = "", like: str = "", more_like: Sequence[int] = (), where: Sequence[str] = (), **more: Any
    ) -> pd.DataFrame:
        """Return what a query finds, the best first: row_id, cosine (of a search by meaning), prompt, response, source.

        where: filters as in "quality>0.5". more: nearest and in_order of `Query`.
        """
        filters = tuple(parse_filter(text) for text in where)
        query, results = Query(words, like, tuple(int(row) for row in more_like), filters, **more), self.results
        found = find(results, query, self._reads(results) if like.strip() else None)
        frame = self.records(found.rows)
        if found.scores is not None:
            frame.insert(1, "cosine", found.scores)
        return frame

    def why(self, rows: Sequence[int]) -> list[str]:
        """Return why each record is in the current selection or not, in a sentence; "" where nothing is selected yet."""
        return why(self.results, np.asarray(rows, np.int64))

    def _reads(self, results: Pipeline) -> Callable[[Sequence[str]], np.ndarray] | None:
        known = sentence_model(results)
        encoder = self._encoder or (encoder_of(*known, device=self._device) if known else None)
        return encoder.encode if encoder else None

    def clusters(self) -> pd.DataFrame:
        """Return a row a cluster that has records: cluster, name, size, and how many of it are selected."""
        import pandas as pd

        results = self.results
        info, taken = results.finished("cluster"), results.table("select")
        counts = {"cluster": np.arange(len(info["sizes"])), "name": cluster_names(results), "size": info["sizes"]}
        rows = np.zeros(0, np.int64) if taken is None else taken["row_id"].to_numpy()
        selected = np.bincount(results.array("cluster")[rows], minlength=len(info["sizes"]))
        made = pd.DataFrame(counts | {"selected": selected})
        return made[made["size"] > 0].reset_index(drop=True)

    def selection(self) -> pd.DataFrame:
        """Return the current selection in pick order: row_id, cluster, score, reason, and the record's prompt and response."""
        self.results.finished("select")
        chosen = self.results.table("select").to_pandas()
        chosen["reason"] = [REASONS[reason] for reason in chosen["reason"]]
        texts = self.records(chosen["row_id"].tolist())[["prompt", "response"]]
        return chosen.join(texts)

    def rewards(self) -> pd.DataFrame:
        """Return DaaR's findings, a row a record: domain (its name), reward (predicted entropy), p0, p1, … a domain.

        Of several draws these are means; spread is the standard deviation of the entropy over them.
        """
        names = self.results.finished("reward")["names"]
        found = self.results.table("reward").to_pandas()
        return found.assign(domain=[names[domain] for domain in found["domain"]])

    def measure(self, selection: str = "current", **params: Any) -> pd.DataFrame:
        """Measure a selection beside random ones: a row a measure, value, random_least, random_most, place.

        selection: "current", "#3", "round:1.2" or a version's name. params: of `MeasureParams`.
        """
        import pandas as pd

        asked, choice = MeasureParams(**params), find_choice(self.results, selection)
        self._do("measure", {"choices": [choice.id], "params": asked.as_dict()})
        found = found_before(self.results, rows_of(self.results, choice), asked)
        lines = [(n, v, min(found.bands[n]), max(found.bands[n]), found.place(n)) for n, v in found.values.items()]
        columns = ["measure", "value", "random_least", "random_most", "place"]
        return pd.DataFrame(lines, columns=columns).set_index("measure")

    def export(self, out: AnyPath, unfinished: bool = False, update: bool = False, **split: Any) -> Path:
        """Write the current selection as JSONL, and its manifest beside it, whose path comes back.

        update: select anew first where decisions changed since.
        split: of `SplitParams`, as in split="validation=5%,test=500", split_by="random": parts, each a file, in place of `out`.
        """
        return export_selection(self.results, Path(out), unfinished, SplitParams(**split), update)

    def report(self, out: AnyPath) -> Path:
        """Write everything about the current selection as one HTML file, and as Markdown beside it."""
        return write_report(self.results, Path(out))[0]


def _who() -> str:
    return user_name()
