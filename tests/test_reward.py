"""DaaR as functions of arrays: hand-made centroids, phi, entropies, assignments that leave their seeds, probes, seeds."""

import dataclasses
import json

import numpy as np
import pytest

from core.base.arrays import unit_rows
from core.base.errors import CurationError
from core.daar.centroids import assign_domains, drift_warnings, first_unlike, pick_by_description
from core.daar.domains import (
    DEFAULT_DOMAINS,
    Domain,
    Seed,
    check_domains,
    domain_as_dict,
    domain_from,
    load_domains,
    save_domains,
)
from core.daar.params import DaarParams
from core.daar.probes import Probe, ProbeParams, entropy, softmax, spearman, train_domain_probe, train_entropy_probe
from core.daar.seed_generation import grow_seeds, parse_seed
from core.measures.kinds.domains import inter_intra_similarity
from core.selection.choosing import select_records
from core.selection.params import BANDS, SelectionParams
from core.selection.pool import Pool
from core.vectors.clustering import cluster_means
from tests.conftest import TinyEncoder


def blobs(sizes=(60, 30, 10), d=6, spread=0.15, seed=0):
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(len(sizes)), sizes)
    return unit_rows(np.eye(len(sizes), d)[truth] + rng.normal(scale=spread, size=(sum(sizes), d))), truth


# Hand-made


def test_phi_of_a_hand_made_example():
    centroids = np.array([[1.0, 0.0], [0.0, 2.0], [-3.0, 0.0]])
    vectors = np.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]], np.float32)
    inter, intra = inter_intra_similarity(vectors, np.array([0, 1, 2]), centroids)
    np.testing.assert_allclose(inter, [0 - 1, 0.6 - 0.6, 0 + 1], atol=1e-6)
    np.testing.assert_allclose(intra, [1, 0.8, 0], atol=1e-6)


def test_entropy_of_a_hand_made_example():
    p = np.array([[0.5, 0.5], [1.0, 0.0], [0.25, 0.75]])
    np.testing.assert_allclose(entropy(p), [np.log(2), 0, 0.25 * np.log(4) + 0.75 * np.log(4 / 3)], atol=1e-12)
    np.testing.assert_allclose(softmax(np.log(p + 1e-300)), p, atol=1e-9)


def test_bands_of_a_hand_made_example():
    # One domain along an arc: the larger the angle, the farther from the domain's middle.
    angles = np.linspace(0, 1, 10)
    x = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    pool = Pool(10, embeddings=x, reward=np.zeros(10, np.float32), domains=np.zeros(10, np.int32), shares={"a": 0.0})
    by_nearness = np.argsort(x @ x.mean(0), kind="stable")
    for i, band in enumerate(BANDS):
        rows = select_records(pool, SelectionParams("2", "intra-band", band=band)).rows
        assert sorted(rows) == sorted(by_nearness[2 * i : 2 * i + 2])


def test_domain_means_are_the_means():
    x, truth = blobs()
    expected = [x[truth == k].mean(0) for k in range(3)]
    np.testing.assert_allclose(cluster_means(x, truth, 4)[:3], expected, atol=1e-6)
    assert not cluster_means(x, truth, 4)[3].any()


# Assignment


@pytest.mark.parametrize("assignment", ["clusters", "nearest", "kmeans"])
def test_well_apart_domains_are_found_by_every_assignment(assignment):
    x, truth = blobs()
    found = assign_domains(x, [x[truth == k][:5] for k in range(3)], assignment)
    assert (found.labels == truth).mean() > 0.97 and (found.kept == 1).all()
    assert (found.drift >= 0).all() and (assignment != "nearest" or not found.drift.any())


def test_nearest_goes_by_the_mean_that_is_not_normalised():
    seeds = [np.array([[1.0, 0.0], [-0.8, 0.0]]), np.array([[0.6, 0.0]])]
    found = assign_domains(np.array([[0.3, 0.0], [0.9, 0.0]]), seeds, "nearest")
    np.testing.assert_allclose(found.start, [[0.1, 0], [0.6, 0]])
    assert found.labels.tolist() == [0, 1]


