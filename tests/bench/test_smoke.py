"""The measuring still runs against the application as it is; what it measures here says nothing."""

from tests.bench.__main__ import QUICK, run
from tests.bench.report import Report


def test_every_line_is_measured_and_the_floor_answers_as_the_application_does() -> None:
    lines: list[str] = []

    report = Report(show=lines.append)
    run(QUICK, report)

    shown = "\n".join(lines)
    for part in ("Free times", "at one moment", "Bookings", "Pages", "Calendar feed", "Clinical rules"):
        assert part in shown
    races = [target.met for label, target in report.targets if "one winner" in target.name]
    assert races == [True, True]
