"""Wrong, missing, oversized and tampered input at every step: the page again, with what was typed."""

from collections.abc import Callable
from typing import Any

import pytest

from consult.booking.commands import PRIVACY_VERSION
from tests.journeys.page import Page
from tests.journeys.patient import ABOUT, EARLIEST, Patient

Rows = Callable[[str], list[tuple]]
Pairs = list[tuple[str, str]]

FIRST_ABOUT: Pairs = [
    ("shown", "pt_name"),
    ("shown", "pt_dob"),
    ("shown", "pt_filler"),
    ("pt_name", "Rosa Marin"),
    ("pt_dob-year", "1980"),
    ("pt_dob-month", "3"),
    ("pt_dob-day", "14"),
    ("pt_filler", "self"),
]


def send(patient: Patient, address: str, pairs: Pairs) -> Page:
    """Post this with the page's own CSRF token."""
    return patient.send(address, [("csrf_token", patient.page.form.value("csrf_token")), *pairs])


def changed(pairs: Pairs, **changes: Any) -> Pairs:
    """The same with other values; None leaves a name out."""
    kept = [(name, value) for name, value in pairs if name not in changes or name == "shown"]
    return [*kept, *((name, value) for name, value in changes.items() if value is not None)]


SAFETY = {
    "nothing ticked": ([], "Tick what fits, or “None of these”, for “Do you have any of these now?”"),
    "an option that is not there": (["sniffles"], "Choose from the answers given"),
    "a sign beside one that is not there": (["calf", "<script>"], "Choose from the answers given"),
    "an oversized option": (["x" * 100_000], "Choose from the answers given"),
}


def test_the_safety_check_is_not_passed_by_bad_input(patient: Patient, rows: Rows, subtests):
    for case, (ticked, message) in SAFETY.items():
        with subtests.test(case):
            patient.open("/book/safety")
            pairs = [("shown", "sc_main"), *(("sc_main", option) for option in ticked)]
            page = send(patient, "/book/safety", pairs)
            assert (page.status, page.heading) == (422, "Quick safety check (about 30 seconds)")
            assert message in page.errors["sc_main"]
            assert page.title.startswith("Error: ")
            assert "<script>" not in page.html.replace('<script type="module"', "")
            assert patient.open("/book/time").path == "/book/safety"
    assert rows("SELECT * FROM booking") == []


def test_what_was_ticked_beside_an_unknown_option_stays_ticked(patient: Patient):
    patient.open("/book/safety")
    page = send(patient, "/book/safety", [("shown", "sc_main"), ("sc_main", "calf"), ("sc_main", "x")])
    assert page.form.ticked("sc_main") == ["calf"]


def test_beside_a_sign_none_of_these_does_not_count(patient: Patient):
    patient.open("/book/safety")
    pairs = [("shown", "sc_main"), ("sc_main", "none"), ("sc_main", "chest")]
    assert send(patient, "/book/safety", pairs).path == "/book/stop"


def test_a_bare_post_without_any_question_passes_nothing(patient: Patient):
    patient.open("/book/safety")
    page = send(patient, "/book/safety", [])
    assert page.path == "/book/safety"
    assert patient.open("/book/time").path == "/book/safety"


def test_answers_hidden_behind_another_one_are_not_accepted_in_its_place(patient: Patient):
    patient.open("/book/safety")
    pairs = [("shown", "sc_injury_now"), ("sc_injury_now", "none"), ("sc_move_side", "one")]
    assert send(patient, "/book/safety", pairs).path == "/book/safety"
    assert patient.open("/book/time").path == "/book/safety"


STARTS = {
    "nothing": ("", 422),
    "garbage": ("tomorrow at ten", 422),
    "no zone": ("2026-06-01T14:00:00", 422),
    "a day": ("2026-06-01", 422),
    "a number": ("1780322400", 422),
    "an injection": ("' OR 1=1 --", 422),
    "not a day": ("2026-02-30T14:00:00+00:00", 422),
    "oversized": ("2" * 100_000, 422),
    "at the beginning of time": ("0001-01-01T00:00:00+00:00", 422),
    "at the end of time": ("9999-12-31T23:59:59-12:00", 422),
    "in the past": ("2026-05-29T14:00:00+00:00", 409),
    "inside the notice time": ("2026-06-01T13:30:00+00:00", 409),
    "off the grid": ("2026-06-01T14:10:00+00:00", 409),
    "a second off": ("2026-06-01T14:00:01+00:00", 409),
    "in the lunch hour": ("2026-06-01T16:00:00+00:00", 409),
    "past closing time": ("2026-06-01T20:30:00+00:00", 409),
    "on a Sunday": ("2026-06-07T14:00:00+00:00", 409),
    "beyond the horizon": ("2026-08-03T14:00:00+00:00", 409),
    "years ahead": ("2031-06-02T14:00:00+00:00", 409),
}


