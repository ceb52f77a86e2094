"""What the app remembers of one reader between reruns, as one typed object. Whatever must last is in the workspace."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from core.base import access
from core.base.text import counted
from core.daar.saved_domains import DraftRow
from core.data.hub.listing import Listing
from core.selection.finding.query import Filter
from core.workspace.ledger import user_name
from core.workspace.workspace import home, known_workspaces

SAMPLE = Path(__file__).resolve().parents[2] / "assets" / "sample.jsonl"


@dataclasses.dataclass(frozen=True)
class Focus:
    """What the reader looks at. kind: "cluster", "clusters" (several of them), "area" (drawn on the map), "search", "picked" (put
    together of several), or "kept" (under a name). rows: (m,) int64 row ids. cluster, clusters: of these kinds, their numbers.

    made_on: the keys of the data, clusters and map it was picked on. first: the record to read first, or -1; opens: a number,
    new whenever it is to be read at once. whole: what was narrowed by `filters` to give these rows, or None.
    """

    kind: str
    label: str
    rows: np.ndarray
    cluster: int = -1
    made_on: str = ""
    first: int = -1
    clusters: tuple[int, ...] = ()
    opens: int = 0
    whole: "Focus | None" = None
    filters: tuple[Filter, ...] = ()

    @property
    def id(self) -> str:
        """A text that changes with what is looked at."""
        return f"{self.kind}:{self.label}:{len(self.rows)}:{int(self.rows.sum()) if len(self.rows) else 0}:{self.first}"


@dataclasses.dataclass(frozen=True)
class RuleRow:
    """A rule of the Select page as it is written. kind: "least" or "most". where: its filter as text, "" without a value."""

    id: int
    column: str
    value: str
    kind: str
    amount: str
    where: str


@dataclasses.dataclass
class AppState:
    """workspace: the open folder. focus: what the reader looks at. view: the part of the map in sight (x, y, zoom), None for all.
    colour_by: what the map is coloured by. join: how what is picked next joins it: see `look_at`. side: what stands beside the
    map, "records", "clusters", or "" for the one of them that fits. page, order: of the list of records there; sort: the order
    of the table of clusters, a column with "-" before it for the greatest first.

    run: the run of rounds shown, 0 for the newest. round_shown: the round looked at, 0 for the latest.
    refine_cluster: the cluster picked on the Refine page, or -1; refine_picks: raised where its table did not pick it.
    message: said once, at the next rerun. compared: ids of the selections on the Compare page; compare_view: its question;
    duplicates_view: that of the Duplicates page.
    select_asked: (the selection it began from, what the form on the Select page asks since, as SelectionParams has it);
    select_form: raised to begin it anew; select_wanted: its button that was pressed; select_rules: (the
    form they are of, its rules as they are written).
    domain_rows: what the table of domains began with; domain_seen: what it held when last drawn; domain_table: raised to
    begin it anew. n_opened: how many records were opened by their number; n_looked: how often something else was looked at, but
    for a choice in the table of clusters. query: the search, as `core.selection.finding.query.to_text` gives it (see
    `session.finding`); query_note, query_error: what is said of it; answered: the search whose answer was last looked at;
    narrow_later: by which its answer is narrowed once it is there. restored: whether the address was read; kept: (id of what is
    looked at, the pick it is kept as). tour: the step of the tour
    that is shown, 0 for none. n_uploads: how often data was opened. hub_found: what was last looked up on a hub, to be opened.
    """

    workspace: Path
    who: str = ""
    focus: Focus | None = None
    view: tuple[float, float, float] | None = None
    colour_by: str = ""
    join: str = ""
    side: str = ""
    page: int = 0
    order: str = ""
    sort: str = ""
    message: str = ""
    seen_job: int = 0
    run: int = 0
    round_shown: int = 0
    refine_cluster: int = -1
    refine_picks: int = 0
    compared: tuple[str, ...] = ()
    domain_rows: tuple[DraftRow, ...] = ()
    domain_seen: tuple[DraftRow, ...] = ()
    domain_table: int = 0
    compare_view: str = "measures"
    duplicates_view: str = "records"
    select_asked: tuple[str, dict[str, Any]] = ("", {})
    select_form: int = 0
    select_wanted: str = ""
    select_rules: tuple[int, tuple[RuleRow, ...]] = (-1, ())
    n_opened: int = 0
    n_looked: int = 0
    query: str = ""
    query_note: str = ""
    query_error: str = ""
    answered: str = ""
    narrow_later: tuple[Filter, ...] = ()
    restored: bool = False
    kept: tuple[str, str] = ("", "")
    tour: int = 0
    n_uploads: int = 0
    hub_found: Listing | None = None

    def look_at(self, focus: Focus | None, join: str = "") -> None:
        """Change what the reader looks at. join: "new" in place of what was picked, "add" besides it, "subtract" taken away
        from it, "" as the reader set it for all picks.
        """
        join = join or self.join or "new"
        self.page, self.side, self.n_looked = 0, "", self.n_looked + 1
        if focus is None or join == "new" or self.focus is None:
            self.focus = focus if join != "subtract" or self.focus is not None else None
            return
        rows = np.union1d(self.focus.rows, focus.rows) if join == "add" else np.setdiff1d(self.focus.rows, focus.rows)
        first = focus.first if join == "add" else -1
        self.focus = Focus("picked", f"{counted(len(rows), 'record')} picked", rows, made_on=focus.made_on, first=first)

    def show_run(self, run: int) -> None:
        """Look at a run of rounds from now on."""
        self.run, self.round_shown, self.refine_cluster = run, 0, -1

    def reset_map(self) -> None:
        """Forget the focus and the zoom."""
        self.focus, self.view, self.page, self.side = None, None, 0, ""


def get() -> AppState:
    """Return this reader's state; a fresh browser opens the workspace named in the address, or the one that changed last."""
    if "winnow" not in st.session_state:
        name = Path(st.query_params.get("workspace", "")).name  # a name, never a path from an address
        folder = home() / name
        # One that has lost its ledger is opened, to be told so.
        if name in ("", "..") or not any((folder / held).exists() for held in ("workspace.db", "dataset.json")):
            folder = next(iter(known_workspaces()), home() / SAMPLE.stem)
        st.session_state["winnow"] = AppState(folder, who=access.signed(user_name()))
    return st.session_state["winnow"]


def open_results(folder: Path) -> None:
    """Show another workspace from now on."""
    st.session_state["winnow"] = AppState(
        folder, who=get().who, tour=get().tour, n_uploads=get().n_uploads + 1, restored=True
    )


def say(message: str) -> None:
    """Say what an action did, at the next rerun."""
    get().message = message
