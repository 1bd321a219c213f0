"""Nine to five, around every kind of change of clocks."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from consult.core.timespan import TimeSpan
from consult.scheduling.availability import Hours, WeeklyHours

TABLE = """
# zone                day         09:00 in UTC   17:00 in UTC; -1 and +1 are the day before and after
# United States: forward on the second Sunday of March, back on the first of November
America/New_York      2026-03-07  14:00          22:00
America/New_York      2026-03-08  13:00          21:00
America/New_York      2026-10-31  13:00          21:00
America/New_York      2026-11-01  14:00          22:00
America/Chicago       2026-03-07  15:00          23:00
America/Chicago       2026-03-08  14:00          22:00
America/Los_Angeles   2026-03-07  17:00          01:00+1
America/Los_Angeles   2026-03-08  16:00          00:00+1
America/St_Johns      2026-03-07  12:30          20:30
America/St_Johns      2026-03-08  11:30          19:30
# Europe: last Sundays of March and October, everywhere at 01:00 UTC
Europe/Berlin         2026-03-28  08:00          16:00
Europe/Berlin         2026-03-29  07:00          15:00
Europe/Berlin         2026-10-24  07:00          15:00
Europe/Berlin         2026-10-25  08:00          16:00
Europe/London         2026-03-28  09:00          17:00
Europe/London         2026-03-29  08:00          16:00
Europe/London         2026-10-25  09:00          17:00
# south of the equator summer time is the other half of the year
Australia/Sydney      2026-04-04  22:00-1        06:00
Australia/Sydney      2026-04-05  23:00-1        07:00
Australia/Sydney      2026-10-03  23:00-1        07:00
Australia/Sydney      2026-10-04  22:00-1        06:00
America/Santiago      2026-04-04  12:00          20:00
America/Santiago      2026-04-05  13:00          21:00
America/Santiago      2026-09-05  13:00          21:00
America/Santiago      2026-09-06  12:00          20:00
# half hours, and one place where summer time is half an hour
Asia/Kolkata          2026-03-29  03:30          11:30
Asia/Kolkata          2026-10-25  03:30          11:30
Asia/Kathmandu        2026-06-01  03:15          11:15
Australia/Adelaide    2026-04-04  22:30-1        06:30
Australia/Adelaide    2026-04-05  23:30-1        07:30
Australia/Adelaide    2026-10-04  22:30-1        06:30
Australia/Lord_Howe   2026-04-04  22:00-1        06:00
Australia/Lord_Howe   2026-04-05  22:30-1        06:30
Australia/Lord_Howe   2026-10-03  22:30-1        06:30
Australia/Lord_Howe   2026-10-04  22:00-1        06:00
# no summer time
America/Phoenix       2026-03-08  16:00          00:00+1
America/Phoenix       2026-11-01  16:00          00:00+1
Asia/Tokyo            2026-03-29  00:00          08:00
Asia/Tokyo            2026-10-25  00:00          08:00
# winter time in Ramadan
Africa/Casablanca     2026-02-14  08:00          16:00
Africa/Casablanca     2026-02-15  09:00          17:00
Africa/Casablanca     2026-03-22  08:00          16:00
# changed by law: Samoa left out a day, the others stayed in summer time, gave it up or moved for good
Pacific/Apia          2011-12-29  19:00          03:00+1
Pacific/Apia          2011-12-30  never          never
Pacific/Apia          2011-12-31  19:00-1        03:00
Europe/Istanbul       2015-11-08  07:00          15:00
Europe/Istanbul       2016-03-26  07:00          15:00
Europe/Istanbul       2016-03-27  06:00          14:00
Europe/Istanbul       2016-10-30  06:00          14:00
Europe/Volgograd      2020-12-26  05:00          13:00
Europe/Volgograd      2020-12-27  06:00          14:00
America/Mexico_City   2022-10-29  14:00          22:00
America/Mexico_City   2022-10-30  15:00          23:00
America/Mexico_City   2023-04-02  15:00          23:00
Asia/Amman            2021-10-29  07:00          15:00
Asia/Amman            2022-10-27  06:00          14:00
Asia/Amman            2022-10-28  06:00          14:00
Asia/Damascus         2021-10-29  07:00          15:00
Asia/Damascus         2022-10-28  06:00          14:00
"""

ROWS = [tuple(line.split()) for line in TABLE.strip().splitlines() if not line.startswith("#")]


def nine_to_five(zone: str) -> Hours:
    weekly = [WeeklyHours(weekday, time(9), time(17)) for weekday in range(7)]
    return Hours(ZoneInfo(zone), weekly)


def instant(day: date, text: str) -> datetime:
    shift = int(text[5:] or 0)
    return datetime.combine(day + timedelta(days=shift), time.fromisoformat(text[:5]), UTC)


@pytest.mark.parametrize(("zone", "day", "start", "end"), ROWS)
def test_hours_are_those_of_the_clock_on_the_wall(zone: str, day: str, start: str, end: str) -> None:
    on = date.fromisoformat(day)

    expected = [] if start == "never" else [TimeSpan(instant(on, start), instant(on, end))]

    assert nine_to_five(zone).open_on(on) == expected


@pytest.mark.parametrize("zone", sorted({zone for zone, *_ in ROWS}))
def test_the_clock_shows_nine_and_five_on_every_day_of_the_year(zone: str) -> None:
    hours = nine_to_five(zone)
    for number in range(365):
        day = date(2026, 1, 1) + timedelta(days=number)
        [span] = hours.open_on(day)
        walls = [at.astimezone(hours.zone) for at in (span.start_at, span.end_at)]
        assert [(wall.date(), wall.hour, wall.minute) for wall in walls] == [(day, 9, 0), (day, 17, 0)]
