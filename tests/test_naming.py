import collections
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from core.vectors.cluster_names import name_clusters, sample_for_names
from hypothesis import given
from hypothesis import strategies as st

BAKING = ["Bake the bread in a hot oven.", "Knead the flour for the bread.", "The oven and the flour are ready."]
CODING = ["Write a python loop over the array.", "The python array is empty.", "Sort an array in a loop."]


def terms_of(name):
    return name.split(", ")


# Names


def test_a_cluster_is_named_by_the_words_of_its_own_records():
    baking, coding = name_clusters(BAKING + CODING, np.array([0, 0, 0, 1, 1, 1]), 2)
    assert set(terms_of(baking)) == {"bread", "oven", "flour"}
    assert set(terms_of(coding)) == {"python", "array", "loop"}


def test_names_follow_the_labels_and_not_the_order_of_the_texts():
    texts, labels = BAKING + CODING, np.array([2, 2, 2, 0, 0, 0])
    names = name_clusters(texts, labels, 3)
    shuffled = [3, 0, 5, 1, 4, 2]
    assert name_clusters([texts[i] for i in shuffled], labels[shuffled], 3) == names
    assert "bread" in names[2] and "array" in names[0]


def test_a_word_that_every_cluster_has_names_none_of_them():
    texts = [
        f"Recipe for {word} {other}" for word, other in [("bread", "dough"), ("soup", "broth"), ("cake", "icing")] * 4
    ]
    names = name_clusters(texts, np.arange(12) % 3, 3, n_terms=2)
    assert [set(terms_of(name)) for name in names] == [{"bread", "dough"}, {"soup", "broth"}, {"cake", "icing"}]


def test_a_word_repeated_in_one_record_counts_once():
    texts = ["quokka " * 50 + "garden soil", "garden soil", "garden soil", "train ticket", "train ticket"]
    assert terms_of(name_clusters(texts, np.array([0, 0, 0, 1, 1]), 2)[0])[-1] == "quokka"


def test_a_word_of_one_record_comes_after_words_that_more_of_the_cluster_have():
    texts = ["paper quokka", "paper glue", "glue", "glue", "glue", "glue", "glue"] + ["paper pencil"] * 200
    names = name_clusters(texts, np.array([0] * 7 + [1] * 200), 2)
    assert terms_of(names[0]) == ["glue", "paper", "quokka"]


STOPPED = "the and of with please question answer you're der nicht que pour les です ます"


def test_words_that_say_nothing_name_no_cluster():
    texts = [f"{STOPPED} bread {STOPPED.upper()}", f"{STOPPED} array"]
    names = name_clusters(texts, np.array([0, 1]), 2)
    assert names == ["bread", "array"]


@pytest.mark.parametrize("contraction", ["shouldn’t", "wouldn’t", "haven’t", "you’re", "shouldn't"])
def test_a_contraction_is_a_stop_word_with_either_apostrophe(contraction):
    assert name_clusters([f"{contraction} bread", "array"], np.array([0, 1]), 2)[0] == "bread"


def test_numbers_single_letters_and_special_tokens_are_no_terms():
    texts = ["<|endoftext|> 1234 x 7 bread <br> </s> 3.14", "array"]
    assert name_clusters(texts, np.array([0, 1]), 2)[0] == "bread"


def test_a_word_and_its_longer_form_do_not_both_name_a_cluster():
    texts = ["loop loops looping kettle", "loops loop kettle", "array"]
    first = terms_of(name_clusters(texts, np.array([0, 0, 1]), 2)[0])
    assert sum(term.startswith("loop") for term in first) == 1
    assert "kettle" in first


def test_japanese_text_gives_terms():
    names = name_clusters(["東京の天気", "東京の地図", "python array"], np.array([0, 0, 1]), 2)
    assert "東京" in terms_of(names[0])


def test_clusters_without_a_term_are_called_by_their_number():
    names = name_clusters(["bread", "1 2 3", "the of"], np.array([0, 1, 2]), 5)
    assert names == ["bread", "cluster 1", "cluster 2", "cluster 3", "cluster 4"]


def test_clusters_of_the_same_texts_still_have_different_names():
    names = name_clusters(["bread oven flour"] * 4, np.array([0, 1, 2, 3]), 4)
    assert len(set(names)) == 4
    assert all("bread" in name for name in names)


WORDS = st.lists(st.sampled_from("bread oven flour array loop python soil seed train the of 12".split()), max_size=8)


@given(st.lists(st.tuples(WORDS.map(" ".join), st.integers(0, 7)), max_size=40), st.integers(1, 5))
def test_every_cluster_has_a_name_of_its_own_and_the_same_every_time(records, n_terms):
    texts, labels = [text for text, _ in records], np.array([label for _, label in records], dtype=np.int32)
    names = name_clusters(texts, labels, 8, n_terms)
    assert len(set(names)) == len(names) == 8
    assert all(names)
    assert name_clusters(texts, labels, 8, n_terms) == names
    said = [set(" ".join(text for text, label in records if label == cluster).split()) for cluster in range(8)]
    for cluster, name in enumerate(names):
        own_words = [term for term in terms_of(name) if not re.fullmatch(r"cluster \d", term)]
        assert set(own_words) <= said[cluster] - {"the", "of", "12"}


def test_names_do_not_depend_on_the_hash_seed_of_the_process():
    code = (
        "import numpy as np; from core.vectors.cluster_names import name_clusters;"
        "print(name_clusters(['oven flour bread dough yeast salt', 'soil seed spade rake'] * 3, np.arange(6) % 3, 3))"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", code], env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in "123"
    }
    assert len(printed) == 1


# The records that names are made from


@given(st.lists(st.integers(0, 4), min_size=1, max_size=300), st.integers(1, 40), st.randoms())
def test_the_sample_has_rows_of_every_cluster_and_at_most_so_many(labels, per_cluster, random):
    labels = np.array(labels)
    distances = np.array([random.random() for _ in labels])
    rows = sample_for_names(labels, distances, per_cluster)
    assert (np.diff(rows) > 0).all()
    sizes, taken = (collections.Counter(found.tolist()) for found in (labels, labels[rows]))
    assert sizes.keys() == taken.keys()
    for cluster, size in sizes.items():
        assert taken[cluster] == min(size, per_cluster)


@pytest.mark.parametrize("per_cluster", [1, 3, 7, 23, 24, 31])
def test_the_sample_is_spread_evenly_from_the_middle_to_the_rim(per_cluster):
    for size in range(1, 700):
        order = np.random.default_rng(size).permutation(size)
        rows = sample_for_names(np.zeros(size, np.int32), order.astype(np.float32), per_cluster)
        ranks = np.sort(order[rows])
        gaps = np.diff(np.append(ranks, size))
        assert len(ranks) == min(size, per_cluster), size
        assert ranks[0] == 0
        assert gaps.max() - gaps.min() <= 1, size


def test_the_sample_leaves_its_inputs_as_they_were():
    labels, distances = np.array([1, 0, 1, 0]), np.array([0.4, 0.3, 0.2, 0.1])
    sample_for_names(labels, distances, 1)
    assert labels.tolist() == [1, 0, 1, 0]
    assert distances.tolist() == [0.4, 0.3, 0.2, 0.1]
    assert sample_for_names(labels, distances, 1).tolist() == [2, 3]
