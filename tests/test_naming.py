"""Names by phrases that records share: what is taken, what is left out, and that each is a cluster's own."""

import collections
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.vectors.naming.choose import name_groups
from core.vectors.naming.sample import records_a_cluster, sample_for_names
from core.vectors.naming.tokens import terms_of, tokens_of

BAKING = ["Bake the bread in a hot oven.", "Knead the flour for the bread.", "The oven and the flour are ready."]
CODING = ["Write a python loop over the array.", "The python array is empty.", "Sort an array in a loop."]


def parts(name):
    return name.split(", ")


# Names


def test_a_cluster_is_named_by_the_words_of_its_own_records():
    baking, coding = name_groups(BAKING + CODING, np.array([0, 0, 0, 1, 1, 1]), 2)
    assert set(parts(baking)) == {"bread", "oven", "flour"}
    assert set(parts(coding)) == {"python", "array", "loop"}


def test_names_follow_the_labels_and_not_the_order_of_the_texts():
    texts, labels = BAKING + CODING, np.array([2, 2, 2, 0, 0, 0])
    names = name_groups(texts, labels, 3)
    shuffled = [3, 0, 5, 1, 4, 2]
    assert name_groups([texts[i] for i in shuffled], labels[shuffled], 3) == names
    assert "bread" in names[2] and "array" in names[0]


def test_words_that_stand_together_name_a_cluster_as_one_phrase():
    reviews = [f"A {kind} about movie reviews, {i}." for i, kind in enumerate(["note", "talk", "book", "song"])]
    trains = [f"The {kind} of the night train, {i}." for i, kind in enumerate(["note", "talk", "book", "song"])]
    names = name_groups(reviews + trains, np.repeat([0, 1], 4), 2)
    assert [parts(name)[0] for name in names] == ["movie reviews", "night train"]


def test_a_word_that_every_cluster_has_comes_after_those_of_its_own():
    pairs = [("bread", "dough"), ("soup", "broth"), ("cake", "icing")] * 4
    texts = [f"Recipe for {one} and for {other}" for one, other in pairs]
    names = name_groups(texts, np.arange(12) % 3, 3, most=2)
    assert [set(parts(name)) for name in names] == [{"bread", "dough"}, {"soup", "broth"}, {"cake", "icing"}]


def test_a_word_of_one_record_names_no_cluster_that_shares_others():
    texts = ["paper quokka", "paper glue", "glue", "glue", "glue", "glue", "glue"] + ["paper pencil"] * 200
    assert "quokka" not in name_groups(texts, np.array([0] * 7 + [1] * 200), 2)[0]


def test_copies_of_one_text_count_as_one_text():
    copies = [
        f"Ask {word}: the old harbour of Tallinn lies below a lighthouse" for word in ("about", "for", "what", "who")
    ]
    others = [
        f"The ferry to {place} leaves a {thing}"
        for place, thing in zip("abcdef", "rope mast sail deck bell flag".split(), strict=True)
    ]
    name = name_groups(copies + others + BAKING, np.array([0] * 10 + [1] * 3), 2)[0]
    assert parts(name)[0] == "ferry"


@pytest.mark.parametrize("text", ["{} has {} marbles", "{} said to {}: my marbles", "It was {} or {} with marbles"])
def test_people_are_no_subject(text):
    people = [("Tom", "Mary"), ("Tom", "Susan"), ("Tom", "Mary"), ("Susan", "Tom")]
    name = name_groups([text.format(*two) for two in people] + BAKING, np.array([0] * 4 + [1] * 3), 2)[0]
    assert parts(name)[0] == "marbles"


def test_what_follows_a_title_or_a_given_name_is_a_person_too():
    texts = ["Mr Ellison sold marbles", "Tom Ellison lost marbles", "Mrs Ellison on marbles", "Ellison has marbles"]
    assert parts(name_groups(texts + BAKING, np.array([0] * 4 + [1] * 3), 2)[0])[0] == "marbles"


def test_a_verb_or_an_adjective_comes_after_nouns():
    texts = [
        "She knits the scarf.",
        "He knits a scarf.",
        "They are cosy when she knits the scarf.",
        "We knit; the scarf is cosy.",
    ]
    assert parts(name_groups(texts + CODING, np.array([0] * 4 + [1] * 3), 2)[0])[0] == "scarf"


