"""Every door of the house: who may open it. A new route must be written down here, or be guarded."""

from collections.abc import Callable

import pytest
from flask import Flask

from tests.journeys.patient import Visitor

PUBLIC = {
    "/": "who Dr. Patel is",
    "/book": "where every Book button leads",
    "/book/safety": "the first step",
    "/book/stop": "own visit by its cookie",
    "/book/advice": "own visit by its cookie",
    "/book/time": "own visit by its cookie",
    "/book/time-zone": "own visit by its cookie",
    "/book/type": "own visit by its cookie",
    "/book/email": "own visit by its cookie",
    "/book/about": "own visit by its cookie",
    "/book/about/<name>": "own visit by its cookie",
    "/book/terms": "own visit by its cookie",
    "/book/check": "own visit by its cookie",
    "/book/code": "own visit by its cookie",
    "/book/code/remove": "own visit by its cookie",
    "/book/pay": "own visit by its cookie",
    "/book/paid": "own visit by its cookie",
    "/book/unpaid": "own visit by its cookie",
    "/privacy": "the notice",
    "/b/<token>": "secret address",
    "/b/<token>/appointment.ics": "secret address",
    "/b/<token>/calendar": "secret address, only sent",
    "/b/<token>/cancel": "secret address",
    "/b/<token>/reschedule": "secret address",
    "/b/<token>/earlier": "secret address",
    "/b/<token>/intake": "secret address",
    "/b/<token>/intake/<section_id>": "secret address",
    "/b/<token>/intake/check": "secret address",
    "/b/<token>/intake/done": "secret address",
    "/b/<token>/receipt/<number>.pdf": "secret address",
    "/b/<token>/safety": "secret address",
    "/b/<token>/safety/done": "secret address",
    "/b/<token>/text-messages": "secret address",
    "/b/<token>/time-zone": "secret address",
    "/b/<token>/tips": "secret address",
    "/cal/<token>.ics": "secret address",
    "/calendar/<token>": "secret address",
    "/calendar/<token>/stop": "secret address, only sent",
    "/calendar/stopped": "says the same to everybody",
    "/reminders/<token>": "secret address",
    "/reminders/<token>/off": "secret address",
    "/v/<token>": "secret address",
    "/v/<token>/link": "secret address, only sent",
    "/embed/times": "free times, which anybody may see on the site",
    "/demo-pay/<checkout_id>": "stands in for the card company's page",
    "/demo-room/<room>": "stands in for the video company's page",
    "/webhooks/stripe": "signed events",
    "/webhooks/twilio": "signed answers",
    "/times.json": "free times, which anybody may see on the site",
    "/healthz": "monitors",
    "/readyz": "monitors",
    "/login": "the way in",
    "/logout": "the way out",
    "/mail": "development only",
    "/mail/<name>": "development only",
    "/styleguide": "development only",
    "/static/<path:filename>": "style sheet and scripts",
}

SECRET = {rule for rule, why in PUBLIC.items() if why == "secret address"}


def _rules(app: Flask) -> dict[str, set[str]]:
    rules: dict[str, set[str]] = {}
    for rule in app.url_map.iter_rules():
        rules.setdefault(rule.rule, set()).update(rule.methods or ())
    return rules


def _address(rule: str) -> str:
    for part in ("<booking_id>", "<section_id>"):
        rule = rule.replace(part, "11111111-1111-4111-8111-111111111111")
    return rule.replace("<", "").replace(">", "")


def test_every_route_is_declared_public_or_leads_a_stranger_to_the_sign_in(app: Flask, subtests):
    guarded = {rule: methods for rule, methods in _rules(app).items() if rule not in PUBLIC}
    assert "/therapist" in guarded
    for rule, methods in guarded.items():
        for method in methods - {"HEAD", "OPTIONS"}:
            with subtests.test(f"{method} {rule}"):
                stranger = Visitor(app)
                token = stranger.open("/login").form.value("csrf_token")
                response = stranger.client.open(_address(rule), method=method, data={"csrf_token": token})
                assert response.status_code == 302
                assert response.location.startswith("/login?next=")


def test_every_route_declared_public_exists(app: Flask):
    assert set(PUBLIC) - set(_rules(app)) == set()


def test_nothing_made_for_development_is_there_in_production(make_app: Callable[..., Flask]):
    app = make_app(
        CONSULT_ENV="production",
        PUBLIC_URL="https://book.example.org",
        SMTP_URL="smtp://localhost:2525",
        MAIL_FROM="bookings@example.org",
        ALLOW_DEMO_PAYMENTS="1",
    )
    in_development = {rule for rule, why in PUBLIC.items() if why == "development only"}
    assert in_development & set(_rules(app)) == set()


@pytest.mark.parametrize("address", ["/mail", "/mail/x", "/styleguide"])
def test_what_is_made_for_development_is_shown_to_this_machine_only(app: Flask, address: str):
    response = app.test_client().get(address, environ_base={"REMOTE_ADDR": "192.0.2.7"})
    assert response.status_code == 404


def test_unknown_secrets_are_not_found_and_all_alike(app: Flask, subtests):
    """Unknown, malformed and never confirmed must not be told apart."""
    visitor = Visitor(app)
    bodies = set()
    tokens = ("x", "A" * 43, "../../etc/passwd", "%00", "'", "é" * 20, "a" * 5_000)
    for rule in sorted(SECRET):
        for token in tokens:
            address = rule.replace("<token>", token).replace("<section_id>", "where")
            with subtests.test(address[:80]):
                response = visitor.client.get(address)
                if token != "%00":
                    assert response.status_code == 404
                    bodies.add(response.data)
                assert response.status_code in (400, 404)
    assert len(bodies) == 1
    assert b"We can" in bodies.pop()


def test_a_booking_not_confirmed_has_no_private_page_even_for_those_who_know_its_token(app: Flask):
    patient = Visitor(app)
    patient.open("/book/safety")
    patient.fill(sc_main=["none"])
    patient.press()
    with patient.client.session_transaction() as session:
        token = session["visit"]
    unknown = patient.client.get("/b/unknown")
    known = patient.client.get(f"/b/{token}")
    assert (known.status_code, known.data) == (404, unknown.data)


@pytest.mark.parametrize(
    "address", ["/nowhere", "/book/nowhere", "/therapist/nowhere", "/demo-pay/x", "/mail/x"]
)
def test_what_does_not_exist_is_not_found(app: Flask, address: str):
    response = app.test_client().get(address)
    assert response.status_code == 404
    assert "We can’t find that page" in response.text
