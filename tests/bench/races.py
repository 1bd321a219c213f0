"""Line 1: two hundred patients at one moment, over HTTP."""

import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import count
from pathlib import Path
from uuid import UUID

from sqlalchemy import func, select

from consult.scheduling.lifecycle import Status
from consult.scheduling.models import Appointment

from .databases import Database
from .load import Window, ask_all, post
from .practice import Site, Visitor, add_visitor, copy_bookings, next_monday, offer_lengths, open_site
from .report import Plan, Report, Target
from .serving import Server, served

LENGTHS = (30, 45, 60)
STEP = 15
_IN_THE_MORNING = time(15)
"""Ten or eleven in New York."""
_ONE_SECOND = 1.0
_TAKEN = b"is no longer free"


@dataclass(frozen=True)
class Race:
    """How one ended. `stored` are the times given away according to the database."""

    accepted: int
    taken: int
    failed: int
    stored: int
    slowest: float


def measure(report: Report, plan: Plan, database: Database) -> None:
    report.heading(
        f"{plan.racers} bookings at one moment (POST /book/time), {plan.races} races, {database.name}"
    )
    with tempfile.TemporaryDirectory(prefix="consult-bench-") as folder, ExitStack() as stack:
        site = stack.enter_context(open_site(Path(folder), database.new_url()))
        types = offer_lengths(site, LENGTHS, STEP)
        server = stack.enter_context(served("wsgi:app", site.folder, site.environ, "/readyz"))
        days = count()
        for label, racing in (("one slot", types[:1]), ("overlapping, 30, 45, 60 min", types)):
            # Not counted: a worker that has just been started reads its templates first.
            run_race(site, server, racing, plan.racers, next(days))
            races = [run_race(site, server, racing, plan.racers, next(days)) for _ in range(plan.races)]
            _show(report, label, races)


def run_race(site: Site, server: Server, session_type_ids: list[UUID], racers: int, number: int) -> Race:
    """Everybody wants a session running at one moment of the `number`th working day from next Monday."""
    weeks, weekday = divmod(number, 5)
    day = next_monday(datetime.now(UTC).date()) + timedelta(weeks=weeks, days=weekday)
    moment = datetime.combine(day, _IN_THE_MORNING, UTC)
    requests, share = [], racers // len(session_type_ids)
    for session_type_id, length in zip(session_type_ids, LENGTHS, strict=False):
        template = add_visitor(site, session_type_id)
        starts = [moment - timedelta(minutes=back) for back in range(0, length, STEP)]
        if len(session_type_ids) == 1:
            starts = starts[:1]
        visitors = copy_bookings(site, template, share)
        requests += [choosing(visitor, starts[place % len(starts)]) for place, visitor in enumerate(visitors)]
    window = ask_all(server.port, requests[::2] + requests[1::2], clients=len(requests))
    return _judged(window, _stored(site, moment))


def choosing(visitor: Visitor, start_at: datetime) -> bytes:
    """The request of somebody who chooses this time."""
    pairs = [("csrf_token", visitor.csrf_token), ("start", start_at.isoformat())]
    return post("/book/time", pairs, cookie=visitor.cookie, headers=visitor.headers)


def _stored(site: Site, moment: datetime) -> int:
    query = select(func.count()).where(
        Appointment.status == Status.HELD, Appointment.busy_from <= moment, Appointment.busy_until > moment
    )
    with site.engine.connect() as connection:
        return connection.execute(query).scalar_one()


def _judged(window: Window, stored: int) -> Race:
    accepted = sum(answer.status == 303 for answer in window.answers)
    taken = sum(answer.status == 409 and _TAKEN in answer.body for answer in window.answers)
    failed = len(window.answers) - accepted - taken
    return Race(accepted, taken, failed, stored, window.slowest())


def _show(report: Report, label: str, races: list[Race]) -> None:
    slowest = max(race.slowest for race in races)
    report.line(
        label,
        f"accepted {_range(race.accepted for race in races)}, stored {_range(race.stored for race in races)},"
        f' told "taken" {_range(race.taken for race in races)}, anything else'
        f" {sum(race.failed for race in races)}, slowest {slowest:.2f} s;"
        f" of each race {' '.join(f'{race.slowest:.2f}' for race in races)}",
        Target(
            "races with exactly one winner",
            sum(race.stored == race.accepted == 1 for race in races),
            len(races),
        ),
        Target("answers that were neither", sum(race.failed for race in races), 0, least=False),
        Target("slowest answer in seconds", slowest, _ONE_SECOND, least=False),
    )


def _range(counts: Iterable[int]) -> str:
    numbers = sorted(counts)
    return str(numbers[0]) if numbers[0] == numbers[-1] else f"{numbers[0]} to {numbers[-1]}"
