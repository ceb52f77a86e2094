import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from core.base.arrays import unit_rows
from core.base.errors import CurationError
from core.vectors.embedding import EmbedParams, copy_unit_rows, embed_texts, open_vectors


class CountingEncoder:
    """(letters a, letters b, 1) of each text: a row that tells its text."""

    def __init__(self):
        self.blocks = []

    def encode(self, texts):
        self.blocks.append(list(texts))
        return np.array([[text.count("a"), text.count("b"), 1] for text in texts], np.float32)


class BrokenEncoder:
    def __init__(self, answer):
        self.answer = answer

    def encode(self, texts):
        return self.answer(len(texts))


def lengths(vectors):
    return np.linalg.norm(vectors.astype(np.float64), axis=1)


# Texts to vectors


@given(texts=st.lists(st.text("ab"), min_size=1, max_size=40), step=st.integers(1, 50))
def test_row_i_is_the_unit_vector_of_text_i_whatever_the_step(texts, step):
    embeddings = embed_texts(texts, CountingEncoder(), step=step)
    wanted = np.array([[text.count("a"), text.count("b"), 1] for text in texts], float)
    assert (embeddings.dtype, embeddings.shape) == (np.float32, (len(texts), 3))
    np.testing.assert_allclose(embeddings, wanted / lengths(wanted)[:, None], atol=1e-6)


def test_every_text_is_encoded_once_with_texts_of_like_length():
    texts = ["a" * n for n in (3, 50, 1, 49, 2, 51)]
    encoder = CountingEncoder()
    embed_texts(texts, encoder, step=3)
    assert [sorted(map(len, block)) for block in encoder.blocks] == [[49, 50, 51], [1, 2, 3]]


def test_the_texts_are_left_as_they_were():
    texts = ["b", "aaa", "ab"]
    embed_texts(texts, CountingEncoder())
    assert texts == ["b", "aaa", "ab"]


@pytest.mark.parametrize("n", [1, 63, 64, 65, 200])
def test_progress_only_grows_and_ends_at_the_number_of_texts(n):
    reports = []
    embed_texts(["a"] * n, CountingEncoder(), lambda *report: reports.append(report), step=64)
    assert reports == sorted(reports)
    assert reports[-1] == (n, n)
    assert len(reports) == -(-n // 64)


def test_no_texts_give_no_rows():
    assert len(embed_texts([], CountingEncoder())) == 0


@pytest.mark.parametrize("kind", [np.float16, np.float64, np.int64])
def test_whatever_numbers_the_encoder_returns_the_rows_are_float32(kind):
    embeddings = embed_texts(["a", "b"], BrokenEncoder(lambda n: np.full((n, 4), 3, kind)))
    assert embeddings.dtype == np.float32
    np.testing.assert_allclose(embeddings, 0.5)


@pytest.mark.parametrize(
    "answer",
    [
        lambda n: np.ones((n - 1, 4)),
        lambda n: np.ones((n + 1, 4)),
        lambda n: np.ones(n),
        lambda n: np.ones((n, 2, 2)),
        lambda n: np.full((n, 4), np.nan),
        lambda n: np.vstack([np.ones((n - 1, 4)), [[1, 1, np.inf, 1]]]),
        lambda n: np.ones((n, n)),
    ],
    ids=["a row short", "a row over", "one axis", "three axes", "NaN", "one infinity", "another width a block"],
)
def test_an_encoder_that_returns_no_embedding_is_an_error(answer):
    with pytest.raises(CurationError, match="encoder returned"):
        embed_texts(["a"] * 7, BrokenEncoder(answer), step=4)


# Unit rows

MATRICES = arrays.arrays(
    np.float32,
    st.tuples(st.integers(1, 8), st.integers(1, 8)),
    elements=st.floats(-1000, 1000, width=32).filter(lambda x: x == 0 or abs(x) > 1e-3),
)


@given(MATRICES)
def test_unit_rows_keep_their_direction_and_zero_rows_stay(vectors):
    before = vectors.copy()
    units = unit_rows(vectors)
    norms = lengths(vectors)
    np.testing.assert_array_equal(vectors, before)
    np.testing.assert_allclose(lengths(units), norms > 0, atol=1e-6)
    np.testing.assert_allclose(units * norms[:, None], vectors, atol=1e-3, rtol=1e-5)


@pytest.mark.parametrize("scale", [1e-37, 1e-25, 1e25, 1e37])
def test_rows_of_any_scale_get_length_one(scale):
    vectors = np.array([[3, 4], [4, -3]], np.float32) * np.float32(scale)
    out = np.empty_like(vectors)
    copy_unit_rows(vectors, out)
    for units in (unit_rows(vectors), out):
        np.testing.assert_allclose(units, [[0.6, 0.8], [0.8, -0.6]], atol=1e-5)


# The curator's own vectors


def save(folder, array):
    path = folder / "vectors.npy"
    np.save(path, array)
    return path


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, ">f4"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_own_vectors_of_any_float_become_unit_rows(tmp_path, kind, order):
    vectors = np.random.default_rng(0).normal(size=(50, 6)).astype(kind, order=order)
    out = np.empty((50, 6), np.float32)
    reports = []
    opened = open_vectors(save(tmp_path, vectors), 50)
    copy_unit_rows(opened, out, lambda *report: reports.append(report))
    wanted = vectors.astype(np.float64)
    np.testing.assert_allclose(out, wanted / lengths(wanted)[:, None], atol=1e-6)
    np.testing.assert_array_equal(np.load(tmp_path / "vectors.npy"), vectors)
    assert reports[-1] == (50, 50)


def test_vectors_of_more_rows_than_a_block_are_copied_to_the_end():
    n = 70_000
    vectors = np.tile(np.array([[3, 4]], np.float16), (n, 1))
    vectors[n - 1] = [0, 2]
    out = np.zeros((n, 2), np.float32)
    reports = []
    copy_unit_rows(vectors, out, lambda *report: reports.append(report))
    np.testing.assert_allclose(out[: n - 1], np.tile([[0.6, 0.8]], (n - 1, 1)), atol=1e-6)
    np.testing.assert_allclose(out[n - 1], [0, 1])
    assert reports == sorted(reports)
    assert reports[-1] == (n, n)


@pytest.mark.parametrize(
    "array",
    [
        np.ones((4, 2), np.int64),
        np.ones((4, 2), bool),
        np.ones((4, 2), complex),
        np.ones(4),
        np.ones((4, 2, 1)),
        np.array(1.0),
    ],
    ids=lambda array: f"{array.dtype}{array.shape}",
)
def test_vectors_that_are_no_float_matrix_are_refused_with_what_they_are(tmp_path, array):
    with pytest.raises(CurationError, match=str(array.dtype)):
        open_vectors(save(tmp_path, array), 4)


@pytest.mark.parametrize("n_records", [3, 5, 4000])
def test_vectors_for_another_number_of_records_are_refused_with_both_numbers(tmp_path, n_records):
    with pytest.raises(CurationError, match=f"4 rows for {n_records:,} records"):
        open_vectors(save(tmp_path, np.ones((4, 2))), n_records)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 0])
