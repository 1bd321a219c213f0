"""The address Stripe's events come to, as Stripe and everybody else may use it."""

import json
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe as sdk
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from consult.core.clock import FixedClock
from tests.journeys.patient import Patient
from tests.stripe_double import Double, Fault
from tests.stripe_double import fixtures as stripe_fixtures
from tests.stripe_double.server import SECRET

Rows = Callable[[str], list[tuple]]
Post = Callable[..., TestResponse]

app = stripe_fixtures.app

EVENT = {
    "id": "evt_1",
    "object": "event",
    "type": "checkout.session.completed",
    "livemode": False,
    "data": {"object": {"id": "cs_1", "object": "checkout.session", "client_reference_id": "theirs"}},
}


@pytest.fixture
def post(client: FlaskClient, clock: FixedClock) -> Post:
    """Send bytes, signed with a secret unless that is None."""

    def send(body: bytes, secret: str | None = SECRET) -> TestResponse:
        headers = {}
        if secret is not None:
            at = int(clock().timestamp())
            text = body.decode(errors="replace")
            sign = sdk.WebhookSignature.generate_signature_header
            headers["Stripe-Signature"] = sign(text, secret, at)
        return client.post("/webhooks/stripe", data=body, headers=headers)

    return send


@pytest.fixture
def paid_event(
    patient: Patient,
    go_to_pay_page: Callable[[Patient], str],
    pay_at: Callable[..., str | None],
    double: Double,
) -> dict:
    """Of a patient who paid and has not come back yet."""
    patient.come_to_check()
    pay_at(go_to_pay_page(patient))
    [event] = double.hooks.events("checkout.session.completed")
    return event


def test_row_1_an_event_books_the_visit_without_cookie_or_csrf_token(
    double: Double, paid_event: dict, rows: Rows
):
    assert double.hooks.deliver(paid_event) == 200
    assert rows("SELECT status FROM appointment") == [("booked",)]
    assert rows("SELECT type, object_id FROM gateway_event") == [
        ("checkout.session.completed", paid_event["data"]["object"]["id"])
    ]


def test_row_4_eight_copies_at_once_are_one_visit(double: Double, paid_event: dict, rows: Rows):
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: double.hooks.deliver(paid_event), range(8)))
    assert set(answers) <= {200, 503}
    assert 200 in answers
    assert rows("SELECT kind, amount_minor FROM ledger_entry") == [("charge", 12_000)]
    assert rows("SELECT count(*) FROM outbox_message") == [(2,)]
    assert rows("SELECT count(*) FROM gateway_event") == [(1,)]


def test_row_19_while_stripe_cannot_be_asked_the_event_is_to_come_again(
    double: Double, paid_event: dict, rows: Rows
):
    double.faults = [Fault.ERROR_500]
    assert double.hooks.deliver(paid_event) == 503
    assert rows("SELECT * FROM ledger_entry") == []
    assert double.hooks.deliver(paid_event) == 200
    assert rows("SELECT count(*) FROM ledger_entry") == [(1,)]


def test_row_27_what_is_not_signed_in_time_with_our_secret_changes_nothing(
    double: Double, paid_event: dict, rows: Rows
):
    assert double.hooks.deliver(paid_event, secret="whsec_of_somebody_else") == 400
    assert double.hooks.deliver(paid_event, tampered=True) == 400
    assert double.hooks.deliver(paid_event, age=301) == 400
    assert rows("SELECT * FROM gateway_event") == rows("SELECT * FROM ledger_entry") == []
    assert double.hooks.deliver(paid_event, secret="whsec_former") == 200


GARBAGE = (
    b"",
    b"not json",
    b"\xff\xfe",
    b"[]",
    b"null",
    b"{}",
    b"[" * 20_000,
    json.dumps({**EVENT, "data": None}).encode(),
    json.dumps({**EVENT, "data": {"object": []}}).encode(),
    json.dumps({**EVENT, "data": {"object": {"id": "x", "object": "y", "metadata": ["z"]}}}).encode(),
    json.dumps({**EVENT, "id": 7}).encode(),
    json.dumps({"id": "evt_1", "object": "v2.core.event", "type": "v1.x"}).encode(),
)
HEADERS = (
    "",
    "t",
    "t=",
    "t=1",
    "v1=00",
    "t=x,v1=00",
    "t=1,v1=é",
    "t=99999999999999999999,v1=00",
    "," * 5_000,
)


def test_row_27_garbage_is_refused_signed_or_not(post: Post, subtests: pytest.Subtests):
    for number, body in enumerate(GARBAGE):
        for secret in (None, "whsec_of_somebody_else", SECRET):
            with subtests.test(f"{number} {secret}"):
                response = post(body, secret)
                assert (response.status_code, response.mimetype) == (400, "text/plain")


def test_row_27_a_header_that_makes_no_sense_is_refused(client: FlaskClient, subtests: pytest.Subtests):
    for header in HEADERS:
        with subtests.test(header[:30]):
            headers = {"Stripe-Signature": header}
            response = client.post("/webhooks/stripe", data=json.dumps(EVENT), headers=headers)
            assert response.status_code == 400


def test_row_28_events_of_other_applications_and_of_unknown_kinds_are_let_go(
    post: Post, rows: Rows, double: Double
):
    unknown = {
        **EVENT,
        "type": "radar.early_fraud_warning.created",
        "data": {"object": {"id": "x", "object": "y"}},
    }
    nameless = {**EVENT, "type": "balance.available", "data": {"object": {"object": "balance"}}}
    for event in (EVENT, unknown, nameless):
        assert post(json.dumps(event).encode()).status_code == 200
    assert rows("SELECT * FROM gateway_event") == []
    assert double.log == []


def test_an_event_of_the_other_mode_is_let_go_and_logged(
    post: Post, double: Double, caplog: pytest.LogCaptureFixture
):
    with caplog.at_level(logging.ERROR):
        assert post(json.dumps({**EVENT, "livemode": True}).encode()).status_code == 200
    assert "evt_1" in caplog.text
    assert double.log == []


def test_more_than_an_event_can_be_is_not_read(post: Post):
    assert post(b" " * 262_145).status_code == 413


def test_nobody_reads_there(client: FlaskClient):
    assert client.get("/webhooks/stripe").status_code == 405


def test_a_browser_of_another_site_may_not_be_told_apart_from_stripe_but_cannot_sign(client: FlaskClient):
    response = client.post("/webhooks/stripe", data="{}", headers={"Sec-Fetch-Site": "cross-site"})
    assert (response.status_code, "Set-Cookie" in response.headers) == (400, False)


def test_with_the_demo_nothing_is_believed(make_app: Callable[..., Flask], clock: FixedClock):
    client = make_app(STRIPE_WEBHOOK_SECRETS=SECRET).test_client()
    body = json.dumps(EVENT)
    header = sdk.WebhookSignature.generate_signature_header(body, SECRET, int(clock().timestamp()))
    response = client.post("/webhooks/stripe", data=body, headers={"Stripe-Signature": header})
    assert response.status_code == 400


def test_without_a_secret_nothing_is_believed(make_app: Callable[..., Flask], clock: FixedClock):
    client = make_app(STRIPE_SECRET_KEY="sk_test_1").test_client()
    body = json.dumps(EVENT)
    header = sdk.WebhookSignature.generate_signature_header(body, "", int(clock().timestamp()))
    response = client.post("/webhooks/stripe", data=body, headers={"Stripe-Signature": header})
    assert response.status_code == 400
