"""The statistics of an ablation: paired differences, Holm, the sequential rule; against values worked out otherwise."""

import numpy as np
import pytest
from scipy import stats

from core.base.errors import CurationError
from core.evidence.ablation.sequential import StopRule, scores_of
from core.evidence.ablation.statistics import contrast_of, difference_of, half_width, holm, paired_lines

# (seeds, groups): random, an arm that is 0.2 and 0.4 better whatever the seed, and one that is neither.
RANDOM = np.array([[4.0, 5.0], [4.4, 5.4], [3.8, 4.6], [4.2, 5.2]])
BETTER = RANDOM - [0.2, 0.4] + [[0.01, 0.01], [-0.01, -0.01], [0.02, 0.02], [-0.02, -0.02]]
OTHER = RANDOM + np.array([[0.1, 0.1], [-0.1, -0.1], [0.2, 0.1], [-0.2, -0.1]])


def by_arm(lines):
    return {line.arm: line for line in lines}


def test_differences_are_taken_seed_by_seed_before_they_are_summed_up():
    lines = by_arm(paired_lines({"random": RANDOM, "better": BETTER, "other": OTHER}))
    better = lines["better"]
    assert better.macro == pytest.approx(BETTER.mean()) and better.base == "random"
    assert better.against.mean == pytest.approx(-0.3) and better.against.n == 4
    gaps = np.array([0.01, -0.01, 0.02, -0.02]) - 0.3
    assert better.against.sd == pytest.approx(np.std(gaps, ddof=1))
    # t at 3 degrees of freedom: 3.182446 at 97.5 %, 0.978472 at 80 %.
    error = np.std(gaps, ddof=1) / 2
    assert better.against.half == pytest.approx(3.182446 * error, rel=1e-5)
    assert better.against.least == pytest.approx((3.182446 + 0.978472) * error, rel=1e-5)
    assert better.against.p == pytest.approx(stats.ttest_rel(BETTER.mean(1), RANDOM.mean(1)).pvalue)
    assert better.macro_half > 10 * better.against.half  # what the seeds share is no noise of the difference
    assert [each.mean for each in better.by_group] == pytest.approx([-0.2, -0.4])
    assert better.worst == pytest.approx(BETTER[:, 1].mean()) and better.worst_group == 1
    assert better.worst_against.mean == pytest.approx(-0.4)
    assert lines["random"].against is None and lines["random"].verdict == "" and lines["random"].base == ""
    assert (better.verdict, lines["other"].verdict) == ("ahead", "can't tell")
    assert by_arm(paired_lines({"random": BETTER, "x": RANDOM}))["x"].verdict == "behind"


def test_lines_come_by_their_macro_loss_and_tables_stay_as_they_are():
    tables = {"random": RANDOM, "better": BETTER, "other": OTHER}
    before = {arm: table.copy() for arm, table in tables.items()}
    macros = [line.macro for line in paired_lines(tables)]
    assert macros == sorted(macros)
    assert all((tables[arm] == before[arm]).all() for arm in tables)


def test_holm_worked_by_hand():
    # Sorted 0.01, 0.02, 0.03, 0.04: times 4, 3, 2, 1 is 0.04, 0.06, 0.06, 0.04, and never less than the one before.
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.5, 0.9]) == pytest.approx([1, 1]) and holm([0.03]) == pytest.approx([0.03]) and not len(holm([]))


def test_the_words_are_those_of_the_corrected_test():
    gaps = np.array([0.10, 0.12, 0.02, 0.14])  # p 0.036: told by itself, not among three
    tables = {"random": RANDOM, "a": RANDOM - gaps[:, None], "b": OTHER, "c": OTHER + 0.001}
    alone = by_arm(paired_lines({name: tables[name] for name in ("random", "a")}))["a"]
    among = by_arm(paired_lines(tables))["a"]
    assert alone.verdict == "ahead" and alone.adjusted == alone.against.p == pytest.approx(0.036, abs=0.003)
    assert among.verdict == "can't tell" and among.adjusted == pytest.approx(3 * alone.against.p)
    assert among.against == alone.against and among.against.excludes_0


def test_arms_may_have_bases_of_their_own():
    tables = {"random:9": RANDOM, "version:a": BETTER, "random": OTHER}
    lines = by_arm(paired_lines(tables, {"version:a": "random:9"}))
    assert lines["version:a"].base == "random:9" and lines["random"].against is None
    assert contrast_of(tables, "version:a", "random").mean == pytest.approx((BETTER - OTHER).mean())
    with pytest.raises(CurationError, match=r"a has 4 x 2 losses .* random has 3 x 2"):
        paired_lines({"a": BETTER, "random": RANDOM[:3]})
    with pytest.raises(CurationError, match="random has no"):
        contrast_of({"a": BETTER}, "a", "random")


