"""Money on its way back, and what happens when it gets lost there."""

from dataclasses import replace
from datetime import timedelta

import pytest

from consult.core.errors import NotFound
from consult.core.money import Money
from consult.db.transaction import transaction
from consult.payments import refund_calls, refund_service
from consult.payments.alerts import AlertKind, open_alerts
from consult.payments.asking import SOONEST
from consult.payments.demo_gateway import Fault
from consult.payments.demo_memory import KEY_LIFETIME
from consult.payments.errors import ForeignSnapshot, RefundAlreadyRequested, RefundDelayed, RefundTooLarge
from consult.payments.gateway import RefundSnapshot, RefundStatus
from consult.payments.lifecycle import RefundState
from consult.payments.models import DemoRefund, LedgerEntry, LedgerKind, Refund
from consult.payments.outcomes import NothingNew, RefundMoved
from consult.payments.paid_outside import cancel_refund
from consult.payments.refunds import UNDO_WINDOW
from consult.payments.service import record_snapshot

PRICE = Money(9000, "usd")
HALF = Money(4500, "usd")
NOTHING = Money(0, "usd")


@pytest.fixture
def request_refund(session, paid, clock):
    def ask(amount=PRICE, reason="therapist"):
        with transaction(session):
            return refund_service.request_refund(session, paid.id, amount, reason, clock()).id

    return ask


@pytest.fixture
def read(session):
    def refund(refund_id):
        session.rollback()
        return session.get_one(Refund, refund_id)

    return refund


@pytest.fixture
def record(session, clock):
    def bring(refund_id, status, amount=PRICE, gateway_id="re_1", ref=None):
        snapshot = RefundSnapshot(gateway_id, status, amount, ref or str(refund_id))
        with transaction(session):
            return refund_service.record_refund(session, refund_id, snapshot, clock())

    return bring


@pytest.fixture
def sent(session):
    """How many refunds the gateway made."""

    def count():
        session.rollback()
        return session.query(DemoRefund).count()

    return count


@pytest.fixture
def due(session, clock):
    def ids(gateway="demo"):
        session.rollback()
        return refund_service.refunds_to_run(session, gateway, clock())

    return ids


def test_a_refund_is_noted_first_and_sent_later(request_refund, read, sent, kept, booking_id):
    refund = read(request_refund(HALF))
    assert (refund.state, refund.amount, refund.reason) == (RefundState.REQUESTED, HALF, "therapist")
    assert (sent(), kept(booking_id)) == (0, PRICE)


def test_a_refund_sent_is_in_the_ledger_once(
    till, request_refund, read, clock, kept, gateway_net, paid, booking_id, news, sent
):
    refund_id = request_refund(HALF)
    moved = RefundMoved(refund_id, paid.id, booking_id, RefundState.SUCCEEDED)
    assert refund_calls.run_refund(till, refund_id, clock()) == moved
    assert refund_calls.run_refund(till, refund_id, clock()) == NothingNew()
    assert news == [moved]
    assert read(refund_id).state is RefundState.SUCCEEDED
    assert (kept(booking_id), sent()) == (HALF, 1)
    assert gateway_net(paid.id) == HALF


def test_the_same_request_again_is_the_same_refund(request_refund, session):
    assert request_refund() == request_refund()
    assert session.query(Refund).count() == 1


def test_the_same_reason_with_another_amount_is_refused(request_refund):
    first = request_refund(HALF)
    with pytest.raises(RefundAlreadyRequested) as refusal:
        request_refund(PRICE)
    assert (refusal.value.refund_id, refusal.value.amount) == (first, HALF)


@pytest.mark.parametrize("run_the_first", [False, True])
def test_parts_add_up_to_no_more_than_was_charged(till, request_refund, clock, run_the_first):
    first = request_refund(Money(4000, "usd"), "one")
    if run_the_first:
        refund_calls.run_refund(till, first, clock())
    with pytest.raises(RefundTooLarge) as refusal:
        request_refund(Money(5001, "usd"), "two")
    assert (refusal.value.asked, refusal.value.left) == (Money(5001, "usd"), Money(5000, "usd"))
    request_refund(Money(5000, "usd"), "three")


