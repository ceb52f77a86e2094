"""Overlap with evaluations: what shares words in a row is found, by any layout, and nothing else; meaning by the nearest item."""

import json
import random
import unicodedata

import hypothesis
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import strategies

from core.base.arrays import unit_rows
from core.base.errors import CurationError
from core.data.records import RecordParams
from core.vectors.overlap import units
from core.vectors.overlap.by_meaning import nearest_items
from core.vectors.overlap.by_words import Evaluated, overlaps_by_words
from core.vectors.overlap.evaluations import evaluations_in, read_items
from core.vectors.overlap.marking import shared_words
from core.vectors.overlap.params import OverlapParams
from core.vectors.overlap.words import hash_rows, hash_spans, hashed_words, words_in
from core.workspace.workspace import Workspace
from tests.conftest import write_jsonl

LONG = "a farmer has twelve red hens and seven white ducks how many birds does she own".split()
Pair = tuple[str, str]


def strings(texts: list[str]) -> pa.Array:
    return pa.array(texts, pa.large_string())


def columns(pairs: list[Pair]) -> tuple[pa.Array, pa.Array]:
    return strings([prompt for prompt, _ in pairs]), strings([response for _, response in pairs])


@pytest.fixture
def found(tmp_path):
    """Return a function that gives {row: (item, words in a row)} of records and items, each (prompt, response)."""

    def find(records: list[Pair], items: list[Pair], n: int = 13) -> dict[int, tuple[int, int]]:
        data = [{"prompt": prompt, "response": response} for prompt, response in records]
        workspace = Workspace(tmp_path / f"w{random.random()}", create=True)
        workspace.import_data(write_jsonl(tmp_path / "records.jsonl", data), RecordParams())
        (shared,) = overlaps_by_words(workspace.records(), [Evaluated(*columns(items), n)], n)
        return {each.row: (each.item, each.length) for each in shared}

    return find


def by_brute_force(records: list[Pair], items: list[Pair], n: int) -> dict[int, int]:
    """Return {row: words in a row}: of every record the longest run of at least n words, or of a short whole, that an item has."""

    def wholes(words: list[str], prompt: str) -> set[tuple[str, ...]]:
        each = (tuple(words), tuple(words_in(prompt)))
        return {whole for whole in each if 0 < len(whole) < n}

    def longest(one: list[str], other: list[str]) -> int:
        best, row = 0, [0] * (len(other) + 1)
        for word in one:
            row = [0, *(row[i] + 1 if word == other[i] else 0 for i in range(len(other)))]
            best = max(best, *row)
        return best

    found = {}
    for row, (prompt, response) in enumerate(records):
        words = words_in(f"{prompt}\n{response}")
        lengths = [0]
        for asked, answered in items:
            theirs = words_in(f"{asked}\n{answered}")
            if (run := longest(words, theirs)) >= n:
                lengths.append(run)
            lengths += map(len, wholes(words, prompt) & wholes(theirs, asked))
        if max(lengths):
            found[row] = max(lengths)
    return found


# Words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don't  PANIC,\n\tcafé_1.5!", ["don", "t", "panic", "café", "1", "5"]),
        ("ｆｕｌｌ width ﬁne ①", ["full", "width", "fine", "1"]),
        (unicodedata.normalize("NFD", "Café Ångström"), ["café", "ångström"]),
        ("“curly”—quotes…", ["curly", "quotes"]),
        ("学习 text 吗", ["学", "习", "text", "吗"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("❤️ .?!", []),
        ("", []),
    ],
)
def test_words_are_those_of_the_text_whatever_its_case_marks_and_blanks(text, words):
    assert words_in(text) == words


texts = strategies.text(
    strategies.sampled_from("aAbB1_ \n'.-éÉ\u0301ßİ学ﬁ①ﬀक\u093e\u200d\ufe0f\x00") | strategies.characters(codec="utf-8")
)


