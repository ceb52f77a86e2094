"""The command line as a user meets it: exit statuses, what it says where, files; in processes where only they can tell."""

import json
import os
import pty
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from core.base.errors import CurationError
from core.cli.decisions import parse_rows
from core.cli.parser import build_parser, main
from tests.command import run, run_process
from tests.conftest import SAMPLE

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "data"


def test_curate_the_sample_twice_gives_the_same_bytes_of_the_source(tmp_path):
    data = tmp_path / "sample.jsonl"  # a part is enough, with the real encoder
    data.write_bytes(b"".join(SAMPLE.read_bytes().splitlines(keepends=True)[::10]))
    outs = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    for out, command in zip(outs, (run, run_process), strict=True):
        done = command("curate", data, "--budget", 12, "--out", out, "--workspace", f"{out}.workspace", check=0)
        assert "12 of 60 records selected" in done.stdout
    assert outs[0].read_bytes() == outs[1].read_bytes()
    lines = outs[0].read_bytes().splitlines(keepends=True)
    source = data.read_bytes().splitlines(keepends=True)
    assert len(lines) == len(set(lines)) == 12 and set(lines) <= set(source)
    manifest = f"{outs[0]}.manifest.json"
    assert "verified: 12 lines" in run("verify", manifest, "--data", data, check=0).stdout
    changed = tmp_path / "changed.jsonl"
    changed.write_bytes(data.read_bytes().replace(b"Python", b"Pythom", 1))
    assert "sha256 differs" in run("verify", manifest, "--data", changed, check=1).stderr
    outs[0].write_bytes(outs[0].read_bytes()[:-2] + b"]\n")
    assert "sha256 differs" in run("verify", manifest, "--data", data, check=1).stderr


def test_verb_by_verb_is_the_same_as_curate(workspace, data_file, vectors, tmp_path):
    run("select", workspace, "--budget", 12, check=0)
    run("export", workspace, "--out", tmp_path / "steps.jsonl", check=0)
    run(
        "curate", data_file, "--out", tmp_path / "one.jsonl", "--embeddings", vectors, "--clusters", 5, "--budget", 12,
        "--workspace", tmp_path / "other", check=0,
    )  # fmt: skip
    assert (tmp_path / "steps.jsonl").read_bytes() == (tmp_path / "one.jsonl").read_bytes()


def test_decisions_from_the_command_line_bind_the_selection(workspace, tmp_path):
    run("pin", workspace, "--rows", "3,10-12", "--note", "good ones", check=0)
    run("drop", workspace, "--search", "BREAD oven", check=0)
    run("drop", workspace, "--cluster", 0, check=0)
    run("undo", workspace, check=0)
    run("weight", workspace, "--cluster", 1, "--by", 0, check=0)
    run("select", workspace, "--budget", 20, check=0)
    run("export", workspace, "--out", tmp_path / "c.jsonl", check=0)
    held = json.loads((tmp_path / "c.jsonl.manifest.json").read_text())
    assert {3, 10, 11} <= set(held["row_ids"]) and len(held["row_ids"]) == 20
    assert not any(row % 4 == 0 for row in held["row_ids"])  # the search dropped them, 12 after its pin too
    assert [d["action"] for d in held["decisions"]] == ["pin", "drop", "drop", "undo", "weight"]
    run("clear", workspace, "--rows", "3", check=0)
    assert "out of date" in run("export", workspace, "--out", tmp_path / "d.jsonl", check=1).stderr
    run("redo", workspace, check=1)  # a new decision leaves nothing to redo


def test_a_search_decides_on_what_find_finds(workspace):
    found = run("find", workspace, "bread OR tick* -garden", "--limit", 0, check=0).stdout
    said = run("pin", workspace, "--search", "bread OR tick* -garden", check=0).stdout
    assert found.split()[0] == said.split()[1] and int(found.split()[0]) > 0
    assert "No record holds 'zebra'" in run("pin", workspace, "--search", "zebra", check=1).stderr
    assert "AND lacks a word" in run("pin", workspace, "--search", "bread AND", check=1).stderr


def test_status_tells_what_is_done_and_what_is_stale(workspace):
    run("select", workspace, "--budget", 12, check=0)
    run("pin", workspace, "--rows", 1, check=0)
    facts = json.loads(run("status", workspace, "--json", check=0).stdout)
    assert facts["stages"] == {
        "embed": "done",
        "cluster": "done",
        "project": "missing",
        "score": "done",
        "select": "stale",
    }
    assert facts["dataset"]["records"] == 60 and facts["decisions"]["pinned"] == 1
    assert "select    stale" in run("status", workspace, check=0).stdout


def test_project_lays_out_a_map(workspace):
    run("project", workspace, "--neighbors", 5, "--min-dist", 0.2, "--seed", 2, check=0)
    assert len(list((workspace / "artifacts").glob("project-*.npy"))) == 1


