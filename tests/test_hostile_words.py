"""Data whose words are markup, walked through every page and the report, in light and in dark.

Nothing is executed, fetched from elsewhere, linked or laid out, and no page grows wider than the window.
WINNOW_PICTURES=FOLDER keeps pictures, to look at.
"""

import contextlib
import http.server
import json
import os
import threading
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from playwright.sync_api import Error as PlaywrightError

from core.daar.domains import DEFAULT_DOMAINS, Domain, domain_as_dict
from core.daar.params import DaarParams
from core.daar.saved_domains import DraftRow, keep_draft, save_in
from core.data.records import RecordParams
from core.evidence.versions import save_version
from core.export.delivery import manifest_facts
from core.export.report.writing import write_report
from core.quality.params import QualityParams
from core.run.pipeline import Pipeline
from core.selection.params import SelectionParams
from core.vectors.clustering import ClusterParams
from core.vectors.duplicates.params import DuplicateParams
from core.vectors.embedding import EmbedParams
from core.vectors.projection import ProjectParams
from core.vectors.reshaping import rename_cluster
from core.workspace.deciding import decide_cluster, decide_records
from core.workspace.workspace import Workspace
from tests.browser import CHROMIUM, browser_page, go, running_app, settled
from tests.conftest import TinyEncoder, write_jsonl
from tests.hostile_words import NAME, WILD, bait, photographed, wrong_on

pytestmark = pytest.mark.skipif(
    not Path(CHROMIUM).exists(), reason="no Chromium on this machine; install it to run this"
)


class _Canary(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_) -> None:
        """Say nothing."""


