"""For a trainer: rows in its keys, its configuration beside them, and what it would refuse or drop told before."""

import json

import orjson
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from core.base.errors import CurationError
from core.data.fields import parse_fields
from core.data.layouts.detecting import detect_fields
from core.data.manifest import verify
from core.data.trainer_formats import TRAINERS
from core.data.trainers import FORMS, Sample, made_for, problems_of, repaired, sample_of
from core.export.for_trainers import TrainerParams, export_for, look_over
from core.run.curation import open_data
from core.workspace.edits import edit_record
from tests.command import run
from tests.pages import check, open_page, press, words
from tests.public_layouts import ROWS, said

PAIR = Sample((("system", "S"), ("user", "Q"), ("assistant", "A")), "R")
BOTH = said(("system", "S"), ("user", "Q"), ("assistant", "A"))
KEYS = {
    ("trl", "chat"): {"messages": BOTH},
    ("trl", "prompt-completion"): {"prompt": BOTH[:2], "completion": BOTH[2:]},
    ("trl", "preference"): {"prompt": BOTH[:2], "chosen": BOTH[2:], "rejected": said(("assistant", "R"))},
    ("llamafactory", "chat"): {"messages": BOTH},
    ("llamafactory", "prompt-completion"): {"instruction": "Q", "input": "", "output": "A", "system": "S"},
    ("llamafactory", "preference"): {"messages": BOTH[:2], "chosen": BOTH[2], "rejected": said(("assistant", "R"))[0]},
    ("axolotl", "chat"): {"messages": BOTH},
    ("axolotl", "prompt-completion"): {"instruction": "S\n\nQ", "input": "", "output": "A"},
    ("axolotl", "preference"): {"messages": BOTH[:2], "chosen": BOTH[2], "rejected": said(("assistant", "R"))[0]},
    ("ms-swift", "chat"): {"messages": BOTH},
    ("ms-swift", "prompt-completion"): {"system": "S", "query": "Q", "response": "A"},
    ("ms-swift", "preference"): {"messages": BOTH, "rejected_response": "R"},
    ("openai", "chat"): {"messages": BOTH},
    ("openai", "preference"): {
        "input": {"messages": BOTH[:2]},
        "preferred_output": BOTH[2:],
        "non_preferred_output": said(("assistant", "R")),
    },
    ("unsloth", "chat"): {"messages": BOTH},
    ("unsloth", "prompt-completion"): {"prompt": BOTH[:2], "completion": BOTH[2:]},
    ("unsloth", "preference"): {"prompt": BOTH[:2], "chosen": BOTH[2:], "rejected": said(("assistant", "R"))},
    ("torchtune", "chat"): {"messages": BOTH},
    ("torchtune", "prompt-completion"): {"input": "S\n\nQ", "output": "A"},
    ("torchtune", "preference"): {"chosen": BOTH, "rejected": [*BOTH[:2], *said(("assistant", "R"))]},
}


def test_every_trainer_gets_just_its_keys_in_every_form_that_it_reads():
    assert {(name, form) for name, trainer in TRAINERS.items() for form in trainer.rows} == {*KEYS}
    for (name, form), row in KEYS.items():
        assert orjson.loads(TRAINERS[name].row(PAIR, form)) == row, (name, form)


def test_every_configuration_names_the_file_and_can_be_read():
    for name, form in KEYS:
        for file, text in TRAINERS[name].config("out.jsonl", form).items():
            assert "out.jsonl" in text
            if file.endswith(".json"):
                json.loads(text)
            elif file.endswith(".yaml"):
                yaml.safe_load(text)
            elif file.endswith(".py"):
                compile(text, file, "exec")
    info = json.loads(TRAINERS["llamafactory"].config("out.jsonl", "chat")["dataset_info.json"])
    assert info["out"]["formatting"] == "sharegpt" and info["out"]["tags"]["role_tag"] == "role"


