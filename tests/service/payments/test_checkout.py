"""From pressing Pay to money in the ledger, with everything that can go wrong in between."""

import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from consult.core.errors import NotFound
from consult.core.money import Money
from consult.db.transaction import transaction
from consult.payments import service
from consult.payments import till as tills
from consult.payments.demo_gateway import Fault
from consult.payments.errors import AlreadyPaid, CheckoutRefused, CheckoutUnavailable, ForeignSnapshot
from consult.payments.gateway import CheckoutStatus
from consult.payments.lifecycle import Discrepancy, PaymentState
from consult.payments.models import DemoCheckout, LedgerEntry, Payment
from consult.payments.outcomes import (
    Expired,
    Failed,
    NeedsReview,
    NothingNew,
    Opened,
    Paid,
    Processing,
)
from consult.payments.pricing import PriceTooSmall

PRICE = Money(9000, "usd")
NOTHING = Money(0, "usd")


class CrashError(Exception):
    pass


@pytest.fixture
def snapshot(opened, demo):
    return demo.fetch(opened.checkout_id)


@pytest.fixture
def record(session, opened, clock):
    """Bring a snapshot to the opened payment, as webhook, return page and reconciler do."""

    def bring(snapshot):
        with transaction(session):
            return service.record_snapshot(session, opened.id, snapshot, clock())

    return bring


@pytest.fixture
def paid_snapshot(snapshot):
    return replace(
        snapshot, status=CheckoutStatus.COMPLETE, paid=True, gateway_payment_id="demo_pi_1", url=None
    )


@pytest.fixture
def count(session):
    def rows(table: type) -> int:
        session.rollback()
        return session.query(table).count()

    return rows


def crashing_at(till, transaction_number):
    """The same till in a process that dies as it opens its n-th transaction."""
    opened = 0

    def begin():
        nonlocal opened
        opened += 1
        if opened == transaction_number:
            raise CrashError
        return till.transaction()

    return replace(till, transaction=begin)


def test_pressing_pay_opens_a_checkout_and_tells_where(till, start, find, booking_id, news):
    checkout = start(till)
    payment = find(checkout.payment_id)
    assert (payment.state, payment.booking_id, payment.gateway) == (PaymentState.OPEN, booking_id, "demo")
    assert checkout.url == payment.url == f"https://clinic.example/demo-pay/{payment.checkout_id}"
    assert news == [Opened(payment.id, booking_id, checkout.url)]


def test_the_request_is_frozen_before_the_gateway_hears_of_it(till, start, count, find, session, booking_id):
    with pytest.raises(CrashError):
        start(crashing_at(till, 2))
    assert count(DemoCheckout) == 0
    session.rollback()
    payment = service.find_live_payment(session, booking_id)
    assert payment.state is PaymentState.CREATED
    assert payment.request["payment_ref"] == str(payment.id)
    assert payment.request["product_name"] == "Online appointment"


def test_two_tabs_get_the_same_checkout(till, start, count):
    assert start(till) == start(till)
    assert count(Payment) == count(DemoCheckout) == 1


def test_the_database_refuses_a_second_live_payment(session, opened):
    columns = {column.key: getattr(opened, column.key) for column in Payment.__table__.columns}
    twin = {**columns, "id": uuid.uuid4(), "idempotency_key": "another", "checkout_id": "cs_another"}
    with pytest.raises(IntegrityError, match=r"payment\.booking_id"), transaction(session):
        session.add(Payment(**twin))


@pytest.mark.parametrize(
    "state", [PaymentState.PAID, PaymentState.EXPIRED, PaymentState.FAILED, PaymentState.REVIEW]
)
def test_a_settled_payment_leaves_room_for_another(session, opened, start, till, state):
    with transaction(session):
        session.get_one(Payment, opened.id).state = state
    assert start(till).payment_id != opened.id


def test_a_booking_nobody_knows_cannot_be_paid_for(till, start, opened):
    with pytest.raises(IntegrityError):
        start(till, booking_id=opened.id)


def test_nothing_cannot_be_paid(till, start, count):
    with pytest.raises(PriceTooSmall):
        start(till, amount=NOTHING)
    assert count(Payment) == 0


def test_paying_is_news_once_and_posted_once(till, opened, demo, clock, news, kept, booking_id, count):
    demo.pay(opened.checkout_id, clock())
    told = [tills.sync(till, opened.id, clock()) for _ in range(3)]
    assert told == [Paid(opened.id, booking_id, PRICE), NothingNew(), NothingNew()]
    assert news == [Paid(opened.id, booking_id, PRICE)]
    assert (kept(booking_id), count(LedgerEntry)) == (PRICE, 1)


