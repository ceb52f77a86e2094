"""Quotas that balance: groups share the budget exactly, the method chooses inside; each kind of group by hand or on a made pool."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.base.errors import CurationError
from core.base.params import digest
from core.evidence.candidates import describe
from core.models.bigram import train_bigram
from core.models.scratch_tokens import Encoded
from core.selection.balance import stage as balance_stage
from core.selection.balance.gain import learning_slopes
from core.selection.balance.stage import BalanceParams, balance_of, balance_params, is_balance_at_hand
from core.selection.balance.tree import divided, split_by_two_means
from core.selection.balance.within_groups import group_quotas
from core.selection.choosing import select_records
from core.selection.method import METHODS
from core.selection.params import PROPOSED, SelectionParams
from core.selection.pool import Balance, Pool
from core.selection.why import why_by_method
from core.vectors.coarse import coarse_clusters
from core.vectors.style import StyleParams
from core.workspace.deciding import overrides_of
from core.workspace.results import Results
from tests.conftest import SAMPLE, write_jsonl
from tests.limits import drawn_pool, with_rules
from tests.pages import check, open_page, pipeline_of, press, words

BALANCED = [name for name, method in METHODS.items() if "quota" in method.options]
WAYS = [(name, replacement) for name in BALANCED for replacement in (False, True)[: 1 + METHODS[name].can_repeat]]
seeds = st.integers(0, 10_000)


def grouped_pool(seed, weights=(1.0, 1.0, 2.0), **more):
    """Return a pool of 300 records in three groups that cut through its clusters."""
    pool = drawn_pool(seed, **more)
    groups = np.random.default_rng(seed).choice(len(weights), pool.n_records, p=[0.6, 0.3, 0.1]).astype(np.int32)
    return dataclasses.replace(pool, balance=Balance(groups, np.array(weights)))


def asked(method, budget, replacement=False, **more):
    return SelectionParams(str(budget), method, replacement=replacement, quota="isolation", **more)


@pytest.mark.parametrize(("method", "replacement"), WAYS)
@settings(max_examples=5)
@given(seed=seeds, budget=st.integers(5, 90))
def test_groups_give_exactly_their_quotas_whatever_the_method(method, replacement, seed, budget):
    pool = dataclasses.replace(grouped_pool(seed, pinned=[7, 8], dropped=[3, 4], multipliers={}), costs=None)
    params = asked(method, max(budget, len(pool.pinned)), replacement, seed=seed)
    chosen = select_records(pool, params)
    assert len(chosen) == params.n_records(pool.n_records) and not chosen.shortfall
    assert np.isin(pool.pinned, chosen.rows).all() and not np.isin(chosen.rows, pool.dropped).any()
    wanted = group_quotas(pool, params, pool.balance, len(chosen))
    wanted += np.bincount(pool.balance.groups[pool.pinned], minlength=3)
    assert np.bincount(pool.balance.groups[chosen.rows], minlength=3).tolist() == wanted.tolist()
    assert select_records(pool, params).rows.tolist() == chosen.rows.tolist()


@pytest.mark.parametrize(("method", "replacement"), WAYS)
@settings(max_examples=4)
@given(seed=seeds)
def test_a_budget_in_tokens_is_met_and_shared_in_tokens(method, replacement, seed):
    pool = grouped_pool(seed, pinned=[], dropped=[], multipliers={}, weights=(1.0, 1.0, 1.0))
    held = np.bincount(pool.balance.groups, pool.costs)
    budget = int(held.min())
    chosen = select_records(pool, asked(method, f"{budget} tokens", replacement, seed=seed))
    assert budget - pool.costs.max() < chosen.tokens <= budget
    given_by = np.bincount(pool.balance.groups[chosen.rows], pool.costs[chosen.rows], minlength=3)
    assert np.abs(given_by - budget / 3).max() <= 2 * pool.costs.max()


@pytest.mark.parametrize("method", BALANCED)
def test_rules_hold_beside_the_groups(method):
    pool = with_rules(grouped_pool(5, pinned=[7, 8], dropped=[], multipliers={}), ("source=1:40%",), ("source=0:20%",))
    pool = dataclasses.replace(pool, costs=None)
    chosen = select_records(pool, asked(method, 60, at_least=("source=1:40%",), at_most=("source=0:20%",)))
    taken = np.array([bound.held[chosen.rows].sum() for bound in pool.rules])
    assert len(chosen) == 60 and taken[0] >= 24 and taken[1] <= 12


def test_what_a_group_cannot_give_goes_to_the_others_by_their_shares():
    groups = np.repeat(np.arange(3, dtype=np.int32), [2, 20, 20])
    pool = Pool(42, balance=Balance(groups, np.array([1.0, 1.0, 2.0])), pinned=[41])
    chosen = select_records(pool, asked("random", 14))
    assert np.bincount(groups[chosen.rows]).tolist() == [2, 4, 8]
    # Any first part is fair too: of the first seven drawn the third group gave about half.
    assert abs(np.bincount(groups[chosen.rows[1:8]], minlength=3)[2] - 3.5) <= 1


def test_inside_a_group_the_method_goes_on_as_ever():
    quality = np.arange(30, dtype=np.float32)
    groups = (np.arange(30) % 2).astype(np.int32)
    pool = Pool(30, quality=quality, balance=Balance(groups, np.ones(2)))
    assert sorted(select_records(pool, asked("quality", 6)).rows.tolist()) == [24, 25, 26, 27, 28, 29]
    pool = dataclasses.replace(pool, balance=Balance(groups, np.array([2.0, 1.0])))
    assert sorted(select_records(pool, asked("quality", 6)).rows.tolist()) == [22, 24, 26, 27, 28, 29]


def test_why_names_the_group_and_then_speaks_as_the_method():
    pool = Pool(
        12, quality=np.arange(12, dtype=np.float32), balance=Balance(np.repeat([0, 1], 6).astype(np.int32), np.ones(2))
    )
    params = asked("quality", 4)
    taken, left = why_by_method(pool, params, select_records(pool, params), np.array([11, 3]))
    assert taken.startswith("Selected by quality: group 2 of 2 by isolation gives 2; in it 1st of 6 by quality")
    assert left.startswith("Not selected by quality: group 1 of 2 by isolation gives 2; in it 3rd of 6 by quality")


def test_domains_share_equally_by_size_or_as_wished():
    domains = np.repeat([0, 1, 2], [60, 30, 10]).astype(np.int32)
    pool = Pool(100, domains=domains, shares={"a": 0.0, "b": 0.5, "c": 0.0})

    def taken(shares):
        params = SelectionParams("20", "random", quota="domains", domain_shares=shares)
        return np.bincount(domains[select_records(pool, params).rows], minlength=3).tolist()

    assert taken("equal") == [7, 7, 6]
    assert taken("size") == [12, 6, 2]
    assert taken("target") == [9, 10, 1]
    nothing = dataclasses.replace(pool, shares={"a": 0.0, "b": 0.0, "c": 0.0})
    with pytest.raises(CurationError, match="no domain has a target share"):
        select_records(nothing, SelectionParams("20", "random", quota="domains", domain_shares="target"))


def test_what_a_quota_needs_and_which_methods_take_one():
    assert "reward" in SelectionParams(method="random", quota="domains").needs
    assert "embed" in SelectionParams(method="random", quota="tree").needs
    assert SelectionParams(method="random", quota="style").needs == ()
    with pytest.raises(CurationError, match="k-center takes no quota by style; it is for "):
        SelectionParams(method="k-center", quota="style")
    with pytest.raises(CurationError, match="goes by groups"):
        select_records(Pool(10), asked("random", 2))
    assert "n_groups" not in SelectionParams().as_dict()  # keys of before still hold


# The groups


def test_a_split_divides_a_share_by_size_to_the_power_alpha():
    assert divided(1.0, np.array([30, 10]), 0).tolist() == [0.5, 0.5]
    assert divided(0.5, np.array([30, 10]), 1).tolist() == [0.375, 0.125]
    assert divided(1.0, np.array([16, 4]), 0.5) == pytest.approx([2 / 3, 1 / 3])


def test_the_tree_halves_the_budget_at_every_split():
    """By hand: 80 records far from 20, which are two lumps of 10; the 80 are lumps of 60 and 20. alpha 0 gives each a quarter."""
    lumps = np.repeat([[0.0, 0.0], [0.0, 3.0], [40.0, 0.0], [40.0, 3.0]], [60, 20, 10, 10], axis=0)
    x = (lumps + np.random.default_rng(0).normal(0, 0.05, lumps.shape)).astype(np.float32)
    truth = np.repeat([0, 1, 2, 3], [60, 20, 10, 10])
    groups, shares = split_by_two_means(x, 2, 0.0, 0)
    assert sorted(np.bincount(groups).tolist()) == [10, 10, 20, 60]
    assert shares.tolist() == [0.25] * 4
    groups, shares = split_by_two_means(x, 2, 1.0, 0)
    by_lump = {int(truth[groups == g][0]): share for g, share in enumerate(shares)}
    assert by_lump == pytest.approx({0: 0.6, 1: 0.2, 2: 0.1, 3: 0.1})
    assert split_by_two_means(np.zeros((10, 2), np.float32), 3, 0.0, 0)[1].tolist() == [1.0]  # nothing to split


def test_isolation_is_one_less_nearness_to_the_own_centre_over_that_to_the_next():
    x = np.array([[0.0, 0], [0, 2], [10, 1], [10, 1]], np.float32)
    found = coarse_clusters(x, 2, 0, 3)
    assert found.sizes.tolist() == [2, 2]
    alone = {tuple(found.centroids[k]): found.isolation[k] for k in range(2)}
    assert alone[0.0, 1.0] == pytest.approx(1 - 1 / np.sqrt(101))
    assert alone[10.0, 1.0] == pytest.approx(1.0)
    again = coarse_clusters(x, 2, 0, 3)
    assert again.labels.tobytes() == found.labels.tobytes()


def test_groups_are_kept_by_what_makes_them_and_no_more():
    a = balance_params(SelectionParams("10%", "random", quota="isolation", isolation_power=1.0, split_alpha=0.3))
    b = balance_params(SelectionParams("50", "kmq", quota="isolation", isolation_power=1.0))
    assert a == b == BalanceParams("isolation", 0, 1.0)
    assert balance_params(SelectionParams("10%", "random")) is None


def test_a_change_of_how_groups_are_found_gives_selections_by_them_another_key(make_pipeline, monkeypatch):
    pipeline = make_pipeline("embed", "cluster")
    by = {quota: SelectionParams("12", "kmeans-random", quota=quota) for quota in ("size", "tree", "style")}
    constraints = overrides_of(pipeline)
    inputs = [pipeline.current(stage) for stage in ("records", "cluster", "score", "cluster")]
    for quota, params in by.items():  # as it was before groups had a part in it
        needs = inputs if quota != "tree" else [*inputs, pipeline.current("embed")]
        rows = [constraints.pinned.tobytes().hex(), constraints.dropped.tobytes().hex()]
        assert pipeline.key("select", params) == digest("select", 1, params.as_dict(), needs, rows, [])
    before = {quota: pipeline.key("select", params) for quota, params in by.items()}
    for name, changed in (("STYLE", ["style"]), ("BALANCE", ["tree", "style"])):
        with monkeypatch.context() as patch:
            raised = dataclasses.replace(getattr(balance_stage, name), version=2)
            patch.setattr(balance_stage, name, raised)
            stages = pipeline.stages | {raised.name: raised}
            now = {quota: Results(pipeline.workspace, stages).key("select", params) for quota, params in by.items()}
        assert [quota for quota in by if now[quota] != before[quota]] == changed


def test_style_sets_records_apart_by_how_they_are_written(make_pipeline):
    """The sample's code and sums have signs, and its foreign languages words, that its English prose has not."""
    pipeline = make_pipeline("embed", "cluster", "score", data=SAMPLE, n_clusters=12)
    params = SelectionParams("20%", "kmeans-random", quota="style", n_groups=3, style_power=0)
    groups = balance_of(pipeline, params).groups
    names, codes = pipeline.workspace.records().sources()

    def kind_of(*sources):
        return np.bincount(groups[np.isin(codes, [names.index(each) for each in sources])], minlength=3)

    prose, signs, foreign = kind_of("cooking", "travel"), kind_of("python", "arithmetic"), kind_of("spanish", "french")
    assert {int(each.argmax()) for each in (prose, signs, foreign)} == {0, 1, 2}
    assert all(each.max() >= 0.9 * each.sum() for each in (prose, signs, foreign))
    pipeline.run("select", params)
    info = pipeline.info("select")
    assert info["groups"]["by"] == "style"
    taken = [each["taken"] for each in info["groups"]["each"]]
    assert sum(taken) == info["n_selected"] and taken[2] == 38  # all of the small kind; the others share the rest
    assert abs(taken[0] - taken[1]) <= 1
    by_isolation = balance_of(pipeline, dataclasses.replace(params, style_power=2))
    vectors = pipeline.workspace.array("style", pipeline.key("style", StyleParams()))
    alone = coarse_clusters(vectors, 3, 0, 12).isolation
    assert by_isolation.weights == pytest.approx(alone**2)
    assert vectors.shape == (pipeline.n_records(), 64) and vectors.dtype == np.float16
    assert np.linalg.norm(vectors.astype(np.float32), axis=1).max() <= 1.01


