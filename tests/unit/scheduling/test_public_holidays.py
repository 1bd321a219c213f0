"""Public holidays by region."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from consult.scheduling.public_holidays import UnknownRegion, holiday_name, holidays_of, region_choices


@pytest.mark.parametrize(
    ("region", "day", "name"),
    [
        ("US", date(2026, 11, 26), "Thanksgiving Day"),
        ("US", date(2026, 7, 3), "Independence Day (observed)"),
        ("US", date(2021, 12, 31), "New Year's Day (observed)"),
        ("US", date(2026, 2, 12), None),
        ("US-NY", date(2026, 2, 12), "Lincoln's Birthday"),
        ("US-NY", date(2026, 11, 26), "Thanksgiving Day"),
        ("DE", date(2026, 1, 6), None),
        ("DE-BY", date(2026, 1, 6), "Epiphany"),
        ("DE-BY", date(2026, 6, 2), None),
        (None, date(2026, 12, 25), None),
    ],
)
def test_a_region_has_its_countrys_holidays_and_its_own(
    region: str | None, day: date, name: str | None
) -> None:
    assert holiday_name(region, day) == name


@pytest.mark.parametrize("region", ["", "XX", "us", "US-", "US-XX", "US-ny", "United States", "-NY"])
def test_a_region_the_library_does_not_know_is_refused(region: str) -> None:
    with pytest.raises(UnknownRegion) as refusal:
        holidays_of(region, 2026)
    assert refusal.value.region == region


def test_a_year_has_its_own_days_and_cannot_be_changed() -> None:
    year = holidays_of("US", 2027)

    assert {day.year for day in year} == {2027}
    with pytest.raises(TypeError):
        year[date(2027, 6, 1)] = "Mine"  # type: ignore[index]


def test_threads_that_ask_at_once_all_get_the_whole_year() -> None:
    expected = dict(holidays_of("FR", 2031))

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: dict(holidays_of("FR", 2031 + number % 2)), range(32)))

    assert found[::2] == [expected] * 16


def test_every_choice_is_a_region() -> None:
    choices = region_choices()

    assert list(choices) == sorted(choices)
    assert {"US", "US-NY", "DE-BY", "GB-SCT"} <= set(choices)
    for region in ("US-PR", *choices[::25]):
        holidays_of(region, 2026)