def test_one_seed_has_differences_and_tells_nothing():
    line = by_arm(paired_lines({"random": RANDOM[:1], "better": BETTER[:1]}))["better"]
    assert line.against.mean == pytest.approx(-0.29) and np.isnan(line.against.half) and line.verdict == ""
    same = by_arm(paired_lines({"random": RANDOM, "same": RANDOM}))["same"]
    assert same.against.p == 1 and same.verdict == "can't tell" and not same.against.excludes_0
    assert np.isnan(half_width(np.array([1.0]))) and half_width(np.array([1.0, 2, 3])) == pytest.approx(
        2.48414, abs=1e-4
    )


# The sequential rule


def stopped(rule, gaps):
    """Return whether each row of differences, (r, most), stops by the rule, and after how many seeds; looked at one by one."""
    z = scores_of(gaps, rule.least)
    looks = range(rule.least, rule.most + 1)
    bounds = np.array([-stats.norm.ppf(stats.t.sf(rule.boundary(n), n - 1)) for n in looks])
    over = z >= bounds
    return over.any(axis=1), np.where(over.any(axis=1), rule.least + over.argmax(axis=1), rule.most)


@pytest.mark.parametrize(("least", "most"), [(3, 8), (4, 12), (2, 20)])
def test_without_a_difference_one_run_in_twenty_stops_at_most(least, most):
    many = stopped(StopRule(least, most), np.random.default_rng(1).normal(0, 3.0, (200_000, most)))[0]
    assert many.mean() == pytest.approx(0.05, abs=0.0015)  # three standard errors
    a_thousand_each = many.reshape(200, 1000).sum(axis=1)
    assert a_thousand_each.mean() < 51 and (a_thousand_each <= 50 + 3.5 * 7).all()


def test_a_thousand_runs_without_a_difference_give_50_false_alarms_at_most():
    assert stopped(StopRule(4, 12), np.random.default_rng(0).normal(size=(1000, 12)))[0].sum() <= 50


def test_looking_again_and_again_by_ordinary_intervals_would_raise_false_alarms():
    z = scores_of(np.random.default_rng(2).normal(size=(10_000, 12)), 4)
    assert (z > 1.959964).any(axis=1).mean() > 0.12


def test_a_true_difference_is_found_and_the_larger_the_sooner():
    rule, rng = StopRule(4, 12), np.random.default_rng(3)
    found = {d: stopped(rule, rng.normal(d, 1, (4000, 12))) for d in (0.5, 1.0, 1.5, 2.5)}
    powers = [told.mean() for told, _ in found.values()]
    seeds = [after.mean() for _, after in found.values()]
    assert powers == sorted(powers) and powers[1] > 0.75 and powers[2] > 0.95
    assert seeds == sorted(seeds, reverse=True) and seeds[-1] < 6
    # What the rule says it can show, it shows four times in five.
    least = rule.least_detectable(1.0, 12)
    last = rng.normal(least, 1, (4000, 12))
    t = last.mean(axis=1) / last.std(axis=1, ddof=1) * np.sqrt(12)
    assert (t > rule.boundary(12)).mean() == pytest.approx(0.8, abs=0.03)


def test_the_interval_of_a_rule_excludes_0_just_where_its_p_value_is_5_percent():
    rule = StopRule(3, 8)
    for n in range(3, 9):
        assert rule.p_value(rule.boundary(n) + 1e-6, n) <= 0.05 < rule.p_value(rule.boundary(n) - 0.05, n)
        assert rule.boundary(n) > stats.t.ppf(0.975, n - 1)
    bounds = [rule.boundary(n) for n in range(3, 9)]
    assert bounds == sorted(bounds, reverse=True)
    gaps = np.array([-0.2, -0.3, -0.25, -0.1])
    ordinary, repeated = difference_of(gaps), difference_of(gaps, rule)
    assert repeated.half > ordinary.half and repeated.p > ordinary.p and repeated.mean == ordinary.mean
    assert repeated.half == pytest.approx(rule.boundary(4) * gaps.std(ddof=1) / 2)
    assert np.isnan(difference_of(gaps[:2], rule).half)  # no look yet


def test_looks_of_one_number_are_an_ordinary_t_test():
    rule = StopRule(6, 6)
    assert rule.boundary(6) == pytest.approx(2.570582, abs=1e-5) and rule.p_value(2.570582, 6) == pytest.approx(0.05)
    assert not rule.is_sequential and "fixed beforehand" in rule.words and "sequential" in StopRule(4, 12).words
    for least, most in ((1, 4), (5, 4)):
        with pytest.raises(CurationError, match=f"{least} to {most}"):
            StopRule(least, most)
    with pytest.raises(CurationError, match="no look after 3 seeds"):
        StopRule(4, 12).boundary(3)