def test_select_proposes_what_the_evidence_supports_and_says_why(sample_home):
    app = open_page(sample_home, "select")
    assert asked_now(app) == ("kmeans-random", "gain")
    assert "Proposed since" in words(app)
    press(app, "Select")
    params = pipeline_of(sample_home).params("select")
    assert (params.method, params.quota) == ("kmeans-random", "gain")
    assert "Groups by gain gave " in words(app)


def test_a_page_leaves_how_records_are_written_to_a_job(sample_home, jobs_in_process):
    pipeline = pipeline_of(sample_home)
    assert is_balance_at_hand(pipeline, SelectionParams(**PROPOSED))  # found as the map was prepared
    other = SelectionParams(**PROPOSED, seed=7)
    assert not is_balance_at_hand(pipeline, other)
    assert is_balance_at_hand(pipeline, SelectionParams(method="random", quota="isolation", seed=7))
    app = open_page(sample_home, "select")
    check(next(each for each in app.number_input if each.label == "Random seed").set_value(7).run())
    assert not is_balance_at_hand(pipeline_of(sample_home), other)  # nothing was computed to draw the page
    press(app, "Select")
    assert pipeline_of(sample_home).params("select") == other


def test_a_selection_is_called_by_its_quota_and_seed(sample_home):
    params = SelectionParams(method="quality", quota="gain", seed=3)
    assert describe(params.as_dict(), {}) == "quality by gain, 10 %, seed 3"
    assert describe(SelectionParams(method="quality", quota="size").as_dict(), {}) == "quality, 10 %"