def test_what_a_failed_refund_did_not_send_can_be_asked_for_again(request_refund, record):
    failed = request_refund(PRICE, "one")
    record(failed, RefundStatus.SUCCEEDED)
    with pytest.raises(RefundTooLarge):
        request_refund(PRICE, "two")
    record(failed, RefundStatus.FAILED)
    request_refund(PRICE, "two")


def test_a_payment_that_brought_nothing_has_nothing_to_refund(till, start, find, session, clock):
    payment_id = start(till).payment_id
    with pytest.raises(RefundTooLarge) as refusal, transaction(session):
        refund_service.request_refund(session, payment_id, Money(1, "usd"), "therapist", clock())
    assert refusal.value.left == NOTHING


def test_a_dispute_leaves_nothing_to_refund(request_refund, session, paid, clock):
    with transaction(session):
        session.add(
            LedgerEntry(
                payment_id=paid.id,
                kind=LedgerKind.DISPUTE,
                amount_minor=-9000,
                currency="usd",
                gateway_ref="dp_1",
                created_at=clock(),
            )
        )
    with pytest.raises(RefundTooLarge):
        request_refund(Money(1, "usd"))


@pytest.mark.parametrize("amount", [NOTHING, Money(-1, "usd"), Money(1, "eur")])
def test_a_refund_of_nothing_or_of_other_money_is_a_mistake(request_refund, amount):
    with pytest.raises(ValueError, match=r"positive|mix"):
        request_refund(amount)


def test_a_wrong_charge_is_refunded_in_the_currency_it_was_made(
    till, start, demo, find, session, clock, booking_id
):
    payment = find(start(till).payment_id)
    wrong = replace(demo.pay(payment.checkout_id, clock()), amount=Money(700, "eur"))
    with transaction(session):
        record_snapshot(session, payment.id, wrong, clock())
        refund = refund_service.request_refund(session, payment.id, Money(700, "eur"), "staff", clock())
        assert refund.amount == Money(700, "eur")


@pytest.mark.parametrize(
    "faults",
    [[Fault.DOWN_BEFORE], [Fault.REFUSE], [None, Fault.DOWN_BEFORE], [None, Fault.DOWN_AFTER]],
    ids=["listing down", "listing refused", "sending down before", "sending down after"],
)
def test_without_an_answer_the_refund_waits_and_is_sent_once_in_the_end(
    till, request_refund, demo, clock, read, sent, kept, booking_id, faults
):
    refund_id = request_refund()
    demo.faults = faults
    with pytest.raises(RefundDelayed) as delay:
        refund_calls.run_refund(till, refund_id, clock())
    assert (delay.value.refund_id, delay.value.attempts) == (refund_id, 1)
    assert (read(refund_id).state, kept(booking_id)) == (RefundState.REQUESTED, PRICE)
    refund_calls.run_refund(till, refund_id, clock())
    assert (read(refund_id).state, kept(booking_id), sent()) == (RefundState.SUCCEEDED, NOTHING, 1)


def test_a_refund_whose_answer_was_lost_is_found_after_the_key_is_forgotten(
    till, request_refund, demo, clock, sent, gateway_net, paid
):
    refund_id = request_refund(HALF)
    demo.faults = [None, Fault.DOWN_AFTER]
    with pytest.raises(RefundDelayed):
        refund_calls.run_refund(till, refund_id, clock())
    clock.advance(KEY_LIFETIME)
    refund_calls.run_refund(till, refund_id, clock())
    assert sent() == 1
    assert gateway_net(paid.id) == HALF


def test_a_refund_whose_answer_was_lost_is_sent_once_though_the_list_is_behind(
    till, request_refund, demo, clock, read, sent
):
    class Behind(type(demo)):
        def refunds(self, gateway_payment_id):
            super().refunds(gateway_payment_id)
            return []

    demo.__class__ = Behind
    refund_id = request_refund(HALF)
    demo.faults = [None, Fault.DOWN_AFTER]
    with pytest.raises(RefundDelayed):
        refund_calls.run_refund(till, refund_id, clock())
    refund_calls.run_refund(till, refund_id, clock())
    assert (read(refund_id).state, sent()) == (RefundState.SUCCEEDED, 1)


