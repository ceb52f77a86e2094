"""Object storage between a run and its nodes, as a folder that is named by an address; S3 is in test_ray.py."""

import os
from pathlib import Path

import numpy as np
import pytest

from core.base.errors import CurationError
from core.vectors.embed_work import EmbedWork
from core.workspace.engine import Engine
from core.workspace.exchange import NODE_CACHE, ByStore, exchange_by
from core.workspace.ray_node import Node, software
from core.workspace.store import Store, check_store
from core.workspace.work import Shard
from tests.conftest import TinyEncoder


@pytest.fixture
def uri(tmp_path) -> str:
    return f"file://{tmp_path / 'store'}"


@pytest.fixture
def work(make_pipeline) -> EmbedWork:
    return EmbedWork(make_pipeline().workspace.records().path, "", 0, "cpu", TinyEncoder())


def names_in(tmp_path: Path) -> list[str]:
    return sorted(
        str(path.relative_to(tmp_path / "store")) for path in (tmp_path / "store").rglob("*") if path.is_file()
    )


@pytest.mark.parametrize("scheme", ["file://", "local://"])  # Arrow's own, and one that only fsspec knows
def test_what_is_put_is_there_by_its_name_until_it_is_removed(tmp_path, scheme):
    store, path = Store(f"{scheme}{tmp_path / 'store'}"), tmp_path / "some.bin"
    path.write_bytes(held := os.urandom(1000))
    store.put(path, "a/b.bin")
    assert (store.size("a/b.bin"), store.size("a/c.bin")) == (1000, -1)
    store.get("a/b.bin", tmp_path / "back.bin")
    assert (tmp_path / "back.bin").read_bytes() == held
    store.remove("a")
    store.remove("a")
    assert store.size("a/b.bin") == -1


@pytest.mark.parametrize("uri", ["", "folder", "s3://", "://x", "http://[x"])
def test_what_is_no_address_of_a_store_is_refused_by_its_name(uri):
    with pytest.raises(CurationError, match="give an address such as s3://name/folder"):
        Store(uri)


@pytest.mark.parametrize(
    "uri",
    [
        "s3://name:secret@there/folder",
        "s3://secret@there/folder",
        "s3://name:se/cret@there/folder",
        "abfs://name:secret@there/folder",
        "abfs://there.example/folder?sv=1&sig=secret",
    ],
)
def test_what_may_be_a_key_in_an_address_is_refused_and_not_said_again(uri):
    with pytest.raises(CurationError, match="read from the environment") as refused:
        Engine("local", store=uri)
    assert "secret" not in str(refused.value) and "cret" not in str(refused.value).replace("secret", "")


def test_a_container_before_the_host_is_no_key():
    check_store("abfs://container@account.dfs.core.windows.net/folder")
    check_store("s3://name/folder?region=us-east-1&endpoint_override=http%3A%2F%2F127.0.0.1%3A9000")


def test_of_two_errors_the_first_is_said(uri, tmp_path, monkeypatch):
    def fails(store, name):
        raise CurationError("no network")

    monkeypatch.setattr(Store, "remove", fails)
    with pytest.raises(CurationError, match="the first"), exchange_by(uri, tmp_path):
        raise CurationError("the first")


def test_what_a_store_can_not_do_names_it_and_leaves_nothing(tmp_path, uri):
    with pytest.raises(CurationError, match=f"The store {uri} can't read a.bin"):
        Store(uri).get("a.bin", tmp_path / "a.bin")
    assert not list(tmp_path.glob("*a.bin*"))
    with pytest.raises(CurationError, match="The store nothing://x can't be opened"):
        Store("nothing://x")


def test_a_node_that_sees_no_path_gets_what_it_reads_and_gives_what_it_makes(work, uri, tmp_path, monkeypatch):
    """The records are gone from where they were before the node begins."""
    monkeypatch.setenv(NODE_CACHE, str(tmp_path / "cache"))
    wanted = work.open({}).make(10, 30, lambda *_: None)
    shard = Shard(10, 30, tmp_path / "shard.npy")
    with exchange_by(uri, tmp_path) as exchange:
        sent = exchange.sent(work)
        work.records.rename(tmp_path / "elsewhere")
        node = Node(sent, exchange, 1)
        assert isinstance(node.begin({}, software()), dict)
        assert node.make((shard,)) is None and not shard.path.exists()
        assert len(names_in(tmp_path)) == 2
        exchange.take((shard,))
        np.testing.assert_array_equal(np.load(shard.path), wanted)
    assert len(names_in(tmp_path)) == 1  # what was read stays, by its checksum


def test_what_is_there_already_is_neither_put_nor_fetched_again(work, uri, tmp_path, monkeypatch):
    monkeypatch.setenv(NODE_CACHE, str(tmp_path / "cache"))
    exchange, (put, get), done = ByStore(uri, "run"), (Store.put, Store.get), []
    monkeypatch.setattr(Store, "put", lambda *given: (done.append("put"), put(*given)))
    monkeypatch.setattr(Store, "get", lambda *given: (done.append("get"), get(*given)))
    for _ in range(2):
        received = exchange.received(exchange.sent(work))
    assert done == ["put", "get"]
    assert received.records.read_bytes() == work.records.read_bytes()
    received.records.write_bytes(b"cut")
    exchange.received(exchange.sent(work))
    assert done == ["put", "get", "get"]


def test_shards_that_no_one_took_go_with_the_run(uri, tmp_path):
    with pytest.raises(KeyboardInterrupt), exchange_by(uri, tmp_path) as exchange:
        exchange.give((Shard(0, 2, tmp_path / "shard.npy"),), np.zeros((2, 3)))
        assert len(names_in(tmp_path)) == 1
        raise KeyboardInterrupt
    assert names_in(tmp_path) == []
