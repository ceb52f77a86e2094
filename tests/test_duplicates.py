"""Near-duplicates: the forest makes the groups that all pairs make, word pairs are true ones, rules keep the best."""

import hypothesis
import numpy as np
import pytest
import scipy.sparse
from hypothesis import strategies
from hypothesis.extra.numpy import arrays
from scipy.sparse.csgraph import connected_components

from core.base.arrays import unit_rows
from core.base.errors import CurationError
from core.data.records import RecordParams
from core.vectors.duplicates.by_meaning import copies_of, pairs_by_cosine
from core.vectors.duplicates.by_words import jaccard, pairs_by_words, word_sets, words_of
from core.vectors.duplicates.differing import differing_words
from core.vectors.duplicates.forest import spanning_forest, unique_pairs
from core.vectors.duplicates.groups import Groups, dropped_by, groups_of, pairs_at, worth_of
from core.vectors.duplicates.params import DuplicateParams, Threshold
from core.workspace.workspace import Workspace
from tests.conftest import write_jsonl

NO_COPIES = np.zeros((0, 2), np.int64)


def as_sets(groups: Groups) -> set[frozenset[int]]:
    return {frozenset(groups.members(i).tolist()) for i in range(len(groups))}


def joined(pairs: np.ndarray, n: int) -> set[frozenset[int]]:
    graph = scipy.sparse.coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), (n, n))
    labels = connected_components(graph, directed=False)[1]
    groups = [np.flatnonzero(labels == label).tolist() for label in np.unique(labels)]
    return {frozenset(group) for group in groups if len(group) > 1}


@hypothesis.given(arrays(np.int64, (30, 2), elements=strategies.integers(0, 14)), strategies.integers(0, 2**32 - 1))
def test_the_forest_joins_at_any_threshold_what_all_pairs_join(drawn, seed):
    pairs, _ = unique_pairs(drawn, 15)
    values = np.round(np.random.default_rng(seed).random(len(pairs)), 1).astype(np.float32)
    forest = spanning_forest(pairs, values, 15)
    assert (np.diff(forest.values) <= 0).all()
    for threshold in (0.0, 0.3, 0.6, 0.9, 1.0):
        above = forest.above(threshold)
        groups = groups_of(above)
        assert as_sets(groups) == joined(pairs[values >= threshold - 1e-6], 15)
        assert len(above) == len(groups.rows) - len(groups)  # what can be dropped is what the forest has of edges
        assert (np.diff(groups.sizes) <= 0).all()


@pytest.mark.parametrize("cells_above", [100_000, 50])
def test_pairs_by_cosine_are_those_of_all_cosines(cells_above, monkeypatch):
    monkeypatch.setattr("core.vectors.duplicates.by_meaning.CELLS_ABOVE", cells_above)
    rng = np.random.default_rng(0)
    vectors = unit_rows(np.repeat(rng.normal(size=(60, 16)), 3, axis=0) + 0.25 * rng.normal(size=(180, 16)))
    forest = pairs_by_cosine(vectors, 0.8, 179, NO_COPIES)
    cosines = np.triu(vectors @ vectors.T, 1)
    for threshold in (0.8, 0.9, 0.95):
        assert as_sets(groups_of(forest.above(threshold))) == joined(np.argwhere(cosines >= threshold - 1e-6), 180)


def test_a_heap_of_copies_is_one_group_however_few_neighbours_are_looked_at():
    vectors = unit_rows(np.random.default_rng(0).normal(size=(50, 8)))
    vectors[10:40] = vectors[10]
    hashes = np.arange(50, dtype=np.uint64).repeat(2)
    hashes[20:80] = 700
    copies = copies_of(hashes.view("V16"))
    assert len(copies) == 29
    groups = groups_of(pairs_by_cosine(vectors, 0.99, 2, copies).above(1.0))
    assert as_sets(groups) == {frozenset(range(10, 40))}


TEXTS = [
    "The quick brown fox jumps over the lazy dog near the river bank today",
    "The quick brown fox jumps over the lazy dog near the river bank tonight",
    "the QUICK brown fox, jumps over the lazy dog near the river bank today!",
    "Something else entirely about baking bread with flour and water at home",
    "Something else entirely about baking bread with flour and milk at home",
    "Nothing like the others",
    "+++",
    "---",
]


@pytest.fixture
def records(tmp_path):
    def make(texts):
        workspace = Workspace(tmp_path / "w", create=True)
        workspace.import_data(write_jsonl(tmp_path / "t.jsonl", [{"text": text} for text in texts]), RecordParams())
        return workspace.records()

    return make


