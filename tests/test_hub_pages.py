"""The Data page opens a data set of the hub's stand-in, the Export page pushes to it; without a browser."""

import pytest

from core.data.records import RecordParams
from core.export.hub.push import last_push
from core.run import jobs
from core.workspace.workspace import Workspace
from tests.hub_stand_in import TOKEN, card
from tests.pages import check, check_job_done, new_app, open_page, pipeline_of, press, words
from tests.test_hub_import import FILES, RECORDS, lines

pytestmark = pytest.mark.usefixtures("jobs_in_process")


@pytest.fixture
def home(tmp_path, monkeypatch, hub):
    monkeypatch.setenv("WINNOW_HOME", str(tmp_path / "home"))
    configs = [
        {"config_name": "easy", "data_files": "test.jsonl"},
        {
            "config_name": "main",
            "default": True,
            "data_files": [{"split": s, "path": f"{s}.jsonl"} for s in ("train", "test")],
        },
    ]
    hub.add("ann/small", FILES | {"README.md": card(license="mit", configs=configs)})
    return tmp_path / "home"


def look_up(app, name: str, revision: str = "", error: str = ""):
    app.text_input(key="hub_name").set_value(name)
    app.text_input(key="hub_revision").set_value(revision)
    return press(app, "Look it up", error)


def chosen(app, what: str):
    return next(box for box in app.selectbox if box.key and box.key.startswith(f"hub_{what}-"))


def test_the_first_page_offers_a_hub_shows_what_a_data_set_holds_and_opens_a_part_of_it(home, hub):
    app = look_up(check(new_app().run()), "ann/small")
    commit = hub.repos["ann/small"].refs["main"]
    assert f"ann/small at commit {commit[:8]}" in words(app) and "licence: mit" in words(app)
    assert chosen(app, "config").options == ["easy", "main"] and chosen(app, "config").value == "main"
    assert [option.split(" (")[0] for option in chosen(app, "split").options] == ["train", "test"]
    assert hub.fetched() == []  # shown before anything is fetched
    chosen(app, "split").select("test")
    check(app.run())
    press(app, "Fetch and open")
    check_job_done(home, "small")
    assert app.metric[0].value == "10" and hub.fetched() == ["test.jsonl"]
    assert f"ann/small at commit {commit[:8]}, licence: mit" in words(app)
    assert [step["do"] for step in jobs.last_job(Workspace(home / "small")).arguments["steps"]] == ["fetch", "import"]


def test_another_split_gets_a_workspace_of_its_own_and_the_same_one_is_opened_again(home, hub):
    for split, folder in (("train", "small"), ("test", "small-2"), ("train", "small")):
        app = look_up(check(new_app().run()), f"hf://ann/small?split={split}")
        chosen(app, "split").select(split)
        check(app.run())
        press(app, "Fetch and open")
        assert Workspace(home / folder).dataset().hub[0].split == split
    assert sorted(path.name for path in home.iterdir() if (path / "dataset.json").exists()) == ["small", "small-2"]
    assert hub.fetched() == ["train.jsonl", "test.jsonl"]


@pytest.mark.parametrize(
    "name, revision, said",
    [
        ("small", "", "has an owner and a name"),
        ("ann/nothing", "", "There is no data set ann/nothing"),
        ("ann/small", "v9", "has no revision 'v9'"),
    ],
)
def test_what_cannot_be_looked_up_is_said(home, name, revision, said):
    app = look_up(check(new_app().run()), name, revision, error=said)
    assert not [button for button in app.button if button.label == "Fetch and open"]


def test_an_earlier_revision_is_opened_at_its_commit(home, hub):
    first = hub.repos["ann/small"].refs["main"]
    hub.repos["ann/small"].commit({"train.jsonl": lines(RECORDS[:3])})
    app = look_up(check(new_app().run()), "https://huggingface.co/datasets/ann/small/tree/main")
    assert [option.split(" (")[0] for option in chosen(app, "split").options] == ["train"]
    app = look_up(app, "ann/small", first)
    assert len(chosen(app, "split").options) == 2
    press(app, "Fetch and open")
    assert Workspace(home / "small").dataset().hub[0].commit == first and app.metric[0].value == "50"


