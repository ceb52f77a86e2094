"""Papers' baselines over a judge's grades, IFD and tags: against plain loops, and by the scores that each names."""

import dataclasses

import numpy as np
import pytest

from components.session import offered
from core.base.errors import CurationError
from core.data.tags import Tags
from core.evidence.ablation.params import AblationParams
from core.quality.params import QualityParams
from core.selection.choosing import select_records
from core.selection.method import METHODS
from core.selection.params import REASONS, SelectionParams
from core.selection.stage import pool_of
from core.selection.why import why_by_method
from tests.conftest import small_records, write_jsonl
from tests.limits import drawn_pool
from tests.pages import check, open_page

BY_SCORE = ("deita-c", "deita-q", "alpagasus", "superfilter")


def graded(grades, **changes):
    return drawn_pool(
        0, n=len(grades), quality=np.float32(grades), costs=None, **{"pinned": [], "dropped": []} | changes
    )


def select(pool, budget, method, **more):
    return select_records(pool, SelectionParams(str(budget), method, **more))


@pytest.mark.parametrize("method", ["deita-c", "deita-q"])
def test_the_highest_grades_are_taken_ties_to_the_lower_row(method):
    assert select(graded([3, 5, 4, 5, 1]), 3, method).rows.tolist() == [1, 3, 2]


def test_alpagasus_draws_among_the_good_and_fills_from_the_best_of_the_rest():
    pool = graded([5, 4.5, 4, 3, 5, 1, 4])
    assert set(select(pool, 3, "alpagasus").rows.tolist()) == {0, 1, 4}
    drawn = {tuple(sorted(select(pool, 2, "alpagasus", seed=seed).rows.tolist())) for seed in range(20)}
    assert drawn == {(0, 1), (0, 4), (1, 4)}
    filled = select(pool, 5, "alpagasus")
    assert filled.rows[3:].tolist() == [2, 6]
    assert [REASONS[reason] for reason in filled.reasons] == ["drawn"] * 3 + ["filled"] * 2
    assert set(select(pool, 5, "alpagasus", least_score=4).rows.tolist()) == {0, 1, 2, 4, 6}


def test_superfilter_takes_the_highest_ifd_below_one():
    pool = graded([0.4, 1.3, 0.9, 1.0, 0.7])
    assert select(pool, 2, "superfilter").rows.tolist() == [2, 4]
    filled = select(pool, 5, "superfilter")
    assert filled.rows.tolist() == [2, 4, 0, 3, 1]
    assert [REASONS[reason] for reason in filled.reasons] == ["drawn"] * 3 + ["filled"] * 2


def algorithm_1(sets, order, budget):
    """InsTag's own: through the sorted rest again and again, a set of tags that begins empty each time."""
    left, taken = list(order), []
    while len(taken) < budget and any(sets[row] for row in left):
        covered = set()
        for row in list(left):
            if len(covered | sets[row]) > len(covered):
                taken.append(row)
                covered |= sets[row]
                left.remove(row)
                if len(taken) == budget:
                    break
    return taken


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("budget", [5, 60, 140])
def test_instag_is_the_papers_algorithm(seed, budget):
    rng = np.random.default_rng(seed)
    sets = [set(rng.choice(15, rng.integers(1, 5), replace=False).tolist()) for _ in range(150)]
    tags = Tags(np.cumsum([0, *map(len, sets)]), np.array([t for s in sets for t in sorted(s)], np.int32), 15)
    pool = drawn_pool(seed, n=150, tags=tags, pinned=[], dropped=[3], multipliers={})
    order = [row for row in np.lexsort((-pool.quality, [-len(s) for s in sets])) if row != 3]
    chosen = select(pool, budget, "instag")
    assert chosen.rows.tolist() == algorithm_1(sets, order, budget)
    assert chosen.scores.tolist() == [len(sets[row]) for row in chosen.rows]


def test_instag_over_clusters_takes_one_of_each_in_turn_the_best_first():
    pool = drawn_pool(2, pinned=[], dropped=[], multipliers={})
    rows = select(pool, 18, "instag").rows
    assert (np.bincount(pool.labels[rows], minlength=6) == 3).all()
    for turn in range(3):
        assert sorted(pool.labels[rows[6 * turn : 6 * turn + 6]]) == list(range(6))
    best = [int(np.argsort(-np.where(pool.labels == k, pool.quality, -1))[0]) for k in range(6)]
    assert set(rows[:6].tolist()) == set(best)


