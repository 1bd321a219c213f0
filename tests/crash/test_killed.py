"""The process is killed (SIGKILL) at every point between two steps of taking money and of giving it back.

Stripe goes on without it. When the application is back, a pass or two of the worker leave nothing that is
not explained: the visit is booked and paid for once, or the hour is free again and no money is kept.
"""

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from consult.booking import checkout
from consult.booking.changes import commands as changes
from consult.booking.changes.taking_back import Actor
from consult.booking.models import Booking
from consult.core.clock import FixedClock
from consult.core.tokens import new_token
from consult.db.sealing import new_key
from consult.deps import counter
from consult.notifications.models import OutboxMessage
from consult.payments.ledger import net
from consult.payments.models import LedgerEntry, Payment
from consult.receipts.models import Receipt
from consult.scheduling.models import Appointment
from consult.scheduling.queries import find_slots
from tests.bench.databases import Database
from tests.bench.practice import Site, copy_bookings
from tests.crash.mortal import Mortals, Told, mortals
from tests.service.booking.conftest import Desk
from tests.stripe_double import Double
from tests.stripe_double import checkout as at_stripe
from tests.stripe_double.cards import Card
from tests.stripe_double.server import API_KEY, SECRET
from tests.walks.books import Books

MINUTE = timedelta(minutes=1)
PRICE = 12_000
_MOST_POINTS = 30
_LATER = datetime(2026, 6, 20, tzinfo=UTC)


class Practice:
    """Bookings that need nothing but an hour and their payment, as many as one likes, and mortals to serve
    them.
    """

    def __init__(self, app: Flask, double: Double, clock: FixedClock, servant: Mortals, site: Site) -> None:
        self.double, self.clock, self.servant, self.site = double, clock, servant, site
        self.desk = Desk(counter())
        self.books = Books(self.desk.session, double.account)
        self._template = self.desk.come_to_pay().id
        booking = self.desk.fresh(self._template)
        slots = find_slots(
            self.desk.session, booking.session_type_id, date(2026, 6, 10), 40, clock(), "Etc/UTC"
        )
        self._starts = iter([slot.start_at for slot in slots][::2])
        self._spare: list[uuid.UUID] = []

    def held(self) -> uuid.UUID:
        """A booking that has everything but its payment."""
        if not self._spare:
            # Unfinished bookings are purged after a day; these are to outlive the test.
            copies = copy_bookings(self.site, self._template, 30, started_at=_LATER, first_held_at=None)
            self._spare = [copy.booking_id for copy in copies]
            self.desk.session.rollback()
        booking_id = self._spare.pop()
        self.desk.hold(self.desk.fresh(booking_id), next(self._starts))
        return booking_id

    def at_the_pay_page(self) -> uuid.UUID:
        booking_id = self.held()
        checkout.open_checkout(self.desk.counter, booking_id)
        return booking_id

    def paid_at_stripe(self) -> uuid.UUID:
        """Nobody here knows of it yet."""
        booking_id = self.at_the_pay_page()
        self.pay(booking_id)
        return booking_id

    def booked(self) -> uuid.UUID:
        booking_id = self.paid_at_stripe()
        checkout.settle(self.desk.counter, self.payment(booking_id).id)
        return booking_id

    def cancelled(self) -> uuid.UUID:
        """Its refund is asked for and not sent."""
        booking_id = self.booked()
        with self.desk.counter.transaction():
            booking = self.desk.fresh(booking_id)
            changes.cancel(self.desk.session, booking, self.clock(), self.desk.ports, by=Actor.PATIENT)
        self.books.owed_back[booking_id] = PRICE
        return booking_id

    def pay(self, booking_id: uuid.UUID) -> None:
        with self.double.account.lock:
            at_stripe.pay(self.double.account, self.payment(booking_id).checkout_id or "", Card.PAYS)

    def payment(self, booking_id: uuid.UUID) -> Payment:
        self.desk.session.rollback()
        newest = select(Payment).where(Payment.booking_id == booking_id).order_by(Payment.created_at.desc())
        payment = self.desk.session.scalars(newest.limit(1)).one()
        self.desk.session.refresh(payment)
        return payment

    def pass_worker(self, after: timedelta) -> None:
        """The application is back, in a process of its own."""
        self.clock.advance(after)
        assert not self.servant.order("work", self.clock()).killed

    def expect(
        self, outcome: dict[str, Any], killed: dict[str, uuid.UUID], subtests: pytest.Subtests
    ) -> None:
        """Each of these; and in the end, of everything that is in the books."""
        for point, booking_id in killed.items():
            with subtests.test(point):
                assert self.outcome(booking_id) == outcome
        self.pass_worker(45 * MINUTE)
        self.books.check_settled(self.clock())

    def outcome(self, booking_id: uuid.UUID) -> dict[str, Any]:
        """What became of it: the state of its payments and hours, the money kept, the mails written."""
        session = self.desk.session
        session.rollback()
        booking = session.get_one(Booking, booking_id, populate_existing=True)
        find = session.scalars
        mails = select(OutboxMessage.kind).where(OutboxMessage.booking_id == booking_id)
        return {
            "paid": [*find(select(Payment.state).where(Payment.booking_id == booking_id))].count("paid"),
            "hours": sorted(find(select(Appointment.status).where(Appointment.booking_id == booking_id))),
            "kept": net(session, booking_id, booking.currency).minor,
            "entries": session.scalar(
                select(func.count())
                .select_from(LedgerEntry)
                .join(Payment)
                .where(Payment.booking_id == booking_id)
            ),
            "documents": session.scalar(select(func.count()).where(Receipt.booking_id == booking_id)),
            "confirmations": sum(kind == "confirmation" for kind in find(mails)),
        }