@contextlib.contextmanager
def canary():
    """A server that remembers what it was asked for; it must not be asked for anything."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Canary)
    server.asked = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def _put_reward(pipeline: Pipeline, domains: tuple[Domain, ...], trained: str) -> None:
    """Put rewards there that nothing was trained for: training takes long, and says nothing here."""
    params, names = DaarParams(tuple(domain_as_dict(domain) for domain in domains)), [d.name for d in domains]
    n, k = len(pipeline.workspace.records()), len(domains)
    columns = {"reward": np.linspace(-0.02, 1, n).astype(np.float32), "domain": (np.arange(n) % k).astype(np.int32)}
    columns |= {f"p{i}": np.full(n, 1 / k, np.float32) for i in range(k)}
    info = {"names": names, "warnings": [f"a warning on {names[0]}"], "shares": [1 / k] * k, "from": trained}
    pipeline.workspace.save("reward", pipeline.key("reward", params), info, value=pa.table(columns))
    pipeline.workspace.ledger.set_settings("reward", params.as_dict())


@pytest.fixture
def hostile(tmp_path):
    """A workspace `sample` in which whatever can hold words holds bait; yields (pipeline, canary, its address)."""
    with canary() as server:
        address = f"http://127.0.0.1:{server.server_port}"
        records = [
            {
                "messages": [
                    {"role": "user", "content": f"question {i} {bait(address, 'prompt')} {WILD}"},
                    {"role": bait(address, "role"), "content": f"a tool says {i}"},
                    {"role": "assistant", "content": f"answer {i} {bait(address, 'response')} {WILD}"},
                ],
                "source": bait(address, f"source{i % 3}"),
            }
            for i in range(80)
        ]
        data = write_jsonl(tmp_path / f"{NAME}.jsonl", records)
        with data.open("a") as file:
            file.write(json.dumps({bait(address, "field"): 1}) + "\n" + f"{{no json {bait(address, 'raw')}\n")
            file.write(json.dumps(records[0] | {"source": "lone \ud800 surrogate"}) + "\n")
        workspace, params = Workspace(tmp_path / "home" / "sample", create=True), ProjectParams()
        workspace.import_data(data, RecordParams(on_error="skip"))
        pipeline = Pipeline(workspace)
        stages = {
            "embed": EmbedParams(),
            "cluster": ClusterParams(4),
            "score": QualityParams(),
            "duplicates": DuplicateParams(),
        }
        for stage, asked in stages.items():
            pipeline.run(stage, asked, encoder=TinyEncoder(), device="cpu")
        rename_cluster(pipeline, 0, f"**zqbold** :red[zqred] <b>zqtag</b> {address}/cluster")
        xy = np.random.default_rng(0).normal(size=(len(workspace.records()), 2)).astype(np.float32)
        workspace.save("project", pipeline.key("project", params), {"params": params.as_dict()}, value=xy)
        workspace.ledger.set_settings("project", params.as_dict())
        domains = (
            Domain(bait(address, "domain"), f"about {bait(address, 'description')}"),
            *DEFAULT_DOMAINS[:2],
        )
        save_in(workspace, domains)
        pipeline = Pipeline(workspace)
        _put_reward(pipeline, domains, bait(address, "from"))
        pipeline = Pipeline(workspace)
        pipeline.run("select", SelectionParams("10", "daar"))
        note, who = bait(address, "note"), bait(address, "who")
        save_version(pipeline, bait(address, "version"), manifest_facts(pipeline), note, who)
        decide_records(workspace, "pin", np.array([3]), who, note)
        pipeline = Pipeline(workspace)
        decide_cluster(pipeline, "weight", 1, who, note, 1.25)
        Pipeline(workspace).run("select", SelectionParams("12"))
        yield Pipeline(workspace), server, address


def look(page, address: str, name: str = "", laid_out: bool = False) -> None:
    """Nothing that is drawn may be what the data says. name: of pictures, where they are kept."""
    settled(page)
    assert not page.locator("[data-testid=stException]").count()
    if name and (folder := os.environ.get("WINNOW_PICTURES")):
        photographed(page, Path(folder), name)
    assert not (wrong := wrong_on(page, address, laid_out)), wrong


def go_and_look(page, title: str, address: str) -> None:
    go(page, title)
    look(page, address, title)


def read_one(page, address: str) -> None:
    """Read the first record of a list, whole."""
    page.locator(".reader .row:visible").first.click()
    page.get_by_role("dialog", name="Record").get_by_text("a tool says").wait_for()
    look(page, address, "Reader")
    page.get_by_role("button", name="Rendered").locator("visible=true").click()
    look(page, address, "Rendered", laid_out=True)
    page.get_by_role("button", name="As written").locator("visible=true").click()
    page.keyboard.press("Escape")


def hover_all(page) -> None:
    """Rest the pointer on every chart and map; one that a rerun takes away meanwhile is left out."""
    charts = page.locator(".js-plotly-plot, .map")
    for i in range(charts.count()):
        with contextlib.suppress(PlaywrightError):
            charts.nth(i).scroll_into_view_if_needed(timeout=2000)
        box = charts.nth(i).bounding_box() if charts.nth(i).count() else None
        for x, y in ((0.5, 0.5), (0.1, 0.03)) if box else ():
            page.mouse.move(box["x"] + box["width"] * x, box["y"] + box["height"] * y, steps=2)
            page.wait_for_timeout(200)


def test_no_page_fetches_or_links_what_the_data_says(hostile, tmp_path):
    pipeline, server, address = hostile
    said = []
    keep_draft(
        pipeline.workspace, (DraftRow("", bait(address, "draft"), "a"), DraftRow("", bait(address, "draft"), "b"))
    )
    with running_app(pipeline.workspace.folder.parent) as app, browser_page() as page:
        page.set_default_timeout(120_000)
        page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
        page.goto(f"{app}/?workspace=sample")
        page.get_by_role("heading", name="Data", exact=True).wait_for()
        look(page, address, "Data")

        # An import that names a hostile column, said as a job's error.
        page.get_by_text("Open other data").click()
        table = tmp_path / "columns.csv"
        table.write_text(f'"{bait(address, "column")}","{bait(address, "other")}"\n1,2\n')
        page.get_by_role("textbox", name="Or the path of a file on this computer").fill(str(table))
        page.get_by_role("button", name="Open", exact=True).locator("visible=true").first.click()
        page.get_by_text("No known field layout").first.wait_for()
        look(page, address)
        page.goto(f"{app}/?workspace=sample")
        page.get_by_role("heading", name="Data", exact=True).wait_for()

        go_and_look(page, "Map", address)
        for colouring in ("source", "selection", "cluster"):
            page.locator(".st-key-colour_by").get_by_role("combobox").click()
            page.get_by_role("option", name=f"Colour by {colouring}", exact=True).click()
            look(page, address, f"Map {colouring}")
            hover_all(page)
        page.get_by_role("textbox", name="Search").fill(bait(address, "response"))
        page.get_by_role("button", name="Find").click()
        read_one(page, address)

        go_and_look(page, "Duplicates", address)
        page.get_by_role("heading", name="Group 1: ").wait_for()
        go_and_look(page, "Select", address)
        hover_all(page)
        go_and_look(page, "Refine", address)
        go_and_look(page, "Reward", address)
        hover_all(page)
        page.locator("summary").get_by_text("Domains", exact=True).click()
        settled(page)  # the first fold is drawn, and moves the second
        page.locator("summary").get_by_text("Seeds", exact=True).click()
        look(page, address)
        page.get_by_role("button", name="Save the domains").click()  # two of one name: refused, and the name is said
        page.get_by_text("Two domains are called").wait_for()
        look(page, address)
        page.get_by_role("button", name="Take").first.click()  # said as a toast, with the domain's name
        page.get_by_text("now seeds of").wait_for()
        look(page, address)
        go_and_look(page, "Review", address)
        page.get_by_text("Pinned (1)").click()
        read_one(page, address)
        go_and_look(page, "Compare", address)
        for view in ("Measures", "What differs", "Quality and diversity", "Ablation", "Versions"):
            page.get_by_role("radio", name=view).click(force=True)
            look(page, address, f"Compare {view}")
            hover_all(page)
        page.get_by_role("textbox", name="Name").first.fill(bait(address, "toast"))
        page.get_by_role("button", name="Save", exact=True).click()
        page.get_by_text("Saved ![x]").wait_for()
        look(page, address)
        go_and_look(page, "Export", address)
        report = tmp_path / "report.html"
        write_report(pipeline, report)
        page.goto(report.as_uri())
        look(page, address, "Report")
    assert server.asked == [] and said == []
