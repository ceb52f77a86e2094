"""Selection toward a target: round robin against brute force, overlaps, how examples are read, what is said of them."""

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.base.arrays import unit_rows
from core.base.errors import CurationError
from core.base.files import file_sha256
from core.selection.choosing import select_records
from core.selection.params import SelectionParams
from core.selection.pool import Pool
from core.selection.stage import pool_of
from core.selection.target import targets as targets_module
from core.selection.target.examples import picked
from core.selection.target.params import TargetParams
from core.selection.target.stage import targets_of
from core.selection.target.targets import Nearest, Targets, top
from core.selection.why import why_by_method
from core.vectors.embedding import EmbedParams
from core.vectors.overlap.evaluations import evaluations_in
from core.workspace.deciding import decide_records
from tests.conftest import TinyEncoder, small_records, write_jsonl


def targets_at(angles, records, labels=None, **more):
    """Return examples at these angles among records at others, in degrees, and a pool of them."""
    space, vectors = (
        np.stack([np.cos(a), np.sin(a)], 1).astype(np.float32) for a in map(np.radians, (records, angles))
    )
    labels = np.zeros(len(angles), np.int32) if labels is None else np.array(labels, np.int32)
    names = tuple("abcdefg"[: labels.max() + 1])
    targets = Targets(vectors, space, labels, names, tuple(f"text {i}" for i in range(len(angles))), **more)
    return Pool(len(records), embeddings=space, targets=targets)


def chosen_of(pool, budget, balance="examples"):
    return select_records(pool, SelectionParams(str(budget), "target", balance=balance))


def by_brute_force(pool, budget, balance="examples"):
    """Return (rows, cosines): as the definition says it, by whole lists."""
    targets, taken, given, rows, cosines = pool.targets, set(), {}, [], []
    near = np.rint(targets.vectors @ targets.space.T * 1e6).astype(int)
    barred = set(pool.dropped.tolist()) | (set(targets.left_out.tolist()) - set(pool.pinned.tolist()))
    label_of = targets.labels if balance == "labels" else np.zeros(len(targets), int)
    turns = dict.fromkeys(np.unique(label_of).tolist(), 0)
    members = {label: np.flatnonzero(label_of == label).tolist() for label in turns}
    while len(rows) < budget - len(pool.pinned):
        label = min(turns, key=lambda each: (given.get(each, 0), each))
        example = members[label][turns[label] % len(members[label])]
        turns[label] += 1
        left = [row for row in range(pool.n_records) if row not in taken and row not in barred]
        if not left:
            break
        row = min(left, key=lambda each: (-near[example, each], each))
        taken.add(row)
        given[label] = given.get(label, 0) + (1 if pool.costs is None else int(pool.costs[row]))
        if row not in pool.pinned:
            rows.append(row)
            cosines.append(near[example, row] / 1e6)
    return rows, cosines


# The rule


def test_by_hand_each_example_takes_its_nearest_that_is_left():
    # Example 0 at 0 degrees, 1 at 10: 0 takes the record at 4, 1 that at 12, 0 that at -9, 1 that at 20.
    pool = targets_at([0, 10], [90, 4, 12, 20, -9, 60])
    assert chosen_of(pool, 4).rows.tolist() == [1, 2, 4, 3]
    assert chosen_of(pool, 4).scores == pytest.approx(np.cos(np.radians([4, 2, 9, 10])), abs=1e-6)


def test_an_example_whose_nearest_is_taken_takes_the_next():
    pool = targets_at([0, 0, 0], [1, 2, 3, 4, 5])
    assert chosen_of(pool, 5).rows.tolist() == [0, 1, 2, 3, 4]


def test_of_equally_near_records_the_first_is_taken():
    pool = targets_at([0], [5, -5, 5, 3, 3])
    assert chosen_of(pool, 5).rows.tolist() == [3, 4, 0, 1, 2]