@pytest.mark.parametrize("row", [0, 66_000])
def test_a_vector_without_a_length_is_refused_by_its_record(bad, row):
    vectors = np.ones((66_001, 2), np.float32)
    vectors[row] = bad
    with pytest.raises(CurationError, match=f"record {row} "):
        copy_unit_rows(vectors, np.empty_like(vectors))


def test_a_pickled_object_array_is_refused(tmp_path):
    path = tmp_path / "vectors.npy"
    np.save(path, np.array([[{}], [{}]], dtype=object), allow_pickle=True)
    with pytest.raises(CurationError, match=r"vectors\.npy"):
        open_vectors(path, 2)


class Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return Path.mkdir, (self.folder,)


@pytest.mark.parametrize("wrap", [lambda trap: trap, lambda trap: np.array([[trap]], dtype=object)])
def test_nothing_in_a_file_of_vectors_is_ever_run(tmp_path, wrap):
    path = tmp_path / "vectors.npy"
    path.write_bytes(pickle.dumps(wrap(Trap(tmp_path / "caught"))))
    with pytest.raises(CurationError, match=r"vectors\.npy"):
        open_vectors(path, 1)
    assert not (tmp_path / "caught").exists()


@pytest.mark.parametrize(
    "content",
    [b"", b"hello", b"PK\x03\x04 no zip", b"\x93NUMPY", b"\x93NUMPY\x01\x00\x10\x00{'descr': '<f4',"],
    ids=["empty", "text", "half a zip", "only the magic", "half a header"],
)
def test_a_file_that_is_no_array_is_refused(tmp_path, content):
    path = tmp_path / "vectors.npy"
    path.write_bytes(content)
    with pytest.raises(CurationError, match=r"vectors\.npy"):
        open_vectors(path, 1)


def test_a_truncated_array_is_refused(tmp_path):
    path = save(tmp_path, np.ones((100, 4)))
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(CurationError, match=r"vectors\.npy"):
        open_vectors(path, 100)


def test_several_arrays_in_one_file_are_refused(tmp_path):
    np.savez(tmp_path / "vectors.npz", a=np.ones((1, 2)))
    with pytest.raises(CurationError, match=r"vectors\.npz"):
        open_vectors(tmp_path / "vectors.npz", 1)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    for path in (tmp_path / "nowhere.npy", tmp_path):
        with pytest.raises(CurationError, match=path.name):
            open_vectors(path, 1)


@pytest.mark.parametrize("value", [-1, "64", True, None])
def test_max_tokens_is_a_number_from_zero_up(value):
    with pytest.raises(CurationError, match="max_tokens"):
        EmbedParams(max_tokens=value)
