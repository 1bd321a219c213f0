"""Every page the house has: nothing inaccessible, nothing wider than a small phone. A new address that can be
opened must be written down here.

What a booking looks like on its way stands in test_patient.py and test_paying.py, which walk it.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from consult.booking.models import Booking
from consult.booking.tokens import read_token, visit_token
from consult.calendaring.models import ExternalCalendar
from consult.calendaring.subscriptions import new_patient_subscription
from consult.core.tokens import digest
from consult.deps import deps
from consult.intake.models import QuestionnaireResponse
from consult.notifications.models import OutboxMessage
from consult.notifications.preferences import give_link
from consult.payments.lifecycle import RefundState
from consult.payments.models import Payment, Refund
from consult.practice.models import Therapist
from consult.scheduling.models import SessionType
from tests.browser.booking import sign_in
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser

THERAPIST = {
    "/therapist",
    "/therapist/bookings/<booking_id>",
    "/therapist/bookings/<booking_id>/cancel",
    "/therapist/bookings/<booking_id>/handout",
    "/therapist/bookings/<booking_id>/move",
    "/therapist/bookings/<booking_id>/release",
    "/therapist/calendar",
    "/therapist/calendar/invitations",
    "/therapist/calendars",
    "/therapist/calendars/<calendar_id>/change",
    "/therapist/calendars/<calendar_id>/remove",
    "/therapist/form",
    "/therapist/form/patients",
    "/therapist/form/patients/<patient_id>",
    "/therapist/hours",
    "/therapist/hours/days",
    "/therapist/hours/rules",
    "/therapist/hours/sessions",
    "/therapist/hours/sessions/<type_id>",
    "/therapist/hours/sessions/new",
    "/therapist/hours/terms",
    "/therapist/hours/week",
    "/therapist/hours/week/new",
    "/therapist/hours/why",
    "/therapist/money",
    "/therapist/money/receipts",
    "/therapist/money/refunds/<refund_id>",
    "/therapist/past",
    "/therapist/vouchers",
    "/therapist/vouchers/codes/new",
    "/therapist/vouchers/packs/new",
    "/therapist/website",
}
PATIENT = {
    "/",
    "/privacy",
    "/login",
    "/embed/times",
    "/b/<token>",
    "/b/<token>/cancel",
    "/b/<token>/earlier",
    "/b/<token>/intake",
    "/b/<token>/intake/<section_id>",
    "/b/<token>/intake/check",
    "/b/<token>/intake/done",
    "/b/<token>/reschedule",
    "/b/<token>/safety",
    "/b/<token>/safety/done",
    "/b/<token>/time-zone",
    "/v/<token>",
    "/calendar/<token>",
    "/calendar/stopped",
    "/reminders/<token>",
    "/demo-room/<room>",
}
WALKED = {
    "/b/<token>/tips",
    "/book",
    "/book/about",
    "/book/about/<name>",
    "/book/advice",
    "/book/check",
    "/book/email",
    "/book/paid",
    "/book/safety",
    "/book/stop",
    "/book/terms",
    "/book/time",
    "/book/time-zone",
    "/book/unpaid",
    "/demo-pay/<checkout_id>",
}
OFF = {"/b/<token>/text-messages"}
"""Not there unless it is switched on."""

NO_PAGES = {
    "/b/<token>/appointment.ics",
    "/b/<token>/receipt/<number>.pdf",
    "/cal/<token>.ics",
    "/healthz",
    "/mail",
    "/mail/<name>",
    "/readyz",
    "/reminders/<token>/off",
    "/static/<path:filename>",
    "/styleguide",
    "/therapist/bookings/<booking_id>/fhir.json",
    "/therapist/form.json",
    "/therapist/money.csv",
    "/therapist/money/documents/<number>.pdf",
    "/times.json",
}
"""Files, answers to programs, and what only developers see."""


def test_every_address_that_can_be_opened_is_listed(app: Flask) -> None:
    opened = {rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    assert opened == THERAPIST | PATIENT | WALKED | OFF | NO_PAGES


def test_the_therapist_can_use_every_page(site: Flask, new_visitor: Callable[..., Visitor]) -> None:
    with site.app_context(), deps().transaction():
        names = {
            "<booking_id>/release": f"{_booking_on_hold(deps().session)}/release",
            "<booking_id>": str(_booking_of_somebody(deps().session).id),
            "<calendar_id>": str(_calendar_that_fails(deps().session)),
            "<patient_id>": deps().worked_patients[0].id,
            "<type_id>": str(deps().session.scalars(select(SessionType.id)).first()),
            "<refund_id>": str(_refund_that_failed(deps().session)),
        }
        _lose_two_mails(deps().session)
    olivia = new_visitor(width=1280)
    sign_in(olivia)
    _see_all(olivia, THERAPIST, names)


def test_a_patient_can_use_every_page(site: Flask, new_visitor: Callable[..., Visitor]) -> None:
    with site.app_context(), deps().transaction():
        d = deps()
        booking = _booking_of_somebody(d.session)
        own = read_token(booking, d.ports.sealer)
        names = {
            "/b/<token>": f"/b/{own}",
            "/v/<token>": f"/v/{visit_token(booking, d.ports.sealer)}",
            "/calendar/<token>": "/calendar/"
            + new_patient_subscription(d.session, booking.id, [booking.id], d.now()),
            "/reminders/<token>": "/reminders/"
            + give_link(d.session, [digest("jo@example.com")], d.ports.sealer, d.now()),
            "<section_id>": "feel",
            "<room>": "somewhere",
        }
    _see_all(new_visitor(), PATIENT, names)


def _see_all(visitor: Visitor, rules: set[str], names: dict[str, str]) -> None:
    for address in sorted(_addresses(rules, names)):
        visitor.open(address)
        response = visitor.page.evaluate("performance.getEntriesByType('navigation')[0].responseStatus")
        assert response == 200, address
        visitor.check_page()


def _addresses(rules: set[str], names: dict[str, str]) -> Iterator[str]:
    for rule in rules:
        address = rule
        for part, value in names.items():
            address = address.replace(part, value)
        assert "<" not in address, address
        yield address


def _booking_of_somebody(session: Session) -> Booking:
    """One of the demonstration's whose intake is finished, so that every page of it is open."""
    booking = session.scalars(
        select(Booking)
        .join(QuestionnaireResponse, QuestionnaireResponse.booking_id == Booking.id)
        .where(Booking.confirmed_at.is_not(None), QuestionnaireResponse.completed_at.is_not(None))
        .order_by(Booking.started_at.desc(), Booking.id)
    ).first()
    assert booking is not None
    return booking


