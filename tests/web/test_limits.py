"""How often one address may do what costs something, and that nobody is shut out by a neighbour."""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from flask import Flask
from werkzeug.exceptions import TooManyRequests

from consult.core.clock import FixedClock
from consult.web import auth as auth_views
from consult.web.limits import (
    CODES,
    FREE_HOLDS,
    FREE_VISITS,
    HOLDS,
    LIMITS,
    MISSES,
    SCREENS_SENT,
    SCREENS_STARTED,
    TEXTS_TO_NUMBER,
    UNPAID_MINUTES,
    Limit,
    address,
    is_spent,
    spend,
)
from tests.conftest import THERAPIST_EMAIL, THERAPIST_PASSWORD
from tests.journeys.page import Page
from tests.journeys.patient import Patient, Therapist, Visitor

Rows = Callable[[str], list[tuple]]
ONE = "2026-06-01T17:00:00+00:00"


def most(limit: Limit) -> int:
    return int(limit.most.split()[0])


def at_address(visitor: Visitor, address: str) -> None:
    visitor.client.environ_base["REMOTE_ADDR"] = address


def use_up(app: Flask, limit: Limit, but: int = 0) -> None:
    """As if this machine's address had done it as often as it may, `but` so many times."""
    for _ in range(most(limit) - but):
        with app.test_request_context(environ_base={"REMOTE_ADDR": "127.0.0.1"}), suppress(TooManyRequests):
            spend(limit)


def try_password(visitor: Visitor, email: str = THERAPIST_EMAIL, password: str = "wrong") -> Page:  # noqa: S107
    visitor.open("/login")
    visitor.fill(email=email, password=password)
    return visitor.press("Sign in")


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let the machine's clock, which limits are counted by, go on by so many seconds."""
    real, passed = time.time, [0.0]
    monkeypatch.setattr(time, "time", lambda: real() + passed[0])

    def let_pass(seconds: float) -> None:
        passed[0] += seconds

    return let_pass


def test_ten_wrong_passwords_from_one_address_are_enough_for_five_minutes(
    app: Flask, therapist: Therapist, later: Callable[[float], None]
):
    for number in range(10):
        assert try_password(therapist, f"somebody{number}@example.com").status == 422
    page = try_password(therapist, password=THERAPIST_PASSWORD)
    assert (page.status, page.heading) == (429, "Too many tries")
    assert "Please go back and try again in about 5 minutes." in page.text

    elsewhere = Therapist(app)
    at_address(elsewhere, "192.0.2.8")
    assert elsewhere.sign_in().path == "/therapist"

    later(301)
    assert try_password(therapist, password=THERAPIST_PASSWORD).path == "/therapist"


def test_the_answer_says_in_seconds_when_to_come_back(therapist: Therapist):
    for _ in range(10):
        try_password(therapist)
    therapist.open("/login")
    form = therapist.page.form
    response = therapist.client.post("/login", data=dict(form.sent("Sign in")))
    assert response.status_code == 429
    assert 290 <= int(response.headers["Retry-After"]) <= 301


@pytest.mark.parametrize("email", [THERAPIST_EMAIL, "nobody@example.com"])
def test_of_an_account_that_is_guessed_at_every_other_network_keeps_three_tries_an_hour(
    app: Flask, email: str, later: Callable[[float], None]
):
    """Fifty wrong tries an hour from everywhere lock nobody out, and an account that does not exist looks the
    same.
    """
    for number in range(10):
        assert try_password(stranger(app, f"192.0.2.{number}"), email).status == 422
    elsewhere = stranger(app, "2001:db8:1:2::1")
    assert [try_password(elsewhere, f" {email.upper()}").status for _ in range(4)] == [422, 422, 422, 429]
    same_site = stranger(app, "2001:db8:1:3::1")
    assert try_password(same_site, email, THERAPIST_PASSWORD).status == 429
    assert try_password(same_site, "somebody.else@example.com").status == 422
    later(3601)
    assert try_password(elsewhere, email).status == 422