def test_k_means_that_leaves_its_seeds_is_said():
    rng = np.random.default_rng(3)
    crowd = rng.normal(size=(400, 2)) * [4, 0.3]  # two halves of one crowd, and a rare domain that is drawn into it
    rare = rng.normal(size=(4, 2)) * 0.05 + [0, 2.0]
    seeds = [crowd[:5], rare]
    x = np.concatenate([crowd, rare]).astype(np.float32)
    drifted, stays = (assign_domains(x, seeds, how) for how in ("kmeans", "nearest"))
    assert drifted.drift[1] > 0.3 and not stays.drift.any()
    lost = type(drifted)(drifted.labels, drifted.start, drifted.end, np.array([1.0, 0.2]))
    assert "The centre of rare has left its seeds: only 20%" in drift_warnings(["crowd", "rare"], lost)[0]
    empty = type(drifted)(np.zeros(10, np.int32), drifted.start, drifted.end, np.ones(2))
    assert "No record went to rare" in drift_warnings(["crowd", "rare"], empty)[0]


def test_a_description_picks_records_that_are_its_own_and_unlike_each_other():
    x, truth = blobs(spread=0.3)
    descriptions = unit_rows(np.eye(3, 6))
    for k, rows in enumerate(pick_by_description(x, descriptions, 5)):
        assert (truth[rows] == k).mean() >= 0.8
        near = x[rows] @ x[rows].T - np.eye(len(rows))
        assert near.max() < 0.85
    twins = np.repeat(x[:1], 4, axis=0)
    assert first_unlike(twins, np.arange(4), 3).tolist() == [0]


def test_every_domain_needs_a_seed():
    with pytest.raises(CurationError, match="no seed"):
        assign_domains(np.eye(3), [np.eye(3), np.zeros((0, 3))], "nearest")


# Probes


def test_the_probes_learn_domains_and_their_entropy_and_the_same_seed_gives_the_same(seed=1):
    x, truth = blobs((200, 100, 100), d=32, spread=0.2, seed=seed)
    params = ProbeParams(batch_size=8, learning_rate=1e-4, seed=seed)
    _, training = train_domain_probe(x, truth, 3, params)
    assert max(entry["accuracy"] for entry in training.curve) >= 0.8 and training.outputs.shape == (40, 3)
    h = 1 / (1 + np.exp(-4 * x[:, 0].astype(np.float64)))
    reward, reward_training = train_entropy_probe(x, h, ProbeParams(seed=seed))
    assert spearman(reward(x[reward_training.held_out])[:, 0], h[reward_training.held_out]) > 0.8
    short = dataclasses.replace(params, steps=100)
    (once, _), (again, _) = (train_domain_probe(x, truth, 3, short) for _ in range(2))
    np.testing.assert_array_equal(again(x), once(x))


def test_the_probe_is_the_papers_mlp():
    probe = Probe(10, 4)
    shapes = [tuple(p.shape) for p in probe.net.parameters() if p.ndim == 2]
    assert shapes == [(20, 10), (10, 20), (5, 10), (256, 5), (4, 256)]


def test_a_saved_probe_gives_the_same_on_a_new_pool(tmp_path):
    x, truth = blobs()
    probe, _ = train_domain_probe(x, truth, 3, ProbeParams(steps=50))
    probe.save(tmp_path / "probe.safetensors")
    new, _ = blobs(seed=9)
    np.testing.assert_array_equal(Probe.load(tmp_path / "probe.safetensors")(new), probe(new))
    for _ in range(8):  # an order of entries by chance would differ in one of them
        probe.save(tmp_path / "again.safetensors")
        assert (tmp_path / "again.safetensors").read_bytes() == (tmp_path / "probe.safetensors").read_bytes()
    with pytest.raises(CurationError, match="6 dimensions"):
        probe(np.zeros((2, 5), np.float32))
    (tmp_path / "other").write_bytes(b"no weights")
    with pytest.raises(CurationError, match="no probe"):
        Probe.load(tmp_path / "other")


def test_ranks_correlate_whatever_the_scale():
    assert spearman(np.array([1.0, 2, 3]), np.array([10.0, 100, 1000])) == pytest.approx(1)
    assert spearman(np.array([1.0, 2, 3]), np.array([3.0, 2, 1])) == pytest.approx(-1)
    assert spearman(np.ones(3), np.arange(3)) == 0


# Selection


def make_pool(**changes):
    rng = np.random.default_rng(0)
    x, truth = blobs()
    values = {"embeddings": x, "reward": rng.random(100).astype(np.float32), "domains": truth.astype(np.int32)}
    return Pool(100, shares=changes.pop("shares", {"a": 0.0, "b": 0.0, "c": 0.0}), **(values | changes))


def per_domain(pool, rows):
    return np.bincount(pool.domains[rows], minlength=3).tolist()


