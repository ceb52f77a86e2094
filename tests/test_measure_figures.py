"""Charts of evidence: labels that can be read."""

import numpy as np

from components.charts.measure_figures import _label_places


def test_labels_of_near_points_stand_apart_and_lone_ones_above():
    points = np.array([[50, 0], [800, 200], [830, 200], [895, 360]], float)
    places = _label_places(points, ["a lone point", "run 1 up to round 1", "run 1 up to round 2", "at the edge of it"])
    assert places[0] == "top center" and places[1] != places[2]
    assert len(set(_label_places(np.zeros((2, 2)), ["same", "same"]))) == 2  # one on the other
    assert _label_places(np.array([[895.0, 100]]), ["a label too long to stand above"]) == ["middle left"]
