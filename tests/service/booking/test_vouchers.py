"""Free visits and packs where two things happen at once, or money comes and goes on its own ways."""

import threading
import uuid
from collections import Counter as Tally
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from consult.booking import checkout, vouchers
from consult.booking.changes import undoing
from consult.booking.changes.taking_back import Actor
from consult.booking.changes.undoing import UndoTooLate
from consult.booking.drafts import purge_drafts
from consult.booking.free import FreeVisitBooked, confirm_free
from consult.booking.holds import EmailNotConfirmed
from consult.booking.models import Booking
from consult.booking.pack_use import find_card, find_share
from consult.booking.vouchers import PriceChanged, price_to_pay
from consult.core.clock import FixedClock
from consult.core.errors import ConsultError
from consult.core.money import Money
from consult.deps import counter as counter_of_the_app
from consult.notifications.models import OutboxMessage
from consult.payments.ledger import post_once
from consult.payments.models import LedgerKind, Payment
from consult.scheduling.lifecycle import Status
from consult.scheduling.models import SessionType
from consult.vouchers import packs
from consult.vouchers import service as codes
from consult.vouchers.checks import PackFacts, PromotionFacts
from consult.vouchers.models import PackPurchase, PromotionCode, PromotionRedemption, SessionPack
from consult.vouchers.packs import PackEnded, PackUsedUp
from tests.bench.databases import Database

from .conftest import TEN, Desk
from .visits import DAY, MINUTE, THURSDAY, WEDNESDAY, cancel, refunds, sent

FRIDAY = TEN + 4 * DAY
PACK_PRICE = Money(33_000, "usd")


@pytest.fixture
def pack(desk: Desk) -> SessionPack:
    with desk.counter.transaction():
        type_id = desk.session.scalars(select(SessionType.id)).one()
        return packs.add_pack(desk.session, type_id, PackFacts(3, PACK_PRICE), desk.now)


def add_gift(desk: Desk, uses: int | None = None) -> None:
    with desk.counter.transaction():
        codes.add_code(desk.session, PromotionFacts("GIFT", 100, None, None, None, uses), desk.now)


def pay(desk: Desk, booking: Booking) -> Payment:
    checkout.open_checkout(desk.counter, booking.id)
    payment = desk.standing(booking).payment
    assert payment is not None
    assert payment.checkout_id is not None
    desk.gateway.pay(payment.checkout_id, desk.now)
    checkout.settle(desk.counter, payment.id)
    return payment


def buy(desk: Desk, pack: SessionPack, start_at=WEDNESDAY) -> Booking:
    booking = desk.come_to_pay(start_at)
    desk.do(vouchers.choose_pack, booking, pack.id)
    pay(desk, booking)
    return desk.fresh(booking)


def code_of(desk: Desk, booking: Booking) -> str:
    card = find_card(desk.session, desk.fresh(booking), desk.now, desk.ports)
    assert card is not None
    return card.code


def use(desk: Desk, code: str, start_at) -> Booking:
    booking = desk.come_to_pay(start_at)
    desk.do(vouchers.apply_code, booking, code)
    confirm_free(desk.counter, booking.id)
    return desk.fresh(booking)


def left(desk: Desk, booking: Booking) -> int:
    share = find_share(desk.session, desk.fresh(booking), desk.now)
    assert share is not None
    return share.balance.left


def purchases(desk: Desk) -> list[PackPurchase]:
    desk.session.expire_all()
    return list(desk.session.scalars(select(PackPurchase)))


def status_of(desk: Desk, booking: Booking) -> Status:
    return desk.standing(booking).appointment.status