def test_pairs_by_words_are_those_of_the_true_jaccard(records):
    rng = np.random.default_rng(0)
    vocabulary = [f"word{i}" for i in range(400)]
    base = [[str(word) for word in rng.choice(vocabulary, 30, replace=False)] for _ in range(60)]
    changed = [[*words[: 30 - i % 6], *(f"other{i}{j}" for j in range(i % 6))] for i, words in enumerate(base)]
    texts = TEXTS + [" ".join(words) for words in base + changed]
    forest = pairs_by_words(records(texts), 0.7, 128, 0)
    true = np.array([[a, b] for a in range(len(texts)) for b in range(a) if jaccard(texts[a], texts[b]) >= 0.75 - 1e-6])
    found, wanted = as_sets(groups_of(forest.above(0.75))), joined(true, len(texts))
    assert len(found & wanted) >= 0.97 * len(wanted) and {frozenset({0, 1, 2}), frozenset({3, 4})} <= found
    assert all(jaccard(texts[a], texts[b]) == pytest.approx(value, abs=1e-6)
               for (a, b), value in zip(forest.rows, forest.values, strict=True))  # fmt: skip
    assert not any({len(TEXTS) - 1, len(TEXTS) - 2} & group for group in found)  # texts without words are like nothing


def test_words_are_counted_once_and_scripts_without_blanks_by_letters(records):
    assert words_of("A a b-c C_d 学习吗") == {"a", "b", "c", "d", "学", "习", "吗"}
    assert jaccard("a b c", "a b d") == 0.5 and jaccard("", "+") == 0
    sets = word_sets(records(["a b c", "a b d", "..."]))
    assert sets.sizes.tolist() == [3, 3, 0]
    assert sets.jaccard(np.array([[0, 1], [0, 2], [0, 0]])).tolist() == [0.5, 0, 1]


def test_groups_are_the_largest_first_and_rows_stay_apart():
    groups = groups_of(np.array([[9, 2], [4, 5], [5, 6], [1, 8]]))
    assert [groups.members(i).tolist() for i in range(3)] == [[4, 5, 6], [1, 8], [2, 9]]
    assert len(groups_of(NO_COPIES)) == 0


GROUPS = groups_of(np.array([[0, 1], [1, 2], [3, 4]]))


def dropped(worth, pinned=(), gone=()):
    marks = [np.isin(np.arange(5), rows) for rows in (pinned, gone)]
    rows, keep = dropped_by(GROUPS, np.asarray(worth, float), *marks)
    return rows.tolist(), keep.tolist()


def test_the_best_of_each_group_stays():
    assert dropped([1, 3, 2, 5, 5]) == ([0, 2, 4], [1, 3])
    assert dropped([1, 3, 2, 5, 6], pinned=[0]) == ([1, 2, 3], [0, 4])
    assert dropped([1, 3, 2, 5, 6], pinned=[0, 2]) == ([1, 3], [2, 4])
    assert dropped([1, 3, 2, 5, 6], gone=[1]) == ([0, 3], [2, 4])
    assert dropped([1, 3, 2, 5, 6], gone=[0, 1, 2, 3]) == ([], [-1, 4])


def test_rules_say_what_is_worth_more():
    sources = (["a", "b", "c"], np.array([0, 1, 2, -1, 1]))
    assert np.argsort(-worth_of("source", 5, sources=sources, order=["b", "a"]), kind="stable").tolist() == [
        1,
        4,
        0,
        2,
        3,
    ]
    assert worth_of("first", 3).tolist() == [0, 0, 0]
    assert worth_of("longest", 2, lengths=np.array([3, 9])).tolist() == [3, 9]
    for keep, more, said in (
        ("quality", {}, "Quality is not scored"),
        ("source", {"sources": sources}, "No order of sources"),
        ("source", {"sources": sources, "order": ["z"]}, "no source 'z'; the sources are a, b, c"),
        ("best", {}, "must be one of quality, longest, first, source"),
    ):
        with pytest.raises(CurationError, match=said):
            worth_of(keep, 5, **more)


def test_a_threshold_below_what_was_kept_is_refused():
    for threshold, said in ((Threshold(cosine=0.5), "0.85 to 1"), (Threshold("words", jaccard=1.5), "0.7 to 1")):
        with pytest.raises(CurationError, match=said):
            threshold.check(DuplicateParams())
    assert Threshold("either").label == "cosine 0.95 or more or Jaccard 0.8 or more"


def test_either_takes_the_pairs_of_both():
    one = spanning_forest(np.array([[0, 1]]), np.array([0.99], np.float32), 4)
    other = spanning_forest(np.array([[1, 2]]), np.array([0.9], np.float32), 4)
    assert as_sets(groups_of(pairs_at(Threshold("either"), one, other))) == {frozenset({0, 1, 2})}
    assert as_sets(groups_of(pairs_at(Threshold("words"), one, other))) == {frozenset({1, 2})}


@pytest.mark.parametrize(
    ("one", "other", "marked"),
    [
        ("Bake a cake.", "Bake the cake.", (["a"], ["the"])),
        ("Bake a cake", "bake  a\ncake", ([], [])),
        ("one two", "one two three", ([], ["three"])),
        ("", "x", ([], ["x"])),
    ],
)
def test_what_differs_is_marked_and_no_letter_is_lost(one, other, marked):
    parts = differing_words(one, other)
    assert tuple("".join(text for text, _ in each) for each in parts) == (one, other)
    assert tuple([text.strip() for text, differs in each if differs] for each in parts) == marked


def test_long_texts_are_compared_to_a_length():
    one, other = (f"{first} " + "same words " * 4000 for first in ("a", "b"))
    parts = differing_words(one, other)
    assert "".join(text for text, _ in parts[0]) == one and [text for text, differs in parts[0] if differs] == ["a"]
