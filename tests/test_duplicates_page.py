"""The Duplicates page and its verb: found by a job, counted at any threshold, dropped as one decision that undo takes back."""

import numpy as np
import pytest

from core.data.records import RecordParams
from core.quality.params import QualityParams
from core.run.pipeline import Pipeline
from core.vectors.clustering import ClusterParams
from core.vectors.duplicates.params import Threshold
from core.vectors.duplicates.stage import groups_at
from core.vectors.embedding import EmbedParams
from core.workspace.deciding import decide_records, overrides_of
from core.workspace.workspace import Workspace
from tests.command import run
from tests.conftest import TinyEncoder, write_jsonl
from tests.pages import check, check_job_done, open_page, press, words

pytestmark = pytest.mark.usefixtures("jobs_in_process")

SUBJECTS = (
    "bread oven flour knead rise",
    "python function list loop",
    "garden soil seeds water",
    "travel train ticket seat",
)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A workspace `twins`: 20 records, of which the last 8 say nearly what the first 8 say."""
    records = [
        {"prompt": f"{SUBJECTS[i % 4]} question {i}", "response": f"{SUBJECTS[i % 4]} answer a{i} b{i} c{i} d{i} <b>here</b>",
         "source": "old", "rating": 1} for i in range(12)
    ]  # fmt: skip
    records += [
        record | {"response": record["response"] + " [indeed](x)", "source": "new", "rating": 2}
        for record in records[:8]
    ]
    workspace = Workspace(tmp_path / "home" / "twins", create=True)
    workspace.import_data(write_jsonl(tmp_path / "twins.jsonl", records), RecordParams())
    pipeline = Pipeline(workspace)
    pipeline.run("embed", EmbedParams(), encoder=TinyEncoder())
    pipeline.run("cluster", ClusterParams(4), device="cpu")
    pipeline.run("score", QualityParams(column="rating"))
    monkeypatch.setenv("WINNOW_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def dropped(home) -> list[int]:
    return overrides_of(Pipeline(Workspace(home / "twins"))).dropped.tolist()


def test_from_nothing_to_dropped_and_back(home):
    app = open_page(home, "duplicates", workspace="twins")
    press(app, "Find near-duplicates")
    assert check_job_done(home, "twins").arguments["steps"][0]["do"] == "duplicates"
    app = open_page(home, "duplicates", workspace="twins")
    check(app.get("button_group")[1].set_value("words").run())
    groups = groups_at(Pipeline(Workspace(home / "twins")), Threshold("words"))
    assert f"**{len(groups)} groups** of {len(groups.rows)} records" in words(app)
    check(app.slider(key="duplicates_jaccard").set_value(0.85).run())
    groups = groups_at(Pipeline(Workspace(home / "twins")), Threshold("words", jaccard=0.85))
    n = len(groups.rows) - len(groups)
    assert f"**{n} records** would be dropped" in words(app) and n >= 8
    press(app, f"Drop {n} records")
    assert len(dropped(home)) == n and not set(dropped(home)) & set(range(12, 20))  # the better ones stay
    decisions = Pipeline(Workspace(home / "twins")).workspace.ledger.decisions()
    assert [d.note for d in decisions] == ["near-duplicates: Jaccard 0.85 or more; kept by quality"]
    assert next(button for button in app.button if button.label == "All of them are dropped").disabled
    press(app, "Undo the last decision")
    assert dropped(home) == []


def test_a_group_shows_its_records_side_by_side_with_what_differs(home):
    Pipeline(Workspace(home / "twins")).run(
        "duplicates", Pipeline(Workspace(home / "twins")).stages["duplicates"].params()
    )
    app = open_page(home, "duplicates", workspace="twins")
    said = words(app)
    assert "Cosine 0.9" in said or "Cosine 1.000" in said
    assert ":orange-background[" in said and "<b>" not in said and "[indeed](x)" not in said  # as text, never as markup
    press(app, "Look at on the map")
    assert len(app.session_state["winnow"].focus.rows) >= 2
    row = next(
        int(button.key.removeprefix("pair_drop-")) for button in app.button if str(button.key).startswith("pair_drop")
    )
    check(next(button for button in app.button if button.key == f"pair_drop-{row}").click().run())
    assert dropped(home) == [row]


def test_a_source_is_kept_before_another(home):
    Pipeline(Workspace(home / "twins")).run(
        "duplicates", Pipeline(Workspace(home / "twins")).stages["duplicates"].params()
    )
    app = open_page(home, "duplicates", workspace="twins")
    check(app.selectbox(key="duplicates_keep").set_value("source").run())
    assert "would be dropped" in words(app)
    check(app.multiselect(key="duplicates_sources").set_value([]).run())
    assert "No order of sources is given" in app.warning[0].value


def test_the_verb_counts_and_applies(home):
    folder = home / "twins"
    decide_records(Workspace(folder), "pin", np.array([1]))
    done = run("duplicates", folder, "--by", "words", "--jaccard", "0.85", "--limit", "2", check=0)
    assert "to drop: add --apply" in done.stdout and dropped(home) == []
    keep = ("--keep", "source", "--sources", "old,new", "--apply")
    done = run("duplicates", folder, "--by", "words", "--jaccard", "0.85", *keep, check=0)
    assert "(decision 2)" in done.stdout and 1 not in dropped(home) and {12, 13, 14} <= set(dropped(home))
    assert "kept by source, old before new" in Workspace(folder).ledger.decisions()[1].note
    run("undo", folder, check=0)
    assert dropped(home) == []
    for arguments, said in (
        (("--threshold", "0.2"), "pairs are kept from 0.85 to 1"),
        (("--keep", "source"), "No order of sources"),
        (("--neighbors", "0"), "neighbors is 0"),
    ):
        assert said in run("duplicates", folder, *arguments, check=1).stderr


def test_the_pairs_are_the_same_every_time(home):
    made = []
    for _ in range(2):
        pipeline = Pipeline(Workspace(home / "twins"))
        key = pipeline.run("duplicates", pipeline.stages["duplicates"].params())
        folder = pipeline.workspace.artifacts
        made.append([path.read_bytes() for path in sorted(folder.glob(f"duplicates-{key}*.npy"))])
        for path in folder.glob(f"duplicates-{key}*"):
            path.unlink()
    assert made[0] == made[1] and len(made[0]) == 4
