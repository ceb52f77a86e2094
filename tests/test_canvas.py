"""The map's layers and colourings, as arrays and bytes."""

import json

import numpy as np
import pytest

from components.canvas.colouring import MOST_CATEGORIES, Entry, by_category, by_value
from components.canvas.layers import (
    Frame,
    colours_layer,
    names_layer,
    order_of,
    picked_layer,
    points_layer,
    stars_layer,
    stride_of,
)
from core.vectors.naming.stage import middles


def read(data: bytes) -> tuple[dict, bytes]:
    length = int.from_bytes(data[:4], "little")
    return json.loads(data[4 : 4 + length]), data[4 + length :]


@pytest.mark.parametrize("n", [1, 2, 3, 10, 600, 1030, 67193, 1_000_000])
def test_every_record_has_one_place_in_a_layer_and_any_beginning_is_a_fair_sample(n):
    order = order_of(n)
    assert np.array_equal(np.sort(order), np.arange(n))
    assert np.array_equal(order, [j * stride_of(n) % n for j in range(n)]) if n < 2000 else True
    some = order[: n // 10]
    if len(some) > 50:
        assert np.abs(np.bincount(some * 10 // n, minlength=10) / len(some) - 0.1).max() < 0.02


def test_positions_come_back_within_a_step_of_sixteen_bits():
    xy = np.random.default_rng(0).normal(size=(1000, 2)).astype(np.float32) * [3, 40] + [7, -2]
    frame, order = Frame.around(xy), order_of(1000)
    header, payload = read(points_layer("map", xy, frame, order))
    places = np.frombuffer(payload, "<u2").reshape(-1, 2) / 65535
    back = (places - 0.5) * frame.side + [frame.x, frame.y]
    assert (header["n"], header["map"], header["part"]) == (1000, "map", "points")
    assert np.abs(back - xy[order]).max() <= frame.side / 65535
    assert max(header["bounds"]) == pytest.approx(1) and header["bounds"] == list(frame.bounds)


def test_both_axes_have_one_scale_and_a_line_is_read_in_the_same_square():
    xy = np.array([[0, 0], [10, 1], [5, 0.5], [5, 0.9]], float)
    frame = Frame.around(xy)
    unit = frame.to_unit(xy)
    assert np.ptp(unit[:, 0]) == pytest.approx(1) and np.ptp(unit[:, 1]) == pytest.approx(0.1)
    corners = [[0.4, 0.45], [0.6, 0.45], [0.6, 0.51], [0.4, 0.51]]
    assert np.flatnonzero(frame.inside(xy, corners)).tolist() == [2]


def test_one_place_for_all_records_is_a_map_too():
    xy = np.ones((5, 2), np.float32)
    frame = Frame.around(xy)
    assert np.isfinite(frame.to_unit(xy)).all() and frame.side > 0 and min(frame.bounds) > 0


def test_picked_records_are_a_bit_each():
    order, rows = order_of(1030), np.array([0, 5, 1029])
    header, payload = read(picked_layer("map", rows, order))
    bits = np.unpackbits(np.frombuffer(payload, np.uint8))[:1030].astype(bool)
    assert header["n_picked"] == 3 and sorted(order[bits].tolist()) == rows.tolist()
    assert read(picked_layer("map", None, order))[0]["n_picked"] == -1
    assert len(picked_layer("map", np.arange(10), order_of(1_000_000))) < 126_000


def test_categories_beyond_the_first_are_other_and_counted():
    names = [f"source {i}" for i in range(20)]
    codes = np.array([-1, *range(20), 3, 3])
    colouring = by_category("id", "source", names, lambda: codes, dark=False)
    header, payload = read(colours_layer("map", colouring, order_of(len(codes))))
    counts = {entry["name"]: entry["count"] for entry in header["legend"]}
    assert counts["source 3"] == 3 and counts["other"] == 1 + 20 - MOST_CATEGORIES
    assert sum(counts.values()) == len(codes) == len(payload)
    assert codes.tolist() == [-1, *range(20), 3, 3]


def test_a_scale_goes_from_low_to_high_and_names_what_has_no_value():
    values = np.array([0.0, 1.0, 2.0, 3.0, np.nan, np.inf])
    colouring = by_value("id", "quality", values, dark=True)
    codes = colouring.codes()
    assert np.all(np.diff(codes[:4].astype(int)) > 0) and codes[4] == codes[5] == len(colouring.colours) - 1
    assert colouring.legend[-1] == Entry("no value", codes[4], codes[4])
    held = sorted(code for e in colouring.legend for code in range(e.first, e.last + 1))
    assert held == list(range(len(colouring.colours)))  # an entry for every colour, none twice
    flat = by_value("id", "quality", np.full(4, 7.0), dark=False).codes()
    assert len(set(flat.tolist())) == 1
    nothing = by_value("id", "quality", np.full(4, np.nan), dark=False)
    assert set(nothing.codes().tolist()) == {len(nothing.colours) - 1}


def test_names_stand_at_the_median_of_their_clusters():
    xy = np.array([[0, 0], [1, 0], [100, 0], [5, 5]], float)
    found = middles(xy, np.array([0, 0, 0, 2]), 3)
    assert found[0].tolist() == [1, 0] and np.isnan(found[1]).all() and found[2].tolist() == [5, 5]
    header, _ = read(names_layer("map", [(0.5, 0.25, "<b>flour</b>")]))
    assert header["names"] == [[0.5, 0.25, "<b>flour</b>"]]


def test_stars_are_places_with_a_label_and_a_text():
    header, payload = read(stars_layer("map", [(0.123456789, 1, "math", "</script><b>2 + 2</b>")]))
    assert (header["part"], header["stars"], payload) == ("stars", [[0.12346, 1, "math", "</script><b>2 + 2</b>"]], b"")
    assert read(stars_layer("map", []))[0]["stars"] == []