def test_another_method_keeps_the_quota_where_it_can_go_by_it(sample_home):
    app = open_page(sample_home, "select")
    pick(app, "random")
    quota = next(each for each in app.selectbox if each.label == "Groups share the budget")
    assert quota.value == "gain" and quota.options == ["no groups", "style", "gain", "isolation", "tree"]
    check(quota.set_value("isolation").run())
    assert {"Groups", "Power of isolation"} <= {each.label for each in app.number_input}
    pick(app, "k-center")
    assert not [each for each in app.selectbox if each.label == "Groups share the budget"]
    press(app, "Select")
    assert pipeline_of(sample_home).params("select").quota == "size"


def asked_now(app):
    """Return the method that is picked and the quota shown with it."""
    method = next(each.value for each in app.radio if each.value)
    return method, next(each.value for each in app.selectbox if "share of the budget" in each.label)


def pick(app, method):
    check(next(each for each in app.radio if any(f"**{method}**" in o for o in each.options)).set_value(method).run())


# What a group gives by its learning curve


def encoded_of(rows, vocabulary):
    """Return records of tokens as they are: each (tokens, how many come before the response)."""
    tokens = np.concatenate([np.array(each, np.int32) for each, _ in rows])
    offsets = np.cumsum([0, *(len(each) for each, _ in rows)]).astype(np.int64)
    return Encoded(tokens, offsets, np.array([n for _, n in rows], np.int32), vocabulary)