def test_an_answer_that_is_known_already_is_no_news(till, opened, clock, news):
    assert tills.sync(till, opened.id, clock()) == NothingNew()
    assert news == []


def test_the_same_snapshot_twice_is_posted_once(record, paid_snapshot, opened, booking_id, count):
    assert record(paid_snapshot) == Paid(opened.id, booking_id, PRICE)
    assert record(paid_snapshot) == NothingNew()
    assert count(LedgerEntry) == 1


def test_the_database_refuses_a_second_charge_of_a_payment(record, paid_snapshot, session, opened, clock):
    record(paid_snapshot)
    with pytest.raises(IntegrityError, match=r"ledger_entry\.payment_id"), transaction(session):
        session.add(
            LedgerEntry(
                payment_id=opened.id,
                kind="charge",
                amount_minor=9000,
                currency="usd",
                gateway_ref="another",
                created_at=clock(),
            )
        )


def test_a_paid_booking_is_not_charged_again(till, opened, demo, clock, start, booking_id, count):
    demo.pay(opened.checkout_id, clock())
    tills.sync(till, opened.id, clock())
    with pytest.raises(AlreadyPaid) as refusal:
        start(till)
    assert refusal.value.booking_id == booking_id
    assert count(Payment) == 1


def test_a_late_expired_never_takes_paid_back(
    record, paid_snapshot, snapshot, find, opened, kept, booking_id
):
    record(paid_snapshot)
    assert record(replace(snapshot, status=CheckoutStatus.EXPIRED, url=None)) == NothingNew()
    assert find(opened.id).state is PaymentState.PAID
    assert kept(booking_id) == PRICE


def test_money_that_comes_after_all_is_news(record, paid_snapshot, snapshot, opened, booking_id, kept):
    expired = replace(snapshot, status=CheckoutStatus.EXPIRED, url=None)
    assert record(expired) == Expired(opened.id, booking_id)
    assert record(paid_snapshot) == Paid(opened.id, booking_id, PRICE)
    assert kept(booking_id) == PRICE


def test_complete_is_not_paid(record, paid_snapshot, opened, find, booking_id, kept):
    assert record(replace(paid_snapshot, paid=False)) == Processing(opened.id, booking_id)
    assert find(opened.id).state is PaymentState.PROCESSING
    assert kept(booking_id) == NOTHING
    assert record(paid_snapshot) == Paid(opened.id, booking_id, PRICE)


@pytest.mark.parametrize(
    ("amount", "discrepancy"),
    [(Money(8999, "usd"), Discrepancy.AMOUNT), (Money(9000, "eur"), Discrepancy.CURRENCY)],
)
def test_another_amount_than_agreed_goes_to_review_with_its_charge(
    record, paid_snapshot, opened, find, session, booking_id, amount, discrepancy
):
    wrong = replace(paid_snapshot, amount=amount)
    assert record(wrong) == NeedsReview(opened.id, booking_id, discrepancy, amount)
    assert record(wrong) == NothingNew()
    assert find(opened.id).state is PaymentState.REVIEW
    entry = session.query(LedgerEntry).one()
    assert Money(entry.amount_minor, entry.currency) == amount


def test_the_wrong_mode_goes_to_review_and_is_no_money(record, paid_snapshot, opened, booking_id, count):
    live = replace(paid_snapshot, livemode=True)
    assert record(live) == NeedsReview(opened.id, booking_id, Discrepancy.LIVEMODE, None)
    assert count(LedgerEntry) == 0


def test_money_that_arrives_under_review_is_news_and_posted(record, paid_snapshot, opened, booking_id, count):
    wrong = replace(paid_snapshot, amount=Money(8999, "usd"))
    unpaid = replace(wrong, paid=False)
    assert record(unpaid) == NeedsReview(opened.id, booking_id, Discrepancy.AMOUNT, None)
    assert record(wrong) == NeedsReview(opened.id, booking_id, Discrepancy.AMOUNT, Money(8999, "usd"))
    assert count(LedgerEntry) == 1


@pytest.mark.parametrize("change", [{"payment_ref": "somebody else"}, {"checkout_id": "cs_second"}])
def test_a_snapshot_of_something_else_is_refused(record, paid_snapshot, find, opened, change):
    with pytest.raises(ForeignSnapshot):
        record(replace(paid_snapshot, **change))
    assert find(opened.id).state is PaymentState.OPEN


def test_a_payment_nobody_knows_is_not_found(till, booking_id, clock):
    with pytest.raises(NotFound):
        tills.sync(till, booking_id, clock())


