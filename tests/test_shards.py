"""Long work in shards, several made together; work ahead on a thread; and a GPU's batches by tokens."""

import itertools
import types

import numpy as np
import pytest

from core.base.ahead import ahead
from core.models.encoder import padded_batches
from core.workspace import work
from core.workspace.shards import make_in_shards
from core.workspace.work import Opened


def place_of(folder, n: int):
    """What `make_in_shards` asks of a workspace of n records."""
    return types.SimpleNamespace(
        dataset=lambda: types.SimpleNamespace(n_records=n),
        shard_folder=lambda kind, key: folder,
        path=lambda kind, key, end: folder / f"whole{end}",
    )


@pytest.mark.parametrize("at_once", [1, 3, 50])
def test_shards_made_together_are_those_made_alone_and_one_that_is_missing_makes_all_of_them_again(tmp_path, at_once):
    rows, asked, told = np.random.default_rng(0).normal(size=(23, 2)), [], []

    def make(start, stop, progress):
        asked.append((start, stop))
        return rows[start:stop]

    def again():
        asked.clear()
        does = types.SimpleNamespace(open=lambda settled: Opened(make, at_once=at_once))
        return make_in_shards(place_of(tmp_path, 23), "x", "", 4, does, lambda *done: told.append(done))[0]

    np.testing.assert_array_equal(again(), rows)
    wide = 4 * at_once
    assert asked == [(start, min(start + wide, 23)) for start in range(0, 23, wide)] and told[-1] == (23, 23)
    assert [len(np.load(tmp_path / f"shard-{i:06d}.npy")) for i in range(6)] == [4] * 5 + [3]
    (tmp_path / "shard-000004.npy").unlink()
    np.testing.assert_array_equal(again(), rows)
    first = 16 // wide * wide
    assert asked == [(first, min(first + wide, 23))]


def test_what_fails_while_the_next_is_made_is_told(tmp_path, monkeypatch):
    def full(*_):
        raise OSError("the disk is full")

    def make(start, stop, progress):
        return np.zeros((stop - start, 2))

    monkeypatch.setattr(work, "write_array", full)
    does = types.SimpleNamespace(open=lambda settled: Opened(make, at_once=2))
    with pytest.raises(OSError, match="full"):
        make_in_shards(place_of(tmp_path, 9), "x", "", 2, does, lambda *_: None)


def test_the_next_is_made_on_a_thread_while_one_is_used_and_in_order():
    made = []
    for used, item in enumerate(ahead(lambda i: made.append(i) or 10 * i, [1, 2, 3, 4])):
        assert item == 10 * (used + 1) and len(made) <= used + 2
    assert made == [1, 2, 3, 4]
    assert list(ahead(str, [])) == [] and list(ahead(str, [7])) == ["7"]
    with pytest.raises(ZeroDivisionError):
        list(ahead(lambda i: 1 // i, [1, 0, 1]))


def test_batches_hold_tokens_not_texts():
    lengths = [100_000, 4000, 4000, *[60] * 5000]
    batches = list(padded_batches(lengths, 512))
    assert batches[0] == (0, 128) and batches[1][1] - batches[1][0] == 2048  # the first text is as long as the limit
    assert batches[-1][1] == len(lengths) and all(a[1] == b[0] for a, b in itertools.pairwise(batches))
    assert next(padded_batches(lengths, 0)) == (0, 1)
