"""Webhook, way back, worker and a second tab, all at one moment: one visit, one charge, one mail."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from consult.booking.upkeep import Upkeep
from consult.deps import counter, deps
from consult.notifications.models import OutboxMessage
from consult.payments.models import LedgerEntry, Payment
from consult.scheduling.lifecycle import Status
from consult.scheduling.models import Appointment
from tests.bench.databases import Database
from tests.journeys.patient import Patient
from tests.stripe_double import Double
from tests.stripe_double.server import API_KEY, SECRET

PayAt = Callable[..., str | None]
GoToPayPage = Callable[[Patient], str]
STARTS = ["2026-06-01T17:00:00+00:00", "2026-06-01T18:00:00+00:00", "2026-06-01T19:00:00+00:00"]
AT_ONCE = 8


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def app(request: pytest.FixtureRequest, make_app: Callable[..., Flask], double: Double) -> Flask:
    server = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    app = make_app(
        STRIPE_SECRET_KEY=API_KEY,
        STRIPE_WEBHOOK_SECRETS=SECRET,
        STRIPE_API_BASE=double.url,
        DATABASE_URL=Database(request.param, server).new_url(),
    )

    def post(body: bytes, headers: dict[str, str]) -> int:
        return app.test_client().post("/webhooks/stripe", data=body, headers=headers).status_code

    double.hooks.send = post
    return app


def at_once(*steps: Callable[[], Any]) -> list[Any]:
    """Each in a thread, none before all of them are ready; what they returned."""
    gate = Barrier(len(steps))

    def step(number: int) -> Any:
        gate.wait()
        return steps[number]()

    with ThreadPoolExecutor(len(steps)) as pool:
        return list(pool.map(step, range(len(steps))))


@pytest.fixture
def counted(app: Flask) -> Callable[..., int]:
    """How many rows there are of a table."""

    def count(table: Any, *where: Any) -> int:
        with app.app_context():
            found: int = deps().session.scalar(select(func.count()).select_from(table).where(*where))
            return found

    return count


@pytest.fixture
def booked_once(counted: Callable[..., int]) -> Callable[[int], None]:
    def check(visits: int) -> None:
        assert counted(Appointment, Appointment.status == Status.BOOKED) == visits
        assert counted(LedgerEntry) == visits
        for kind in ("confirmation", "therapist_new_booking"):
            assert counted(OutboxMessage, OutboxMessage.kind == kind) == visits

    return check


@pytest.fixture
def paid(app: Flask, go_to_pay_page: GoToPayPage, pay_at: PayAt) -> Iterator[list[Patient]]:
    """Three patients who have paid at Stripe, which has told nobody yet."""
    patients = []
    for number, start in enumerate(STARTS):
        patient = Patient(app)
        patient.come_to_check(start, pt_email=f"patient{number}@example.com")
        pay_at(go_to_pay_page(patient))
        patients.append(patient)
    return patients


def test_row_4_the_same_event_eight_times_at_once_books_once(
    paid: list[Patient], double: Double, booked_once: Callable[[int], None]
) -> None:
    for visits, event in enumerate(double.hooks.events("checkout.session.completed"), start=1):
        answers = at_once(*[lambda event=event: double.hooks.deliver(event)] * AT_ONCE)
        assert set(answers) <= {200, 503}
        assert double.hooks.deliver(event) == 200
        booked_once(visits)


def test_row_1_webhooks_the_way_back_and_the_worker_at_once_book_once(
    app: Flask, paid: list[Patient], double: Double, booked_once: Callable[[int], None]
) -> None:
    def work() -> int:
        with app.app_context():
            Upkeep(counter(), deps().mailer, "bookings@example.org").run_due()
        return 200

    def come_back(patient: Patient) -> int:
        return patient.client.get("/book/paid").status_code

    for number, patient in enumerate(paid):
        events = [
            event
            for kind in ("checkout.session.completed", "payment_intent.succeeded", "charge.succeeded")
            for event in double.hooks.events(kind)[number : number + 1]
        ]
        steps = [lambda event=event: double.hooks.deliver(event) for event in events]
        answers = at_once(*steps, partial(come_back, patient), work, work)
        assert set(answers) <= {200, 303, 503}
        assert patient.open("/book/paid").heading == "You're booked, Rosa"
    assert set(double.hooks.deliver_all()) <= {200}
    booked_once(len(paid))


def test_row_11_the_button_to_pay_pressed_in_six_tabs_at_once_leads_to_one_page(
    app: Flask, double: Double, counted: Callable[..., int]
) -> None:
    patient = Patient(app)
    patient.come_to_check(STARTS[0])
    [button] = [name for form in patient.page.forms for name in form.buttons if "to payment" in name]
    form = patient.page.form_with(button)
    cookie = patient.client.get_cookie("consult")
    assert cookie is not None

    def press() -> tuple[int, str | None]:
        tab = app.test_client()
        tab.set_cookie("consult", cookie.value)
        answer = tab.post(form.action, data=dict(form.sent(button)))
        return answer.status_code, answer.location

    answers = at_once(*[press] * 6)
    [session] = double.account.of_kind("checkout.session")
    assert {answer for answer in answers if answer[0] != 503} == {(303, session["url"])}
    assert counted(Payment) == 1