class TestAtOnce:
    @pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
    def app(self, request: pytest.FixtureRequest, make_app: Callable[..., Flask]) -> Flask:
        if request.param == "sqlite":
            return make_app()
        return make_app(
            DATABASE_URL=Database("postgresql", request.getfixturevalue("postgres_url")).new_url()
        )

    def all_at_once(self, app: Flask, booking_ids: list[uuid.UUID]) -> Tally[str]:
        """Each of these is booked for nothing, all let go at once."""
        gate = threading.Barrier(len(booking_ids))

        def book(booking_id: uuid.UUID) -> str:
            with app.app_context():
                gate.wait()
                try:
                    confirm_free(counter_of_the_app(), booking_id)
                except ConsultError as refusal:
                    return type(refusal).__name__
                return "booked"

        with ThreadPoolExecutor(len(booking_ids)) as pool:
            return Tally(pool.map(book, booking_ids))

    def test_pressed_eight_times_it_is_booked_once(self, app: Flask, desk: Desk):
        add_gift(desk)
        booking = desk.come_to_pay(WEDNESDAY)
        desk.do(vouchers.apply_code, booking, "gift")

        assert self.all_at_once(app, [booking.id] * 8) == {"booked": 8}

        desk.session.rollback()
        assert status_of(desk, booking) is Status.BOOKED
        mailed = select(func.count()).where(OutboxMessage.kind == "confirmation")
        assert desk.session.scalar(mailed) == 1

    def test_one_person_at_two_times_gets_one_free_visit(self, app: Flask, desk: Desk):
        add_gift(desk)
        bookings = [desk.come_to_pay(start_at) for start_at in (WEDNESDAY, THURSDAY)]
        for booking in bookings:
            desk.do(vouchers.apply_code, booking, "gift")

        outcomes = self.all_at_once(app, [booking.id for booking in bookings])

        assert outcomes == {"booked": 1, EmailNotConfirmed.__name__: 1}


def test_the_owner_of_a_confirmed_address_is_told_of_the_free_visit_there_is(desk: Desk):
    add_gift(desk)
    first = desk.come_to_pay(WEDNESDAY)
    desk.do(vouchers.apply_code, first, "gift")
    confirm_free(desk.counter, first.id)
    second = desk.come_to_pay(THURSDAY)
    desk.do(vouchers.apply_code, second, "gift")
    desk.confirm_email(second)
    with pytest.raises(FreeVisitBooked):
        confirm_free(desk.counter, second.id)
    assert status_of(desk, second) is Status.HELD


def test_a_visit_with_a_price_is_never_booked_for_nothing(desk: Desk):
    booking = desk.come_to_pay(WEDNESDAY)
    with pytest.raises(PriceChanged):
        confirm_free(desk.counter, booking.id)
    assert status_of(desk, booking) is Status.HELD


def test_a_code_ended_before_the_button_is_given_up_and_the_price_is_back(desk: Desk):
    add_gift(desk)
    booking = desk.come_to_pay(WEDNESDAY)
    desk.do(vouchers.apply_code, booking, "gift")
    with desk.counter.transaction():
        kept = desk.session.scalars(select(PromotionRedemption)).one()
        codes.set_active(desk.session, PromotionCode, kept.promotion_code_id, False)
    with pytest.raises(PriceChanged):
        confirm_free(desk.counter, booking.id)
    assert desk.fresh(booking).price_minor == 12_000
    assert desk.session.scalars(select(PromotionRedemption)).all() == []


def test_a_draft_that_is_purged_takes_its_code_along(desk: Desk, clock: FixedClock):
    add_gift(desk, uses=1)
    booking = desk.come_to_pay(WEDNESDAY)
    desk.do(vouchers.apply_code, booking, "gift")
    clock.advance(timedelta(hours=25))
    with desk.counter.transaction():
        purge_drafts(desk.session, desk.now)
    assert desk.session.scalars(select(PromotionRedemption)).all() == []


def test_a_pack_paid_for_twice_is_one_pack(desk: Desk, pack: SessionPack):
    booking = desk.come_to_pay()
    desk.do(vouchers.choose_pack, booking, pack.id)
    payment = pay(desk, booking)
    checkout.settle(desk.counter, payment.id)
    assert [(each.sessions, each.price_minor) for each in purchases(desk)] == [(3, 33_000)]
    assert left(desk, booking) == 2


def test_a_pack_whose_time_was_lost_is_paid_back_and_never_opened(
    desk: Desk, pack: SessionPack, clock: FixedClock
):
    booking = desk.come_to_pay(WEDNESDAY)
    desk.do(vouchers.choose_pack, booking, pack.id)
    checkout.open_checkout(desk.counter, booking.id)
    payment = desk.standing(booking).payment
    clock.advance(timedelta(minutes=34))
    desk.gateway.pay(payment.checkout_id, desk.now)
    clock.advance(timedelta(minutes=3))
    desk.booked(WEDNESDAY)
    checkout.settle(desk.counter, payment.id)
    assert refunds(desk) == [("slot_lost", 33_000, "requested")]
    assert purchases(desk) == []