BOOKED = {"paid": 1, "hours": ["booked"], "kept": PRICE, "entries": 1, "documents": 1, "confirmations": 1}
FREE_AGAIN = {"paid": 0, "hours": ["expired"], "kept": 0, "entries": 0, "documents": 0, "confirmations": 0}
# Cancelled so soon that the mail which confirmed it had not left, and never will.
GIVEN_BACK = {"paid": 1, "hours": ["cancelled"], "kept": 0, "entries": 2, "documents": 2, "confirmations": 0}


@pytest.fixture(scope="module")
def servants() -> Iterator[Mortals]:
    with mortals() as servants:
        yield servants


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def practice(
    request: pytest.FixtureRequest,
    make_app: Callable[..., Flask],
    double: Double,
    clock: FixedClock,
    servants: Mortals,
    tmp_path: Path,
) -> Iterator[Practice]:
    server = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    environ = {
        "CONSULT_DATA": str(tmp_path / "data"),
        "PUBLIC_URL": "http://localhost",
        "SECRET_KEY": new_token(),
        "ENCRYPTION_KEYS": new_key(),
        "STRIPE_SECRET_KEY": API_KEY,
        "STRIPE_WEBHOOK_SECRETS": SECRET,
        "STRIPE_API_BASE": double.url,
        "DATABASE_URL": Database(request.param, server).new_url(),
    }
    app = make_app(**environ)
    servants.become(environ, clock())
    with app.app_context():
        yield Practice(app, double, clock, servants, Site(app, tmp_path, environ))


Run = Callable[[uuid.UUID, int | None], Told]


def killed_everywhere(practice: Practice, make: Callable[[], uuid.UUID], run: Run) -> dict[str, uuid.UUID]:
    """By each boundary that `run` meets, a booking from `make` whose process was killed there."""
    killed: dict[str, uuid.UUID] = {}
    while len(killed) < _MOST_POINTS:
        booking_id = make()
        told = run(booking_id, len(killed))
        if not told.killed:
            assert len(killed) > 1, "there was nothing to die at"
            return killed
        killed[f"{len(killed)}: {told.met[-1]}"] = booking_id
    raise AssertionError("it never comes to an end")


def killed_around_calls(practice: Practice, make: Callable[[], uuid.UUID]) -> Iterator[tuple[str, uuid.UUID]]:
    """The same for a worker's pass that has this one booking to see to: killed not everywhere, which would
    take long, but at each call to Stripe and from the transaction before it to the one after.
    """
    met = _working(practice)(make(), None).met
    calls = [number for number, name in enumerate(met) if "commit" not in name]
    assert calls
    for number in range(max(calls[0] - 2, 0), calls[-1] + 3):
        practice.pass_worker(5 * MINUTE)
        booking_id = make()
        told = _working(practice)(booking_id, number)
        assert told.killed
        yield f"{number}: {told.met[-1]}", booking_id