WHY_NOT = {
    "in the past": "It has passed.",
    "inside the notice time": "It is too soon to be booked.",
    "off the grid": "No visit starts at that minute.",
    "a second off": "No visit starts at that minute.",
    "in the lunch hour": "There are no visits at that time.",
    "past closing time": "There are no visits at that time.",
    "on a Sunday": "There are no visits at that time.",
    "beyond the horizon": "It is too far ahead to be booked yet.",
    "years ahead": "It is too far ahead to be booked yet.",
}


def test_a_tampered_start_is_not_held(patient: Patient, rows: Rows, subtests):
    patient.pass_safety_check()
    for case, (start, status) in STARTS.items():
        with subtests.test(case):
            page = send(patient, "/book/time", [("start", start)])
            assert (page.status, page.heading) == (status, "Choose a time")
            assert len(page.form.choices("start")) >= 6
            if status == 422:
                assert page.errors == {"start": "Choose a time."}
            else:
                assert f"is no longer free. {WHY_NOT[case]} Nothing you told us is lost" in page.text
    assert rows("SELECT * FROM appointment") == []


def test_a_tampered_start_moves_no_visit(patient: Patient, rows: Rows, subtests):
    home = patient.book()
    for case, why in WHY_NOT.items():
        with subtests.test(case):
            start, status = STARTS[case]
            page = send(patient, f"{home}/reschedule", [("start", start), ("visit", EARLIEST)])
            assert page.status == status
            assert f"is no longer free. {why} You still have your time." in page.text
    assert rows("SELECT status, start_at FROM appointment") == [("booked", "2026-06-01 14:00:00.000000")]


def test_the_same_instant_written_with_another_offset_is_the_same_time(patient: Patient, rows: Rows):
    patient.pass_safety_check()
    page = send(patient, "/book/time", [("start", "2026-06-01T23:00:00+09:00")])
    assert page.path == "/book/about/you"
    assert rows("SELECT start_at FROM appointment") == [("2026-06-01 14:00:00.000000",)]


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../../etc/passwd", "America/New_York\n", "x" * 5_000])
def test_an_unknown_zone_changes_nothing_and_says_so(patient: Patient, zone: str):
    patient.pass_safety_check()
    page = send(patient, "/book/time", [("zone", zone), ("use_zone", "1")])
    assert (page.status, page.path) == (200, "/book/time")
    assert "We don’t know that time zone." in page.text
    assert page.form_with("Use this time zone").value("zone") == "America/New_York"


def test_a_tampered_zone_sent_with_the_safety_check_falls_back_to_the_therapists(patient: Patient):
    patient.open("/book/safety")
    page = send(
        patient, "/book/safety", [("shown", "sc_main"), ("sc_main", "none"), ("zone", "Mars/Olympus")]
    )
    assert "New York time" in page.text


@pytest.mark.parametrize("day", ["9999-12-31", "9999-12-28", "2026-09-01"])
def test_a_first_day_beyond_what_is_on_offer_shows_the_page(patient: Patient, day: str):
    patient.pass_safety_check()
    page = patient.open(f"/book/time?from={day}")
    assert (page.status, page.heading) == (200, "Choose a time")


@pytest.mark.parametrize(
    "day", ["", "yesterday", "2026-13-01", "2020-01-01", "20260601", "0001-01-01", "<b>"]
)
def test_a_tampered_first_day_shows_what_is_on_offer(patient: Patient, day: str):
    patient.pass_safety_check()
    page = patient.open(f"/book/time?from={day}")
    assert page.status == 200
    assert EARLIEST in page.form.choices("start")