def test_a_refused_refund_fails_and_the_money_is_still_here(
    till, request_refund, demo, clock, kept, paid, booking_id, news
):
    refund_id = request_refund()
    demo.faults = [None, Fault.REFUSE]
    moved = RefundMoved(refund_id, paid.id, booking_id, RefundState.FAILED)
    assert refund_calls.run_refund(till, refund_id, clock()) == moved
    assert news == [moved]
    assert kept(booking_id) == PRICE


def test_a_refusal_that_comes_late_does_not_undo_a_refund(session, request_refund, record, read, clock):
    refund_id = request_refund()
    record(refund_id, RefundStatus.PENDING)
    with transaction(session):
        assert refund_service.record_refund_refusal(session, refund_id, clock()) == NothingNew()
    assert read(refund_id).state is RefundState.PENDING


def test_a_pending_refund_has_left_and_comes_back_when_it_fails(request_refund, record, kept, booking_id):
    refund_id = request_refund()
    record(refund_id, RefundStatus.PENDING)
    assert kept(booking_id) == NOTHING
    record(refund_id, RefundStatus.SUCCEEDED)
    assert kept(booking_id) == NOTHING
    assert record(refund_id, RefundStatus.FAILED).state is RefundState.FAILED
    assert kept(booking_id) == PRICE
    assert record(refund_id, RefundStatus.FAILED) == NothingNew()
    assert kept(booking_id) == PRICE


def test_a_late_pending_does_not_undo_succeeded(request_refund, record, read):
    refund_id = request_refund()
    record(refund_id, RefundStatus.SUCCEEDED)
    assert record(refund_id, RefundStatus.PENDING) == NothingNew()
    assert read(refund_id).state is RefundState.SUCCEEDED


def test_a_refund_that_fails_at_once_moved_no_money(request_refund, record, session):
    record(request_refund(), RefundStatus.FAILED)
    assert [entry.kind for entry in session.query(LedgerEntry)] == [LedgerKind.CHARGE]


def test_a_settled_refund_asks_nobody(till, request_refund, record, demo, clock):
    refund_id = request_refund()
    record(refund_id, RefundStatus.SUCCEEDED)
    demo.faults = [Fault.DOWN_BEFORE]
    assert refund_calls.run_refund(till, refund_id, clock()) == NothingNew()


@pytest.mark.parametrize("change", [{"ref": "another"}, {"gateway_id": "re_2"}])
def test_a_snapshot_of_another_refund_is_refused(request_refund, record, change):
    refund_id = request_refund()
    record(refund_id, RefundStatus.PENDING)
    with pytest.raises(ForeignSnapshot):
        record(refund_id, RefundStatus.SUCCEEDED, **change)


def test_a_refund_nobody_knows_is_not_found(till, booking_id, clock):
    with pytest.raises(NotFound):
        refund_calls.run_refund(till, booking_id, clock())


def test_another_gateways_refund_waits_and_no_try_is_counted(till, request_refund, demo, clock, read):
    class Successor(type(demo)):
        name = "successor"

    refund_id = request_refund()
    demo.__class__ = Successor
    with pytest.raises(RefundDelayed):
        refund_calls.run_refund(till, refund_id, clock())
    assert read(refund_id).attempts == 0


def test_each_failed_try_puts_the_next_one_off_and_a_person_is_told_while_it_goes_on_once_a_day(
    till, request_refund, demo, clock, due, alerts, session
):
    refund_id = request_refund(reason="patient")
    waits = []
    while len(waits) < 7:
        assert alerts == ([] if len(waits) < 5 else [AlertKind.REFUND_STUCK])
        demo.faults = [Fault.DOWN_BEFORE]
        with pytest.raises(RefundDelayed):
            refund_calls.run_refund(till, refund_id, clock())
        refund_calls.tell_of_stuck_refunds(till, clock())
        minutes = 0
        while refund_id not in due() and minutes < 5000:
            clock.advance(timedelta(minutes=4))
            minutes += 4
        waits.append(minutes)
    assert waits == [4, 16, 64, 256, 1024, 1440, 1440]
    assert refund_calls.run_refund(till, refund_id, clock()).state is RefundState.SUCCEEDED
    session.rollback()
    assert open_alerts(session) == []


