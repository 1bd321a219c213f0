"""Line 6: the therapist's calendar feed, cold and unchanged."""

import tempfile
import uuid
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert, select

from consult.calendaring import feed
from consult.calendaring.event import EventFacts, vevent
from consult.calendaring.event import Status as EventStatus
from consult.calendaring.models import CalendarObject
from consult.calendaring.subscriptions import new_subscription
from consult.core.timespan import TimeSpan
from consult.deps import deps
from consult.practice.models import Therapist
from consult.scheduling.lifecycle import Status
from consult.scheduling.models import Appointment, Schedule

from .databases import Database
from .free_times import floor_environ
from .load import ask, get
from .practice import Site, first_session_type, open_site
from .report import Plan, Probe, Report, Target, UnexpectedAnswer, compare
from .serving import Server, served

_MINUTES = 30
_AT_ONCE = 2_000


def measure(report: Report, plan: Plan, database: Database, bare: Server) -> None:
    report.heading(f"Calendar feed of {plan.events:,} events, 16 clients, {database.name}")
    with tempfile.TemporaryDirectory(prefix="consult-bench-") as folder, ExitStack() as stack:
        site = stack.enter_context(open_site(Path(folder), database.new_url()))
        token = _fill(site, plan.events)
        ours = stack.enter_context(served("wsgi:app", site.folder, site.environ, "/readyz"))
        first = ask(ours.port, get(f"/cal/{token}.ics"))
        shown = feed.window(datetime.now(UTC))
        environ = floor_environ(site) | {
            "FLOOR_FEED_HEAD": first.body.partition(b"BEGIN:VEVENT")[0].decode(),
            "FLOOR_FEED_FROM": shown.start_at.isoformat(),
            "FLOOR_FEED_UNTIL": shown.end_at.isoformat(),
        }
        floor = stack.enter_context(served("tests.bench.floor:app", site.folder, environ, "/ready"))
        if (
            ask(floor.port, get("/feed.ics")).body != first.body
            or first.body.count(b"BEGIN:VEVENT") != plan.events
        ):
            raise UnexpectedAnswer("the feed is not what the floor joins")
        unchanged = get(f"/cal/{token}.ics", headers=[f"If-None-Match: {first.header('ETag')}"])
        rates = compare(
            plan,
            database,
            {
                "bare": Probe(bare, [get("/")]),
                "cold": Probe(ours, [get(f"/cal/{token}.ics")]),
                "floor": Probe(floor, [get("/feed.ics")]),
                "unchanged": Probe(ours, [unchanged], 304),
            },
        )
    report.line(
        f"cold, {len(first.body) / 1e6:.1f} MB",
        f"{rates.rate('cold')}   floor {rates.rate('floor')}   {rates.against('cold', 'floor')}",
        Target("÷ floor", rates.ratio("cold", "floor"), 0.7),
    )
    report.line(
        "unchanged (304)",
        f"{rates.rate('unchanged')}   bare {rates.rate('bare')}   {rates.against('unchanged', 'bare')}",
        Target("÷ bare", rates.ratio("unchanged", "bare"), 0.5),
    )


def _fill(site: Site, count: int) -> str:
    """Appointments without a gap from the feed's first day, with their stored events; the feed's token."""
    with site.app.app_context():
        d = deps()
        now = d.now().replace(microsecond=0)
        with d.transaction():
            therapist_id = d.session.scalars(select(Therapist.id)).one()
            schedule_id = d.session.scalars(select(Schedule.id)).one()
            token = new_subscription(d.session, therapist_id, now)
    type_id, first_at = first_session_type(site), feed.window(now).start_at
    pattern = vevent(_facts("UID-OF-THIS-EVENT@localhost", first_at, now))
    for first in range(0, count, _AT_ONCE):
        appointments, events = [], []
        for number in range(first, min(count, first + _AT_ONCE)):
            start_at = first_at + number * timedelta(minutes=_MINUTES)
            span = {"start_at": start_at, "end_at": start_at + timedelta(minutes=_MINUTES)}
            appointment_id, uid = uuid.uuid4(), f"{uuid.uuid4()}@localhost"
            appointments.append(
                span
                | {
                    "id": appointment_id,
                    "schedule_id": schedule_id,
                    "session_type_id": type_id,
                    "status": Status.BOOKED,
                    "busy_from": span["start_at"],
                    "busy_until": span["end_at"],
                    "created_at": now,
                    "updated_at": now,
                }
            )
            events.append(
                span
                | {
                    "id": uuid.uuid4(),
                    "appointment_id": appointment_id,
                    "therapist_id": therapist_id,
                    "uid": uid,
                    "sequence": 0,
                    "status": EventStatus.CONFIRMED,
                    "created_at": now,
                    "revised_at": now,
                    "vevent_therapist": pattern.replace(b"UID-OF-THIS-EVENT@localhost", uid.encode()),
                    "patient_texts_sealed": b"",
                }
            )
        with site.writing() as connection:
            connection.execute(insert(Appointment), appointments)
            connection.execute(insert(CalendarObject), events)
    return token


def _facts(uid: str, start_at: datetime, now: datetime) -> EventFacts:
    url = "http://127.0.0.1/therapist/bookings/00000000-0000-4000-8000-000000000000"
    return EventFacts(
        uid=uid,
        sequence=0,
        revised_at=now,
        created_at=now,
        span=TimeSpan(start_at, start_at + timedelta(minutes=_MINUTES)),
        summary="Online appointment – R. M.",
        description=f"Open: {url}",
        url=url,
        location=url,
        status=EventStatus.CONFIRMED,
    )