def test_the_owner_signs_in_on_a_new_device_while_others_guess(app: Flask):
    for number in range(60):
        try_password(stranger(app, f"192.0.2.{number}"))
    owner = stranger(app, "198.51.100.4")
    assert try_password(owner, THERAPIST_EMAIL, "mistyped").status == 422
    assert try_password(owner, password=THERAPIST_PASSWORD).path == "/therapist"


def stranger(app: Flask, where: str) -> Visitor:
    visitor = Visitor(app)
    at_address(visitor, where)
    return visitor


def test_a_browser_that_has_signed_in_before_is_not_locked_out_by_others(app: Flask, therapist: Therapist):
    therapist.sign_in()
    therapist.press("Sign out")
    stranger = Visitor(app)
    for _ in range(10):
        try_password(stranger)
    assert try_password(stranger, password=THERAPIST_PASSWORD).status == 429
    assert try_password(therapist, password=THERAPIST_PASSWORD).path == "/therapist"

    therapist.press("Sign out")
    for _ in range(10):
        assert try_password(therapist).status == 422
    assert try_password(therapist, password=THERAPIST_PASSWORD).status == 429


@pytest.mark.parametrize("cookie", ["", "x", "WzEsMl0.aaaa", "bnVsbA.bbbb"])
def test_a_cookie_of_ones_own_making_is_no_known_browser(app: Flask, cookie: str):
    visitor = Visitor(app)
    visitor.client.set_cookie("consult-known", cookie)
    for _ in range(10):
        try_password(visitor)
    assert try_password(visitor).status == 429


def test_signing_in_does_not_count(app: Flask, therapist: Therapist):
    for _ in range(12):
        fresh = Therapist(app)
        assert fresh.sign_in().path == "/therapist"