@hypothesis.given(strategies.lists(strategies.tuples(texts, texts), min_size=1, max_size=8))
def test_hashed_words_are_the_words(pairs):
    hashed = hashed_words(*columns(pairs))
    words = [words_in(f"{prompt}\n{response}") for prompt, response in pairs]
    assert np.diff(hashed.starts).tolist() == list(map(len, words))
    assert hashed.of_prompt.tolist() == [len(words_in(prompt)) for prompt, _ in pairs]
    known = {}
    for word, value in zip([word for each in words for word in each], hashed.words.tolist(), strict=True):
        assert known.setdefault(word, value) == value
    assert len(set(known.values())) == len(known)


def test_a_span_has_the_same_hash_wherever_it_stands():
    values = np.random.default_rng(0).integers(0, 1 << 64, 300, dtype=np.uint64)
    values[200:220] = values[10:30]
    one, other, shorter = hash_spans(values, np.array([10, 200, 10]), np.array([30, 220, 29])).tolist()
    assert one == other != shorter
    assert hash_rows(values, 20)[[10, 200]].tolist() == [one, other] and len(hash_rows(values, 301)) == 0


# By words


def test_thirteen_words_in_a_row_are_an_overlap_at_the_start_in_the_middle_and_at_the_end_but_twelve_are_none(found):
    run, other = " ".join(LONG[:13]), "and then something else is said that nobody asked about at all today"
    records = [
        (f"{run} {other}", ""),
        (other, run),
        (f"{other} {run} {other}", "so"),
        (" ".join(LONG[:12]) + " x", other),
    ]
    assert found(records, [("nothing alike", "here"), (" ".join(LONG), "nineteen")]) == {
        0: (1, 13),
        1: (1, 13),
        2: (1, 13),
    }
    assert found(records, [(" ".join(LONG), "nineteen")], n=12) == {0: (0, 13), 1: (0, 13), 2: (0, 13), 3: (0, 12)}


def test_case_punctuation_blanks_and_unicode_forms_make_no_difference(found):
    text = "Le café d'Ångström, où l’on sert du thé vert et des gâteaux à midi."
    other = unicodedata.normalize("NFD", text.upper()).replace(" ", " \n\t ").replace(",", " — ").replace("’", "'")
    assert found([(other, "")], [(text, "")]) == {0: (0, len(words_in(text)))}
    assert found([("学习" * 7, "")], [("学 习" * 7, "")]) == {0: (0, 14)}


def test_stock_phrases_that_are_shorter_are_no_overlap(found):
    stock = "Answer the following question and explain your reasoning step by step"
    assert len(words_in(stock)) == 11
    records = [(f"{stock}: why is the sky blue?", "It scatters light of short waves more than that of long ones.")]
    assert found(records, [(f"{stock}: how do magnets work?", "By the spin of the electrons inside.")]) == {}


def test_short_texts_and_short_prompts_count_as_a_whole(found):
    items = [("How did states get their names?", "From rivers."), ("Name a river!", "")]
    records = [
        ("how did states get their names", "A very long answer of another kind " * 5),
        ("How did states get their names? From rivers.", ""),
        ("How did states get their names and flags?", "From rivers."),
        ("Name a river", "The Rhine."),
        ("Please name a river that is long", "The Nile."),
        ("...", "!"),
    ]
    assert found(records, items) == {0: (0, 6), 1: (0, 8), 3: (1, 3)}


def test_a_record_is_set_beside_the_item_that_it_shares_most_with(found):
    items = [(" ".join(LONG[:14]), ""), (" ".join(LONG), ""), (" ".join(LONG[1:]), "")]
    assert found([(" ".join(LONG), "")], items) == {0: (1, 16)}


@pytest.mark.parametrize("rows", [1, 2, 5, 1024])
def test_it_makes_no_difference_where_blocks_end(found, rows, monkeypatch):
    records = [(f"{i} " + " ".join(LONG[i % 3 :]), f"answer {i}") for i in range(11)]
    monkeypatch.setattr("core.vectors.overlap.by_words._ROWS", rows)
    monkeypatch.setattr("core.vectors.overlap.by_words._LETTERS", 200)
    assert found(records, [(" ".join(LONG), "")]) == {i: (0, 16 - i % 3) for i in range(11)}


def test_no_words_go_on_from_one_record_to_the_next(found):
    records = [(" ".join(LONG[:8]), ""), (" ".join(LONG[8:]), "")]
    assert found(records, [(" ".join(LONG), "")]) == {}


