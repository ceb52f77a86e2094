"""Searching by words: what is typed is read in a friendly way, is never an error of SQL, and finds what it says."""

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies

from core.base.errors import CurationError
from core.data.records import RecordParams
from core.run.pipeline import Pipeline
from core.selection.finding import word_index
from core.selection.finding.find import words_of
from core.selection.finding.stage import WordParams
from core.selection.finding.word_query import as_fts, loosened, marked_words, parse, pattern
from core.workspace.workspace import Workspace
from tests.conftest import write_jsonl

TEXTS = [
    ("How does photosynthesis work?", "Plants make sugar from light.", "biology"),
    ("Bake a chocolate cake", "Mix flour, eggs and sugar. Bake.", "cooking"),
    ("Bake bread", "Sour dough needs time. The café sells it.", "cooking"),
    ("Synthesise a polymer", "PHOTO-resist is a light sensitive polymer.", "chemistry"),
    ("机器学习是什么？", "它让计算机从数据中学习。", "zh"),
    ("อาหารไทย", "ต้มยำกุ้ง", None),
    ("print(my_value) in C++", 'Say "hello, world" - x = 5', "code"),
]


@pytest.fixture(scope="module")
def index(tmp_path_factory) -> word_index.WordIndex:
    folder = tmp_path_factory.mktemp("words")
    records = [{"prompt": prompt, "response": response, "source": source} for prompt, response, source in TEXTS]
    workspace = Workspace(folder / "w", create=True)
    workspace.import_data(write_jsonl(folder / "texts.jsonl", records), RecordParams())
    pipeline = Pipeline(workspace)
    pipeline.run("words", WordParams())
    return words_of(pipeline)


@pytest.mark.parametrize(
    ("typed", "rows"),
    [
        ("bake", [1, 2]),
        ("BAKE sugar", [1]),
        ('"sour dough"', [2]),
        ('"dough sour"', []),
        ("photo*", [0, 3]),
        ("*synth*", [0, 3]),
        ("photo", [3]),
        ("prompt: sugar", []),
        ("response:sugar", [0, 1]),
        ("source: cooking -cake", [2]),
        ("cake OR bread", [1, 2]),
        ("cake | bread", [1, 2]),
        ("bake NOT (cake OR flour)", [2]),
        ("bake AND bread", [2]),
        ("light (sugar OR polymer)", [0, 3]),
        ("prompt:(cake OR bread)", [1, 2]),
        ("cafe", [2]),
        ("CAFÉ", [2]),
        ("学习", [4]),
        ("机器 数据", [4]),
        ("习学", []),
        ("ต้มยำ", [5]),
        ("my_value", [6]),
        ("print(my_value)", [6]),
        ("x = 5", [6]),
        ("hello, world", [6]),
        ("-bake", [0, 3, 4, 5, 6]),
        ("NOT bake -light", [4, 5, 6]),
        ("and", [1]),
        ("photo-resist", [3]),
        ("http://example.org/prompt:", []),
        ("*nowhere*", []),
        ("cake OR *nowhere*", [1]),
        ("cake *nowhere*", []),
    ],
)
def test_what_is_typed_finds_what_it_says(index, typed, rows):
    found, is_ranked = index.search(typed)
    assert found.tolist() == rows and not is_ranked and found.dtype == np.int64
    ranked, _ = index.search(typed, ranked=True)
    assert sorted(ranked.tolist()) == rows


def test_the_best_match_comes_first(tmp_path):
    texts = ["bread " + "and other things " * 20, "bread bread bread", "nothing of it", "bread with butter"]
    workspace = Workspace(tmp_path / "w", create=True)
    workspace.import_data(write_jsonl(tmp_path / "t.jsonl", [{"text": text} for text in texts]), RecordParams())
    found, is_ranked = words_of(Pipeline(workspace)).search("bread", ranked=True)
    assert is_ranked and found.tolist() == [1, 3, 0]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "nothing to search for"),
        ("   ", "nothing to search for"),
        ('"open', "opened and not closed"),
        ("(cake", "opened and not closed"),
        ("cake)", "closed that was not opened"),
        ("()", "brackets hold no word"),
        ("cake AND", "AND lacks a word"),
        ("AND cake", "AND lacks a word"),
        ("OR cake", "OR lacks a word"),
        ("cake OR", "OR lacks a word"),
        ("cake NOT", "NOT lacks a word"),
        ("prompt:", "prompt: has no word"),
        ("+++", "no letter and no digit"),
        ('cake "!!!"', "no letter and no digit"),
        ("a*", "two letters or more"),
        ("*a*", "two letters or more"),
        ("cake OR -bread", "only says what must not be there"),
        ("-(-cake)", "NOT NOT"),
        ("(" * 30 + "cake" + ")" * 30, "nested more than"),
        ("word " * 101, "more than 100 words"),
    ],
)
def test_what_makes_no_sense_is_said_in_words(index, typed, said):
    with pytest.raises(CurationError, match=said):
        index.search(typed)


@hypothesis.given(
    strategies.text(max_size=40)
    | strategies.lists(
        strategies.sampled_from(
            ["cake", '"', "(", ")", "-", "*", "AND", "OR", "NOT", "prompt:", "source :", "{a b}:", "^", "NEAR(a b)", "'", ";",
             "a*", "*", "学", "\x00", "\ud800", "--", "||", " ", "+"]
        ),
        max_size=12,
    ).map(" ".join)
)  # fmt: skip
@hypothesis.settings(max_examples=300)
def test_nothing_typed_is_an_error_of_sql(index, typed):
    try:
        rows, _ = index.search(typed, ranked=True)
    except CurationError as error:
        assert str(error)
    else:
        assert len(np.unique(rows)) == len(rows) and (not len(rows) or 0 <= rows.min() <= rows.max() < len(TEXTS))


def test_words_of_the_records_are_marked_as_they_were_found():
    marks = pattern('photo* "sour dough" -cake 学习')
    text = "Photograph of Sour  dough; cake; 机器学习"
    assert marks.findall(text) == ["Photo", "Sour  dough", "学习"]
    assert pattern("cake").search("cakes") is None and pattern("*ake*").search("cakes")
    assert marked_words('photo* "sour dough" -cake') == ("photo*", "sour dough")


def test_a_search_is_loosened_where_its_words_are_plain():
    assert loosened("photo synth") == "*photo* *synth*"
    assert loosened('"sour dough"') == loosened("-photo") == loosened("*photo*") == ""


def test_a_piece_in_too_many_words_asks_for_more_letters():
    with pytest.raises(CurationError, match="give two letters"):
        as_fts(parse("*a*"), lambda piece: [])


def test_common_pieces_and_many_hits_have_limits(index, monkeypatch):
    monkeypatch.setattr(word_index, "_MOST_INSIDE", 1)
    with pytest.raises(CurationError, match="different words; give more letters"):
        index.search("*ake*")
    monkeypatch.setattr(word_index, "RANKED_UP_TO", 1)
    assert index.search("bake", ranked=True)[1] is False


def test_the_index_says_the_same_from_a_file_and_in_memory(index, tmp_path):
    records = [{"prompt": prompt, "response": response, "source": source} for prompt, response, source in TEXTS]
    workspace = Workspace(tmp_path / "w", create=True)
    workspace.import_data(write_jsonl(tmp_path / "t.jsonl", records), RecordParams())
    small = words_of(Pipeline(workspace))
    for typed in ("bake", "*synth*", "学习", "-bake"):
        assert small.search(typed)[0].tolist() == index.search(typed)[0].tolist()
