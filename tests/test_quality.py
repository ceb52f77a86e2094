import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.base.errors import CurationError
from core.data.records import SCHEMA
from core.quality.scorers.column import column_scores
from core.quality.scorers.heuristic import FULL_LENGTH_WORDS, PARTS, heuristic_scores


def table(responses, prompts=None, raws=None, batch_rows=1000):
    """Return batches of records as `load_records` gives them."""
    n = len(responses)
    columns = [range(n), prompts or [""] * n, responses, responses, [None] * n, raws or ["{}"] * n]
    arrays = [pa.array(list(column), field.type) for column, field in zip(columns, SCHEMA, strict=True)]
    return pa.Table.from_arrays(arrays, schema=SCHEMA).to_batches(max_chunksize=batch_rows)


def heuristic(responses, prompts=None, **kwargs):
    return pa.Table.from_batches(map(heuristic_scores, table(responses, prompts, **kwargs)))


def parts_of(response, prompt=""):
    return {name: values[0] for name, values in heuristic([response], [prompt]).to_pydict().items()}


def by_column(raws, column="score", **kwargs):
    scored = [column_scores(batch, column) for batch in table(["x"] * len(raws), raws=raws, **kwargs)]
    return pa.Table.from_batches(scored)["score"].to_pylist()


def length_of(words):
    return min(math.log1p(words) / math.log1p(FULL_LENGTH_WORDS), 1)


def words(n):
    return " ".join(f"word{chr(97 + i % 26)}{chr(97 + i // 26)}" for i in range(n))


# The heuristic


@pytest.mark.parametrize(
    ("response", "length", "complete", "varied", "content"),
    [
        ("Paris.", length_of(1), 1, 1, 1),
        ("Paris", length_of(1), 1, 1, 1),
        (words(7), length_of(7), 1, 1, 1),
        (words(8), length_of(8), 0.6, 1, 1),
        (words(59) + " end.", length_of(60), 1, 1, 1),
        (words(300) + ".", 1, 1, 1, 1),
        (words(300), 1, 0.6, 1, 1),
        ("go " * 100 + ".", 1, 1, 2 * 2 / 101, 1),
        ("the cat the cat the cat the cat", length_of(8), 0.6, 0.5, 1),
        ("The the THE", length_of(3), 1, 1 / 3 * 2, 1),
        ("a b a b", length_of(4), 1, 1, 1),
        ("a a a a a b", length_of(6), 1, 2 / 6 * 2, 1),
        ("  one\n\ntwo\tthree.  ", length_of(3), 1, 1, 1),
        ("I cannot help with that request.", length_of(6), 1, 1, 0.1),
        ("", 0, 1, 0, 1),
    ],
)
def test_the_parts_of_a_response_worked_by_hand(response, length, complete, varied, content):
    found = parts_of(response, "What?")
    wanted = {"length": length, "complete": complete, "varied": varied, "content": content}
    assert {name: found[name] for name in PARTS} == pytest.approx(wanted)
    assert found["score"] == pytest.approx(length * complete * varied * content)


def test_a_response_of_sixty_words_has_the_whole_length_and_one_of_fewer_has_not():
    assert length_of(60) == 1
    scores = heuristic([words(n) + "." for n in (1, 5, 30, 59, 60, 61, 600)])["score"].to_pylist()
    assert scores[:5] == sorted(set(scores[:5]))
    assert scores[4:] == [1, 1, 1]


@pytest.mark.parametrize(
    "ending", [".", "!", "?", "…", ":", ")", "]", '"', "”", "\n```", "*", " 42", "。", "です", ". \n\n"]
)
def test_a_finished_text_is_complete(ending):
    assert parts_of(words(20) + ending)["complete"] == 1


@pytest.mark.parametrize("ending", ["", ",", " and", "-", "("])
def test_a_text_that_breaks_off_is_not_complete(ending):
    assert parts_of(words(20) + ending)["complete"] == pytest.approx(0.6)


def test_repeated_text_scores_below_the_same_length_of_varied_text():
    repeated, varied = heuristic(["I like it a lot. " * 20, words(100) + "."])["score"].to_pylist()
    assert repeated < 0.2 < varied


@pytest.mark.parametrize(
    "response",
    [
        "I can't help you with that.",
        "I can’t help you with that.",
        "I'm sorry, but I cannot assist with this request.",
        "As an AI language model, I have no opinion.",
        "Lorem ipsum dolor sit amet.",
        "TODO",
        "Answer: TODO: write this.",
        "This is placeholder text.",
        "idk",
        "I don't know.",
        "I don’t know.",
        "N/A",
        "Sure!",
        "Copyright 2020. All rights reserved.",
        "We use cookies. Accept all cookies to go on.",
        "Error 404",
    ],
)
def test_a_refusal_or_a_placeholder_has_next_to_no_content(response):
    assert parts_of(response)["content"] == pytest.approx(0.1)


@pytest.mark.parametrize(
    "response",
    [
        "Haz todo lo que puedas y todo irá bien.",
        "Todo el mundo lo sabe.",
        "Make a todo list for the week.",
        "MÉTODO: mezclar todo.",
        "I can help with that: first boil the water.",
        "Sure, the capital is Paris.",
        "Bake cookies for ten minutes.",
        "I don't know of a better way than this: sort the list.",
    ],
)
def test_a_text_that_only_resembles_one_keeps_its_content(response):
    assert parts_of(response)["content"] == 1