words = strategies.lists(strategies.sampled_from("a b c d".split()), max_size=9).map(" ".join)
pairs = strategies.lists(strategies.tuples(words, words).filter(lambda pair: any(pair)), min_size=1, max_size=8)


@pytest.mark.parametrize("weak", [False, True])
@hypothesis.settings(max_examples=60, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
@hypothesis.given(records=pairs, items=pairs, n=strategies.integers(1, 5))
def test_it_finds_what_brute_force_finds(records, items, n, weak, monkeypatch):
    hash_of = (
        (lambda *spans: hash_spans(*spans) & np.uint64(7)) if weak else hash_spans
    )  # most that it proposes is wrong
    with monkeypatch.context() as patched:
        patched.setattr(units, "hash_spans", hash_of)
        patched.setattr(units, "_OCCURRENCES", 1000)
        evaluation = Evaluated(*columns(items), n)
        shared = overlaps_by_words(_Records(records), [evaluation], n)[0]
    assert {each.row: each.length for each in shared} == by_brute_force(records, items, n)
    for each in shared:
        said = " ".join(words_in("\n".join(records[each.row]))[each.place : each.place + each.length])
        assert each.words == said and f" {said} " in f" {' '.join(words_in(chr(10).join(items[each.item])))} "
    if not weak:
        assert evaluation.found.tolist() == [bool(by_brute_force([item], records, n)) for item in items]


class _Records:
    """Records in memory, as a table gives them."""

    def __init__(self, pairs: list[Pair]) -> None:
        self._batch = pa.record_batch(list(columns(pairs)), names=["prompt", "response"])

    def __len__(self) -> int:
        return len(self._batch)

    def batches(self, names: list[str]):
        yield self._batch


def test_a_phrase_of_many_items_is_looked_at_in_some_of_them_only(found):
    phrase = " ".join(LONG)
    items = [(f"{phrase} number {i}", "") for i in range(200)]
    assert found([(phrase, "x"), (f"{phrase} number 150 indeed", "")], items) == {0: (0, 16), 1: (150, 18)}


# By meaning


def test_the_nearest_items_are_those_of_all_cosines(monkeypatch):
    monkeypatch.setattr("core.vectors.overlap.by_meaning._ROWS", 7)
    rng = np.random.default_rng(0)
    records, *items = (unit_rows(rng.normal(size=(n, 4)).astype(np.float32)) for n in (60, 9, 30))
    for (rows, nearest, cosines, near), vectors in zip(nearest_items(records, items, 0.9), items, strict=True):
        true = records @ vectors.T
        assert rows.tolist() == np.flatnonzero(true.max(axis=1) >= 0.9).tolist() != []
        assert nearest.tolist() == true[rows].argmax(axis=1).tolist()
        assert np.allclose(cosines, true[rows].max(axis=1), atol=1e-6)
        assert near.tolist() == (true.max(axis=0) >= 0.9).tolist()
    with pytest.raises(CurationError, match="have 3 dimensions and the records' 4"):
        nearest_items(records, [np.eye(3, dtype=np.float32)], 0.9)


# Evaluation files

QUESTION, ANSWER = "How many birds?", "Nineteen birds."
LAYOUTS = {
    "gsm8k.jsonl": {"question": QUESTION, "answer": ANSWER},
    "chat.json": [{"messages": [{"role": "user", "content": QUESTION}, {"role": "assistant", "content": ANSWER}]}],
    "alpaca.json": {"data": [{"instruction": "How many", "input": "birds?", "output": ANSWER}]},
    "humaneval.jsonl": {
        "task_id": "0",
        "prompt": QUESTION,
        "canonical_solution": ANSWER,
        "test": "x",
        "entry_point": "f",
    },
    "truthfulqa.jsonl": {
        "type": "a",
        "question": QUESTION,
        "best_answer": ANSWER,
        "correct_answers": ["x"],
        "source": "y",
    },
    "ifeval.jsonl": {"key": 1, "prompt": QUESTION, "instruction_id_list": ["a"], "kwargs": [{}]},
    "hellaswag.jsonl": {"ind": 1, "ctx": QUESTION, "ctx_a": "x", "ctx_b": "y", "endings": ["a", "b"], "label": "1"},
    "arc.jsonl": {"id": "a", "question": QUESTION, "choices": {"text": ["a"], "label": ["A"]}, "answerKey": "A"},
    "mt-bench.jsonl": {"question_id": 1, "category": "x", "turns": [QUESTION, "And why?"]},
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_layouts_of_public_evaluations_are_read(name, tmp_path):
    (tmp_path / name).write_text(json.dumps(LAYOUTS[name]) + "\n")
    (evaluation,) = evaluations_in(tmp_path / name)
    items = read_items(evaluation)
    prompt, response, _ = items.texts.to_pylist()[0].values()
    assert len(items) == 1 and items.n_unread == 0 and evaluation.name == name.split(".")[0]
    assert words_in(prompt)[:3] == ["how", "many", "birds"]
    assert response in (ANSWER, "") and (response == "") == (
        name.split(".")[0] in ("ifeval", "hellaswag", "arc", "mt-bench")
    )


def test_files_have_names_of_their_own_and_what_cannot_be_read_is_counted(tmp_path):
    (tmp_path / "a").mkdir()
    one = write_jsonl(tmp_path / "test.jsonl", [{"question": QUESTION, "answer": ANSWER}])
    other = write_jsonl(tmp_path / "a" / "test.jsonl", [{"q": QUESTION, "a": ANSWER}, {"q": "", "a": ""}])
    names = [each.name for each in evaluations_in([f"birds={one}", other])]
    assert names == ["birds", "test"]
    assert [each.name for each in evaluations_in([one, other])] == [f"{tmp_path.name}/test", "a/test"]
    evaluation = evaluations_in([f"birds={one}", other])[1]
    with pytest.raises(CurationError, match="No known field layout"):
        read_items(evaluation)
    for fields in ("prompt=q,response=a", "test: prompt=q,response=a; birds: prompt=question"):
        assert read_items(evaluation, fields).n_unread == 1
    other.write_text('{"q": "changed"}\n')
    with pytest.raises(CurationError, match="was changed since it was named"):
        read_items(evaluation, "prompt=q")
    for given, said in (([one, one], "named twice"), ([f"x={one}", f"x={other}"], "would be called 'x/test'"),
                        (tmp_path / "nothing.jsonl", "can't be read")):  # fmt: skip
        with pytest.raises(CurationError, match=said):
            evaluations_in(given)


def test_params_are_checked_and_come_back(tmp_path):
    evaluations = evaluations_in(write_jsonl(tmp_path / "e.jsonl", [{"question": "a", "answer": "b"}]))
    params = OverlapParams(words=8, evaluations=evaluations)
    assert OverlapParams.from_dict(json.loads(json.dumps(params.as_dict()))) == params
    assert params.rule == "8 words in a row or cosine 0.9 or more"
    assert params.only("words").rule == "8 words in a row" and params.only("cosine", 0.95).rule == "cosine 0.95 or more"
    for values, said in (({"words": 0, "cosine": 0}, "Neither"), ({"cosine": 1.5}, "from 0 to 1"), ({"words": -1}, "at least 0"),
                         ({"model": "m", "vectors": "x"}, "can't be given together")):  # fmt: skip
        with pytest.raises(CurationError, match=said):
            OverlapParams(**values)


# Marking


@hypothesis.given(texts, texts, strategies.integers(1, 3))
def test_marking_loses_no_letter(one, other, n):
    assert tuple("".join(text for text, _ in parts) for parts in shared_words(one, other, n)) == (one, other)


def test_what_both_have_in_a_row_is_marked():
    one, other = shared_words(
        "So: the QUICK, brown fox ran. the end", "A “quick brown” fox sat; the quick brown fox", 3
    )
    assert [text for text, is_marked in one if is_marked] == ["the QUICK, brown fox"]
    assert [text for text, is_marked in other if is_marked] == ["“quick brown” fox", "the quick brown fox"]
    assert [text for text, is_marked in shared_words("学习吗 x", "好学习吗", 3)[1] if is_marked] == ["学习吗"]
