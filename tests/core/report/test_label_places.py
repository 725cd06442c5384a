from __future__ import annotations

from myoscope.report.label_places import LabelPlace, label_places


def test_a_lone_label_stands_right_of_its_dot() -> None:
    assert label_places([(50.0, 50.0)], ["RF"], right=200.0) == (LabelPlace(58.0, 54.0, "start"),)


def test_a_label_gives_way_to_a_dot_on_its_right() -> None:
    left, right = label_places([(50.0, 50.0), (62.0, 50.0)], ["RF", "VL"], right=200.0)
    assert (left.anchor, right.anchor) == ("end", "start")


def test_a_label_stays_inside_the_drawing() -> None:
    (place,) = label_places([(195.0, 50.0)], ["GMAX"], right=200.0)
    assert place.anchor == "end"


def test_labels_of_dots_in_one_place_go_to_different_sides() -> None:
    places = label_places([(50.0, 50.0)] * 4, ["A", "B", "C", "D"], right=200.0)
    assert len({(place.x, place.y) for place in places}) == 4
