"""The process that reads sentences: started once, answers in turn, ends with whoever asked or when idle, says what failed."""

import subprocess
import sys
import time

import numpy as np
import pytest

from core.base.errors import CurationError
from core.models import sentence_service
from core.models.sentence_service import SentenceReader, reader_of
from tests.command import ROOT
from tests.conftest import TinyEncoder

_SERVE = (
    "import sys\nfrom core.models.sentence_service import serve\nfrom tests.conftest import TinyEncoder\n"
    "class Tiny(TinyEncoder):\n    def encode(self, texts):\n        if 'bad' in texts: raise ValueError('no')\n"
    "        return super().encode(texts)\n"
    "serve(Tiny(), sys.stdin, sys.stdout, float(sys.argv[1]))"
)


def tiny_reader(idle: float = 60) -> SentenceReader:
    return SentenceReader("tiny", command=[sys.executable, "-c", _SERVE, str(idle)])


@pytest.fixture
def reader():
    made = tiny_reader()
    yield made
    made.stop()


def wait_for(reader: SentenceReader, *states: str) -> str:
    end = time.monotonic() + 60
    while reader.state not in states and time.monotonic() < end:
        time.sleep(0.05)
    return reader.state


def test_it_loads_once_and_answers_in_turn(reader):
    assert reader.state == "off"
    reader.start()
    reader.start()
    assert wait_for(reader, "ready") == "ready"
    process = reader._process.pid
    for texts in (["garden soil"], ["bread", "garden"]):
        assert np.allclose(reader.encode(texts), TinyEncoder().encode(texts))
    with pytest.raises(CurationError, match="could not be read"):
        reader.encode(["bad"])
    assert reader.encode(["fine"]).shape == (1, 16) and reader._process.pid == process


def test_it_ends_when_idle_and_starts_again_when_asked():
    reader = tiny_reader(idle=0.3)
    assert reader.encode(["a"]).shape == (1, 16)
    assert wait_for(reader, "off") == "off"
    assert reader.encode(["a"]).shape == (1, 16)
    reader.stop()


def test_it_ends_with_the_process_that_asked():
    code = (
        "from tests.test_sentence_service import tiny_reader\nreader = tiny_reader(600)\nreader.encode(['a'])\n"
        "print(reader._process.pid)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    process, end = int(done.stdout), time.monotonic() + 30
    while subprocess.run(["ps", "-p", str(process)], capture_output=True).returncode == 0:
        assert time.monotonic() < end
        time.sleep(0.1)


def test_a_model_that_cannot_be_loaded_says_so_and_is_tried_again(tmp_path):
    reader = SentenceReader(str(tmp_path))
    for _ in range(2):
        with pytest.raises(CurationError, match="can't be loaded as a sentence-transformers model"):
            reader.encode(["a"])
        assert reader.state == "failed"
    broken = SentenceReader("x", command=[sys.executable, "-c", "raise SystemExit(3)"])
    with pytest.raises(CurationError, match=r"ended before|did not answer"):
        broken.encode(["a"])


def test_few_models_are_kept(monkeypatch):
    monkeypatch.setattr(sentence_service, "_readers", {})
    first = reader_of("one")
    assert reader_of("one") is first and reader_of("one", 5) is not first
    reader_of("two")
    assert list(sentence_service._readers) == [("one", 5), ("two", 0)]