def test_daar_takes_the_highest_entropy():
    pool = make_pool(pinned=np.array([3]), dropped=np.array([4, 5]))
    rows = select_records(pool, SelectionParams("20", "daar")).rows
    free = np.setdiff1d(np.arange(100), [3, 4, 5])
    assert rows[0] == 3 and rows[1:].tolist() == free[np.argsort(-pool.reward[free], kind="stable")][:19].tolist()


def test_customised_takes_half_of_a_domain_and_a_tenth_of_each_other():
    pool = make_pool()
    rows = select_records(pool, SelectionParams("22", "daar", target_domain="b")).rows
    assert per_domain(pool, rows) == [6, 15, 1]  # 60 / 10, 30 / 2, 10 / 10
    for k in range(3):
        mine = rows[pool.domains[rows] == k]
        best = np.flatnonzero(pool.domains == k)[np.argsort(-pool.reward[pool.domains == k], kind="stable")]
        assert set(mine) == set(best[: len(mine)])
    with pytest.raises(CurationError, match="the domains are a, b, c"):
        select_records(pool, SelectionParams("22", "daar", target_domain="d"))


def test_target_shares_are_kept_and_the_rest_goes_by_size():
    pool = make_pool(shares={"a": 0.0, "b": 0.0, "c": 0.3})
    assert per_domain(pool, select_records(pool, SelectionParams("30", "daar")).rows) == [14, 7, 9]
    assert per_domain(pool, select_records(pool, SelectionParams("100", "daar")).rows) == [60, 30, 10]


def test_bands_go_by_the_records_own_labels_too():
    pool = make_pool()
    moved = dataclasses.replace(pool, sources=pool.domains, domains=None, reward=None)
    for method in ("inter-band", "intra-band"):
        by_label = SelectionParams("20", method, band="20-40", groups="source")
        by_domain = SelectionParams("20", method, band="20-40")
        assert by_label.needs == ("embed",)
        np.testing.assert_array_equal(select_records(moved, by_label).rows, select_records(pool, by_domain).rows)
    unlabelled = dataclasses.replace(moved, sources=np.where(pool.domains == 1, -1, pool.domains))
    assert len(select_records(unlabelled, SelectionParams("20", "inter-band", groups="source"))) == 20
    with pytest.raises(CurationError, match="have no source labels"):
        select_records(pool, SelectionParams("20", "inter-band", groups="source"))
    with pytest.raises(CurationError, match="kmq has no use for groups"):
        SelectionParams("20", "kmq", groups="source")


@pytest.mark.parametrize("method", ["inter-band", "intra-band"])
@pytest.mark.parametrize("band", BANDS)
def test_a_band_is_a_fifth_of_every_domain_by_phi(method, band):
    pool = make_pool()
    selection = select_records(pool, SelectionParams("20", method, band=band))
    assert per_domain(pool, selection.rows) == [12, 6, 2]
    values = inter_intra_similarity(pool.embeddings, pool.domains, cluster_means(pool.embeddings, pool.domains, 3))[
        method == "intra-band"
    ]
    low, high = (int(edge) / 100 for edge in band.split("-"))
    for k, size in enumerate((60, 30, 10)):
        ranked = np.flatnonzero(pool.domains == k)[np.argsort(values[pool.domains == k], kind="stable")]
        assert set(selection.rows[pool.domains[selection.rows] == k]) == set(
            ranked[round(low * size) : round(high * size)]
        )


# Domains


def test_domains_come_from_yaml_and_json_and_go_back(tmp_path):
    (tmp_path / "d.yaml").write_text(
        "- name: cooking\n  description: Food.\n  seeds: [Bake bread.]\n- {name: code, description: Programs., share: 0.4}\n"
    )
    domains = load_domains(tmp_path / "d.yaml")
    assert domains[0].kept == (Seed("Bake bread."),) and domains[1].share == 0.4
    assert domains[1].kept == (Seed("code: Programs.", "description"),)
    save_domains(domains, tmp_path / "d.json")
    assert load_domains(tmp_path / "d.json") == domains
    assert tuple(domain_from(domain_as_dict(d)) for d in DEFAULT_DOMAINS) == DEFAULT_DOMAINS