def _booking_on_hold(session: Session) -> UUID:
    return session.scalars(select(Booking.id).where(Booking.safety_hold_at.is_not(None))).one()


def _calendar_that_fails(session: Session) -> UUID:
    now = deps().now()
    row = ExternalCalendar(
        therapist_id=session.scalars(select(Therapist.id)).one(),
        kind="ics",
        name="Family, school and the choir’s Tuesdays",
        next_check_at=now + timedelta(hours=1),
        checked_at=now,
        succeeded_at=now - timedelta(days=2),
        failures=3,
        last_error="unreachable",
        created_at=now - timedelta(days=9),
    )
    row.access_sealed = b"\0"
    session.add(row)
    session.flush()
    return row.id


def _refund_that_failed(session: Session) -> UUID:
    payment = session.scalars(select(Payment)).first()
    assert payment is not None
    now = deps().now()
    row = Refund(
        payment_id=payment.id,
        amount_minor=6000,
        currency=payment.currency,
        reason="patient",
        state=RefundState.FAILED,
        idempotency_key="seen-by-every-page",
        created_at=now,
        updated_at=now,
    )
    session.add(row)
    session.flush()
    return row.id


def _lose_two_mails(session: Session) -> None:
    two = session.scalars(select(OutboxMessage.id).limit(2)).all()
    session.execute(
        update(OutboxMessage).where(OutboxMessage.id.in_(two)).values(status="dead", last_error="MailRefused")
    )