def test_only_a_few_passwords_are_checked_at_once(
    app: Flask, therapist: Therapist, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(auth_views, "_PATIENCE_SECONDS", 0)
    for _ in range(2):
        assert auth_views._checking.acquire()
    try:
        page = try_password(therapist, password=THERAPIST_PASSWORD)
        assert (page.status, page.heading) == (503, "Very busy right now")
    finally:
        auth_views._checking.release(2)
    assert therapist.sign_in().path == "/therapist"


def test_from_a_busy_address_a_hold_asks_for_an_email_address_instead_of_being_refused(
    app: Flask, confirm_email: Callable[..., Page]
):
    use_up(app, FREE_HOLDS, but=1)
    for where in ("/book/about/you", "/book/email"):
        patient = Patient(app)
        patient.pass_safety_check()
        patient.choose_time(patient.page.form.choices("start")[0])
        assert patient.page.path == where
    assert "Many times were held from your internet connection" in patient.page.text
    assert confirm_email(patient).path == "/book/about/you"
    elsewhere = Patient(app)
    at_address(elsewhere, "192.0.2.8")
    elsewhere.pass_safety_check()
    assert elsewhere.choose_time(elsewhere.page.form.choices("start")[-1]).path == "/book/about/you"


def test_an_address_keeps_unpaid_times_for_half_a_day_and_then_needs_a_confirmed_mailbox(
    app: Flask, clock: FixedClock, later: Callable[[float], None]
):
    """Each time without the cookie of before, and each kept as long as it goes."""

    def keep_one() -> str:
        patient = Patient(app)
        patient.pass_safety_check()
        if patient.choose_time(ONE).path == "/book/email":
            return "asked"
        for _ in range(4):
            clock.advance(timedelta(minutes=9))
            patient.tell_about_myself()
            patient.open("/book/about/you")
        clock.advance(timedelta(minutes=10))
        return "kept"

    with app.test_request_context(environ_base={"REMOTE_ADDR": "127.0.0.1"}):
        spend(UNPAID_MINUTES, cost=600)
    assert [keep_one() for _ in range(4)] == ["kept", "kept", "kept", "asked"]
    elsewhere = Patient(app)
    at_address(elsewhere, "192.0.2.8")
    elsewhere.pass_safety_check()
    assert elsewhere.choose_time(elsewhere.page.form.choices("start")[-1]).path == "/book/about/you"
    later(24 * 3600 + 1)
    assert keep_one() == "kept"


def test_from_a_busy_address_a_time_that_is_gone_is_said_to_be_gone(app: Flask):
    loser, winner = Patient(app), Patient(app)
    for patient in (loser, winner):
        patient.pass_safety_check()
    winner.choose_time(ONE)
    use_up(app, FREE_HOLDS)
    page = loser.choose_time(ONE)
    assert (page.status, page.path) == (409, "/book/time")
    assert "is no longer free" in page.text


def test_the_hard_ceiling_on_holds_keeps_what_was_held(app: Flask, patient: Patient, rows: Rows):
    patient.pass_safety_check()
    patient.choose_time(ONE)
    use_up(app, HOLDS)
    patient.open("/book/time")
    page = patient.choose_time(ONE)
    assert (page.status, page.heading) == (429, "Too many tries")
    assert rows("SELECT status FROM appointment") == [("held",)]
    assert patient.open("/book/about/you").heading == "Who the visit is for"


@pytest.mark.parametrize("limit", [SCREENS_STARTED, SCREENS_SENT])
def test_too_many_safety_checks_keep_the_ticks_and_say_when_to_send_them_again(
    app: Flask, patient: Patient, rows: Rows, later: Callable[[float], None], limit: Limit
):
    use_up(app, limit)
    patient.open("/book/safety")
    patient.fill(sc_main=["calf"])
    page = patient.press()
    assert (page.status, page.path) == (429, "/book/safety")
    assert "please send it again in about 60 minutes" in page.errors["main"]
    assert page.form.ticked("sc_main") == ["calf"]
    assert rows("SELECT * FROM booking") == []
    later(3601)
    assert patient.press().path == "/book/advice"


@pytest.mark.parametrize("limit", [SCREENS_STARTED, SCREENS_SENT])
def test_no_limit_keeps_the_advice_from_somebody_in_an_emergency(app: Flask, patient: Patient, limit: Limit):
    use_up(app, limit)
    patient.open("/book/safety")
    patient.fill(sc_main=["chest"])
    assert "Stop. Get help now." in patient.press().heading


def test_who_has_begun_goes_on_though_the_address_may_begin_no_more(app: Flask, patient: Patient):
    patient.pass_safety_check()
    use_up(app, SCREENS_STARTED)
    patient.open("/book/safety")
    patient.fill(sc_main=["none"])
    assert patient.press().path == "/book/time"


def test_codes_to_one_address_are_few_and_the_page_says_when_there_are_more(
    app: Flask, clock, later: Callable[[float], None], rows: Rows
):
    def ask(address: str, where: str) -> Page:
        patient = Patient(app)
        at_address(patient, where)
        patient.pass_safety_check()
        patient.open("/book/email")
        patient.fill(email=address)
        return patient.press("Send me a code")

    for _ in range(3):
        assert ask("rosa@example.com", "192.0.2.1").status == 200
    page = ask("ROSA@example.com", "192.0.2.1")
    assert (page.status, page.heading) == (429, "Confirm your email address")
    assert "You can go on in about 60 minutes, or call us." in page.errors["main"]
    assert page.form.value("email") == "ROSA@example.com"
    assert ask("rosa+physio@example.com", "192.0.2.1").status == 429
    assert ask("ben@example.com", "192.0.2.1").status == 200
    # Her own network is another: nobody else's asking keeps the code from her.
    for number in range(7):
        assert ask("rosa@example.com", f"192.0.2.{number + 2}").status == 200
    assert ask("rosa@example.com", "192.0.2.9").status == 429
    later(3601)
    assert ask("rosa@example.com", "192.0.2.1").status == 200
    assert rows("SELECT count(*) FROM outbox_message") == [(12,)]


def test_guessing_secret_addresses_is_answered_429_but_a_true_one_always_opens(
    app: Flask, patient: Patient, therapist: Therapist
):
    private_page = patient.book()
    use_up(app, MISSES)
    for guess in ("/b/guess", "/b/guess/intake", "/cal/guess.ics", "/calendar/guess"):
        response = patient.client.get(guess)
        assert response.status_code == 429
        assert int(response.headers["Retry-After"]) > 3500
    assert patient.open(private_page).heading == "You're booked, Rosa"


def test_a_number_is_sent_few_first_texts_whichever_booking_names_it(make_app: Callable[..., Flask]):
    app = make_app(SMS_DEMO="1")
    patient, stranger = Patient(app), Patient(app)
    private_page = patient.book()
    for _ in range(most(TEXTS_TO_NUMBER)):
        patient.open(f"{private_page}/text-messages")
        patient.fill(agreed=True)
        assert patient.press("Save").status == 200
        patient.press("End text messages")
    private_page = stranger.book("2026-06-02T14:00:00+00:00", pt_email="kim@example.com", pt_name="Kim Lee")
    stranger.open(f"{private_page}/text-messages")
    stranger.fill(agreed=True)
    assert stranger.press("Save").status == 429


def test_health_static_files_and_pages_to_read_are_not_limited(app: Flask):
    for limit in LIMITS:
        use_up(app, limit)
    client = app.test_client()
    for path in ("/healthz", "/readyz", "/static/app.css", "/", "/book/safety", "/privacy", "/login"):
        with client.get(path) as response:
            assert response.status_code == 200, path


def test_every_application_counts_for_itself(make_app: Callable[..., Flask], tmp_path):
    first = make_app(CONSULT_DATA=str(tmp_path / "one"))
    second = make_app(CONSULT_DATA=str(tmp_path / "two"))
    use_up(first, HOLDS)
    use_up(second, HOLDS)


def test_all_of_a_subscribers_ipv6_addresses_count_as_one(app: Flask):
    def key(text: str) -> str:
        with app.test_request_context(environ_base={"REMOTE_ADDR": text}):
            return address()

    assert key("2001:db8:1:2::1") == key("2001:db8:1:2:ffff::9")
    assert key("2001:db8:1:2::1") != key("2001:db8:1:3::1")
    assert key("::ffff:192.0.2.7") == key("192.0.2.7") != key("192.0.2.8")
    assert key("a socket") == "unknown"
    assert "192" not in key("192.0.2.7")


def test_a_site_may_do_ten_times_what_one_of_its_ipv6_addresses_may(app: Flask):
    def spends(where: str) -> bool:
        with app.test_request_context(environ_base={"REMOTE_ADDR": where}):
            return not is_spent(FREE_VISITS)

    first = [spends(f"2001:db8:1:{number:x}::1") for number in range(10 * most(FREE_VISITS) + 1)]
    assert first == [True] * 10 * most(FREE_VISITS) + [False]
    assert spends("2001:db8:2:1::1")
    assert [spends("192.0.2.1") for _ in range(most(FREE_VISITS) + 1)][-2:] == [True, False]


@pytest.mark.parametrize(
    ("proxies", "sent", "told_apart"),
    [
        ("0", "203.0.113.{}", False),
        ("1", "203.0.113.{}", True),
        ("1", "198.51.100.{}, 203.0.113.7", False),
        ("2", "203.0.113.{}, 203.0.113.7", True),
    ],
)
def test_the_address_is_what_the_trusted_proxies_say_and_nobody_else(
    make_app: Callable[..., Flask], proxies: str, sent: str, told_apart: bool
):
    app = make_app(TRUSTED_PROXIES=proxies)
    answers = []
    for number in range(11):
        visitor = Visitor(app)
        visitor.client.environ_base["HTTP_X_FORWARDED_FOR"] = sent.format(number)
        answers.append(try_password(visitor, f"somebody{number}@example.com").status)
    assert answers == [422] * 10 + [422 if told_apart else 429]


def test_a_redis_that_does_not_answer_keeps_nobody_out_and_the_limits_hold_all_the_same(
    make_app: Callable[..., Flask],
):
    app = make_app(REDIS_URL="redis://127.0.0.1:1/0")
    patient = Patient(app)
    patient.book()
    stranger = Visitor(app)
    assert [try_password(stranger).status for _ in range(11)] == [422] * 10 + [429]


def test_at_the_same_moment_no_more_get_through_than_one_after_another(app: Flask):
    barrier, passed = Barrier(8), []

    def hammer() -> None:
        barrier.wait()
        for _ in range(20):
            with app.test_request_context():
                try:
                    spend(CODES)
                except TooManyRequests:
                    continue
                passed.append(1)

    threads = [Thread(target=hammer) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(passed) == most(CODES)
