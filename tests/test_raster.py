"""Points to pixels, and points inside a line: worked by hand."""

import io

import numpy as np
import pytest
from PIL import Image

from core.vectors.raster import draw_points, full_view, in_polygon, inside_view

RED, BLUE = (255, 0, 0), (0, 0, 255)
COLOURS = np.array([RED, BLUE], np.uint8)


def picture(xy, codes, view=(0.0, 1.0, 0.0, 1.0), size=(100, 50), crowd=10**6):
    png = draw_points(np.array(xy, float), np.array(codes), COLOURS, view, size, crowd)
    return np.asarray(Image.open(io.BytesIO(png)))


def test_a_point_is_drawn_where_it_lies_and_nowhere_else():
    image = picture([(0.105, 0.89)], [0])
    assert image.shape == (50, 100, 4)
    assert tuple(image[5, 10, :3]) == RED and image[5, 10, 3] > 100
    assert np.count_nonzero(image[..., 3]) == 1


def test_points_on_one_pixel_mix_their_colours_and_grow_denser():
    image = picture([(0.5, 0.5)] * 4, [0, 0, 1, 1])
    one = picture([(0.5, 0.5)], [0])
    row, column = np.argwhere(image[..., 3])[0]
    assert abs(int(image[row, column, 0]) - 128) <= 1 and abs(int(image[row, column, 2]) - 128) <= 1
    assert image[row, column, 3] > one[row, column, 3]


def test_few_points_are_drawn_larger_than_many():
    few, many = (np.count_nonzero(picture([(0.5, 0.5)], [0], crowd=n)[..., 3]) for n in (100, 10**6))
    assert few > 4 * many


def test_what_lies_outside_the_view_is_not_drawn():
    assert not picture([(1.5, 0.5), (-0.1, 0.5)], [0, 1])[..., 3].any()


def test_full_view_holds_all_points_with_a_margin():
    xy = np.array([[0, 5], [10, 7]], float)
    x0, x1, y0, y1 = full_view(xy)
    assert x0 < 0 and x1 > 10 and y0 < 5 and y1 > 7
    assert inside_view(np.zeros((1, 2)), full_view(np.zeros((1, 2)))).all()


def test_inside_a_concave_line():
    # a "U": the notch between its arms is outside
    x, y = [0, 3, 3, 2, 2, 1, 1, 0], [0, 0, 3, 3, 1, 1, 3, 3]
    points = np.array([(0.5, 2), (1.5, 2), (2.5, 2), (1.5, 0.5), (-1, 1), (4, 1), (1.5, 4)])
    assert in_polygon(points, x, y).tolist() == [True, False, True, True, False, False, False]


def test_a_line_agrees_with_a_circle():
    angle = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    points = np.random.default_rng(1).uniform(-1.5, 1.5, (5000, 2))
    radius = np.hypot(*points.T)
    clear = np.abs(radius - 1) > 1e-3
    np.testing.assert_array_equal(in_polygon(points, np.cos(angle), np.sin(angle))[clear], (radius < 1)[clear])


def test_a_line_around_many_points_takes_each_as_a_line_around_few_does():
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    reach = 1 + 0.6 * np.sin(7 * angle)
    x, y = reach * np.cos(angle), reach * np.sin(angle)
    points = np.random.default_rng(2).normal(size=(60_000, 2))
    by_parts = np.concatenate([in_polygon(part, x, y) for part in np.array_split(points, 12)])
    np.testing.assert_array_equal(in_polygon(points, x, y), by_parts)
    assert 0.2 < by_parts.mean() < 0.8


@pytest.mark.parametrize("corners", [0, 1, 2])
def test_a_line_of_fewer_than_three_corners_holds_nothing(corners):
    assert not in_polygon(np.zeros((3, 2)), [0.0] * corners, [0.0] * corners).any()