def test_why_says_grade_ifd_and_tags():
    rows = np.array([0, 1])
    for method, grades, starts in [
        ("deita-c", [5, 1, 3], ["Selected by deita-c: 1st of 3 by its grade (5)", "Not selected by deita-c: 3rd of 3"]),
        (
            "superfilter",
            [0.5, 1.2, 0.1],
            ["Selected by superfilter: 1st of 3 by its IFD", "Not selected by superfilter: its IFD"],
        ),
        (
            "alpagasus",
            [5, 1, 3],
            ["Selected by alpagasus: its grade, 5, is at least 4.5", "Not selected by alpagasus: its grade, 1"],
        ),
    ]:
        pool, params = graded(grades), SelectionParams("1", method)
        said = why_by_method(pool, params, select_records(pool, params), rows)
        assert all(text.startswith(start) for text, start in zip(said, starts, strict=True)), said


def test_each_goes_by_the_scores_it_names_whichever_are_current(make_pipeline, tmp_path, monkeypatch):
    records = [record | {"grade": float(i % 5 + 1)} for i, record in enumerate(small_records(40))]
    pipeline = make_pipeline("embed", "cluster", "score", data=write_jsonl(tmp_path / "graded.jsonl", records))
    for method in BY_SCORE:
        with pytest.raises(CurationError, match=rf"{method} goes by the scores called {METHODS[method].scored_by}"):
            pipeline.run("select", SelectionParams("8", method))
    assert not set(BY_SCORE) & set(offered.methods(pipeline, METHODS)) and "instag" in offered.methods(
        pipeline, METHODS
    )
    # A field of the data stands in here for a judge that would have to be asked.
    column = QualityParams(column="grade")
    monkeypatch.setattr("core.selection.named_scores.scores_made", lambda settings: {"judge-quality": column})
    pipeline.run("score", column)
    heuristic = pipeline.run("score", QualityParams())
    pipeline.forget()
    assert pool_of(pipeline, limits=SelectionParams("8", "deita-q")).quality.max() == 5
    assert pool_of(pipeline, limits=SelectionParams("8", "quality")).quality.max() <= 1
    key = pipeline.run("select", SelectionParams("8", "deita-q"))
    assert (np.array(pipeline.table("select")["row_id"]) % 5 == 4).all() and pipeline.current("score") == heuristic
    assert {"deita-q", "alpagasus"} <= set(offered.methods(pipeline, METHODS))
    assert pipeline.key("select", SelectionParams("8", "deita-q")) == key


def test_alpagasus_draws_so_another_seed_gives_others():
    assert METHODS["alpagasus"].is_seeded and not METHODS["deita-q"].is_seeded


def test_the_select_page_takes_tags_and_says_where_a_field_has_none(make_pipeline, tmp_path, monkeypatch):
    make_pipeline("embed", "cluster", "score", folder="sample")
    monkeypatch.setenv("WINNOW_HOME", str(tmp_path))
    app = open_page(tmp_path, "select")
    check(next(each for each in app.radio if any("**instag**" in o for o in each.options)).set_value("instag").run())
    field = next(each for each in app.text_input if each.label == "Tags from the field")
    assert field.placeholder == "clusters stand in"
    check(field.set_value("nothing").run(), "No record has a tag in the field")
    check(next(each for each in app.text_input if each.label == "Tags from the field").set_value("source").run())


def test_they_are_arms_of_an_ablation():
    AblationParams(methods=("random", *BY_SCORE, "instag", "mig", "semdedup", "crds"))


def test_grades_below_what_a_judge_gives_are_refused():
    with pytest.raises(CurationError, match="least_score"):
        SelectionParams("8", "alpagasus", least_score=0)
    assert "least_score" not in SelectionParams("8", "alpagasus").as_dict()


def test_a_pool_without_scores_is_refused_by_name():
    pool = dataclasses.replace(drawn_pool(0), quality=None)
    with pytest.raises(CurationError, match="superfilter goes by quality"):
        select(pool, 20, "superfilter")
