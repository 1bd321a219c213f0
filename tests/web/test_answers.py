"""What every answer carries, and how requests that make no sense are answered."""

from collections.abc import Callable

import pytest
from flask import Flask, Response, g, request
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from consult.core.errors import ConsultError
from tests.bench.databases import Database
from tests.journeys.patient import Patient, Therapist, Visitor

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "object-src": "'none'",
}


def _check_headers(response: TestResponse) -> None:
    headers = response.headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy.items() >= POLICY.items()
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]


def _check_no_inline(html: str) -> None:
    lowered = html.lower()
    for forbidden in ("<style", " style=", " onclick=", " onload=", "javascript:", "http://fonts", "//cdn"):
        assert forbidden not in lowered, forbidden
    for script in lowered.split("<script")[1:]:
        assert script.startswith(' type="module" src="/static/')


def test_every_page_and_every_refusal_carries_the_security_headers_and_is_not_stored(
    app: Flask, patient: Patient, therapist: Therapist, subtests
):
    private_page = patient.book()
    therapist.sign_in()
    therapist.open("/therapist")
    summary = therapist.page.links["Rosa Marin"]
    stranger = Visitor(app)
    answers = {
        **{
            path: stranger.client.get(path)
            for path in ("/", "/book", "/book/safety", "/privacy", "/login", "/nowhere", "/b/x", "/cal/x.ics")
        },
        **{
            path: stranger.client.get(path)
            for path in (
                "/healthz",
                "/readyz",
                "/mail",
                "/therapist",
                "/book/paid",
                "/book/pay",
                "/demo-pay/x",
            )
        },
        **{
            path: patient.client.get(f"{private_page}{path}")
            for path in ("", "/intake/where", "/intake/done", "/appointment.ics", "/safety")
        },
        **{path: therapist.client.get(path) for path in ("/therapist", summary, "/therapist/calendar")},
        "POST without a token": stranger.client.post("/book/pay"),
        "POST not allowed": stranger.client.post("/privacy"),
        "too large": stranger.client.post("/book/safety", data={"sc_main": "x" * 1_100_000}),
    }
    for name, response in answers.items():
        with subtests.test(name):
            _check_headers(response)
            assert response.headers["Cache-Control"] == "no-store"
            if response.mimetype == "text/html":
                _check_no_inline(response.text)


def test_static_files_may_be_kept_only_at_an_address_that_changes_with_them(app: Flask):
    html = app.test_client().get("/").text
    address = html.split('rel="stylesheet" href="')[1].split('"')[0]
    assert "?v=" in address
    with app.test_client().get(address) as fingerprinted:
        _check_headers(fingerprinted)
        assert "max-age=31536000" in fingerprinted.headers["Cache-Control"]
    with app.test_client().get(address.split("?")[0]) as plain:
        assert plain.headers["Cache-Control"] == "no-cache"


def test_behind_https_cookies_are_locked_down_and_browsers_told_to_stay(make_app: Callable[..., Flask]):
    app = make_app(
        CONSULT_ENV="production",
        PUBLIC_URL="https://book.example.org",
        SMTP_URL="smtp://localhost:2525",
        MAIL_FROM="bookings@example.org",
        ALLOW_DEMO_PAYMENTS="1",
    )
    response = app.test_client().get("/login", base_url="https://book.example.org")
    [cookie] = response.headers.getlist("Set-Cookie")
    assert cookie.startswith("__Host-consult=")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert response.headers["Strict-Transport-Security"].startswith("max-age=31536000")


def test_only_a_form_or_a_visit_sets_a_cookie(app: Flask):
    for address in ("/", "/privacy", "/healthz", "/nowhere", "/b/x", "/static/app.css"):
        with app.test_client().get(address) as response:
            assert "Set-Cookie" not in response.headers, address


def test_another_hosts_name_is_refused(app: Flask):
    response = app.test_client().get("/", headers={"Host": "evil.example"})
    assert response.status_code == 400
    assert "evil.example" not in response.text


@pytest.mark.parametrize(
    ("method", "address"),
    [("POST", "/"), ("GET", "/book/pay"), ("GET", "/logout"), ("PUT", "/book/safety"), ("DELETE", "/b/x")],
)
def test_a_method_that_makes_no_sense_is_not_allowed(app: Flask, method: str, address: str):
    response = app.test_client().open(address, method=method)
    assert response.status_code == 405
    assert "That can’t be done here" in response.text


def test_more_than_a_megabyte_is_too_much(app: Flask):
    client = app.test_client()
    response = client.post("/book/safety", data={"sc_main": "x" * 1_100_000})
    assert response.status_code == 413
    assert "That is too much at once" in response.text
    response = client.post("/login", data=b"x" * 2_000_000, content_type="application/octet-stream")
    assert response.status_code in (413, 422)


def test_a_nul_in_an_address_is_refused(app: Flask):
    for address in ("/book%00", "/book/time?from=%00", "/b/%00"):
        assert app.test_client().get(address).status_code == 400, address


def test_what_breaks_after_a_page_was_made_is_logged_without_address_and_words(
    app: Flask, caplog: pytest.LogCaptureFixture
):
    typed = "typed by a patient"

    @app.after_request
    def break_it(response: Response) -> Response:
        if request.path == "/b/secret-address" and "tried" not in g:
            g.tried = True
            raise RuntimeError(typed)
        return response

    app.testing = False
    response = app.test_client().get("/b/secret-address")
    assert (response.status_code, "on our side" in response.text) == (500, True)
    assert "RuntimeError" in caplog.text
    assert "secret-address" not in caplog.text
    assert typed not in caplog.text


@pytest.mark.postgres
def test_a_nul_in_a_field_is_no_fault_of_ours(make_app: Callable[..., Flask], postgres_url: str):
    """SQLite takes it, finds nothing and says so; PostgreSQL takes it in no text."""
    app = make_app(DATABASE_URL=Database("postgresql", postgres_url).new_url())
    app.testing = False
    visitor = Visitor(app)
    visitor.open("/login")
    visitor.fill(email="olivia\0@example.com", password="whatever it was")
    page = visitor.press("Sign in")
    assert (page.status, page.heading) == (400, "That did not arrive whole")


def test_a_busy_database_says_try_again_and_a_refusal_no_page_knows_is_a_conflict(app: Flask):
    @app.get("/tests/busy")
    def busy() -> str:
        raise OperationalError("SELECT", {}, Exception("database is locked"))

    @app.get("/tests/refused")
    def refused() -> str:
        raise ConsultError

    response = app.test_client().get("/tests/busy")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    assert "Nothing is lost." in response.text
    assert app.test_client().get("/tests/refused").status_code == 409


def test_an_unexpected_error_shows_a_plain_page_and_logs_no_word_of_it(
    app: Flask, caplog: pytest.LogCaptureFixture
):
    @app.get("/tests/broken/<word>")
    def broken(word: str) -> str:
        raise ValueError(f"could not read {word}")

    app.testing = False
    response = app.test_client().get("/tests/broken/saddle-numbness")
    assert response.status_code == 500
    assert "Something went wrong on our side" in response.text
    assert "saddle-numbness" not in response.text + caplog.text
    assert "ValueError at /tests/broken/<word>" in caplog.text