def test_the_pack_stays_as_it_was_offered_when_it_was_bought(desk: Desk, pack: SessionPack):
    booking = desk.come_to_pay(WEDNESDAY)
    desk.do(vouchers.choose_pack, booking, pack.id)
    checkout.open_checkout(desk.counter, booking.id)
    payment = desk.standing(booking).payment
    with desk.counter.transaction():
        codes.set_active(desk.session, SessionPack, pack.id, False)
    desk.gateway.pay(payment.checkout_id, desk.now)
    checkout.settle(desk.counter, payment.id)
    assert left(desk, booking) == 2


def test_a_pack_no_longer_offered_before_payment_falls_back_to_one_session(desk: Desk, pack: SessionPack):
    booking = desk.come_to_pay(WEDNESDAY)
    desk.do(vouchers.choose_pack, booking, pack.id)
    with desk.counter.transaction():
        codes.set_active(desk.session, SessionPack, pack.id, False)
    with pytest.raises(PriceChanged):
        checkout.open_checkout(desk.counter, booking.id)
    page = price_to_pay(desk.session, desk.fresh(booking), desk.now)
    assert (page.to_pay, page.chosen) == (Money(12_000, "usd"), None)


@pytest.mark.parametrize("paid_for_real", [True, False])
def test_a_pack_of_play_money_buys_nothing_once_real_money_is_taken(
    desk: Desk, pack: SessionPack, monkeypatch: pytest.MonkeyPatch, paid_for_real: bool
):
    code = code_of(desk, buy(desk, pack))
    other = desk.come_to_pay(THURSDAY)
    monkeypatch.setattr(desk.gateway, "livemode", True)
    with desk.counter.transaction():
        desk.session.execute(update(Payment).values(livemode=paid_for_real))
    if paid_for_real:
        desk.do(vouchers.apply_code, other, code)
    else:
        with pytest.raises(PackEnded):
            desk.do(vouchers.apply_code, other, code)
    assert desk.fresh(other).price_minor == (0 if paid_for_real else 12_000)


def test_a_session_of_play_money_kept_for_a_booking_is_given_up_once_real_money_is_taken(
    desk: Desk, pack: SessionPack, monkeypatch: pytest.MonkeyPatch
):
    code = code_of(desk, buy(desk, pack))
    other = desk.come_to_pay(THURSDAY)
    desk.do(vouchers.apply_code, other, code)
    monkeypatch.setattr(desk.gateway, "livemode", True)
    with pytest.raises(PriceChanged):
        confirm_free(desk.counter, other.id)
    assert desk.fresh(other).price_minor == 12_000
    assert purchases(desk)[0].ended_at is not None


class TestMoneyOfAPackThatWentBackElsewhere:
    @pytest.mark.parametrize("kind", [LedgerKind.REFUND, LedgerKind.DISPUTE])
    def test_its_code_is_of_no_use_any_more(self, desk: Desk, pack: SessionPack, kind: LedgerKind):
        booking = buy(desk, pack)
        code = code_of(desk, booking)
        with desk.counter.transaction():
            payment_id = purchases(desk)[0].payment_id
            post_once(desk.session, payment_id, kind, -PACK_PRICE, "from the dashboard", desk.now)
        other = desk.come_to_pay(THURSDAY)
        with pytest.raises(PackEnded):
            desk.do(vouchers.apply_code, other, code)
        assert desk.fresh(other).price_minor == 12_000

    def test_the_worker_ends_the_pack(self, desk: Desk, pack: SessionPack):
        buy(desk, pack)
        sent(desk)
        assert purchases(desk)[0].ended_at is None
        with desk.counter.transaction():
            payment_id = purchases(desk)[0].payment_id
            post_once(
                desk.session, payment_id, LedgerKind.REFUND, -PACK_PRICE, "from the dashboard", desk.now
            )
        sent(desk)
        assert purchases(desk)[0].ended_at == desk.now

    def test_a_session_typed_in_before_is_given_up_at_the_button(self, desk: Desk, pack: SessionPack):
        code = code_of(desk, buy(desk, pack))
        other = desk.come_to_pay(THURSDAY)
        desk.do(vouchers.apply_code, other, code)
        with desk.counter.transaction():
            payment_id = purchases(desk)[0].payment_id
            post_once(
                desk.session, payment_id, LedgerKind.REFUND, -PACK_PRICE, "from the dashboard", desk.now
            )
        with pytest.raises(PriceChanged):
            confirm_free(desk.counter, other.id)
        assert desk.fresh(other).price_minor == 12_000

    def test_a_part_paid_back_leaves_the_pack(self, desk: Desk, pack: SessionPack):
        code = code_of(desk, buy(desk, pack))
        with desk.counter.transaction():
            payment_id = purchases(desk)[0].payment_id
            post_once(
                desk.session,
                payment_id,
                LedgerKind.REFUND,
                Money(-11_000, "usd"),
                "from the dashboard",
                desk.now,
            )
        assert status_of(desk, use(desk, code, THURSDAY)) is Status.BOOKED


