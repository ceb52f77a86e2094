"""A query: kept as a text, answered by words, filters and meaning together, exactly or by an index whose recall is known."""

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies

from core.base.arrays import unit_rows
from core.base.errors import CurationError
from core.data.records import RecordParams
from core.run.pipeline import Pipeline
from core.selection.finding import known, meaning
from core.selection.finding.columns import Column, ColumnParams
from core.selection.finding.filters import mask_of, spread_of
from core.selection.finding.find import find, name_model, sentence_model
from core.selection.finding.known import Known
from core.selection.finding.meaning import MeaningParams, nearest_exact, nearest_rows
from core.selection.finding.query import MISSING, Filter, Query, from_text, parse_filter, range_of, to_text
from core.vectors.embedding import EmbedParams
from core.workspace.deciding import decide_records
from core.workspace.workspace import Workspace
from tests.conftest import write_jsonl

values = strategies.text(strategies.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
filters = strategies.builds(
    Filter,
    values.filter(str.strip),
    strategies.sampled_from(["=", "!="]),
    strategies.lists(values, min_size=1).map(tuple),
)


@hypothesis.given(
    strategies.builds(
        Query,
        words=strategies.text(strategies.characters(exclude_categories=["Cs"])),
        like=strategies.text(strategies.characters(exclude_categories=["Cs"])),
        more_like=strategies.lists(strategies.integers(0, 10**6), max_size=3).map(tuple),
        filters=strategies.lists(filters, max_size=3).map(tuple),
        nearest=strategies.integers(1, 100_000),
        in_order=strategies.booleans(),
    )
)
def test_a_query_survives_its_text(query):
    assert from_text(to_text(query)) == query


def test_the_text_of_a_query_is_short_and_stays_what_it_is():
    query = Query("bread", filters=(parse_filter("quality > 0.5"), parse_filter("source=gsm8k|t0")), nearest=50)
    assert to_text(query) == "q=bread&f=quality%3E0.5&f=source%3Dgsm8k%7Ct0&m=50"
    assert to_text(Query()) == "" and from_text("") == Query() and Query().is_empty


@pytest.mark.parametrize(
    "text", ["x", "q=a&q=b", "more=a", "more=-1", "m=0", "m=9999999999999999999", "f=quality", "z=1"]
)
def test_a_bad_text_is_refused_in_words(text):
    with pytest.raises(CurationError):
        from_text(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("quality", "is no filter"),
        ("quality>", "is no filter"),
        (">3", "is no filter"),
        ("quality>high", "compares with no number"),
        ("=3", "is no filter"),
        ("a=|", "is no filter"),
    ],
)
def test_a_bad_filter_is_said_in_words(text, said):
    with pytest.raises(CurationError, match=said):
        parse_filter(text)


def test_filters_say_what_they_are():
    labels = ["quality>0.5", "words=10..50", "words=10..", "words=..50", "source!=a|b|c|d", "rating=(missing)"]
    assert [parse_filter(text).label for text in labels] == [
        "quality over 0.5",
        "length in words 10 to 50",
        "length in words at least 10",
        "length in words at most 50",
        "source not a or b or c or 1 more",
        "rating missing",
    ]
    assert (
        range_of("1..2") == (1, 2) and range_of("..") is None and range_of("5") == (5, 5) and range_of("x..2") is None
    )


NUMBERS = Column("n", numbers=np.array([1.0, 2.5, np.nan, 4.0]))
LABELS = Column("l", labels=("a", "b|c"), codes=np.array([0, 1, -1, 0], np.int32))


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("n>1", [1, 3]),
        ("n>=1", [0, 1, 3]),
        ("n<2.5", [0]),
        ("n<=2.5", [0, 1]),
        ("n=1..2.5", [0, 1]),
        ("n=1|4", [0, 3]),
        ("n!=1", [1, 2, 3]),
        ("n=(missing)", [2]),
        ("n!=(missing)", [0, 1, 3]),
        ("l=a", [0, 3]),
        (r"l=b\|c", [1]),
        ("l!=a", [1, 2]),
        ("l=(missing)|a", [0, 2, 3]),
    ],
)
def test_filters_hold_for_what_they_say(text, rows):
    column = NUMBERS if text[0] == "n" else LABELS
    assert np.flatnonzero(mask_of(parse_filter(text), column)).tolist() == rows