def test_killed_while_the_pay_page_is_opened_the_patient_presses_again_and_pays_once(
    practice: Practice, subtests: pytest.Subtests
) -> None:
    killed = killed_everywhere(practice, practice.held, _opening(practice))
    practice.clock.advance(MINUTE)
    for booking_id in killed.values():
        checkout.open_checkout(practice.desk.counter, booking_id)
        practice.pay(booking_id)
    practice.pass_worker(MINUTE)
    practice.expect(BOOKED, killed, subtests)


def test_killed_while_the_pay_page_is_opened_the_hour_is_free_again_when_nobody_comes_back(
    practice: Practice, subtests: pytest.Subtests
) -> None:
    killed = killed_everywhere(practice, practice.held, _opening(practice))
    practice.pass_worker(2 * MINUTE)
    practice.pass_worker(45 * MINUTE)
    practice.expect(FREE_AGAIN, killed, subtests)
    assert practice.double.account.of_kind("checkout.session", status="open") == []


def test_killed_on_the_way_back_from_paying_the_visit_is_booked_once(
    practice: Practice, subtests: pytest.Subtests
) -> None:
    def come_back(booking_id: uuid.UUID, point: int | None) -> Told:
        payment = practice.payment(booking_id).id
        return practice.servant.order("come_back", practice.clock(), die_at=point, payment=payment.hex)

    killed = killed_everywhere(practice, practice.paid_at_stripe, come_back)
    practice.pass_worker(5 * MINUTE)
    practice.expect(BOOKED, killed, subtests)


def test_killed_over_a_webhook_it_is_sent_again_and_the_visit_is_booked_once(
    practice: Practice, subtests: pytest.Subtests
) -> None:
    killed = killed_everywhere(practice, practice.paid_at_stripe, _receiving(practice))
    practice.clock.advance(MINUTE)
    for booking_id in killed.values():
        assert not _receiving(practice)(booking_id, None).killed
    practice.expect(BOOKED, killed, subtests)


def test_killed_in_the_workers_pass_that_finds_a_payment_the_next_one_books_the_visit_once(
    practice: Practice, subtests: pytest.Subtests
) -> None:
    killed = dict(killed_around_calls(practice, practice.paid_at_stripe))
    practice.pass_worker(5 * MINUTE)
    practice.expect(BOOKED, killed, subtests)


def test_killed_while_a_visit_is_cancelled_all_of_it_happened_or_nothing(practice: Practice) -> None:
    def cancel(booking_id: uuid.UUID, point: int | None) -> Told:
        return practice.servant.order("cancel", practice.clock(), die_at=point, booking=booking_id.hex)

    killed = killed_everywhere(practice, practice.booked, cancel)
    practice.pass_worker(5 * MINUTE)
    outcomes = [practice.outcome(booking_id) for booking_id in killed.values()]
    assert [name.partition(" ")[2] for name in killed] == ["before commit", "after commit"]
    assert outcomes == [BOOKED, GIVEN_BACK]


def test_killed_while_a_refund_is_sent_it_is_sent_once(practice: Practice, subtests: pytest.Subtests) -> None:
    killed = dict(killed_around_calls(practice, practice.cancelled))
    practice.pass_worker(5 * MINUTE)
    practice.expect(GIVEN_BACK, killed, subtests)
    for booking_id in killed.values():
        intent = practice.payment(booking_id).gateway_payment_id
        assert len(practice.double.account.of_kind("refund", payment_intent=intent)) == 1


def _opening(practice: Practice) -> Run:
    return lambda booking_id, point: practice.servant.order(
        "open", practice.clock(), die_at=point, booking=booking_id.hex
    )


def _working(practice: Practice) -> Run:
    return lambda _booking_id, point: practice.servant.order("work", practice.clock(), die_at=point)


def _receiving(practice: Practice) -> Run:
    """The event of that booking's payment."""

    def receive(booking_id: uuid.UUID, point: int | None) -> Told:
        checkout_id = practice.payment(booking_id).checkout_id
        [event] = [
            event
            for event in practice.double.hooks.events("checkout.session.completed")
            if event["data"]["object"]["id"] == checkout_id
        ]
        told: list[Told] = []

        def send(body: bytes, headers: dict[str, str]) -> int:
            told.append(practice.servant.deliver(body, headers, practice.clock(), point))
            return 0

        practice.double.hooks.send = send
        practice.double.hooks.deliver(event)
        return told[0]

    return receive