YOU = {
    "no name": ({"pt_name": ""}, "pt_name", "Write an answer to “What is your full name?”"),
    "a name of spaces": ({"pt_name": " \t\n "}, "pt_name", "Write an answer to"),
    "a name too long": ({"pt_name": "N" * 121}, "pt_name", "Shorten your answer to 120 characters"),
    "an oversized name": ({"pt_name": "N" * 200_000}, "pt_name", "Shorten your answer to 120 characters"),
    "no birth date": (
        {"pt_dob-year": "", "pt_dob-month": "", "pt_dob-day": ""},
        "pt_dob",
        "Fill in “What is your date of birth?”",
    ),
    "half a birth date": ({"pt_dob-month": ""}, "pt_dob", "Write the date as month, day and four-digit year"),
    "a day that does not exist": ({"pt_dob-month": "2", "pt_dob-day": "30"}, "pt_dob", "Write the date as"),
    "the year zero": ({"pt_dob-year": "0000"}, "pt_dob", "Write the date as"),
    "letters for a year": ({"pt_dob-year": "<i>"}, "pt_dob", "Write the date as"),
    "a year too long": ({"pt_dob-year": "19800"}, "pt_dob", "Write the date as"),
    "two digits for a year": ({"pt_dob-year": "80"}, "pt_dob", "Write a date of birth in the past"),
    "a birth still to come": ({"pt_dob-year": "2030"}, "pt_dob", "Write a date of birth in the past"),
    "older than anybody": ({"pt_dob-year": "1880"}, "pt_dob", "Write a date of birth in the past"),
    "nobody filling in": ({"pt_filler": None}, "pt_filler", "Choose an answer to"),
    "an unknown filler": ({"pt_filler": "robot"}, "pt_filler", "Choose from the answers given"),
}


def test_bad_input_about_who_it_is_for_shows_the_page_again_with_the_rest_kept(
    patient: Patient, rows: Rows, subtests
):
    patient.pass_safety_check()
    patient.choose_time()
    for case, (changes, field, message) in YOU.items():
        with subtests.test(case):
            page = send(patient, "/book/about/you", changed(FIRST_ABOUT, **changes))
            assert (page.status, page.heading) == (422, "Who the visit is for")
            assert list(page.errors) == [field]
            assert message in page.errors[field]
            assert page.title.startswith("Error: ")
            typed = dict(changed(FIRST_ABOUT, **changes))
            assert page.form.value("pt_name").split() == typed["pt_name"].split()
            for part in ("year", "month", "day"):
                if typed["pt_dob-year"].isdecimal() and typed[f"pt_dob-{part}"].strip("0"):
                    assert page.form.value(f"pt_dob-{part}").lstrip("0") == typed[f"pt_dob-{part}"]
            assert "<i>" not in page.html
    assert rows("SELECT * FROM patient") == []
    assert patient.open("/book/terms").path.startswith("/book/about/")


CONTACT = {
    "no email": ({"pt_email": ""}, "pt_email", "Write an answer to"),
    "no at sign": ({"pt_email": "rosa.example.com"}, "pt_email", "Write one full email address"),
    "two addresses": (
        {"pt_email": "a@example.com,b@example.com"},
        "pt_email",
        "Write one full email address",
    ),
    "a name around it": ({"pt_email": "Rosa <r@example.com>"}, "pt_email", "Write one full email address"),
    "a header": ({"pt_email": "a@example.com\r\nBcc: b@example.com"}, "pt_email", "Write one full"),
    "markup": ({"pt_email": '"><script>@example.com'}, "pt_email", "Write one full email address"),
    "an address too long": (
        {"pt_email": f"{'a' * 250}@example.com"},
        "pt_email",
        "Shorten your answer to 254",
    ),
    "no phone": ({"pt_phone": ""}, "pt_phone", "Write an answer to"),
    "too few digits": ({"pt_phone": "call me 12"}, "pt_phone", "Write a phone number with its area code"),
    "a phone too long": ({"pt_phone": "5" * 41}, "pt_phone", "Shorten your answer to 40"),
}


def test_bad_input_about_how_to_reach_the_patient_shows_the_page_again(patient: Patient, subtests):
    good: Pairs = [("shown", "pt_email"), ("shown", "pt_phone")]
    good += [("pt_email", ABOUT["pt_email"]), ("pt_phone", ABOUT["pt_phone"])]
    patient.pass_safety_check()
    patient.choose_time()
    for case, (changes, field, message) in CONTACT.items():
        with subtests.test(case):
            page = send(patient, "/book/about/contact", changed(good, **changes))
            assert (page.status, list(page.errors)) == (422, [field])
            assert message in page.errors[field]
            typed = dict(changed(good, **changes))
            assert page.form.value("pt_phone") == typed["pt_phone"]
            assert page.form.value("pt_email") == typed["pt_email"]
            assert "<script>@" not in page.html