@pytest.mark.parametrize(
    ("text", "said"), [("n=x", "holds numbers"), ("l>1", "holds labels"), ("l=z", "has no 'z'; it has a, b")]
)
def test_a_value_that_a_column_cannot_have_is_said(text, said):
    with pytest.raises(CurationError, match=said):
        mask_of(parse_filter(text), NUMBERS if text[0] == "n" else LABELS)


def test_a_spread_counts_every_record_once():
    numbers = np.concatenate([np.random.default_rng(0).normal(size=5000), [1e6, -1e6, np.nan, np.inf]])
    rows = np.arange(100)
    spread = spread_of(Column("n", numbers=numbers), rows)
    assert spread.everything.sum() + spread.missing[0] == len(numbers) and spread.missing == (2, 0)
    assert spread.matching.sum() == 100 and (spread.matching <= spread.everything).all()
    assert np.ptp(spread.edges[1:-1]) < 10  # one far value does not make one bin of all others
    labels = spread_of(LABELS, np.array([0, 2]))
    assert labels.everything.tolist() == [2, 1] and labels.matching.tolist() == [1, 0] and labels.missing == (1, 1)
    for few in ([], [np.nan], [3.0, 3.0]):
        assert spread_of(Column("n", numbers=np.array(few))).everything.sum() == np.isfinite(few).sum()


def test_nearest_is_by_cosine_with_ties_in_order_and_only_among_those_allowed():
    vectors = unit_rows(np.random.default_rng(1).normal(size=(500, 8)))
    vectors[7] = vectors[3]
    cosines = vectors @ vectors[3]
    best = np.lexsort((np.arange(500), -cosines))
    assert best[:2].tolist() == [3, 7]
    assert nearest_exact(vectors, vectors[3], 20).rows.tolist() == best[:20].tolist()
    for among in (np.arange(0, 500, 2), np.array([7, 9, 400])):
        found = nearest_exact(vectors, vectors[3], 20, among)
        assert found.rows.tolist() == [row for row in best.tolist() if row in among][:20]
        assert np.allclose(found.cosines, cosines[found.rows])


def test_the_index_reaches_the_recall_it_says(tmp_path, monkeypatch):
    import faiss

    rng = np.random.default_rng(0)
    centres = rng.normal(size=(30, 16))
    vectors = unit_rows(centres[rng.integers(0, 30, 6000)] + 0.4 * rng.normal(size=(6000, 16)))
    about = meaning.write_index(vectors, MeaningParams(), tmp_path / "index")
    assert about["recall"] >= meaning.RECALL and 1 <= about["nprobe"] < about["n_cells"]
    index = faiss.read_index(str(tmp_path / "index"), faiss.IO_FLAG_MMAP | faiss.IO_FLAG_READ_ONLY)
    monkeypatch.setattr(meaning, "_GATHERED_UP_TO", 10)
    even = np.arange(0, 6000, 2)
    for among in (None, even):
        hits = 0
        for row in range(40):
            found = nearest_rows(vectors, vectors[row], 50, among, index, about["nprobe"])
            assert not found.is_exact and (np.diff(found.cosines) <= 1e-6).all()
            assert among is None or not (found.rows % 2).any()
            hits += len(np.intersect1d(found.rows, nearest_exact(vectors, vectors[row], 50, among).rows))
        assert hits / 40 / 50 > 0.95


RECORDS = [
    {"prompt": f"{('bread', 'garden')[i % 2]} number {i}", "response": "short" if i < 20 else "a longer answer here",
     "source": ("a", "b", "c")[i % 3], "rating": i % 5 if i % 10 else None, "lang": "en" if i % 4 else "de", "ok": i % 2 == 0,
     "meta": {"year": 2000 + i}, "tags": ["x"], "note": f"a text of its own {i} " * 20, "csv": str(i / 2)}
    for i in range(40)
]  # fmt: skip


@pytest.fixture
def pipeline(tmp_path, tiny_encoder) -> Pipeline:
    workspace = Workspace(tmp_path / "w", create=True)
    workspace.import_data(write_jsonl(tmp_path / "t.jsonl", RECORDS), RecordParams())
    made = Pipeline(workspace)
    made.run("embed", EmbedParams(), encoder=tiny_encoder)
    return made


