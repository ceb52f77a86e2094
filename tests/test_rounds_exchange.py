"""Rounds whose scores come from elsewhere."""

import json
import subprocess
import sys

import numpy as np
import pytest

from core.base.errors import CurationError
from core.refine.exchange import export_round, import_scores
from core.refine.params import RefineParams
from core.workspace.deciding import decide_records
from tests.conftest import small_records, write_jsonl
from tests.refining import fresh, go, rows_of

ANOTHER_PROGRAM = """
import json, sys
records = [json.loads(line) for line in open(sys.argv[1])]
with open(sys.argv[2], "w") as out:
    for r in reversed(records):
        if r["score"]:
            out.write(json.dumps({"id": r["id"], "gold_score": len(r["response"]) / 50, "generated_score": 1.0}) + "\\n")
"""


def test_three_rounds_with_scores_made_by_another_program(rounds, tmp_path):
    rounds.start(RefineParams("12", 3, "import"))
    for number in (1, 2, 3):
        rounds = go(rounds)
        assert len(rounds.rounds(1)) == number
        if number == 3:
            break
        assert rounds.state(1) == "waiting"
        records = export_round(rounds, rounds.run(1), tmp_path / f"round-{number}")
        assert f"Round {number} of run 1" in (tmp_path / f"round-{number}" / "README.md").read_text()
        scores = tmp_path / f"scores-{number}.jsonl"
        subprocess.run([sys.executable, "-c", ANOTHER_PROGRAM, str(records), str(scores)], check=True)
        import_scores(rounds, rounds.run(1), scores)
        assert fresh(rounds).state(1) == "ready"
    assert rounds.state(1) == "done" and sum(map(len, rows_of(rounds))) == 12
    run, made = rounds.run(1), rounds.rounds(1)[0]
    lengths = [len(r["output"]) / 50 - 1 for r in small_records()]
    np.testing.assert_allclose(
        rounds.scores(made)["score"].to_numpy(), [lengths[r] for r in sorted(rows_of(rounds)[0])], rtol=1e-5
    )
    assert rounds.update(run, made).weights.sum() == pytest.approx(1)


def test_scores_that_do_not_fit_change_nothing(rounds, tmp_path):
    rounds.start(RefineParams("12", 3, "import"))
    rounds = go(rounds)
    path = write_jsonl(tmp_path / "scores.jsonl", [{"id": "0-00000000", "score": 1}])
    with pytest.raises(CurationError, match="4 missing ids"):
        import_scores(rounds, rounds.run(1), path)
    assert fresh(rounds).state(1) == "waiting" and not fresh(rounds).rounds(1)[0].feedback


def test_a_record_dropped_after_the_round_went_out_may_come_back_scored(rounds, tmp_path):
    rounds.start(RefineParams("12", 3, "import"))
    rounds = go(rounds)
    records = export_round(rounds, rounds.run(1), tmp_path / "out")
    ids = [json.loads(line)["id"] for line in records.read_text().splitlines()]
    decide_records(rounds.workspace, "drop", [int(ids[0].split("-")[0])])
    path = write_jsonl(tmp_path / "scores.jsonl", [{"id": name, "score": i} for i, name in enumerate(ids)])
    rounds = fresh(rounds)
    import_scores(rounds, rounds.run(1), path)
    with pytest.raises(CurationError, match="has its scores already"):
        import_scores(fresh(rounds), rounds.run(1), path)


def test_another_feedback_takes_no_file(started, tmp_path):
    rounds = go(started, until=1)
    with pytest.raises(CurationError, match="not from a file"):
        import_scores(rounds, rounds.run(1), tmp_path / "x")