def test_a_fetch_that_failed_is_tried_again_and_fields_that_are_not_found_are_named(home, hub):
    hub.add("ann/odd", {"train.jsonl": b'{"foo": "a", "bar": "b"}\n' * 3})
    app = look_up(check(new_app().run()), "ann/odd")
    hub.refusing = 503
    press(app, "Fetch and open", error="answered ann/odd with the status 503")
    assert "could not be read" not in words(app)
    hub.refusing = 0
    press(app, "Try again", error="No known field layout")
    assert "ann/odd (default, train) could not be read" in words(app).replace("\\", "")
    app.text_input(key="again_fields").set_value("prompt=foo,response=bar")
    hub.refusing = 503  # it is there, so no hub is asked
    press(app, "Read it again")
    assert app.metric[0].value == "3"


def test_a_hubs_data_set_joins_a_pool_of_files(home, hub, tmp_path):
    own = tmp_path / "own.jsonl"
    own.write_bytes(FILES["test.jsonl"])
    app = check(new_app().run())
    app.text_area(key="pool_paths").set_value(f"{own}\nmath=hf://ann/small?config=main")
    press(app, "Open as one pool", error="several splits of ann/small, config main: train, test")
    app.text_area(key="pool_paths").set_value(f"{own}\nmath=hf://ann/small?config=main&split=train")
    press(app, "Open as one pool")
    assert app.metric[0].value == "60" and app.metric[2].value == "2"


def test_a_name_on_a_hub_in_the_place_of_a_path_is_told_where_it_goes(home):
    app = check(new_app().run())
    app.text_input(key="path_file").set_value("hf://ann/small")
    form = (b for b in app.button if b.label == "Open" and b.key != "open_before" and "path" in str(b.proto.form_id))
    next(form).click()
    check(app.run(), "is opened under On a hub")


# The Export page


def test_the_selection_is_pushed_and_where_it_is_is_said(selected_home, hub, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    app = open_page(selected_home, "export")
    assert not [box for box in app.text_input if box.key == "push_repo"]
    app.session_state["to_hub"] = True
    check(app.run())
    app.text_input(key="push_repo").set_value("ann/curated")
    app.toggle(key="push_private").set_value(True)
    press(app, "Push")
    check_job_done(selected_home)
    made = last_push(pipeline_of(selected_home))
    assert hub.repos["ann/curated"].private and hub.files("ann/curated")["data/train.jsonl"].count(b"\n") == 60
    assert f"60 records pushed to ann/curated, to main, as commit {made.commit[:8]}" in words(app)
    assert app.text_input(key="push_repo").value == "ann/curated"
    # again: refused, until it is said where to
    press(app, "Push", error="push to a new branch or as a pull request")
    app.selectbox(key="push_way").select("As a pull request")
    app.toggle(key="push_private").set_value(True)
    press(app, "Push", error="")
    assert "as a pull request" in words(app) and last_push(pipeline_of(selected_home)).url.endswith("discussions/1")


def test_what_a_push_lacks_is_said_before_a_job_begins(selected_home, hub):
    app = open_page(selected_home, "export")
    app.session_state["to_hub"] = True
    check(app.run())
    press(app, "Push", error="has an owner and a name")
    app.text_input(key="push_repo").set_value("ann/curated")
    app.selectbox(key="push_way").select("To another branch")
    press(app, "Push", error="The branch has no name")
    assert jobs.last_job(Workspace(selected_home / "sample")) is None
    app.text_input(key="push_branch").set_value("v2")
    press(app, "Push", error="a hub wants a token")


def test_the_report_of_data_from_a_hub_names_the_commit(home, hub, tmp_path):
    from core.export.report.facts import data
    from core.run.pipeline import Pipeline

    workspace = Workspace(home / "w", create=True)
    workspace.import_data("hf://ann/small?config=main&split=train", RecordParams())
    rows = data(Pipeline(workspace)).blocks[0].rows
    assert ("ann/small", f"at commit {hub.repos['ann/small'].refs['main']}, licence: mit") in rows
