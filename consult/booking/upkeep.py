"""What has to be done though nobody asks: money asked about, holds ended, mail sent, drafts deleted."""

import logging
import traceback
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy.orm import Session

from consult.accounts.service import forget_old_sign_ins
from consult.intake.library import mark_versions
from consult.notifications.mailer import Mailer
from consult.notifications.sending import send_due
from consult.notifications.text_sending import send_texts_due
from consult.notifications.undelivered import forget_payloads
from consult.payments.errors import CheckoutUnavailable, RefundDelayed
from consult.payments.models import Payment
from consult.payments.reconciler import is_due, reconcile, tell_of_silence
from consult.payments.refund_calls import run_refund, tell_of_stuck_refunds
from consult.payments.refund_service import refunds_to_run
from consult.payments.service import payments_to_sync, retire_play_money
from consult.payments.till import close_checkout, sync
from consult.practice.service import fill_digests
from consult.scheduling.service import expire_holds

from .checkout import Counter, may_be_paid
from .drafts import purge_drafts
from .earlier.offers import bookings_waiting, bookings_with_offers, end_offer_if_over, offer_earlier_time
from .feed_detail import redraw_after_upgrade
from .holds import keep_hours_in_doubt
from .letters.reminders import reminders_due, send_reminder
from .models import Booking
from .money.receipts import entries_without_document, issue_missing
from .outside.looks import calendars_due, check_calendar
from .outside.notices import mail_notice, notices_due
from .pack_use import end_packs_that_are_over
from .standing import find_standing

_log = logging.getLogger("consult.upkeep")
_FRAMES = 3


@dataclass(frozen=True)
class Upkeep:
    counter: Counter
    mailer: Mailer
    mail_from: str

    def run_due(self) -> None:
        """One pass over everything that is due. Every part may be cut off anywhere and done again, and one
        that fails does not keep the others from their turn.
        """
        counter = self.counter
        parts: tuple[Callable[[], object], ...] = (
            lambda: self._write(self._retire_play_money),
            self.ask_about_payments,
            lambda: self._write(keep_hours_in_doubt),
            self.send_refunds,
            self.issue_documents,
            lambda: self._write(expire_holds),
            self.mail_notices,
            self.send_reminders,
            self.offer_earlier_times,
            lambda: self._write(partial(end_packs_that_are_over, ports=counter.ports)),
            lambda: self._write(purge_drafts),
            lambda: self._write(forget_old_sign_ins),
            lambda: self._write(forget_payloads),
            lambda: self._write(partial(redraw_after_upgrade, ports=counter.ports)),
            lambda: self._write(partial(fill_digests, sealer=counter.ports.sealer)),
            lambda: self._write(partial(mark_versions, catalogue=counter.ports.catalogue)),
            lambda: send_due(
                counter.session,
                counter.transaction,
                self.mailer,
                counter.ports.sealer,
                self.mail_from,
                counter.clock,
            ),
            self.send_texts,
            # Others' servers may take their time: after everything that somebody waits for.
            self.check_outside_calendars,
            self.reconcile_payments,
        )
        for part in parts:
            self._try(part)

    def ask_about_payments(self) -> None:
        """A checkout past its time is closed: its hour must not be sold while somebody can pay it. So is
        one whose booking was stopped, if closing it failed then.
        """
        counter, now = self.counter, self.counter.clock()
        for payment_id in payments_to_sync(counter.session, counter.ports.gateway.name, now):
            self._try(partial(self._ask_about, payment_id, now), f"payment {payment_id}")

    def _ask_about(self, payment_id: uuid.UUID, now: datetime) -> None:
        counter = self.counter
        payment = counter.session.get_one(Payment, payment_id)
        over = payment.expires_at <= now
        if not over:
            booking = counter.session.get_one(Booking, payment.booking_id)
            over = not may_be_paid(find_standing(counter.session, booking, now, counter.ports))
        ask = close_checkout if over else sync
        try:
            ask(counter.till(), payment_id, now)
        except CheckoutUnavailable:
            # At once: with a gateway that does not answer, the pass may outlast a hold.
            self._write(keep_hours_in_doubt)
            raise

    def check_outside_calendars(self) -> None:
        """Each on its own: one that cannot be read keeps no other waiting for its turn."""
        counter = self.counter
        for calendar_id in calendars_due(counter.session, counter.clock()):
            self._try(partial(check_calendar, counter, calendar_id), f"calendar {calendar_id}")

    def send_texts(self) -> None:
        counter, texter = self.counter, self.counter.ports.texter
        if texter is not None:
            sealer = counter.ports.sealer
            send_texts_due(counter.session, counter.transaction, texter, sealer, counter.clock)

    def send_refunds(self) -> None:
        counter = self.counter
        for refund_id in refunds_to_run(counter.session, counter.ports.gateway.name, counter.clock()):
            self._try(partial(self._send_refund, refund_id), f"refund {refund_id}")
        tell_of_stuck_refunds(counter.till(), counter.clock())

    def _send_refund(self, refund_id: uuid.UUID) -> None:
        """By the clock of its own call: it is what keeps others from the refund meanwhile."""
        run_refund(self.counter.till(), refund_id, self.counter.clock())

    def reconcile_payments(self) -> None:
        """Once a day, after everything that somebody waits for."""
        counter, now, gateway = self.counter, self.counter.clock(), self.counter.ports.gateway
        try:
            if is_due(counter.session, gateway.name, gateway.livemode, now):
                reconcile(counter.till(), counter.ports.links.payment_return(), now)
        finally:
            tell_of_silence(counter.till(), now)

    def issue_documents(self) -> None:
        ports = self.counter.ports
        for entry_id in entries_without_document(self.counter.session):
            self._each(f"ledger entry {entry_id}", partial(issue_missing, entry_id=entry_id, ports=ports))

    def mail_notices(self) -> None:
        counter = self.counter
        for notice in notices_due(counter.session, counter.clock(), counter.ports):
            self._each(notice.key, partial(mail_notice, notice=notice, ports=counter.ports))

    def send_reminders(self) -> None:
        counter = self.counter
        for due in reminders_due(counter.session, counter.clock()):
            self._each(due.key, partial(send_reminder, due=due, ports=counter.ports))

    def offer_earlier_times(self) -> None:
        session, ports = self.counter.session, self.counter.ports
        for booking_id in bookings_with_offers(session):
            self._each(
                f"booking {booking_id}", partial(end_offer_if_over, booking_id=booking_id, ports=ports)
            )
        for booking_id in bookings_waiting(session):
            self._each(
                f"booking {booking_id}", partial(offer_earlier_time, booking_id=booking_id, ports=ports)
            )

    def _retire_play_money(self, session: Session, now: datetime) -> None:
        retire_play_money(session, self.counter.ports.gateway, now)

    def _try(self, work: Callable[[], object], which: str = "") -> None:
        """`which` of many it is, in words that may stand in a log."""
        try:
            work()
        except (CheckoutUnavailable, RefundDelayed):
            return
        except Exception as error:
            # The message may quote what a patient typed; where it happened is enough to find it.
            frames = "".join(traceback.format_tb(error.__traceback__)[-_FRAMES:])
            _log.error("upkeep: %s %s\n%s", type(error).__name__, which, frames)
            self.counter.session.rollback()

    def _each(self, which: str, work: Callable[[Session, datetime], object]) -> None:
        """One of many, in a transaction of its own: if it fails, it takes no other with it."""
        self._try(partial(self._write, work), which)

    def _write(self, work: Callable[[Session, datetime], object]) -> None:
        with self.counter.transaction():
            work(self.counter.session, self.counter.clock())