def test_curate_leaves_out_the_map_unless_asked_and_random_the_vectors(tmp_path, data_file):
    run(
        "curate",
        data_file,
        "--method",
        "random",
        "--out",
        tmp_path / "r.jsonl",
        "--budget",
        "50%",
        home=tmp_path,
        check=0,
    )
    assert (tmp_path / "r.jsonl").read_bytes().count(b"\n") == 30
    assert sorted(path.name.split("-")[0] for path in (tmp_path / "small" / "artifacts").glob("*.json")) == [
        "hashes",
        "select",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--budget", "61"], "budget is 61 records, but there are only 60"),
        (["--budget", "lots"], "budget is 'lots'"),
        (["--clusters", "0"], "clusters is '0'"),
        (["--fields", "prompt"], "fields has 'prompt'"),
        (["--embeddings", "missing.npy"], "missing.npy can't be read"),
        (["--quality", "nope"], "nope = None"),
    ],
)
def test_bad_params_end_with_status_1_and_one_line(tmp_path, data_file, vectors, arguments, message):
    given = [] if "--embeddings" in arguments else ["--embeddings", vectors]
    done = run(
        "curate", data_file, "--out", tmp_path / "c.jsonl", "--workspace", tmp_path / "w", *given, *arguments, check=1
    )
    errors = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    assert len(errors) == 1 and message in errors[0] and "Traceback" not in done.stderr
    assert not (tmp_path / "c.jsonl").exists()


def test_bad_data_fails_or_is_skipped_with_its_reasons(tmp_path, vectors):
    data = tmp_path / "bad.jsonl"
    data.write_text('{"question": "a", "answer": "b"}\n{"question": "c"\n{"question": "d", "answer": "e"}\n')
    done = run("import", data, "--workspace", tmp_path / "w", check=1)
    assert "bad.jsonl, line 2: not JSON" in done.stderr
    done = run("import", data, "--workspace", tmp_path / "w", "--on-error", "skip", check=0)
    assert "2 records" in done.stdout and "1 record was not read" in done.stderr
    assert json.loads((tmp_path / "w" / "rejects.jsonl").read_text())["place"] == 2


def test_a_wrong_path_or_a_failed_first_import_leaves_no_folder_behind(tmp_path):
    run("import", tmp_path / "none.jsonl", "--workspace", tmp_path / "w", check=1)
    (tmp_path / "empty.jsonl").write_text("")
    done = run("import", tmp_path / "empty.jsonl", "--workspace", tmp_path / "w", check=1)
    assert not (tmp_path / "w").exists() and "done" not in done.stderr


def test_a_failed_import_never_removes_a_folder_that_was_there_before(tmp_path, data_file):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "notes.txt").write_text("keep me")
    (tmp_path / "empty.jsonl").write_text("")
    run("import", tmp_path / "empty.jsonl", "--workspace", mine, check=1)
    assert (mine / "notes.txt").read_text() == "keep me"


def test_fields_that_no_record_has_are_refused(tmp_path, data_file):
    done = run("import", data_file, "--fields", "prompt=nope,response=output", home=tmp_path, check=1)
    assert "No record has a field 'nope'; the records have instruction, output, rating, source" in done.stderr


def test_curate_refuses_to_write_over_its_data_before_it_starts(tmp_path, data_file):
    before = data_file.read_bytes()
    done = run("curate", data_file, "--out", data_file, home=tmp_path, check=1)
    assert "is the data that the records come from" in done.stderr and data_file.read_bytes() == before


@pytest.mark.parametrize(
    "arguments",
    ["", "nonsense", "select", "curate x", "pin w", "pin w --rows 1 --cluster 2"],
)
def test_wrong_usage_ends_with_status_2(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments.split())
    assert stop.value.code == 2


def test_a_process_ends_with_the_status_that_its_command_returned(workspace):
    assert "Nothing is selected" in run_process("export", workspace, "--out", workspace / "c.jsonl", check=1).stderr
    assert "usage:" in run_process("select", check=2).stderr
    assert "cluster   done" in run_process("status", workspace, check=0).stdout


def test_output_is_plain_lines_when_piped_and_bars_on_a_terminal(workspace):
    piped = run_process("select", workspace, "--budget", 6, check=0)
    assert piped.stderr.startswith("select: done in") and "\r" not in piped.stderr
    leader, follower = pty.openpty()
    termios.tcsetwinsize(follower, (24, 100))
    subprocess.run(
        [sys.executable, "-m", "core", "select", str(workspace), "--budget", "7"], cwd=ROOT, stderr=follower, check=True
    )
    os.close(follower)
    shown = b""
    while True:
        try:
            chunk = os.read(leader, 4096)
        except OSError:
            break
        if not chunk:
            break
        shown += chunk
    assert b"select" in shown and b"100%" in shown and b"\r" in shown


def test_rows_are_numbers_and_ranges():
    assert parse_rows("3, 17,40-42", 60).tolist() == [3, 17, 40, 41, 42]
    for bad in ("", "x", "5-3", "-1", "1,,2", "60", "0-99999999999"):
        with pytest.raises(CurationError):
            parse_rows(bad, 60)


def test_every_verb_says_what_it_does():
    parser = build_parser()
    verbs = next(action for action in parser._actions if action.dest == "verb").choices
    named = "import embed cluster project score select pin drop clear status export verify curate"
    assert set(named.split()) <= set(verbs)
    assert all(verb.description for verb in verbs.values())


@pytest.mark.skipif(not SHARED.exists(), reason="the shared data is not here")
@pytest.mark.parametrize(("name", "records"), [("gsm8k.jsonl", 7473), ("codealpaca.json", 4535)])
def test_published_files_import_with_no_options(tmp_path, name, records):
    done = run("import", SHARED / name, home=tmp_path, check=0)
    assert f"{records:,} records" in done.stdout