class TestTherapistCancels:
    def undo(self, desk: Desk, booking: Booking) -> None:
        change = undoing.find_change(desk.fresh(booking))
        desk.do(undoing.undo, desk.fresh(booking), change.at)

    def test_an_unused_pack_is_paid_back_and_undone_it_can_be_used(self, desk: Desk, pack: SessionPack):
        booking = buy(desk, pack)
        code = code_of(desk, booking)
        cancel(desk, booking, Actor.THERAPIST)
        assert refunds(desk) == [("therapist", 33_000, "requested")]
        assert purchases(desk)[0].ended_at is not None
        self.undo(desk, booking)
        assert refunds(desk) == []
        assert left(desk, booking) == 2
        assert status_of(desk, use(desk, code, THURSDAY)) is Status.BOOKED

    def test_a_session_used_otherwise_meanwhile_cannot_be_taken_back(
        self, desk: Desk, pack: SessionPack, clock: FixedClock
    ):
        bought = buy(desk, pack)
        code = code_of(desk, bought)
        second, _ = use(desk, code, THURSDAY), use(desk, code, FRIDAY)
        cancel(desk, second, Actor.THERAPIST)
        clock.advance(MINUTE)
        use(desk, code, FRIDAY + timedelta(hours=3))
        with pytest.raises(UndoTooLate):
            self.undo(desk, second)
        assert left(desk, second) == 0
        assert status_of(desk, second) is Status.CANCELLED


def test_a_visit_on_safety_hold_costs_no_session_however_late(
    desk: Desk, pack: SessionPack, clock: FixedClock
):
    code = code_of(desk, buy(desk, pack))
    second = use(desk, code, THURSDAY)
    clock.now = THURSDAY - timedelta(hours=1)
    with desk.counter.transaction():
        desk.fresh(second).safety_hold_at = desk.now
    cancel(desk, second)
    assert left(desk, second) == 2


def test_late_even_the_first_session_of_an_unused_pack_is_used_and_the_others_stay(
    desk: Desk, pack: SessionPack, clock: FixedClock
):
    booking = buy(desk, pack)
    clock.now = WEDNESDAY - timedelta(hours=1)
    cancel(desk, booking)
    assert refunds(desk) == []
    assert left(desk, booking) == 2


def test_the_last_session_is_not_taken_by_somebody_who_has_no_time_held(
    desk: Desk, pack: SessionPack, clock: FixedClock
):
    code = code_of(desk, buy(desk, pack, FRIDAY))
    use(desk, code, THURSDAY)
    waiting = desk.come_to_pay(WEDNESDAY)
    desk.do(vouchers.apply_code, waiting, code)
    other = desk.come_to_pay(WEDNESDAY + timedelta(hours=3))
    with pytest.raises(PackUsedUp):
        desk.do(vouchers.apply_code, other, code)
    clock.advance(timedelta(minutes=20))
    late = use(desk, code, WEDNESDAY + timedelta(hours=4))
    assert left(desk, late) == 0
    desk.confirm_email(waiting)
    desk.hold(waiting, WEDNESDAY)
    assert desk.fresh(waiting).price_minor == 12_000
