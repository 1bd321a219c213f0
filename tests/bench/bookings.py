"""Line 5: how many bookings a second.

A booking is what stores it: the request that holds the time (POST /book/time), and the one that turns the
hold into an appointment once it is paid (GET /book/paid), which writes the calendar entry and two outbox
rows. The two requests between them belong to the payment and are shown beside. All else is prepared.
"""

import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, func, select

from consult.notifications.models import OutboxMessage
from consult.scheduling.lifecycle import Status
from consult.scheduling.models import Appointment

from .databases import Database
from .free_times import floor_environ
from .load import ask_all, get, post
from .practice import (
    Site,
    Visitor,
    add_appointments,
    add_visitor,
    copy_bookings,
    next_monday,
    offer_lengths,
    open_all_day,
    open_site,
)
from .races import choosing
from .report import (
    CLIENTS,
    Plan,
    Rates,
    Report,
    Rounds,
    Taken,
    Target,
    UnexpectedAnswer,
    again_and_again,
    require,
    take,
)
from .serving import Server, served

_MINUTES = 15
_HORIZON_DAYS = 200
_FOR_BARE = {"sqlite": 0.10, "postgresql": 0.07}


def measure(report: Report, plan: Plan, database: Database, bare: Server) -> None:
    report.heading(f"Bookings, {plan.appointments:,} appointments, {database.name}")
    with tempfile.TemporaryDirectory(prefix="consult-bench-") as folder, ExitStack() as stack:
        site = stack.enter_context(open_site(Path(folder), database.new_url()))
        desk = _Desk(site, plan)
        floor = stack.enter_context(
            served("tests.bench.floor:app", site.folder, floor_environ(site), "/ready")
        )
        ours = stack.enter_context(served("wsgi:app", site.folder, site.environ, "/readyz"))
        rates = _rounds(plan, database, desk, (bare, ours, floor))
    _show(report, rates, _FOR_BARE[database.name])


class _Desk:
    """A practice open around the clock, and visitors who have only their time to choose, each another one."""

    def __init__(self, site: Site, plan: Plan) -> None:
        self.site = site
        [session_type_id] = offer_lengths(site, [_MINUTES], _MINUTES)
        open_all_day(site, _HORIZON_DAYS)
        add_appointments(site, plan.appointments, [])
        self._template = add_visitor(site, session_type_id, ready_to_pay=True)
        self._next_start = datetime.combine(next_monday(datetime.now(UTC).date()), time(0), UTC)

    def choosers(self, count: int) -> tuple[list[Visitor], list[bytes]]:
        """Visitors and what each asks for."""
        visitors = copy_bookings(self.site, self._template, count)
        requests = []
        for visitor in visitors:
            requests.append(choosing(visitor, self._next_start))
            self._next_start += timedelta(minutes=_MINUTES)
        return visitors, requests

    def count(self, table: type[Appointment] | type[OutboxMessage], *where: ColumnElement[bool]) -> int:
        with self.site.engine.connect() as connection:
            return connection.execute(select(func.count()).select_from(table).where(*where)).scalar_one()


def _rounds(plan: Plan, database: Database, desk: _Desk, servers: tuple[Server, Server, Server]) -> Rates:
    bare, ours, floor = servers
    rounds = Rounds()
    for _ in range(plan.windows):
        rounds.add("bare", take(bare, database, again_and_again([get("/")], plan)))
        rounds.add("hold", _all(ours, database, desk.choosers(plan.holds)[1], "/book/check"))
        rounds.add("floor", _all(floor, database, desk.choosers(plan.holds)[1], "/book/check"))
        alone = desk.choosers(plan.holds // 4)[1]
        rounds.add("alone", _all(ours, database, alone, "/book/check", clients=1))
        _book(rounds, database, desk, ours, plan.bookings)
    held = desk.count(Appointment, Appointment.status == Status.HELD)
    if held != plan.windows * (2 * plan.holds + plan.holds // 4):
        raise UnexpectedAnswer(f"{held} holds are stored, which is not all of them")
    return rounds.rates()


def _book(rounds: Rounds, database: Database, desk: _Desk, server: Server, count: int) -> None:
    """Each step for everybody before the next."""
    visitors, holds = desk.choosers(count)
    before = desk.count(OutboxMessage)
    held = _all(server, database, holds, "/book/check")
    checkouts = _all(server, database, [_answer("/book/pay", visitor) for visitor in visitors], "/demo-pay/")
    pages = [urlsplit(answer.header("Location")).path for answer in checkouts.window.answers]
    paying = [_answer(page, visitors[0], ("answer", "pay")) for page in pages]
    paid = _all(server, database, paying, "/book/paid")
    coming_back = [get("/book/paid", cookie=visitor.cookie, headers=visitor.headers) for visitor in visitors]
    confirmed = _all(server, database, coming_back, "/b/")
    if desk.count(OutboxMessage) - before < 2 * count:
        raise UnexpectedAnswer("not every booking wrote to the outbox")
    rounds.add("confirm", confirmed)
    rounds.add("booking", held, confirmed)
    rounds.add("all", held, checkouts, paid, confirmed)


def _all(
    server: Server, database: Database, requests: list[bytes], onward: str, *, clients: int = CLIENTS
) -> Taken:
    """Each request once, every one of them to be sent on to there."""
    taken = take(server, database, lambda port: ask_all(port, requests, clients=clients))
    require(taken.window, 303, onward)
    for answer in taken.window.answers:
        if not urlsplit(answer.header("Location")).path.startswith(onward):
            raise UnexpectedAnswer(f"led to {answer.header('Location')}, not to {onward}")
    return taken


def _answer(path: str, visitor: Visitor, *pairs: tuple[str, str]) -> bytes:
    return post(
        path, [("csrf_token", visitor.csrf_token), *pairs], cookie=visitor.cookie, headers=visitor.headers
    )


def _show(report: Report, rates: Rates, target: float) -> None:
    bare, floor = f"bare {rates.rate('bare')}", f"floor {rates.rate('floor')}"
    report.line(
        "hold (POST /book/time), 16 clients",
        f"{rates.rate('hold')}   {bare}, {floor}   {rates.against('hold', 'bare')},"
        f" {rates.against('hold', 'floor')}",
    )
    for label, name in (
        ("hold, 1 client", "alone"),
        ("confirm (GET /book/paid), 16 clients", "confirm"),
        ("hold, checkout, pay, confirm", "all"),
    ):
        report.line(label, f"{rates.rate(name)}   {bare}   {rates.against(name, 'bare')}")
    report.line(
        "booking (hold and confirm)",
        f"{rates.rate('booking')}   {bare}   {rates.against('booking', 'bare')}",
        Target("÷ bare", rates.ratio("booking", "bare"), target),
    )
