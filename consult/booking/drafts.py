"""Bookings that never came to be are deleted."""

from datetime import datetime, timedelta

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from consult.intake.service import forget_responses
from consult.payments.lifecycle import LIVE
from consult.payments.models import LedgerEntry, MoneyAlert, Payment
from consult.practice.models import Patient

from .email_confirmation import forget_codes
from .models import Booking

DRAFT_LIFETIME = timedelta(hours=24)
"""What an unfinished booking said about somebody's health is deleted after this."""


def purge_drafts(session: Session, now: datetime) -> None:
    """Delete bookings that never came to be, with all that was answered. One whose money moved, or waits for
    a person, stays, with whom to reach about it, but without answers.
    """
    over = select(Booking.id).where(
        Booking.confirmed_at.is_(None),
        Booking.started_at < now - DRAFT_LIFETIME,
        ~exists().where(Payment.booking_id == Booking.id, Payment.state.in_(LIVE)),
    )
    booking_ids = list(session.scalars(over))
    forget_responses(session, booking_ids)
    forget_codes(session, booking_ids)
    moved = select(Payment.booking_id).join(LedgerEntry, LedgerEntry.payment_id == Payment.id)
    waits = select(Payment.booking_id).join(MoneyAlert, MoneyAlert.payment_id == Payment.id)
    needed = moved.union(waits.where(MoneyAlert.settled_at.is_(None)))
    session.execute(delete(Booking).where(Booking.id.in_(booking_ids), Booking.id.not_in(needed)))
    session.execute(delete(Patient).where(~exists().where(Booking.patient_id == Patient.id)))
