"""Visits whose money is in each state there is, made at once beside the pages, to be looked at."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from flask import Flask
from sqlalchemy import select

from consult.booking import checkout, vouchers
from consult.booking.changes import commands as changes
from consult.booking.changes.taking_back import Actor
from consult.booking.free import confirm_free
from consult.booking.models import Booking
from consult.booking.pack_use import find_card
from consult.booking.tokens import read_token
from consult.booking.upkeep import Upkeep
from consult.core.money import Money
from consult.deps import counter, deps
from consult.payments.lifecycle import PaymentState
from consult.payments.models import Payment
from consult.scheduling.models import SessionType
from consult.scheduling.queries import find_slots
from consult.vouchers import packs
from consult.vouchers import service as codes
from consult.vouchers.checks import PackFacts, PromotionFacts
from tests.service.booking.conftest import Desk
from tests.stripe_double import Double
from tests.stripe_double import checkout as at_stripe
from tests.stripe_double.cards import Card

_IN_TIME = timedelta(days=5)


class Practice:
    """`pages` are the private pages made so far, by what became of their money."""

    def __init__(self, app: Flask, double: Double) -> None:
        self.app, self.double = app, double
        self.desk = Desk(counter())
        self.pages: dict[str, str] = {}
        self._starts = self._free_times()

    def fill(self) -> None:
        """Those that a bank ends later come first: days go by for all of them at once."""
        failing = self.paid("failed", Card.REFUND_FAILS_LATER)
        self.cancel(failing)
        self.work()
        self.double.settle()
        self.work()
        for name, card in (("returned", Card.PAYS), ("pending", Card.REFUND_IS_PENDING)):
            self.cancel(self.paid(name, card))
        self.work()
        self.paid("disputed", Card.DISPUTED)
        self.twice("paid-twice")
        self.packs()
        self.work()
        self.cancel(self.paid("requested", Card.PAYS))

    def paid(self, name: str, card: str = Card.PAYS) -> Booking:
        return self._pay(name, self.desk.come_to_pay(next(self._starts)), card)

    def twice(self, name: str) -> None:
        booking = self.desk.come_to_pay(next(self._starts))
        first = self._open(booking)
        with self.desk.counter.transaction():
            self.desk.session.get_one(Payment, first.id).state = PaymentState.EXPIRED
        checkout_id = first.checkout_id or ""
        self._pay(name, booking, Card.PAYS)
        with self.double.account.lock:
            at_stripe.pay(self.double.account, checkout_id, Card.PAYS)
        self.double.hooks.after_each_request()

    def packs(self) -> None:
        """One bought; a session of it booked, one returned, one used."""
        desk, session = self.desk, self.desk.session
        kind = session.scalars(select(SessionType)).first()
        assert kind is not None
        with desk.counter.transaction():
            price = Money(kind.price_minor * 3 - 30_00, kind.currency)
            pack = packs.add_pack(session, kind.id, PackFacts(4, price), desk.now)
            codes.add_code(session, PromotionFacts("SPRING20", 20, None, None, None, 10), desk.now)
        booking = desk.come_to_pay(next(self._starts))
        desk.do(vouchers.choose_pack, booking, pack.id)
        self._pay("pack-bought", booking, Card.PAYS)
        card = find_card(session, desk.fresh(booking), desk.now, desk.ports)
        assert card is not None
        self._use("pack-session", card.code)
        self.cancel(self._use("pack-session-returned", card.code))

    def cancel(self, booking: Booking) -> None:
        with self.desk.counter.transaction():
            again = self.desk.fresh(booking)
            changes.cancel(self.desk.session, again, self.desk.now, self.desk.ports, by=Actor.PATIENT)

    def work(self) -> None:
        Upkeep(self.desk.counter, deps().mailer, "bookings@example.org").run_due()

    def _use(self, name: str, code: str) -> Booking:
        booking = self.desk.come_to_pay(next(self._starts))
        self.desk.do(vouchers.apply_code, booking, code)
        confirm_free(self.desk.counter, booking.id)
        return self._keep(name, booking)

    def _open(self, booking: Booking) -> Payment:
        checkout.open_checkout(self.desk.counter, booking.id)
        payment = self.desk.standing(booking).payment
        assert payment is not None
        return payment

    def _pay(self, name: str, booking: Booking, card: str) -> Booking:
        payment = self._open(booking)
        with self.double.account.lock:
            at_stripe.pay(self.double.account, payment.checkout_id or "", card)
        self.double.hooks.after_each_request()
        self.desk.session.rollback()
        checkout.settle(self.desk.counter, payment.id)
        return self._keep(name, booking)

    def _keep(self, name: str, booking: Booking) -> Booking:
        again = self.desk.fresh(booking)
        self.pages[name] = f"/b/{read_token(again, deps().ports.sealer)}"
        return again

    def _free_times(self) -> Iterator[datetime]:
        """Far enough ahead to be cancelled in time, and each on its own."""
        desk = self.desk
        type_id = desk.start().session_type_id
        first = (desk.now + _IN_TIME).date()
        slots = find_slots(desk.session, type_id, first, 40, desk.now, "Etc/UTC")
        starts = [slot.start_at for slot in slots]
        last: datetime | None = None
        for start_at in starts:
            if last is None or start_at - last >= timedelta(hours=3):
                last = start_at
                yield start_at
