"""Names of zones, old and new."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, available_timezones

import pytest

from consult.scheduling.zones import UnknownZone, canonical, zone_choices


@pytest.mark.parametrize(
    ("name", "today"),
    [
        ("Asia/Calcutta", "Asia/Kolkata"),
        ("Europe/Kiev", "Europe/Kyiv"),
        ("US/Eastern", "America/New_York"),
        ("Asia/Saigon", "Asia/Ho_Chi_Minh"),
        ("America/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("America/Montreal", "America/Toronto"),
        ("UTC", "Etc/UTC"),
        ("America/New_York", "America/New_York"),
        ("Europe/Amsterdam", "Europe/Amsterdam"),
        ("Europe/Oslo", "Europe/Oslo"),
        ("America/Indiana/Knox", "America/Indiana/Knox"),
    ],
)
def test_an_old_name_becomes_the_one_in_use_and_a_place_keeps_its_own(name: str, today: str) -> None:
    assert canonical(name) == today


@pytest.mark.parametrize(
    "name",
    ["", "Mars/Olympus", "america/new_york", "../../etc/passwd", "Factory", "localtime", "EST\x00", "+02:00"],
)
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(UnknownZone) as refusal:
        canonical(name)
    assert refusal.value.name == name


def test_every_name_python_knows_has_a_name_in_use_with_the_same_clock() -> None:
    noons = [datetime(2026, month, 1, 12, tzinfo=UTC) for month in range(1, 13)]
    for name in available_timezones() - {"Factory", "localtime"}:
        today = canonical(name)
        assert canonical(today) == today
        for noon in noons:
            assert noon.astimezone(ZoneInfo(name)).utcoffset() == noon.astimezone(ZoneInfo(today)).utcoffset()


def test_the_choices_are_places_in_order_without_old_names() -> None:
    choices = zone_choices()

    assert choices == sorted(set(choices))
    assert {"America/New_York", "Europe/Amsterdam", "Asia/Kolkata", "Etc/UTC"} <= set(choices)
    assert not {"US/Eastern", "Asia/Calcutta", "EST5EDT", "Factory"} & set(choices)
    assert all(canonical(choice) == choice for choice in choices)
