"""Our payments held against Stripe's lists. The real SDK speaks to the double over HTTP."""

from datetime import timedelta
from itertools import pairwise

import pytest

from consult.core.money import Money
from consult.db.transaction import transaction
from consult.payments import till as tills
from consult.payments.alerts import AlertKind, open_alerts
from consult.payments.gateway import GatewayDown, ReturnUrls
from consult.payments.gateway_events import receive
from consult.payments.ledger import post_once
from consult.payments.lifecycle import PaymentState
from consult.payments.models import LedgerEntry, LedgerKind, Payment, Reconciliation
from consult.payments.outcomes import Paid
from consult.payments.reconciler import (
    AGAIN_AFTER,
    ALARM_AFTER,
    EVERY,
    is_due,
    reconcile,
    tell_of_silence,
)
from tests.stripe_double import Fault
from tests.stripe_double.cards import Card

PRICE = Money(9000, "usd")
URLS = ReturnUrls("https://clinic.example/paid", "https://clinic.example/back")


@pytest.fixture
def gateway(stripe):
    return stripe


@pytest.fixture
def pay(pay_at):
    return pay_at


@pytest.fixture
def run(till, clock):
    return lambda: reconcile(till, URLS.success_url, clock())


@pytest.fixture
def waiting(session):
    def read():
        session.rollback()
        return [(alert.kind, alert.payment_id, alert.gateway_ref) for alert in open_alerts(session)]

    return read


def given_up(session, payment):
    """As after a restored backup: we take a payment for over, and Stripe does not."""
    with transaction(session):
        session.get_one(Payment, payment.id).state = PaymentState.EXPIRED


def test_where_all_agrees_nothing_is_found(run, paid, waiting, session):
    first = run()
    assert first.missed_events == 1
    assert (first.checkouts, first.news) == (1, 0)
    again = run()
    assert (again.checkouts, again.missed_events, again.news) == (1, 0, 0)
    assert waiting() == []
    assert [row.finished_at is not None for row in session.query(Reconciliation)] == [True, True]


def test_money_for_a_payment_that_was_given_up_here_is_found_by_its_event(
    run, opened, session, pay_at, news, entries
):
    given_up(session, opened)
    pay_at(opened.checkout_id)
    assert run().missed_events == 1
    assert [type(told) for told in news] == [Paid]
    assert entries() == [("charge", 9000)]


def test_money_whose_event_stripe_has_forgotten_is_found_in_the_list_of_checkouts(
    run, opened, session, pay_at, double, news, entries
):
    given_up(session, opened)
    pay_at(opened.checkout_id)
    for event in double.account.of_kind("event"):
        del double.account.objects[event["id"]]
    assert run().news == 1
    assert [type(told) for told in news] == [Paid]
    assert entries() == [("charge", 9000)]


def test_a_refund_and_a_dispute_of_which_no_event_is_left_are_found_by_what_went_back(
    run, paid, stripe, double, entries, alerts
):
    stripe.refund(paid.gateway_payment_id, Money(2500, "usd"), "", "by hand")
    double.dispute(paid.gateway_payment_id)
    for event in double.account.of_kind("event"):
        del double.account.objects[event["id"]]
    assert run().news == 1
    assert sorted(entries()) == [("charge", 9000), ("dispute", -6500), ("refund", -2500)]
    assert alerts == [AlertKind.DISPUTE]
    double.decide_disputes(won=True)
    run()
    assert sum(amount for _, amount in entries()) == 6500


def test_a_webhook_that_came_is_not_looked_at_again(
    till, run, opened, pay_at, double, stripe, clock, session
):
    pay_at(opened.checkout_id)
    double.hooks.send = lambda body, headers: (
        200 if receive(till, stripe.parse_webhook(body, headers), clock()) else 204
    )
    double.hooks.deliver_all()
    assert run().missed_events == 0


def test_an_event_of_the_other_mode_is_let_go(run, paid, double):
    for event in double.account.of_kind("event"):
        event["livemode"] = True
    assert run().missed_events == 0


def test_what_is_paid_there_and_unknown_here_is_told_once_with_where_to_find_it(
    run, stripe, pay_at, clock, waiting, session
):
    ref = "00000000-0000-4000-8000-000000000000"
    lost = stripe.create(stripe.build_request(ref, PRICE, clock() + timedelta(hours=1), URLS), "lost")
    run()
    assert waiting() == []
    pay_at(lost.checkout_id)
    run()
    run()
    assert waiting() == [(AlertKind.ORPHAN, None, stripe.fetch(lost.checkout_id).gateway_payment_id)]


def test_an_orphan_that_was_given_back_in_the_dashboard_needs_nobody(run, stripe, pay_at, clock, waiting):
    request = stripe.build_request("lost", PRICE, clock() + timedelta(hours=1), URLS)
    pay_at(stripe.create(request, "lost").checkout_id)
    intent = stripe.checkouts(clock(), URLS.success_url)[0].snapshot.gateway_payment_id
    stripe.refund(intent, PRICE, "", "by hand")
    run()
    assert waiting() == []


def test_what_other_applications_and_installations_sell_is_left_alone(run, stripe, pay_at, clock, waiting):
    elsewhere = ReturnUrls("https://other.example/paid", "https://other.example/back")
    for number, (ref, urls) in enumerate([("", URLS), ("theirs", elsewhere)]):
        request = stripe.build_request(ref, PRICE, clock() + timedelta(hours=1), urls)
        pay_at(stripe.create(request, f"theirs-{number}").checkout_id)
    report = run()
    assert (report.checkouts, report.missed_events) == (0, 0)
    assert waiting() == []