def test_refunds_to_run_are_those_that_are_not_settled(request_refund, record, due, clock):
    waiting = request_refund(Money(1000, "usd"), "one")
    pending = request_refund(Money(1000, "usd"), "two")
    done = request_refund(Money(1000, "usd"), "three")
    record(pending, RefundStatus.PENDING, Money(1000, "usd"), "re_2")
    record(done, RefundStatus.SUCCEEDED, Money(1000, "usd"), "re_3")
    clock.advance(SOONEST)
    assert set(due()) == {waiting, pending}
    assert due("another") == []


def test_what_a_therapist_may_still_take_back_is_not_sent_yet(request_refund, clock, due):
    refund_id = request_refund(reason="therapist")
    clock.advance(UNDO_WINDOW - timedelta(seconds=1))
    assert due() == []
    clock.advance(timedelta(seconds=1))
    assert due() == [refund_id]


def test_it_is_not_sent_sooner_because_it_was_asked_about_meanwhile(till, demo, request_refund, clock, due):
    """As when she begins to say that she paid it back in another way, and the gateway does not answer."""
    refund_id = request_refund(reason="therapist")
    demo.faults.append(Fault.DOWN_BEFORE)
    with pytest.raises(RefundDelayed):
        cancel_refund(till, refund_id, "bank transfer", clock())
    clock.advance(UNDO_WINDOW - timedelta(seconds=1))
    assert due() == []
    clock.advance(timedelta(seconds=1))
    assert due() == [refund_id]


def test_a_refund_nobody_tried_to_send_is_taken_back_and_can_be_asked_for_again(
    session, request_refund, booking_id, sent
):
    request_refund(HALF, "patient")
    first = request_refund(HALF, "therapist")
    with transaction(session):
        assert refund_service.withdraw_refund(session, booking_id, "therapist")
    assert [refund.reason for refund in session.query(Refund)] == ["patient"]
    assert request_refund(HALF, "therapist") != first
    assert sent() == 0


@pytest.mark.parametrize("tried", ["sent", "down"])
def test_a_refund_the_gateway_may_have_heard_of_stays(
    till, request_refund, demo, clock, session, booking_id, tried
):
    refund_id = request_refund()
    if tried == "sent":
        refund_calls.run_refund(till, refund_id, clock())
    else:
        demo.faults = [Fault.DOWN_BEFORE]
        with pytest.raises(RefundDelayed):
            refund_calls.run_refund(till, refund_id, clock())
    with transaction(session):
        assert not refund_service.withdraw_refund(session, booking_id, "therapist")
    assert session.query(Refund).count() == 1


def test_nothing_requested_is_nothing_to_take_back(session, paid, booking_id):
    with transaction(session):
        assert refund_service.withdraw_refund(session, booking_id, "therapist")


def test_a_booking_is_refunded_out_of_what_is_left_of_its_payments(
    session, request_refund, booking_id, clock
):
    request_refund(Money(2000, "usd"), "staff")
    assert refund_service.left_to_refund(session, booking_id, "usd") == Money(7000, "usd")
    with transaction(session):
        given = refund_service.refund_booking(session, booking_id, PRICE, "patient", clock())
    assert given == Money(7000, "usd")
    assert refund_service.left_to_refund(session, booking_id, "usd") == NOTHING
    assert refund_service.left_to_refund(session, booking_id, "eur") == Money(0, "eur")


def test_a_booking_never_paid_for_has_nothing_to_give_back(session, booking_id, clock):
    with transaction(session):
        given = refund_service.refund_booking(session, booking_id, PRICE, "patient", clock())
    assert given == NOTHING
