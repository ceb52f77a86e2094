"""A server that others use reads and writes in its roots alone; every path that a person gives is held to them."""

import ast
import functools
import re
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

from components.session.state import AppState
from core.base import confinement
from core.base.confinement import check_reading, check_writing, given_to_write
from core.base.errors import CurationError
from core.data.pool import open_pool
from core.evidence.versions import export_version, import_version
from core.export.decision_replay import replay_log
from core.export.delivery import export_selection
from core.export.for_trainers import TrainerParams, export_for
from core.export.report.writing import write_report
from core.models.encoder import model_path
from core.refine.exchange import export_round, import_scores
from core.run import jobs
from core.vectors.overlap.evaluations import evaluations_in, read_items
from core.vectors.overlap.params import Evaluation
from core.workspace.uploads import keep_upload
from core.workspace.workspace import Workspace, known_workspaces
from tests.conftest import small_records, write_jsonl
from tests.pages import check, new_app

ROOT = Path(__file__).resolve().parent.parent
_VARIABLES = ("WINNOW_DATA_ROOTS", "WINNOW_EXPORT_ROOT", "WINNOW_CONFINED", "WINNOW_HOME", "WINNOW_UPLOAD_QUOTA")
# What of core pages call with a path, by name: how each is called here with one that may be read, or written, nowhere.
_STUB = mock.MagicMock()
_REFUSE = {
    "core.data.pool.open_pool": lambda file, new: open_pool([file]),
    "core.vectors.overlap.evaluations.evaluations_in": lambda file, new: evaluations_in([file]),
    "core.evidence.versions.import_version": lambda file, new: import_version(_STUB, file, "v"),
    "core.export.decision_replay.replay_log": lambda file, new: replay_log(_STUB, file),
    "core.refine.exchange.import_scores": lambda file, new: import_scores(_STUB, _STUB, file),
    "core.run.jobs.start_job": lambda file, new: jobs.start_job(_STUB, "Preparing", [], vectors=file),
    "core.workspace.workspace.Workspace": lambda file, new: Workspace(new, create=True),
    "core.export.delivery.export_selection": lambda file, new: export_selection(_STUB, new),
    "core.export.for_trainers.export_for": lambda file, new: export_for(_STUB, new, TrainerParams("trl")),
    "core.evidence.versions.export_version": lambda file, new: export_version(_STUB, _STUB, new),
    "core.export.report.writing.write_report": lambda file, new: write_report(_STUB, new.with_suffix(".html")),
    "core.refine.exchange.export_round": lambda file, new: export_round(_STUB, _STUB, new),
}
# The others read and write nothing that a person names, and why.
_NEED_NOT = {
    "core.base.confinement.confine": "what the server's own environment names",
    "core.base.files.file_sha256": "what `given_to_read` gave, see below",
    "core.data.hub.listing.settle": "names alone",
    "core.data.pool.full_paths": "names alone",
    "core.data.pool.on_hub": "names alone",
    "core.data.readers.file_format": "names alone",
    "core.data.record_table.RecordTable": "a workspace's own file",
    "core.data.targets.manifest_path": "names alone",
    "core.run.tasks.import_steps": "names alone; the job opens them by `open_pool`",
    "core.workspace.free_folder.free_folder": "names alone",
    "core.workspace.ledger.Ledger": "a workspace's own file",
    "core.workspace.workspace.default_folder": "names alone",
}


def given_paths() -> set[str]:
    """Return what of core the pages import that takes a path, or data named by paths."""
    found = set()
    for file in [*(ROOT / "components").rglob("*.py"), *(ROOT / "app").rglob("*.py")]:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        modules = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("core"):
                modules |= {each.asname or each.name: f"{node.module}.{each.name}" for each in node.names}
        found |= set(modules.values())
        calls = [
            node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        ]
        found |= {f"{modules[node.value.id]}.{node.attr}" for node in calls if node.value.id in modules}
    return {name for name in found if _takes_a_path(name)}


