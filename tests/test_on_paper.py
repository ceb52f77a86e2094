"""What larger data would need: the README's table is the one that is printed, and its arithmetic by hand."""

from pathlib import Path

import pytest

from tests.benchmarks import on_paper

README = Path(__file__).resolve().parent.parent / "README.md"


def test_the_readmes_table_is_the_one_that_is_printed(capsys):
    on_paper.main()
    printed = capsys.readouterr().out
    assert "\n".join(on_paper.table()) in README.read_text(encoding="utf-8")
    assert "\n".join(on_paper.table()) in printed and all(each.source in printed for each in on_paper.CONSTANTS)


def test_its_arithmetic_by_hand():
    told = {line.split(" | ")[0]: line for line in on_paper.table()}
    # 67,193 records take 4.4 s for 25 passes: 131,072 sampled ones 8.6 s, and a billion one pass 2,619 s.
    assert on_paper._k_means(10**9) == pytest.approx(8.6 + 2619, rel=0.01)
    assert told["| embedding, in core-hours"].endswith("| 22 | 221 | 2,213 |")  # 1e9 / 125.5 / 3600