def test_every_empty_question_of_a_page_is_listed_in_page_order(patient: Patient):
    patient.pass_safety_check()
    patient.choose_time()
    page = patient.open("/book/about/place")
    page = patient.press()
    assert list(page.errors) == ["pt_state", "pt_place", "pt_ice"]
    assert page.status == 422
    assert all(f'id="{name}"' in page.html for name in page.errors)


def test_a_page_about_the_patient_that_does_not_exist_is_not_found(patient: Patient):
    patient.pass_safety_check()
    patient.choose_time()
    assert patient.open("/book/about/../../etc").status == 404
    assert patient.open("/book/about/insurance").status == 404


TERMS = {
    "nothing": ([], ["privacy", "cancellation"]),
    "one": ([("privacy", "yes")], ["cancellation"]),
    "the other": ([("cancellation", "yes")], ["privacy"]),
    "not yes": ([("privacy", "on"), ("cancellation", "YES")], ["privacy", "cancellation"]),
}


def test_both_terms_must_be_agreed_to(patient: Patient, rows: Rows, subtests):
    patient.pass_safety_check()
    patient.choose_time()
    patient.tell_about_myself()
    for case, (pairs, missing) in TERMS.items():
        with subtests.test(case):
            page = send(patient, "/book/terms", pairs)
            assert (page.status, list(page.errors)) == (422, missing)
            for name in ("privacy", "cancellation"):
                assert bool(page.form.ticked(name)) is ((name, "yes") in pairs)
            assert patient.open("/book/check").path == "/book/terms"
    assert rows("SELECT agreed_at, agreed_versions FROM booking") == [(None, None)]


def test_what_was_agreed_to_is_kept_with_version_and_time(patient: Patient, rows: Rows):
    patient.come_to_check()
    [(agreed_at, versions)] = rows("SELECT agreed_at, agreed_versions FROM booking")
    assert agreed_at == "2026-06-01 12:00:00.000000"
    assert f'"privacy": "{PRIVACY_VERSION}"' in versions
    assert "full_until_hours" in versions


def test_advice_is_not_read_by_sending_something_else(patient: Patient, subtests):
    patient.pass_safety_check("calf")
    for pairs in ([], [("read", "no")], [("read", "")], [("other", "yes")]):
        with subtests.test(str(pairs)):
            page = send(patient, "/book/advice", pairs)
            assert (page.status, list(page.errors)) == (422, ["read"])
            assert patient.open("/book/time").path == "/book/advice"


@pytest.mark.parametrize(
    ("reached", "first_open"),
    [("nothing", "/book/safety"), ("screened", "/book/time"), ("held", "/book/about/you")],
)
def test_no_step_can_be_skipped_by_its_address(patient: Patient, rows: Rows, reached: str, first_open: str):
    if reached != "nothing":
        patient.pass_safety_check()
    if reached == "held":
        patient.choose_time()
    token = (patient.page if reached != "nothing" else patient.open("/login")).form.value("csrf_token")
    for address in ("/book/terms", "/book/check", "/book"):
        assert patient.open(address).path == first_open
    for address, pairs in {
        "/book/terms": [("privacy", "yes"), ("cancellation", "yes")],
        "/book/pay": [],
    }.items():
        assert patient.send(address, [("csrf_token", token), *pairs]).path == first_open
    assert rows("SELECT * FROM payment") == []


def test_nothing_before_the_confirmation_can_be_entered_again_after_it(patient: Patient, rows: Rows):
    private_page = patient.book()
    token = patient.open("/login").form.value("csrf_token")
    for step in ("safety", "advice", "time", "about", "about/you", "terms", "check", "stop"):
        assert patient.open(f"/book/{step}").path == private_page, step
    for address, pairs in {
        "/book/safety": [("shown", "sc_main"), ("sc_main", "calf")],
        "/book/time": [("start", "2026-06-01T17:00:00+00:00")],
        "/book/about/you": FIRST_ABOUT,
        "/book/pay": [],
    }.items():
        page = patient.send(address, [("csrf_token", token), *pairs])
        assert page.path == private_page, address
    assert rows("SELECT status FROM appointment") == [("booked",)]
    assert rows("SELECT count(*) FROM payment") == [(1,)]


def test_book_starts_anew_after_a_confirmed_booking(patient: Patient):
    patient.book()
    assert patient.open("/book").path == "/book/safety"
    assert patient.page.form.ticked("sc_main") == []