@functools.cache
def _top_of(module: str) -> list[ast.stmt]:
    file = ROOT / f"{module.replace('.', '/')}.py"
    return ast.parse(file.read_text(encoding="utf-8")).body if file.exists() else []


def _takes_a_path(name: str) -> bool:
    module, _, called = name.rpartition(".")
    for node in _top_of(module):
        if isinstance(node, ast.ClassDef) and node.name == called:
            node = next((each for each in node.body if getattr(each, "name", "") == "__init__"), None)
        elif not isinstance(node, ast.FunctionDef) or node.name != called:
            continue
        arguments = [*node.args.args, *node.args.kwonlyargs] if node else []
        kinds = [ast.unparse(each.annotation) for each in arguments if each.annotation]
        return any("Path" in kind or kind == "Data" for kind in kinds)
    return False


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A confined server: its folder, with a home, data, exports and, outside of them, a secret."""
    for variable in _VARIABLES:
        monkeypatch.setenv(variable, "")
    for name in ("home", "data", "exports", "outside"):
        (tmp_path / name).mkdir()
    for name in ("data/ours.jsonl", "outside/secret.jsonl"):
        write_jsonl(tmp_path / name, small_records(4))
    (tmp_path / "data" / "link.jsonl").symlink_to(tmp_path / "outside" / "secret.jsonl")
    monkeypatch.setenv("WINNOW_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("WINNOW_DATA_ROOTS", str(tmp_path / "data"))
    monkeypatch.setenv("WINNOW_EXPORT_ROOT", str(tmp_path / "exports"))
    confinement.confine()
    return tmp_path


def test_it_reads_in_its_roots_alone_and_says_which_root_would_allow_it(server):
    assert check_reading(server / "data" / "ours.jsonl").is_file()
    for path in ("outside/secret.jsonl", "data/link.jsonl", "data/../outside/secret.jsonl", "database"):
        with pytest.raises(CurationError, match="WINNOW_DATA_ROOTS") as refused:
            check_reading(server / path)
    with pytest.raises(CurationError, match=re.escape(f"add {server / 'outside'} to WINNOW_DATA_ROOTS")) as refused:
        check_reading(server / "data" / "link.jsonl")
    assert str(server / "data") in str(refused.value)


def test_it_writes_to_its_home_and_its_export_root_alone(server):
    assert check_writing(server / "exports" / "a.jsonl") and check_writing(server / "home" / "w" / "a.jsonl")
    assert given_to_write("a.jsonl") == server / "exports" / "a.jsonl"
    for path in ("data/a.jsonl", "outside/a.jsonl", "exports/../data/a.jsonl"):
        with pytest.raises(CurationError, match="WINNOW_EXPORT_ROOT"):
            check_writing(server / path)
    with pytest.raises(CurationError, match="WINNOW_EXPORT_ROOT"):
        given_to_write("../data/a.jsonl")


@pytest.mark.parametrize(
    "given", ["outside/secret.jsonl", "outside", "outside/*.jsonl", "data", "data/*.jsonl", "x=outside"]
)
def test_data_and_evaluations_are_held_to_it_also_through_folders_and_globs(server, given):
    label, equals, path = given.rpartition("=")
    with pytest.raises(CurationError, match="WINNOW_DATA_ROOTS"):
        open_pool([f"{label}{equals}{server / path}"])
    with pytest.raises(CurationError, match="WINNOW_DATA_ROOTS"):
        evaluations_in([f"{label}{equals}{server / path}"])


def test_what_jobs_are_given_is_held_to_it(server, make_pipeline):
    with pytest.raises(CurationError, match="WINNOW_DATA_ROOTS"):
        read_items(Evaluation("secret", "0" * 64, str(server / "outside" / "secret.jsonl")))
    with pytest.raises(CurationError, match="WINNOW_DATA_ROOTS"):
        model_path(str(server / "outside"))
    assert model_path("owner/name") == "owner/name"
    workspace = Workspace(server / "home" / "w", create=True)
    np.save(server / "outside" / "vectors.npy", np.zeros((2, 2), np.float32))
    with pytest.raises(CurationError, match="WINNOW_DATA_ROOTS"):
        jobs.start_job(workspace, "Preparing", [], vectors=server / "outside" / "vectors.npy")


def test_a_workspace_is_in_the_home_whatever_the_address_or_a_link_says(server):
    Workspace(server / "home" / "mine", create=True)
    (server / "home" / "away").symlink_to(server / "outside")
    (server / "outside" / "dataset.json").write_text("{}")
    assert known_workspaces() == []
    with pytest.raises(CurationError, match="WINNOW_EXPORT_ROOT"):
        Workspace(server / "home" / "away")


@pytest.mark.parametrize("name", ["..", ".", "../..", "/", "%2e%2e", "mine/../.."])
def test_the_address_opens_no_workspace_above_the_home(server, name):
    (server / "workspace.db").touch()  # above the home, as another's workspace
    Workspace(server / "home" / "sample", create=True)
    app = new_app()
    app.query_params["workspace"] = name
    check(app.run())
    assert Path(app.session_state["winnow"].workspace).resolve().parent == server / "home"


def test_a_page_says_why_a_path_is_refused(server):
    app = new_app()
    app.session_state["winnow"] = AppState(server / "home" / "sample", who="ann", restored=True)
    check(app.run())
    app.text_input(key="path_file").set_value(str(server / "outside" / "secret.jsonl"))
    next(button for button in app.button if button.label == "Open").click()
    check(app.run(), "lies outside of the folders")
    assert not (server / "home" / "secret").exists()


def test_uploads_have_a_quota_and_a_plain_name(server, monkeypatch):
    monkeypatch.setenv("WINNOW_UPLOAD_QUOTA", "1MB")
    workspace = Workspace(server / "home" / "w", create=True)
    kept = keep_upload(workspace, "../../up.jsonl", b"x" * 900_000, "examples")
    assert kept == workspace.folder / "uploads" / "examples" / "up.jsonl"
    with pytest.raises(CurationError, match="WINNOW_UPLOAD_QUOTA"):
        keep_upload(Workspace(server / "home" / "other", create=True), "more.jsonl", b"x" * 200_000)
    monkeypatch.setenv("WINNOW_UPLOAD_QUOTA", "much")
    with pytest.raises(CurationError, match="write a size"):
        confinement.upload_quota()


def test_all_that_pages_give_paths_to_is_known_here():
    assert given_paths() == {*_REFUSE, *_NEED_NOT}, "what is new must refuse what lies outside: add how it is called"
    for file in sorted((ROOT / "components").rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        assert ".expanduser()" not in text, f"{file}: let core.base.confinement read paths that people give"
        assert "file_sha256" not in text or "given_to_read(" in text, file


@pytest.mark.parametrize("name", _REFUSE)
def test_what_pages_give_a_path_to_refuses_one_outside(server, name):
    with pytest.raises(CurationError, match="lies outside of the folders"):
        _REFUSE[name](server / "outside" / "secret.jsonl", server / "outside" / "new")
    assert [path.name for path in (server / "outside").iterdir()] == ["secret.jsonl"]


def test_on_ones_own_computer_every_path_is_allowed(tmp_path, monkeypatch):
    monkeypatch.delenv("WINNOW_CONFINED", raising=False)
    monkeypatch.setenv("WINNOW_DATA_ROOTS", str(tmp_path / "nowhere"))
    assert check_reading("/etc/hostname") == Path("/etc/hostname") and check_writing("/tmp/x") == Path("/tmp/x")


def test_a_root_that_is_none_is_refused_at_the_start(monkeypatch, tmp_path):
    monkeypatch.setenv("WINNOW_DATA_ROOTS", str(tmp_path / "nowhere"))
    with pytest.raises(CurationError, match="is not a folder"):
        confinement.confine()