def test_possessives_and_plurals_are_the_word_itself():
    texts = ["The kettle's lid", "Two kettles on it", "A kettle for tea", "kettle"]
    assert parts(name_groups([*texts, "array", "array"], np.array([0] * 4 + [1] * 2), 2)[0])[0] == "kettle"
    tokens = tokens_of(["The kettle’s lid, kettles"])
    assert len({tokens.words[i] for i, s in enumerate(tokens.surfaces) if "ettle" in tokens.spellings[s]}) == 1


def test_names_are_spelled_as_they_mostly_are():
    texts = ["We saw NASA and Mars", "with NASA to Mars", "NASA is for Mars", "Rockets of NASA"]
    name = name_groups([*texts, "array of loops", "Array or loops"], np.array([0] * 4 + [1] * 2), 2)
    assert parts(name[0])[:2] == ["NASA", "Mars"] and "array" in name[1]


STOPPED = "the and of with please question answer you're der nicht que pour les です ます"


def test_words_that_say_nothing_name_no_cluster():
    texts = [f"{STOPPED} bread {STOPPED.upper()}", f"{STOPPED} array"]
    assert name_groups(texts, np.array([0, 1]), 2) == ["bread", "array"]


@pytest.mark.parametrize("contraction", ["shouldn’t", "wouldn’t", "haven’t", "you’re", "shouldn't"])
def test_a_contraction_is_a_stop_word_with_either_apostrophe(contraction):
    assert name_groups([f"{contraction} bread", "array"], np.array([0, 1]), 2)[0] == "bread"
    assert terms_of(f"{contraction} bread") == ["bread"]


def test_numbers_single_letters_and_special_tokens_are_no_terms():
    texts = ["<|endoftext|> 1234 x 7 bread <br> </s> 3.14", "array"]
    assert name_groups(texts, np.array([0, 1]), 2)[0] == "bread"


def test_japanese_text_gives_terms():
    names = name_groups(["東京の天気", "東京の地図", "python array"], np.array([0, 0, 1]), 2)
    assert "東京" in parts(names[0])


def test_clusters_without_a_term_are_called_by_their_number():
    assert name_groups(["bread", "1 2 3", "the of"], np.array([0, 1, 2]), 5) == [
        "bread",
        *(f"cluster {cluster}" for cluster in range(1, 5)),
    ]


def test_clusters_of_the_same_texts_still_have_different_names():
    names = name_groups(["bread or oven or flour"] * 4, np.array([0, 1, 2, 3]), 4)
    assert len(set(names)) == 4 and all("bread" in name for name in names)


WORDS = st.lists(st.sampled_from("bread oven flour array loop python soil seed train the of 12".split()), max_size=8)


@given(st.lists(st.tuples(WORDS.map(" ".join), st.integers(0, 7)), max_size=40), st.integers(1, 5))
def test_every_cluster_has_a_name_of_its_own_and_the_same_every_time(records, most):
    texts, labels = [text for text, _ in records], np.array([label for _, label in records], dtype=np.int32)
    names = name_groups(texts, labels, 8, most)
    assert len(set(names)) == len(names) == 8 and all(names)
    assert name_groups(texts, labels, 8, most) == names
    said = [" ".join(text for text, label in records if label == cluster) for cluster in range(8)]
    for cluster, name in enumerate(names):
        own = [part for part in parts(name) if not re.fullmatch(r"cluster \d", part)]
        assert all(part in said[cluster] for part in own)


def test_names_do_not_depend_on_the_hash_seed_of_the_process():
    code = (
        "import numpy as np; from core.vectors.naming.choose import name_groups;"
        "print(name_groups(['oven flour bread dough yeast salt', 'soil seed spade rake'] * 3, np.arange(6) % 3, 3))"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", code], env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in "12"
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


def test_fewer_records_of_each_are_read_the_more_clusters_there_are():
    assert [records_a_cluster(k) for k in (1, 2048, 2500, 100_000)] == [32, 32, 26, 24]