def test_columns_are_typed_with_what_is_missing(pipeline):
    pipeline.run("columns", ColumnParams())
    columns = Known(pipeline)
    assert {name for name in columns if columns[name].is_number} == {
        "words",
        "characters",
        "rating",
        "meta.year",
        "csv",
    }
    assert {name for name in columns if not columns[name].is_number} == {"state", "source", "language", "lang", "ok"}
    assert np.isnan(columns["rating"].numbers[[0, 10]]).all() and columns["rating"].numbers[11] == 1
    assert columns["csv"].numbers[3] == 1.5 and columns["lang"].labels == ("en", "de")
    assert columns["ok"].labels[columns["ok"].codes[0]] == "true" and columns["source"].codes.tolist()[:3] == [0, 1, 2]
    assert pipeline.info("columns")["left_out"].keys() == {"tags", "note"}
    with pytest.raises(CurationError, match="no column 'nope'; there are state"):
        columns["nope"]


def test_all_that_is_asked_must_hold(pipeline, tiny_encoder):
    def rows(**asked):
        return find(pipeline, Query(**asked), tiny_encoder.encode).rows.tolist()

    wanted = (parse_filter("rating>=3"), parse_filter("source=a|b"))
    bread = [i for i in range(40) if i % 2 == 0 and i % 10 and i % 5 >= 3 and i % 3 < 2]
    assert sorted(rows(words="bread", filters=wanted)) == bread
    like = find(pipeline, Query("bread", like="bread number", filters=wanted, nearest=3), tiny_encoder.encode)
    assert set(like.rows.tolist()) <= set(bread) and len(like.rows) == 3 and like.n_matching == len(bread)
    assert (np.diff(like.scores) <= 0).all() and like.order == "meaning"
    more = find(pipeline, Query(more_like=(2, 4), nearest=39))
    assert len(more.rows) == 38 and not {2, 4} & set(more.rows.tolist())
    assert more.rows[:5].tolist() == [row for row in more.rows.tolist() if row % 2 == 0][:5]


def test_the_state_is_what_people_decided_and_selected(pipeline):
    decide_records(pipeline.workspace, "drop", np.array([3, 4]))
    now = pipeline.fresh()
    assert find(now, Query(filters=(parse_filter("state=dropped"),))).rows.tolist() == [3, 4]
    assert len(find(now, Query(filters=(parse_filter("state=free"),))).rows) == 38


def test_what_is_lacking_is_said_where_it_would_take_long(pipeline, monkeypatch, tiny_encoder):
    with pytest.raises(CurationError, match="Nothing is asked"):
        find(pipeline, Query())
    with pytest.raises(CurationError, match="record 40 is not one of 0 to 39"):
        find(pipeline, Query(more_like=(40,)))
    with pytest.raises(CurationError, match="name the model that embedded"):
        find(pipeline, Query(like="x"), lambda texts: np.ones((1, 5)))
    for module in ("find", "known", "data_columns"):
        monkeypatch.setattr(f"core.selection.finding.{module}.AT_ONCE_UP_TO", 10)
    with pytest.raises(CurationError, match="core words") as error:
        find(pipeline, Query("bread"))
    assert "Make it searchable" in error.value.on_page
    with pytest.raises(CurationError, match="core columns"):
        find(pipeline, Query(filters=(parse_filter("lang=en"),)))
    assert known.AT_ONCE_UP_TO == 10


def test_vectors_of_ones_own_have_no_encoder_until_a_model_is_named(pipeline, tmp_path):
    assert sentence_model(pipeline) == ("all-MiniLM-L6-v2", 0)
    np.save(tmp_path / "v.npy", np.random.default_rng(0).normal(size=(40, 8)))
    pipeline.run("embed", EmbedParams("", vectors="x"), vectors=tmp_path / "v.npy")
    assert sentence_model(pipeline) is None
    with pytest.raises(CurationError, match="came from a file"):
        find(pipeline, Query(like="bread"))
    assert len(find(pipeline, Query(more_like=(1,))).rows) == 39
    name_model(pipeline, "mine")
    assert sentence_model(pipeline) == ("mine", 0)


def test_missing_is_a_word_of_its_own():
    assert Filter("a", "=", (MISSING,)).text == "a=(missing)"