@pytest.mark.parametrize("response", ["Name a city.", "  NAME A CITY.\n", "name a city."])
def test_a_response_that_repeats_the_prompt_has_next_to_no_content(response):
    assert parts_of(response, "Name a city. ")["content"] == pytest.approx(0.1)
    assert parts_of(response, "Name a town.")["content"] == 1


@pytest.mark.parametrize(("n_signs", "n_words"), [(40, 10), (240, 60), (400, 60)])
@pytest.mark.parametrize("sign", ["東", "カ", "ひ", "한"])
def test_four_characters_without_spaces_count_as_a_word(sign, n_signs, n_words):
    found = parts_of(sign * n_signs)
    assert found["length"] == pytest.approx(length_of(n_words))
    assert found["complete"] == 1


def test_a_japanese_answer_scores_like_an_english_one():
    japanese = parts_of("日本の首都は東京です。人口はおよそ千四百万人で、世界でも有数の大都市として知られています。")
    english = parts_of("The capital of Japan is Tokyo, and some fourteen million people live there.")
    assert japanese["score"] == pytest.approx(english["score"], rel=0.25)


def test_the_table_has_float32_scores_first_and_then_the_parts():
    found = heuristic(["a", "b"])
    assert found.column_names == ["score", *PARTS]
    assert {str(kind) for kind in found.schema.types} == {"float"}


TEXTS = st.lists(st.text("ab cde.\n東Éx", max_size=40), min_size=1, max_size=30)


@given(TEXTS)
def test_the_score_is_the_product_of_parts_in_0_to_1(texts):
    found = heuristic(texts)
    parts = np.array([found[name].to_numpy() for name in PARTS])
    assert ((parts >= 0) & (parts <= 1)).all()
    np.testing.assert_allclose(found["score"].to_numpy(), parts.prod(axis=0), rtol=1e-6)


@given(TEXTS, st.integers(1, 31))
def test_scores_do_not_depend_on_the_batches(texts, batch_rows):
    prompts = [text[::-1] for text in texts]
    whole = heuristic(texts, prompts)
    split = heuristic(texts, prompts, batch_rows=batch_rows)
    assert split.to_pydict() == whole.to_pydict()
    assert whole["score"].to_pylist() == [parts_of(*pair)["score"] for pair in zip(texts, prompts, strict=True)]


def test_words_do_not_depend_on_what_lies_behind_the_text_in_memory():
    found = set()
    for n in range(1, 200):
        texts = pa.array(["x" * n + " y  "], pa.large_string())
        batch = pa.record_batch({"response": texts, "prompt": pa.array([""], pa.large_string())})
        freed = [pa.allocate_buffer(size) for size in (64, 128, 192, 256, 320) for _ in range(64)]
        for buffer in freed:  # freed again, it is what the next text is written to
            np.frombuffer(buffer, np.uint8)[:] = 0xFF
        del buffer, freed
        found.add(heuristic_scores(batch)["length"][0].as_py())
    assert found == {float(np.float32(np.log(1 + 2) / np.log(1 + FULL_LENGTH_WORDS)))}  # of two words


# A column


@pytest.mark.parametrize(
    ("column", "raw", "score"),
    [
        ("score", '{"score": 3}', 3),
        ("score", '{"score": -2.5}', -2.5),
        ("score", '{"score": "4.5"}', 4.5),
        ("score", '{"score": " 1e2 "}', 100),
        ("score", '{"score": 0}', 0),
        ("meta.rating", '{"meta": {"rating": 7}}', 7),
        ("meta.rating", '{"meta.rating": 8, "meta": {"rating": 7}}', 8),
        ("a.b.c", '{"a": {"b": {"c": "9"}}}', 9),
    ],
)
def test_a_column_gives_its_numbers(column, raw, score):
    assert by_column([raw], column) == [score]


@pytest.mark.parametrize(
    "value",
    [
        "null",
        "true",
        "false",
        '"NaN"',
        '"good"',
        '""',
        '"inf"',
        '"-Infinity"',
        "[1]",
        '{"n": 1}',
        "1e39",
        "-1e300",
        '"1e400"',
    ],
)
@pytest.mark.parametrize("batch_rows", [3, 100])
def test_a_value_that_is_no_finite_number_is_an_error_that_names_the_record(value, batch_rows):
    raws = ['{"score": 1}'] * 7 + [f'{{"score": {value}}}'] + ['{"score": 2}']
    with pytest.raises(CurationError, match=r"record 7 has score = "):
        by_column(raws, batch_rows=batch_rows)


@pytest.mark.parametrize("raw", ["{}", '{"meta": 3}', '{"meta": {}}', '{"meta": {"rating": {}}}', '{"meta": null}'])
def test_a_record_without_the_column_is_an_error_that_names_both(raw):
    with pytest.raises(CurationError, match=r"record 1 has meta\.rating"):
        by_column(['{"meta": {"rating": 1}}', raw], "meta.rating")


@pytest.mark.parametrize("batch_rows", [1, 2, 5, 7, 100])
def test_column_scores_do_not_depend_on_the_batches(batch_rows):
    assert by_column([f'{{"score": {i}.5}}' for i in range(11)], batch_rows=batch_rows) == [i + 0.5 for i in range(11)]