def test_a_bigram_model_by_hand():
    """After 0 came 1 twice and 2 once, of 2 kinds; p(1) = 2.5 / 5, p(2) = 1.5 / 5, p(0) = p(3) = 0.5 / 5."""
    model = train_bigram(encoded_of([([0, 1], 1), ([0, 1], 1), ([0, 2], 1)], 4))
    found = model.losses(encoded_of([([0, 1], 1), ([0, 3], 1), ([3, 2, 1], 1)], 4))
    one = -np.log((2 + 2 * 0.5) / 5)
    three = -np.log(2 * 0.1 / 5)
    unseen = (-np.log(0.3) - np.log(0.5)) / 2  # neither 3 nor 2 was followed by anything
    assert found == pytest.approx([one, three, unseen])


def test_a_kind_that_is_learned_already_gives_less(make_pipeline, tmp_path):
    """One kind repeats a sentence, which two records teach; the other's words are drawn from many, which more records teach."""
    rng = np.random.default_rng(0)
    words = [f"w{i:03d}" for i in range(400)]
    same = [{"instruction": f"say it {i}", "output": "the same sentence as ever ."} for i in range(160)]
    drawn = [{"instruction": f"{i} {i}", "output": " ".join(rng.choice(words, 30))} for i in range(160)]
    pipeline = make_pipeline("embed", data=write_jsonl(tmp_path / "two.jsonl", same + drawn))
    groups = np.repeat([0, 1], 160)
    slopes = learning_slopes(pipeline.workspace.records(), groups, 2, 0)
    assert slopes[1] > 2 * slopes[0] > 0
    assert learning_slopes(pipeline.workspace.records(), groups, 2, 0).tobytes() == slopes.tobytes()
    balance = balance_of(pipeline, SelectionParams("40", "random", quota="gain", n_groups=2))
    chosen = select_records(Pool(320, balance=balance), SelectionParams("40", "random", quota="gain"))
    assert np.bincount(groups[chosen.rows])[1] >= 27
    assert (
        learning_slopes(pipeline.workspace.records(), np.repeat([0, 1], [318, 2]), 2, 0)[1] == 0.01
    )  # too few for a curve