@pytest.mark.parametrize(
    ("turns", "problems"),
    [
        ([("user", "a"), ("assistant", "b")], []),
        ([("system", "s"), ("user", "a"), ("assistant", "b"), ("tool", "t"), ("assistant", "c")], []),
        ([("user", "a"), ("user", "b"), ("assistant", "c")], ["turns that don't alternate"]),
        ([("assistant", "a"), ("user", "b"), ("assistant", "c")], ["turns that don't alternate"]),
        ([("user", "a"), ("assistant", " ")], ["an empty answer"]),
        ([("user", "a"), ("system", "s"), ("assistant", "b")], ["a system turn in the middle"]),
        ([("user", "a"), ("assistant", "b"), ("user", "c")], ["no answer at the end"]),
        ([("user", "a")], ["no answer at the end"]),
        ([("assistant", "a")], ["no prompt"]),
        ([("user", "a"), ("critic", "x"), ("assistant", "b")], ["a turn of critic", "turns that don't alternate"]),
    ],
)
def test_what_a_trainer_would_refuse_is_told(turns, problems):
    assert problems_of(Sample(tuple(turns)), "chat") == problems
    assert "no rejected answer" in problems_of(Sample(tuple(turns)), "preference")


TURNS = st.lists(st.tuples(st.sampled_from(["system", "user", "assistant", "tool"]), st.text("ab")), max_size=6)


@given(TURNS)
def test_what_is_repaired_lacks_an_answer_or_a_prompt_or_has_no_problem(turns):
    made = repaired(Sample(tuple(turns)))
    left = {*problems_of(made, "chat")} - {"an empty answer", "no prompt", "no answer at the end"}
    first = next((role for role, _ in turns if role != "system"), "")
    assert left <= ({"turns that don't alternate"} if first == "assistant" else set())
    words = "".join(text for role, text in made.turns)
    assert all(text in words for role, text in turns if role == "system")


SUPPORTED = [name for name, row in ROWS.items() if row.prompt and row.response]


@pytest.mark.parametrize("name", SUPPORTED)
def test_a_public_layout_reaches_every_trainer(name):
    row = ROWS[name]
    fields, raw = detect_fields([row.value]), json.dumps(row.value)
    sample = sample_of(row.value, fields)
    assert sample.answer == row.response and not problems_of(sample, "chat")
    assert not row.rejected or (sample.rejected and sample.rejected != sample.answer)
    for trainer in TRAINERS.values():
        for form in trainer.rows:
            made = made_for(raw, fields, trainer, form, "refuse")
            assert bool(made.line) == (form != "preference" or bool(sample.rejected)), (trainer.name, form)


def test_of_ranked_answers_the_worst_is_the_rejected_one():
    assert sample_of(ROWS["Nectar"].value, detect_fields([ROWS["Nectar"].value])).rejected == "No idea."


@pytest.fixture
def selected(tmp_path):
    """Four selected records, of which the second has turns that don't alternate and the third an empty answer."""
    turns = [
        (("user", "a"), ("assistant", "b")),
        (("user", "c"), ("user", "d"), ("assistant", "e")),
        (("user", "f"), ("assistant", "")),
        (("user", "g"), ("assistant", "h")),
    ]
    path = tmp_path / "chats.jsonl"
    path.write_text("".join(json.dumps({"id": i, "messages": said(*each)}) + "\n" for i, each in enumerate(turns)))
    opened = open_data(path, workspace=tmp_path / "w")
    opened.pin([0, 1, 2, 3])
    opened.select("4", method="random")
    return opened


def test_problems_are_listed_before_a_file_is_written(tmp_path, selected):
    told = look_over(selected.results, TrainerParams("trl")).in_words()
    assert told == "turns that don't alternate: 1 record (1); an empty answer: 1 record (2)"
    out = tmp_path / "out.jsonl"
    assert told in run("export", tmp_path / "w", "--for", "trl", "--out", out, check=1).stderr
    assert not out.exists() and not list(tmp_path.glob("out*"))