def test_by_labels_each_label_gets_as_much_however_few_examples_it_has():
    records = [*range(0, 40, 2), *range(90, 130, 2)]  # 20 about each of the two directions
    pool = targets_at([0, 1, 2, 3, 90], records, [0, 0, 0, 0, 1])
    near_b = [row for row in chosen_of(pool, 10).rows.tolist() if row >= 20]
    assert len(near_b) == 2  # one example in five
    rows = chosen_of(pool, 10, "labels").rows.tolist()
    assert [row >= 20 for row in rows] == [False, True] * 5


def test_in_tokens_the_labels_spend_as_much_as_each_other():
    rng = np.random.default_rng(1)
    records = [*range(0, 60, 1), *range(90, 150, 1)]
    costs = np.where(np.arange(120) < 60, 5, rng.integers(20, 40, 120)).astype(np.int32)
    pool = dataclasses.replace(targets_at([0, 90], records, [0, 1]), costs=costs)
    chosen = select_records(pool, SelectionParams("400 tokens", "target", balance="labels"))
    spent = [int(costs[chosen.rows[mine]].sum()) for mine in (chosen.rows < 60, chosen.rows >= 60)]
    assert abs(spent[0] - spent[1]) <= costs.max() and 360 < sum(spent) <= 400


@st.composite
def pools(draw):
    """Pools with copies among records and examples, few directions (many ties), pins, drops, overlaps, and sometimes costs."""
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    n, m = draw(st.integers(3, 60)), draw(st.integers(1, 8))
    space = unit_rows(rng.integers(-2, 3, size=(n, 3)) + np.array([0.1, 0.2, 0.3]))
    vectors = unit_rows(rng.integers(-2, 3, size=(m, 3)) + np.array([0.1, 0.2, 0.3]))
    held = rng.permutation(n)
    cuts = np.sort(rng.integers(0, n // 2 + 1, 2))
    targets = Targets(
        vectors,
        space,
        np.sort(rng.integers(0, 3, m)).astype(np.int32),
        ("a", "b", "c"),
        tuple(map(str, range(m))),
        np.sort(rng.permutation(n)[: n // 6]),
        np.zeros(n // 6, np.int64),
        np.full(n // 6, 13),
    )
    return Pool(n, targets=targets, pinned=held[: cuts[0]], dropped=held[cuts[0] : cuts[1]])


@settings(max_examples=60)
@given(
    pool=pools(),
    share=st.floats(0.1, 1),
    balance=st.sampled_from(["examples", "labels"]),
    first=st.sampled_from([1, 3, 64]),
)
def test_it_is_what_brute_force_gives_however_short_the_lists_are(pool, share, balance, first):
    budget = max(1, len(pool.pinned), int(pool.n_records * share))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(targets_module, "_FIRST", first)
        patched.setattr(targets_module, "_AT_ONCE", 40)
        chosen = chosen_of(pool, budget, balance)
    rows, cosines = by_brute_force(pool, budget, balance)
    drawn = chosen.reasons == 0
    assert chosen.rows[drawn].tolist() == rows
    assert chosen.scores[drawn].tolist() == pytest.approx(cosines, abs=1e-5)
    assert len(chosen) == min(budget, len(pool.pinned) + len(rows)) and (len(chosen) == budget or chosen.shortfall)


@given(pool=pools(), split=st.integers(1, 20))
@settings(max_examples=30)
def test_from_what_was_taken_it_goes_on_as_if_it_had_never_stopped(pool, split):
    pool = dataclasses.replace(pool, pinned=np.zeros(0, np.int64))
    whole = chosen_of(pool, len(pool.free_rows())).rows
    rest = dataclasses.replace(pool, pinned=whole[:split])
    assert chosen_of(rest, len(pool.free_rows())).rows[len(rest.pinned) :].tolist() == whole[split:].tolist()


def test_no_more_is_held_than_the_lists(monkeypatch):
    rng = np.random.default_rng(0)
    space, vectors = unit_rows(rng.normal(size=(3000, 8))), unit_rows(rng.normal(size=(20, 8)))
    targets = Targets(vectors, space, np.zeros(20, np.int32), ("a",), ("x",) * 20)
    monkeypatch.setattr(targets_module, "_AT_ONCE", 6000)
    sizes, plain = [], Targets.cosines

    def cosines(self, rows, examples=slice(None)):
        found = plain(self, rows, examples)
        sizes.append(found.size)
        return found

    monkeypatch.setattr(Targets, "cosines", cosines)
    nearest = Nearest(targets, np.arange(3000), 600)
    taken = [nearest.take(i % 20) for i in range(600)]
    assert max(sizes) <= 6000 and len({row for row, _ in taken}) == 600


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=40), st.integers(1, 40))
def test_the_largest_come_first_and_of_equal_ones_the_first(values, k):
    values = np.array(values)
    expected = sorted(range(len(values)), key=lambda i: (-values[i], i))[:k]
    assert top(values, min(k, len(values))).tolist() == expected


# Overlaps


def test_what_overlaps_is_never_taken_but_a_pin_stays():
    overlaps = {"left_out": np.array([0, 2]), "by": np.array([0, 0]), "words": np.array([14, 0])}
    pool = targets_at([0], [0, 5, 1, 9], **overlaps)
    assert chosen_of(pool, 2).rows.tolist() == [1, 3]
    short = chosen_of(pool, 4)
    assert len(short) == 2 and "target leaves 2 out" in short.shortfall
    pinned = dataclasses.replace(pool, pinned=np.array([2]))
    assert chosen_of(pinned, 2).rows.tolist() == [2, 1]


def test_why_names_the_example_its_label_the_place_and_the_cosine():
    overlaps = {"left_out": np.array([4, 5]), "by": np.array([1, 0]), "words": np.array([14, 0])}
    pool = targets_at([0, 90], [1, 2, 88, 50, 91, 0], [0, 1], **overlaps)
    params = SelectionParams("2", "target")
    said = why_by_method(pool, params, select_records(pool, params), np.arange(6))
    assert said[0] == (
        "Selected by target: pick 1 of 2, taken by example 1 of 2 (a: “text 0”): its 1st nearest of 4, at cosine 1.00."
    )
    assert "pick 2 of 2, taken by example 2 of 2 (b: “text 1”): its 1st nearest of 4" in said[2]
    assert said[3].startswith(
        "Not selected by target: 2nd of 4 by nearness to its nearest, example 2 of 2 (b: “text 1”)"
    )
    assert said[3].endswith("at cosine 0.77, which took 1 record, down to cosine 1.00.")
    assert "it overlaps with example 2 of 2 (b: “text 1”): 14 words in a row are the same" in said[4]
    assert "it is example 1 of 2 (a: “text 0”) itself" in said[5]


# Examples, on a workspace


@pytest.fixture
def example_file(tmp_path):
    """12 examples in a layout of their own, under two subjects."""
    said = "bread oven flour {} number {}"
    entries = [
        {
            "question": said.format("question", 100 + i),
            "answer": said.format("answer", 100 + i),
            "meta": {"subject": "bread" if i < 9 else "pie"},
        }
        for i in range(12)
    ]
    return write_jsonl(tmp_path / "examples.jsonl", entries)


def set_target(pipeline, *files, rows=(), encoder=None, **asked):
    more = picked(pipeline.workspace.records(), rows) if len(rows) else {}
    params = TargetParams(files=evaluations_in(list(map(str, files))) if files else (), **more, **asked)
    pipeline.run("targets", params, encoder=encoder or TinyEncoder(), device="cpu")
    return pipeline.info("targets")


def test_examples_get_their_label_from_the_name_the_file_or_a_field(make_pipeline, example_file, tmp_path):
    pipeline = make_pipeline("embed")
    assert set_target(pipeline, example_file)["labels"] == {"examples": 12}
    assert set_target(pipeline, f"baking={example_file}")["labels"] == {"baking": 12}
    assert set_target(pipeline, example_file, label="meta.subject")["labels"] == {"bread": 9, "pie": 3}
    assert set_target(pipeline, example_file, rows=[0, 1])["labels"] == {"examples": 12, "bread": 1, "python": 1}
    with pytest.raises(CurationError, match="has a field 'topic'"):
        set_target(pipeline, example_file, label="topic")


def test_the_records_nearest_by_the_workspaces_encoder_are_selected(make_pipeline, example_file):
    pipeline = make_pipeline("embed")
    info = set_target(pipeline, example_file)
    pipeline.run("select", SelectionParams("10", "target"))
    pool = pool_of(pipeline)
    assert pool.targets.vectors == pytest.approx(unit_rows(TinyEncoder().encode(pool.targets.texts)), abs=1e-6)
    assert pipeline.table("select")["row_id"].to_pylist() == by_brute_force(pool, 10)[0] and not info["n_left_out"]
    facts = pipeline.info("select")["target"]
    assert facts["taken"] == {"examples": 10} and facts["files"][0]["sha256"] == file_sha256(example_file)
    assert str(example_file.parent) not in json.dumps(pipeline.info("select")) + json.dumps(pipeline.info("targets"))


def test_records_that_say_the_same_as_an_example_are_left_out(make_pipeline, tmp_path):
    pipeline = make_pipeline("embed")
    records = small_records()
    same = {
        "instruction": records[0]["instruction"].upper() + "!",
        "output": "Other words.",
    }  # a short prompt, the same
    long = {"instruction": "Something else", "output": records[4]["output"] + " and more of it"}
    info = set_target(pipeline, write_jsonl(tmp_path / "copies.jsonl", [same, long, *records[8:9]]), rows=[20])
    targets = targets_of(pipeline.fresh())
    held = dict(zip(targets.left_out.tolist(), targets.by.tolist(), strict=True))
    assert {0, 4, 8, 20} <= set(held) and info["n_left_out"] == len(held)
    assert (held[0], held[4], held[8], held[20]) == (0, 1, 2, 3)
    pipeline.run("select", SelectionParams(str(60 - len(held)), "target"))
    assert not set(held) & set(pipeline.table("select")["row_id"].to_pylist())
    decide_records(pipeline.workspace, "pin", [0, 5])
    now = pipeline.fresh()
    now.run("select", SelectionParams("12", "target"))
    assert "1 pinned record overlaps with the target's examples" in "".join(now.info("select")["warnings"])
    assert 0 in now.table("select")["row_id"].to_pylist()


def test_too_many_are_refused_drawn_by_label_or_few_and_warned_of(make_pipeline, tmp_path):
    pipeline = make_pipeline("embed")
    entries = [{"instruction": f"item number {i}", "output": "x", "kind": "a" if i % 10 else "b"} for i in range(700)]
    many = write_jsonl(tmp_path / "many.jsonl", entries)
    with pytest.raises(CurationError, match=r"There are 700 examples, and a target takes 500 at most; .* --draw 500"):
        set_target(pipeline, many)
    info = set_target(pipeline, many, draw=100, label="kind", words=50)
    assert info["labels"] == {"b": 10, "a": 90} and info["n_in_files"] == 700 and not info["warnings"]
    assert "5 examples are few" in set_target(pipeline, rows=range(5))["warnings"][0]
    with pytest.raises(CurationError, match="no example"):
        picked(pipeline.workspace.records(), [])
    with pytest.raises(CurationError, match="has no examples"):
        pipeline.run("targets", TargetParams())
    with pytest.raises(CurationError, match="at most 500"):
        TargetParams(draw=501)


def test_an_example_that_comes_twice_counts_once(make_pipeline, tmp_path):
    pipeline = make_pipeline("embed")
    twice = write_jsonl(tmp_path / "twice.jsonl", [*small_records()[:5], *small_records()[:5]])
    info = set_target(pipeline, twice, rows=[0, 7])
    assert (info["n_examples"], info["n_twice"]) == (6, 6) and targets_of(pipeline.fresh()).left_out.tolist()[0] == 0


def test_what_was_changed_since_is_noticed(make_pipeline, example_file, tmp_path):
    pipeline = make_pipeline("embed")
    params = TargetParams(files=evaluations_in([str(example_file)]))
    write_jsonl(example_file, small_records()[:3])
    with pytest.raises(CurationError, match="was changed since it was named"):
        pipeline.run("targets", params, encoder=TinyEncoder())
    held = picked(pipeline.workspace.records(), [1, 2])
    with pytest.raises(CurationError, match="pick them again"):
        pipeline.run("targets", TargetParams(**held | {"rows": (2, 3)}))
    with pytest.raises(CurationError, match="pick them again"):
        pipeline.run("targets", TargetParams(**held | {"rows": (2, 300)}))
    pipeline.run("targets", TargetParams(**held))
    pipeline.run("select", SelectionParams("5", "target"))
    pipeline.run("embed", EmbedParams(max_tokens=7), encoder=TinyEncoder())
    assert pipeline.state("targets") == pipeline.state("select") == "stale"
    assert pool_of(pipeline).targets is None
    with pytest.raises(CurationError, match="select needs the targets stage"):
        pipeline.run("select", SelectionParams("5", "target"))


def test_where_the_files_lie_is_no_part_of_the_key(make_pipeline, example_file, tmp_path):
    pipeline = make_pipeline("embed")
    set_target(pipeline, example_file)
    key = pipeline.current("targets")
    (tmp_path / "elsewhere").mkdir()
    set_target(pipeline, example_file.rename(tmp_path / "elsewhere" / "examples.jsonl"))
    assert pipeline.current("targets") == key


def test_of_embeddings_from_a_file_the_encoder_is_to_be_named_unless_records_are_picked(
    make_pipeline, vectors, example_file
):
    pipeline = make_pipeline()
    pipeline.run("embed", EmbedParams(model="", vectors=file_sha256(vectors)), vectors=vectors)
    with pytest.raises(CurationError, match=r"isn't known what to embed examples by; .*--encoder.* or pick records"):
        pipeline.run("targets", TargetParams(files=evaluations_in([str(example_file)])))
    pipeline.run("targets", TargetParams(**picked(pipeline.workspace.records(), range(10))))
    x = pipeline.array("embed")
    assert np.array_equal(targets_of(pipeline).vectors, x[:10])


def test_every_example_lies_beside_the_record_that_is_nearest_to_it(make_pipeline, example_file):
    pipeline = make_pipeline("embed")
    set_target(pipeline, example_file, rows=[30, 31])
    table, targets = pipeline.table("targets"), targets_of(pipeline.fresh())
    expected = np.rint(targets.vectors @ targets.space.T * 1e6).argmax(axis=1)
    assert table["nearest"].to_pylist() == expected.tolist()


# By a causal language model, as in the paper


def test_hidden_states_are_weighed_by_their_place(tiny_lm):
    import torch

    from core.models.causal_lm import load_causal
    from core.models.hidden_states import weighted_means

    lm = load_causal(tiny_lm, "cpu", 64)
    texts = ["one two three", "a much longer text than the first", ""]
    found = weighted_means(lm, texts)
    for text, vector in zip(texts, found, strict=True):
        ids = lm.tokenizer(text, add_special_tokens=False)["input_ids"] or [lm.pad]
        with torch.inference_mode():
            states = lm.model(input_ids=torch.tensor([ids]), output_hidden_states=True).hidden_states[-1][0]
        weights = torch.arange(1, len(ids) + 1) / sum(range(1, len(ids) + 1))
        assert vector == pytest.approx((states * weights[:, None]).sum(0).numpy(), abs=1e-5)


def test_a_language_model_needs_no_embeddings(make_pipeline, tiny_lm, example_file):
    pipeline = make_pipeline()
    info = set_target(pipeline, example_file, rows=[3], model=tiny_lm)
    targets = targets_of(pipeline.fresh())
    assert np.linalg.norm(targets.space, axis=1) == pytest.approx(1, abs=1e-5) and info["n_examples"] == 13
    assert targets.vectors[12] == pytest.approx(targets.space[3], abs=1e-4)
    pipeline.run("select", SelectionParams("6", "target"))
    assert len(pipeline.table("select")) == 6 and pipeline.info("select")["target"]["by"] == tiny_lm