def test_the_url_is_gone_once_nobody_can_pay_there(record, paid_snapshot, opened, find):
    assert find(opened.id).url
    record(paid_snapshot)
    assert find(opened.id).url is None


def test_a_payment_under_review_sends_nobody_to_pay(record, snapshot, opened, find):
    record(replace(snapshot, amount=Money(8999, "usd")))
    assert find(opened.id).url is None


def test_an_old_snapshot_does_not_make_us_forget_the_gateways_payment(
    record, paid_snapshot, snapshot, opened, find
):
    record(paid_snapshot)
    record(snapshot)
    assert find(opened.id).gateway_payment_id == "demo_pi_1"


@pytest.mark.parametrize("fault", [Fault.DOWN_BEFORE, Fault.DOWN_AFTER])
def test_no_answer_keeps_the_payment_and_the_next_try_gets_its_one_checkout(
    till, start, demo, count, session, booking_id, fault
):
    demo.faults = [fault]
    with pytest.raises(CheckoutUnavailable) as refusal:
        start(till)
    session.rollback()
    waiting = service.find_live_payment(session, booking_id)
    assert (waiting.id, waiting.state) == (refusal.value.payment_id, PaymentState.CREATED)
    checkout = start(till)
    assert (checkout.payment_id, checkout.state) == (waiting.id, PaymentState.OPEN)
    assert count(Payment) == count(DemoCheckout) == 1


def test_a_crash_after_the_gateway_acted_finds_the_same_checkout_again(till, start, clock, count, find):
    with pytest.raises(CrashError):
        start(crashing_at(till, 4))
    assert count(DemoCheckout) == 1
    clock.advance(timedelta(minutes=3))
    checkout = start(till)
    assert checkout.state is PaymentState.OPEN
    assert count(Payment) == count(DemoCheckout) == 1


def test_a_checkout_paid_before_we_noted_it_is_found_by_our_reference(till, start, demo, clock, session):
    with pytest.raises(CrashError):
        start(crashing_at(till, 4))
    session.rollback()
    remote = session.query(DemoCheckout).one()
    ref = remote.request["payment_ref"]
    payment = service.find_payment_by_checkout(session, "demo", remote.id, ref)
    assert str(payment.id) == ref
    demo.pay(remote.id, clock())
    assert isinstance(tills.sync(till, payment.id, clock()), Paid)


def test_a_crash_while_recording_undoes_the_reaction_too_and_the_next_try_repeats_it(
    till, opened, demo, clock, kept, booking_id, find, news
):
    def die(_):
        raise CrashError

    demo.pay(opened.checkout_id, clock())
    with pytest.raises(CrashError):
        tills.sync(replace(till, react=die), opened.id, clock())
    assert (find(opened.id).state, kept(booking_id)) == (PaymentState.OPEN, NOTHING)
    assert tills.sync(till, opened.id, clock()) == Paid(opened.id, booking_id, PRICE)
    assert len(news) == 1


def test_a_refused_checkout_fails_and_another_may_be_tried(till, start, demo, find, booking_id, news):
    demo.faults = [Fault.REFUSE]
    with pytest.raises(CheckoutRefused) as refusal:
        start(till)
    failed = refusal.value.payment_id
    assert find(failed).state is PaymentState.FAILED
    assert news == [Failed(failed, booking_id)]
    assert start(till).payment_id != failed


def test_a_refusal_that_comes_late_does_not_undo_an_open_checkout(session, opened, find, clock):
    with transaction(session):
        assert service.record_refusal(session, opened.id, clock()) == NothingNew()
    assert find(opened.id).state is PaymentState.OPEN


@pytest.mark.parametrize("fault", [Fault.DOWN_BEFORE, Fault.DOWN_AFTER, Fault.REFUSE])
@pytest.mark.parametrize("question", [tills.sync, tills.close_checkout])
def test_a_question_without_an_answer_changes_nothing(till, opened, demo, clock, find, news, fault, question):
    demo.faults = [fault]
    with pytest.raises(CheckoutUnavailable):
        question(till, opened.id, clock())
    assert find(opened.id).state is PaymentState.OPEN
    assert news == []


def test_closing_a_checkout_ends_it_at_the_gateway_too(till, opened, demo, clock, booking_id, find):
    assert tills.close_checkout(till, opened.id, clock()) == Expired(opened.id, booking_id)
    assert find(opened.id).state is PaymentState.EXPIRED
    assert demo.pay(opened.checkout_id, clock()).paid is False