def test_a_ledger_that_says_more_than_stripe_holds_is_told_until_they_agree(
    run, paid, session, clock, waiting
):
    with transaction(session):
        post_once(session, paid.id, LedgerKind.REFUND, Money(-100, "usd"), "re_nobody_knows", clock())
    run()
    run()
    assert waiting() == [(AlertKind.LEDGER_DIFFERS, paid.id, paid.checkout_id)]
    with transaction(session):
        session.query(LedgerEntry).filter_by(gateway_ref="re_nobody_knows").delete()
    run()
    assert waiting() == []


def test_a_charge_that_stripe_does_not_know_is_told(run, paid, double, waiting):
    double.account.objects = {}
    run()
    assert waiting() == [(AlertKind.LEDGER_DIFFERS, paid.id, paid.checkout_id)]


def test_payments_from_before_the_practice_moved_to_another_address_are_compared_too(
    till, paid, stripe, clock, entries, double
):
    stripe.refund(paid.gateway_payment_id, Money(2500, "usd"), "", "by hand")
    for event in double.account.of_kind("event"):
        del double.account.objects[event["id"]]
    reconcile(till, "https://new.example/paid", clock())
    assert entries() == [("charge", 9000), ("refund", -2500)]


def test_all_pages_of_a_long_list_are_read(run, stripe, clock, opened, double):
    for number in range(101):
        stripe.create(
            stripe.build_request(f"r{number}", PRICE, clock() + timedelta(hours=1), URLS), f"{number}"
        )
    assert run().checkouts == 102


def test_a_run_that_broke_off_is_due_again_in_an_hour_and_one_that_ended_in_a_day(
    run, session, clock, double, pay_at, opened
):
    def due():
        session.rollback()
        return is_due(session, "stripe", False, clock())

    assert not due()
    clock.advance(EVERY)
    assert due()
    double.faults = [Fault.ERROR_500]
    with pytest.raises(GatewayDown):
        run()
    assert not due()
    clock.advance(AGAIN_AFTER)
    assert due()
    run()
    clock.advance(EVERY - timedelta(seconds=1))
    assert not due()
    clock.advance(timedelta(seconds=1))
    assert due()


def test_three_days_without_a_finished_run_are_told_once_until_one_ends(
    till, run, clock, double, opened, waiting, alerts, session
):
    def day(silent):
        clock.advance(EVERY)
        if silent:
            double.faults = [Fault.ERROR_500]
            with pytest.raises(GatewayDown):
                run()
        else:
            run()
        tell_of_silence(till, clock())
        session.rollback()

    told = (AlertKind.UNRECONCILED, None, None)
    day(silent=False)
    clock.advance(ALARM_AFTER - timedelta(seconds=1))
    tell_of_silence(till, clock())
    assert waiting() == []
    day(silent=True)
    day(silent=True)
    assert (waiting(), alerts) == ([told], [AlertKind.UNRECONCILED])
    day(silent=False)
    assert waiting() == []
    clock.advance(ALARM_AFTER)
    tell_of_silence(till, clock())
    assert (waiting(), alerts) == ([told], [AlertKind.UNRECONCILED] * 2)


def test_a_payment_never_compared_is_told_of_three_days_after_it_and_no_payment_never(
    till, start, clock, waiting
):
    clock.advance(2 * ALARM_AFTER)
    tell_of_silence(till, clock())
    start(till)
    clock.advance(ALARM_AFTER - timedelta(seconds=1))
    tell_of_silence(till, clock())
    assert waiting() == []
    clock.advance(timedelta(seconds=1))
    tell_of_silence(till, clock())
    assert waiting() == [(AlertKind.UNRECONCILED, None, None)]


def test_one_payment_that_cannot_be_asked_about_keeps_no_other_waiting_and_the_run_is_not_over(
    run, session, till, start, new_booking, pay_at, double, clock, find, entries
):
    for _ in range(2):
        pay_at(find(start(till, booking_id=new_booking()).payment_id).checkout_id)
    double.faults = [None, Fault.ERROR_500]
    report = run()
    assert report.unanswered == 1
    assert entries() == [("charge", 9000)] * 2
    assert session.query(Reconciliation).one().finished_at is None


def test_a_payment_that_cannot_be_taken_in_is_told_once_put_off_and_taken_in_later(
    till, opened, pay_at, clock, session, hear, waiting, find, entries
):
    class CrashError(Exception):
        pass

    def fail(told):
        if isinstance(told, Paid):
            raise CrashError
        hear(told)

    pay_at(opened.checkout_id, Card.PAYS)
    broken = tills.Till(session, till.transaction, till.gateway, fail)
    asked = [clock()]
    for _ in range(5):
        with pytest.raises(CrashError):
            tills.sync(broken, opened.id, clock())
        clock.now = find(opened.id).next_ask_at
        asked.append(clock())
    assert [later - earlier for earlier, later in pairwise(asked)] == [
        timedelta(seconds=seconds) for seconds in (10, 10, 20, 40, 80)
    ]
    assert waiting() == [(AlertKind.UNDIGESTED, opened.id, None)]
    assert entries() == []
    tills.sync(till, opened.id, clock())
    assert entries() == [("charge", 9000)]
    assert waiting() == []
