"""Whatever happens in whatever order, the ledger ends up saying what the gateway holds."""

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from consult.core.errors import ConsultError
from consult.core.money import Money
from consult.db.transaction import transaction
from consult.payments import refund_calls, refund_service
from consult.payments import till as tills
from consult.payments.demo_gateway import Fault
from consult.payments.lifecycle import LIVE, PaymentState
from consult.payments.models import LedgerEntry, LedgerKind, Payment, Refund
from consult.payments.outcomes import Paid

# No refusals: one after the gateway had acted would break the port's own promise.
FAULTS = st.lists(st.sampled_from([None, Fault.DOWN_BEFORE, Fault.DOWN_AFTER]), max_size=3)
AMOUNTS = st.integers(1, 9000).map(lambda minor: Money(minor, "usd"))


class CrashError(Exception):
    pass


def die(_news):
    raise CrashError


class Walk(RuleBasedStateMachine):
    def __init__(self, world):
        super().__init__()
        vars(self).update(world)
        self.demo.faults = []
        self.news.clear()
        self.booking_id = self.new_booking()

    def payments(self):
        self.session.rollback()
        return list(self.session.scalars(select(Payment).where(Payment.booking_id == self.booking_id)))

    def refunds(self):
        ids = [payment.id for payment in self.payments()]
        return list(self.session.scalars(select(Refund).where(Refund.payment_id.in_(ids))))

    def entries(self, kind):
        ids = [payment.id for payment in self.payments()]
        return list(
            self.session.scalars(
                select(LedgerEntry).where(LedgerEntry.payment_id.in_(ids), LedgerEntry.kind == kind)
            )
        )

    def ask(self, question, faults, dying):
        teller = replace(self.till, react=die) if dying else self.till
        for payment_id in [payment.id for payment in self.payments()]:
            self.demo.faults = list(faults)
            with suppress(ConsultError, CrashError):
                question(teller, payment_id, self.clock())
        self.demo.faults = []

    @rule(faults=FAULTS)
    def press_pay(self, faults):
        self.demo.faults = list(faults)
        with suppress(ConsultError):
            self.start(self.till, booking_id=self.booking_id)
        self.demo.faults = []

    @rule(button=st.sampled_from(["pay", "pay", "decline"]))
    def stand_at_the_pay_page(self, button):
        for checkout_id in [payment.checkout_id for payment in self.payments()]:
            if checkout_id is not None:
                getattr(self.demo, button)(checkout_id, self.clock())

    @rule(faults=FAULTS, dying=st.booleans())
    def come_back(self, faults, dying):
        self.ask(tills.sync, faults, dying)

    @rule(faults=FAULTS, dying=st.booleans())
    def give_up(self, faults, dying):
        self.ask(tills.close_checkout, faults, dying)

    @rule(minutes=st.sampled_from([1, 34, 35, 24 * 60]))
    def wait(self, minutes):
        self.clock.advance(timedelta(minutes=minutes))

    @rule(amount=AMOUNTS, reason=st.sampled_from(["therapist", "staff-1", "staff-2"]))
    def ask_for_money_back(self, amount, reason):
        for payment_id in [payment.id for payment in self.payments()]:
            with suppress(ConsultError), transaction(self.session):
                refund_service.request_refund(self.session, payment_id, amount, reason, self.clock())

    @rule(faults=FAULTS, dying=st.booleans())
    def send_money_back(self, faults, dying):
        teller = replace(self.till, react=die) if dying else self.till
        for refund_id in [refund.id for refund in self.refunds()]:
            self.demo.faults = list(faults)
            with suppress(ConsultError, CrashError):
                refund_calls.run_refund(teller, refund_id, self.clock())
        self.demo.faults = []

    @invariant()
    def a_payment_is_charged_at_most_once(self):
        charges = Counter(entry.payment_id for entry in self.entries(LedgerKind.CHARGE))
        assert set(charges.values()) <= {1}

    @invariant()
    def a_booking_has_at_most_one_live_payment(self):
        assert sum(payment.state in LIVE for payment in self.payments()) <= 1

    @invariant()
    def no_more_goes_back_than_came(self):
        assert 0 <= self.kept(self.booking_id).minor <= 9000

    @invariant()
    def paid_is_told_once_and_never_without_a_charge(self):
        told = Counter(one.payment_id for one in self.news if isinstance(one, Paid))
        charged = {entry.payment_id for entry in self.entries(LedgerKind.CHARGE)}
        paid = {payment.id for payment in self.payments() if payment.state is PaymentState.PAID}
        assert set(told) == charged == paid
        assert set(told.values()) <= {1}

    def teardown(self):
        self.come_back([], False)
        self.send_money_back([], False)
        held = Money(0, "usd")
        for checkout_id in [payment.checkout_id for payment in self.payments()]:
            seen = None if checkout_id is None else self.demo.fetch(checkout_id)
            if seen is not None and seen.paid:
                held += seen.amount
                for refund in self.demo.refunds(seen.gateway_payment_id):
                    held -= refund.amount
        assert self.kept(self.booking_id) == held


def test_the_ledger_ends_up_saying_what_the_gateway_holds(
    till, start, demo, clock, session, new_booking, news, kept
):
    world = {
        "till": till,
        "start": start,
        "demo": demo,
        "clock": clock,
        "session": session,
        "new_booking": new_booking,
        "news": news,
        "kept": kept,
    }
    run_state_machine_as_test(
        lambda: Walk(world),
        settings=settings(max_examples=30, stateful_step_count=25, deadline=None, database=None),
    )