def test_closing_a_checkout_paid_in_the_last_second_tells_that_it_is_paid(
    till, opened, demo, clock, booking_id, kept
):
    demo.pay(opened.checkout_id, clock())
    assert tills.close_checkout(till, opened.id, clock()) == Paid(opened.id, booking_id, PRICE)
    assert kept(booking_id) == PRICE


def test_closing_a_payment_that_was_interrupted_leaves_no_open_checkout(
    till, start, demo, clock, session, booking_id
):
    demo.faults = [Fault.DOWN_AFTER]
    with pytest.raises(CheckoutUnavailable) as refusal:
        start(till)
    payment_id = refusal.value.payment_id
    assert tills.close_checkout(till, payment_id, clock()) == Expired(payment_id, booking_id)
    session.rollback()
    remote = session.query(DemoCheckout).one()
    assert demo.fetch(remote.id).status is CheckoutStatus.EXPIRED


def test_closing_a_payment_that_can_never_open_fails_it(till, start, demo, clock, booking_id):
    demo.faults = [Fault.DOWN_BEFORE]
    with pytest.raises(CheckoutUnavailable) as refusal:
        start(till)
    clock.advance(timedelta(minutes=36))
    payment_id = refusal.value.payment_id
    assert tills.close_checkout(till, payment_id, clock()) == Failed(payment_id, booking_id)


def test_closing_what_is_settled_asks_nobody(till, opened, demo, clock):
    tills.close_checkout(till, opened.id, clock())
    demo.faults = [Fault.DOWN_BEFORE]
    assert tills.close_checkout(till, opened.id, clock()) == NothingNew()
    assert tills.sync(till, opened.id, clock()) == NothingNew()


def test_a_checkout_that_ran_out_is_not_offered_again(till, start, opened, clock):
    clock.advance(timedelta(minutes=35))
    checkout = start(till)
    assert (checkout.payment_id, checkout.state, checkout.url) == (opened.id, PaymentState.EXPIRED, None)


def test_a_payment_of_another_gateway_is_not_shown_to_this_one(till, opened, demo, clock):
    class Successor(type(demo)):
        name = "successor"

    demo.__class__ = Successor
    with pytest.raises(CheckoutUnavailable):
        tills.sync(till, opened.id, clock())


def test_open_payments_are_asked_about_and_settled_ones_are_not(till, opened, session, clock):
    assert service.payments_to_sync(session, "demo", clock()) == [opened.id]
    assert service.payments_to_sync(session, "another", clock()) == []
    tills.close_checkout(till, opened.id, clock())
    session.rollback()
    assert service.payments_to_sync(session, "demo", clock()) == []


def test_a_payment_being_created_is_left_alone_for_a_minute(till, start, session, clock):
    with pytest.raises(CrashError):
        start(crashing_at(till, 2))
    clock.advance(timedelta(seconds=59))
    assert service.payments_to_sync(session, "demo", clock()) == []
    clock.advance(timedelta(seconds=1))
    assert len(service.payments_to_sync(session, "demo", clock())) == 1


def test_a_payment_is_found_by_its_checkout(session, opened):
    find = service.find_payment_by_checkout
    assert find(session, "demo", opened.checkout_id).id == opened.id
    assert find(session, "another", opened.checkout_id) is None


@pytest.mark.parametrize("ref", ["", "not an id", "00000000-0000-4000-8000-000000000000"])
def test_another_applications_checkout_is_nobodys(session, opened, ref):
    assert service.find_payment_by_checkout(session, "demo", "cs_foreign", ref) is None


def test_a_second_checkout_with_our_reference_does_not_replace_the_first(session, opened):
    assert service.find_payment_by_checkout(session, "demo", "cs_second", str(opened.id)) is None


def test_money_told_of_again_a_day_later_is_the_same_charge(record, paid_snapshot, clock, entries):
    assert isinstance(record(paid_snapshot), Paid)
    clock.advance(timedelta(days=1))
    assert record(paid_snapshot) == NothingNew()
    assert entries() == [("charge", 9000)]


@pytest.mark.parametrize(
    ("livemode", "state"), [(True, PaymentState.OPEN), (False, PaymentState.EXPIRED)], ids=["real", "play"]
)
def test_real_money_is_not_retired_with_the_play_money_of_a_gateway_no_longer_in_use(
    session, demo, opened, find, clock, livemode, state
):
    class Successor(type(demo)):
        name = "successor"

    demo.__class__ = Successor
    with transaction(session):
        session.get_one(Payment, opened.id).livemode = livemode
        session.flush()
        service.retire_play_money(session, demo, clock())
    assert find(opened.id).state is state
