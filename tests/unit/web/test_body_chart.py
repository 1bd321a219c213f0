"""The drawing of the body: both sides, from both views, and what it shares with the questionnaire."""

import re
from dataclasses import dataclass

import pytest

from consult.web.body_chart import BodyChart, load_body_chart, mirrored

REGIONS = {
    "neck_l", "neck_r", "shoulder_l", "shoulder_r", "midback", "lowback_l", "lowback_c", "lowback_r",
    "buttock_l", "buttock_r", "hip_l", "hip_r", "groin_l", "groin_r", "thighf_l", "thighf_r", "thighb_l",
    "thighb_r", "knee_l", "knee_r", "leg_l", "leg_r", "foot_l", "foot_r", "saddle",
}  # fmt: skip


@dataclass(frozen=True)
class Place:
    id: str


@pytest.fixture(scope="module")
def chart() -> BodyChart:
    return load_body_chart()


def points(path: str) -> list[tuple[float, float]]:
    numbers = [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", path)]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def middle(path: str) -> float:
    across = [x for x, _ in points(path)]
    return (min(across) + max(across)) / 2


def test_every_region_of_the_questionnaire_but_somewhere_else_is_drawn(chart: BodyChart) -> None:
    assert {region.id for figure in chart.figures for region in figure.regions} == REGIONS


def test_a_region_is_drawn_at_most_once_in_a_view(chart: BodyChart) -> None:
    for figure in chart.figures:
        ids = [region.id for region in figure.regions]
        assert len(ids) == len(set(ids))


def test_the_patients_left_is_on_the_right_of_the_page_only_when_the_figure_faces_us(
    chart: BodyChart,
) -> None:
    centre = chart.width / 2
    for region_id in sorted(REGIONS):
        for view, path in chart.shapes(region_id):
            if region_id.endswith("_l"):
                assert (middle(path) > centre) is (view == "front"), (region_id, view)
            elif region_id.endswith("_r"):
                assert (middle(path) > centre) is (view == "back"), (region_id, view)
            else:
                assert middle(path) == pytest.approx(centre, abs=0.1), (region_id, view)


def test_left_and_right_never_touch(chart: BodyChart) -> None:
    centre = chart.width / 2
    for figure in chart.figures:
        for region in figure.regions:
            if region.id.endswith(("_l", "_r")):
                sides = {x > centre for x, _ in points(region.path)}
                assert len(sides) == 1, (figure.view, region.id)


def test_everything_lies_inside_the_view_box(chart: BodyChart) -> None:
    for figure in chart.figures:
        for path in (*figure.outline, *figure.lines, *(region.path for region in figure.regions)):
            assert all(0 <= x <= chart.width and 0 <= y <= chart.height for x, y in points(path))


def test_paths_use_only_the_commands_that_can_be_mirrored(chart: BodyChart) -> None:
    for figure in chart.figures:
        for path in (*figure.outline, *figure.lines, *(region.path for region in figure.regions)):
            assert set(re.sub(r"[\d.\s-]", "", path)) <= set("MLCQZ")


def test_what_lies_on_one_side_of_the_body_is_shown_on_that_side_only(chart: BodyChart) -> None:
    views = {region_id: [view for view, _ in chart.shapes(region_id)] for region_id in REGIONS}
    assert views["groin_l"] == ["front"]
    assert views["thighf_r"] == ["front"]
    assert views["lowback_c"] == ["back"]
    assert views["buttock_r"] == ["back"]
    assert views["hip_l"] == ["front", "back"]


def test_a_mirror_image_of_a_mirror_image_is_the_path_itself() -> None:
    path = "M10 20 C11.5 21 12 22.5 13 23 L7 8 Z"
    assert mirrored(path, 240) == "M230 20 C228.5 21 228 22.5 227 23 L233 8 Z"
    assert mirrored(mirrored(path, 240), 240) == path


def test_somewhere_else_has_no_shape(chart: BodyChart) -> None:
    assert chart.shapes("other") == []


def test_sides_of_one_place_are_listed_in_one_row(chart: BodyChart) -> None:
    ids = ["knee_l", "knee_r", "midback", "lowback_l", "lowback_c", "lowback_r", "saddle", "other"]
    rows = chart.rows(Place(place_id) for place_id in ids)
    assert [[place.id for place in row] for row in rows] == [
        ["knee_l", "knee_r"],
        ["midback"],
        ["lowback_l", "lowback_c", "lowback_r"],
        ["saddle"],
        ["other"],
    ]