@pytest.mark.parametrize(
    "content, told",
    [
        ([], "no domains"),
        ([{"name": "a", "description": "b"}], "1 domain"),
        ([{"name": "a", "description": "b"}] * 2, "Two domains"),
        ([{"name": "a"}, {"name": "b", "description": "c"}], "needs a name and a description"),
        ([{"name": "a", "description": "b", "share": 2}, {"name": "b", "description": "c"}], "share of 'a'"),
        (
            [{"name": "a", "description": "b", "share": 0.7}, {"name": "b", "description": "c", "share": 0.7}],
            "sum to 1.4",
        ),
        ([{"name": "a", "colour": "b"}, {"name": "b", "description": "c"}], "field 'colour'"),
        ([{"name": "a", "description": "b", "seeds": [3]}, {"name": "b", "description": "c"}], "A seed of 'a'"),
        ([{"name": "a", "description": "b", "seeds": "hello"}], "must be a list of texts"),
        ([{"name": "a", "description": "b", "seeds": 5}], "must be a list of texts"),
        (
            [{"name": "a", "description": "b", "seeds": [{"text": "x", "state": "keep"}]}],
            "the state 'keep'; it must be one",
        ),
        ([{"name": "a", "description": "b", "seeds": [{"text": "x", "origin": "sky"}]}], "the origin 'sky'"),
        ([{"name": "a", "description": "b", "seeds": [{"text": "", "row": "7"}]}], "or the row of a record"),
        ("text", "no list"),
    ],
)
def test_wrong_domains_are_refused(tmp_path, content, told):
    (tmp_path / "d.json").write_text(json.dumps(content))
    with pytest.raises(CurationError, match=told):
        load_domains(tmp_path / "d.json")


def test_a_domain_file_that_cannot_be_read_is_said(tmp_path):
    (tmp_path / "d.yaml").write_text("- [unclosed")
    for name in ("none.yaml", "d.yaml"):
        with pytest.raises(CurationError, match=r"can't be read|neither YAML nor JSON"):
            load_domains(tmp_path / name)
    with pytest.raises(CurationError, match="1 domain"):
        check_domains([Domain("a", "b")])


@pytest.mark.parametrize("values", [{"assignment": "luck"}, {"sample": 3}, {"layer": -1}, {"steps": 0}, {"n_seeds": 0}])
def test_bad_params_are_refused(values):
    with pytest.raises(CurationError):
        DaarParams(**values)


# Seeds that a model writes


def writer(answers):
    asked = []

    def write(prompt):
        asked.append(prompt)
        return answers[min(len(asked), len(answers)) - 1]

    return write, asked


def test_ten_seeds_are_grown_with_counter_examples():
    words = [
        "bread oven",
        "soil seeds",
        "train sea",
        "list python",
        "moon tide",
        "paint wall",
        "chess knight",
        "tax form",
        "violin bow",
        "snow boots",
    ]
    write, asked = writer([f"Instruction: tell of {w}\nResponse: {w} {w} {w}" for w in words])
    grown = grow_seeds(DEFAULT_DOMAINS[0], write, TinyEncoder(), n_seeds=7)
    assert len(grown.seeds) == 7 and not grown.why and all(seed.state == "offered" for seed in grown.seeds)
    assert "differ clearly" not in asked[4] and asked[5].count("tell of") == 3


def test_what_is_too_much_like_an_earlier_seed_is_refused_and_a_stubborn_model_ends_with_a_word():
    unlike = [f"Instruction: i\nResponse: {w}" for w in ("bread", "moon", "python", "violin", "chess")]
    write, asked = writer([*unlike, "Instruction: i\nResponse: bread bread"])
    grown = grow_seeds(DEFAULT_DOMAINS[0], write, TinyEncoder())
    assert len(grown.seeds) == 5 and len(asked) == 13
    assert "too much like an earlier seed" in grown.why and "5 of 10 seeds came of it" in grown.why
    # Another threshold and fewer tries: the same model gets one more through, or fewer.
    ask, _ = writer([*unlike, "Instruction: i\nResponse: bread bread", "Instruction: i\nResponse: moon moon"])
    assert len(grow_seeds(DEFAULT_DOMAINS[0], ask, TinyEncoder(), threshold=1.0).seeds) == 7
    ask, asked = writer([*unlike, "Instruction: i\nResponse: bread bread"])
    assert "3 times in a row" in grow_seeds(DEFAULT_DOMAINS[0], ask, TinyEncoder(), tries=3).why and len(asked) == 8
    write, _ = writer(["I'd rather not."])
    assert "did not keep to the form" in grow_seeds(DEFAULT_DOMAINS[0], write, TinyEncoder()).why


def test_only_the_form_asked_for_is_a_seed():
    assert parse_seed("Sure!\nInstruction: Add 1 and 1.\nResponse: 2") == "Add 1 and 1.\n2"
    assert parse_seed("Add 1 and 1. It is 2.") is None
