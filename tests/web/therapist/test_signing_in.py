"""The therapist's way in and out."""

from collections.abc import Callable
from datetime import timedelta

from flask import Flask

from consult.core.clock import FixedClock
from tests.conftest import THERAPIST_EMAIL, THERAPIST_PASSWORD
from tests.journeys.page import Page
from tests.journeys.patient import Patient, Therapist, Visitor

WRONG = {
    "a wrong password": (THERAPIST_EMAIL, "wrong"),
    "an unknown address": ("nobody@example.com", THERAPIST_PASSWORD),
    "nothing": ("", ""),
    "no password": (THERAPIST_EMAIL, ""),
    "an injection": ("' OR 1=1 --", "' OR 1=1 --"),
    "oversized": ("x" * 100_000, "y" * 100_000),
    "a NUL": (f"{THERAPIST_EMAIL}\x00", THERAPIST_PASSWORD),
}


def test_whatever_is_wrong_the_answer_is_the_same(therapist: Therapist, subtests):
    for case, (email, password) in WRONG.items():
        with subtests.test(case):
            therapist.open("/login")
            therapist.fill(email=email, password=password)
            page = therapist.press("Sign in")
            assert (page.status, page.path) == (422, "/login")
            assert page.errors == {"email": "The email or the password is not right."}
            assert page.form.value("password") == ""
            assert page.form.value("email") == email.strip()
            assert therapist.open("/therapist").path == "/login"


def test_the_address_may_be_typed_in_any_case_with_spaces(therapist: Therapist):
    therapist.open("/login")
    therapist.fill(email=f" {THERAPIST_EMAIL.upper()} ", password=THERAPIST_PASSWORD)
    assert therapist.press("Sign in").path == "/therapist"


def test_a_stale_page_keeps_the_address_and_signs_nobody_in(
    therapist: Therapist, send_with_forged_token: Callable[[Visitor, str], Page]
):
    therapist.open("/login")
    therapist.fill(email=THERAPIST_EMAIL, password=THERAPIST_PASSWORD)
    page = send_with_forged_token(therapist, "Sign in")
    assert (page.status, page.errors["email"]) == (
        422,
        "This page was open for a long time. Please sign in again.",
    )
    assert page.form.value("email") == THERAPIST_EMAIL
    assert therapist.open("/therapist").path == "/login"


def test_signing_in_leads_to_where_one_wanted_to_go(therapist: Therapist):
    page = therapist.open("/therapist/calendar")
    assert page.address == "/login?next=%2Ftherapist%2Fcalendar"
    therapist.fill(email=THERAPIST_EMAIL, password=THERAPIST_PASSWORD)
    assert therapist.press("Sign in").path == "/therapist/calendar"


ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "\t//evil.example",
    "http:evil.example",
    "javascript:alert(1)",
    "evil.example",
    "",
]


def test_signing_in_never_leads_to_another_site(app: Flask, subtests):
    for target in ELSEWHERE:
        with subtests.test(target):
            visitor = Visitor(app)
            token = visitor.open("/login").form.value("csrf_token")
            response = visitor.client.post(
                "/login",
                query_string={"next": target},
                data={"csrf_token": token, "email": THERAPIST_EMAIL, "password": THERAPIST_PASSWORD},
            )
            assert (response.status_code, response.location) == (303, "/therapist")


def test_signing_out_ends_the_sign_in_even_for_a_copied_cookie(app: Flask, therapist: Therapist):
    therapist.sign_in()
    cookie = therapist.client.get_cookie("consult")
    assert cookie is not None
    thief = Visitor(app)
    thief.client.set_cookie("consult", cookie.value)
    assert thief.open("/therapist").path == "/therapist"

    assert therapist.press("Sign out").path == "/login"
    assert therapist.open("/therapist").path == "/login"
    thief.client.set_cookie("consult", cookie.value)
    assert thief.open("/therapist").path == "/login"


def test_a_cookie_of_our_own_making_opens_nothing(app: Flask):
    visitor = Visitor(app)
    visitor.client.set_cookie("consult", "eyJfdXNlcl9pZCI6IjEifQ.aaaa.bbbb")
    assert visitor.open("/therapist").path == "/login"


def test_half_an_hour_of_nothing_signs_out(therapist: Therapist, clock: FixedClock):
    therapist.sign_in()
    for _ in range(5):
        clock.advance(timedelta(minutes=30))
        assert therapist.open("/therapist").path == "/therapist"
    clock.advance(timedelta(minutes=30, seconds=1))
    assert therapist.open("/therapist").path == "/login"


def test_twelve_hours_sign_out_however_busy(therapist: Therapist, clock: FixedClock):
    therapist.sign_in()
    for _ in range(24):
        clock.advance(timedelta(minutes=30))
        assert therapist.open("/therapist").path == "/therapist"
    clock.advance(timedelta(seconds=1))
    assert therapist.open("/therapist").path == "/login"


def test_what_was_in_the_session_before_signing_in_is_gone(app: Flask):
    visitor = Visitor(app)
    visitor.open("/book/safety")
    visitor.fill(sc_main=["none"])
    visitor.press()
    visitor.open("/login")
    visitor.fill(email=THERAPIST_EMAIL, password=THERAPIST_PASSWORD)
    visitor.press("Sign in")
    with visitor.client.session_transaction() as session:
        assert "visit" not in session


def test_the_password_is_stored_only_as_a_hash_and_the_token_only_as_a_digest(
    therapist: Therapist, rows: Callable[[str], list[tuple]]
):
    therapist.sign_in()
    with therapist.client.session_transaction() as session:
        token = session["_user_id"]
    stored = str(rows("SELECT * FROM account")) + str(rows("SELECT * FROM sign_in"))
    assert THERAPIST_PASSWORD not in stored
    assert token not in stored
    assert "$argon2id$" in stored


def test_an_unknown_booking_has_no_summary(therapist: Therapist, patient: Patient, rows, subtests):
    patient.pass_safety_check()
    [(draft,)] = rows("SELECT id FROM booking")
    therapist.sign_in()
    for booking in ("x", "11111111-1111-4111-8111-111111111111", draft):
        with subtests.test(booking):
            assert therapist.open(f"/therapist/bookings/{booking}").status == 404


def test_a_line_break_in_the_target_does_not_end_up_in_the_headers(app: Flask):
    visitor = Visitor(app)
    token = visitor.open("/login").form.value("csrf_token")
    response = visitor.client.post(
        "/login?next=/therapist%0d%0aSet-Cookie:%20a=b",
        data={"csrf_token": token, "email": THERAPIST_EMAIL, "password": THERAPIST_PASSWORD},
    )
    assert response.status_code == 303
    assert not [cookie for cookie in response.headers.getlist("Set-Cookie") if cookie.startswith("a=b")]
    assert "\n" not in response.location