@pytest.mark.parametrize(("problems", "rows", "mended"), [("leave-out", [0, 3], []), ("repair", [0, 1, 3], [1])])
def test_an_export_for_a_trainer_is_tied_to_the_untouched_one_and_rebuilt(tmp_path, selected, problems, rows, mended):
    edit_record(selected.workspace, 3, "response", "better")
    out, data = tmp_path / "out.jsonl", tmp_path / "chats.jsonl"
    said_so = run("export", tmp_path / "w", "--for", "axolotl", "--problems", problems, "--out", out, check=0).stdout
    assert f"wrote {len(rows)} records to {out} for Axolotl, as chat" in said_so
    manifest = json.loads((tmp_path / "out.jsonl.manifest.json").read_text())
    assert manifest["row_ids"] == rows and manifest["for"]["lines"] == rows and manifest["for"]["repaired"] == mended
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert lines[-1] == {"messages": said(("user", "g"), ("assistant", "better"))}
    if mended:
        assert lines[1] == {"messages": said(("user", "c\n\nd"), ("assistant", "e"))}
    untouched = tmp_path / "untouched.jsonl"
    selected.export(untouched)
    plain = json.loads((tmp_path / "untouched.jsonl.manifest.json").read_text())
    assert manifest["for"]["untouched"] == {"sha256": plain["output"]["sha256"], "n_lines": 4}
    assert verify(tmp_path / "out.jsonl.manifest.json", data) == manifest
    assert yaml.safe_load((tmp_path / "out.jsonl.axolotl.yaml").read_text())["datasets"][0]["path"] == "out.jsonl"
    out.write_text("changed")
    with pytest.raises(CurationError, match="was changed after"):
        verify(tmp_path / "out.jsonl.manifest.json", data)


def test_another_configuration_is_not_written_over(tmp_path, selected):
    (tmp_path / "dataset_info.json").write_text("{}")
    params = TrainerParams("llamafactory", problems="leave-out")
    with pytest.raises(CurationError, match=r"dataset_info\.json is there already"):
        export_for(selected.results, tmp_path / "out.jsonl", params)
    assert (tmp_path / "dataset_info.json").read_text() == "{}" and not (tmp_path / "out.jsonl").exists()
    (tmp_path / "new").mkdir()
    for _ in range(2):
        export_for(selected.results, tmp_path / "new" / "out.jsonl", params)


def test_a_form_that_a_trainer_does_not_read_is_refused():
    with pytest.raises(CurationError, match="OpenAI reads no prompt-completion; it reads chat, preference"):
        TrainerParams("openai", "prompt-completion")
    assert {*FORMS} == {form for _, form in KEYS}


def test_preferences_need_both_sides(tmp_path, selected):
    with pytest.raises(CurationError, match="could read none of them"):
        export_for(selected.results, tmp_path / "o.jsonl", TrainerParams("trl", "preference", "leave-out"))
    value = ROWS["orca_dpo_pairs"].value
    fields = parse_fields("prompt=question,response=chosen,rejected=rejected,system=system")
    row = orjson.loads(made_for(json.dumps(value), fields, TRAINERS["trl"], "preference", "refuse").line)
    assert [*row] == ["prompt", "chosen", "rejected"] and row["rejected"] == said(("assistant", "Dunno."))


def test_the_export_page_says_what_a_trainer_would_refuse_and_writes_what_is_left(tmp_path, selected, monkeypatch):
    monkeypatch.setenv("WINNOW_HOME", str(tmp_path))
    app = open_page(tmp_path, "export", workspace="w")
    app.session_state["for_trainer"] = True
    check(app.run())
    out = tmp_path / "train.jsonl"
    app.text_input(key="trainer_path").set_value(str(out))
    press(app, "Save for the trainer", error="TRL would refuse or drop some: turns that don't alternate: 1 record (1)")
    assert not out.exists()
    app.selectbox(key="trainer_problems").set_value("repair")
    app.selectbox(key="trainer").set_value("ms-swift")
    press(app, "Save for the trainer")
    assert "1 record repaired, 1 record left out" in words(app) and "Saved 3 records to " in words(app)
    assert len(out.read_text().splitlines()) == 3 and (tmp_path / "train.jsonl.ms-swift.sh").exists()
