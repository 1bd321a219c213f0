"""What an attacker or a hurried patient found once: answers that change beside an open payment page, and
emergencies that stand beside a mistake in the form.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest

from consult.core.clock import FixedClock

from .patient import EARLIEST, Patient, Therapist

Rows = Callable[[str], list[tuple]]
LATER = "2026-06-01T17:00:00+00:00"


def _post(patient: Patient, address: str, **answers: list[str]) -> None:
    """Send a form as another tab would, which knows this browser's cookie and token."""
    token = patient.open(address).form.ticked("csrf_token")[0]
    pairs = [("csrf_token", token)]
    pairs += [(name, value) for name, values in answers.items() for value in values]
    patient.send(address, pairs)


@pytest.mark.parametrize("sign", ["chest", "control", "stroke"])
def test_an_emergency_is_not_kept_waiting_for_the_follow_ups_of_another_sign(
    patient: Patient, rows: Rows, sign: str
):
    patient.come_to_check()
    _post(
        patient,
        "/book/safety",
        sc_main=[sign, "habit"],
        shown=["sc_main", "sc_habit_what", "sc_habit_when"],
    )
    assert patient.page.path == "/book/stop"
    assert rows("SELECT status FROM appointment") == [("released",)]
    assert patient.open("/book/check").path == "/book/stop"


def test_a_pregnancy_warning_beside_a_mistake_stops_too(patient: Patient):
    patient.pass_safety_check()
    patient.choose_time()
    _post(
        patient,
        "/book/about/needs",
        pt_preg=["yes"],
        pt_preg_warn=["yes"],
        pt_access=["no such option"],
        shown=["pt_access", "pt_preg", "pt_preg_warn"],
    )
    assert patient.page.path == "/book/stop"


CHANGED_BESIDE_PAYMENT = {
    "an emergency": ("/book/safety", {"sc_main": ["chest"], "shown": ["sc_main"]}),
    "a sign whose follow-ups are missing": ("/book/safety", {"sc_main": ["habit"], "shown": ["sc_main"]}),
    "urgent advice not read yet": ("/book/safety", {"sc_main": ["weight"], "shown": ["sc_main"]}),
    "a child's birth date": (
        "/book/about/you",
        {
            "pt_name": ["Rosa Marin"],
            "pt_dob-year": ["2015"],
            "pt_dob-month": ["3"],
            "pt_dob-day": ["14"],
            "pt_filler": ["self"],
            "shown": ["pt_name", "pt_dob", "pt_filler"],
        },
    ),
    "pregnant, warning signs not asked yet": (
        "/book/about/needs",
        {"pt_preg": ["yes"], "shown": ["pt_access", "pt_preg"]},
    ),
}


@pytest.mark.parametrize("change", CHANGED_BESIDE_PAYMENT)
def test_an_answer_changed_beside_the_payment_page_closes_that_page(
    patient: Patient, rows: Rows, change: str
):
    patient.come_to_check()
    pay_page = patient.go_to_payment().path
    address, answers = CHANGED_BESIDE_PAYMENT[change]
    _post(patient, address, **answers)
    page = patient.open(pay_page)
    assert not page.offers("Pay with the demo card")
    assert "This payment page has ended. Nothing was charged." in page.text
    assert rows("SELECT * FROM ledger_entry") == []


def test_another_time_chosen_beside_the_payment_page_closes_it_and_keeps_the_new_time(
    patient: Patient, another_patient: Patient, rows: Rows, clock: FixedClock
):
    patient.come_to_check(LATER)
    pay_page = patient.go_to_payment().path
    patient.open("/book/time")
    patient.choose_time(EARLIEST)
    assert not patient.open(pay_page).offers("Pay with the demo card")
    clock.advance(timedelta(minutes=5))
    another_patient.book(LATER)
    patient.open("/book/check")
    patient.go_to_payment()
    assert "10:00 am to 10:45 am" in patient.pay().text
    assert rows("SELECT count(*) FROM ledger_entry WHERE kind = 'charge'") == [(2,)]
    assert rows("SELECT count(*) FROM refund") == [(0,)]


ENCODED_WORDS = {
    "a header of its own": "=?utf-8?q?=0d=0aBcc:_evil@example.org?=",
    "the end of the headers": "=?utf-8?b?DQoNClBheSBhZ2FpbjogZXZpbC5leGFtcGxl?=",
    "a quotation mark": "=?utf-8?q?=22?= Rosa",
    "one inside another": "=?utf-8?q?==?utf-8?q?=0d=0aBcc:_evil@example.org?= Rosa",
}


@pytest.mark.parametrize("name", ENCODED_WORDS.values(), ids=ENCODED_WORDS)
def test_a_name_cannot_write_headers_into_the_mail(
    patient: Patient, run_worker: Callable[[], None], tmp_path, name: str
):
    patient.book(pt_name=name)
    run_worker()
    files = list((tmp_path / "data" / "mail").glob("*.eml"))
    assert len(files) == 2
    for file in files:
        head, _, _ = file.read_bytes().partition(b"\r\n\r\n")
        names = [line.split(b":")[0] for line in head.split(b"\r\n") if line[:1] not in b" \t"]
        assert b"Bcc" not in names
        assert {b"From", b"To", b"Subject", b"MIME-Version", b"Content-Type"} <= set(names)


def test_what_one_damaged_row_breaks_does_not_keep_the_rest_waiting(
    patient: Patient, another_patient: Patient, rows: Rows, run_worker, app, mails
):
    patient.come_to_check(LATER)
    pay_page = patient.go_to_payment().path
    _damage_contact(app)
    patient.client.post(pay_page, data=_answer(patient, "pay"))
    another_patient.book(EARLIEST, pt_email="second@example.com")
    run_worker()
    assert [mail["Subject"] for mail in mails("second@example.com")] == ["Your appointment is booked"]


def _answer(patient: Patient, what: str) -> dict[str, str]:
    return {"csrf_token": patient.page.form.ticked("csrf_token")[0], "answer": what}


def _damage_contact(app) -> None:
    from sqlalchemy import update

    from consult.deps import deps
    from consult.practice.models import Patient as PatientRow

    with app.app_context():
        d = deps()
        with d.transaction():
            d.session.execute(update(PatientRow).values(contact_sealed=b"damaged"))


def test_a_stale_form_saves_nothing_of_the_intake(patient: Patient, rows: Rows, therapist: Therapist):
    address = patient.book()
    before = rows("SELECT answers_sealed FROM questionnaire_response")
    patient.send(f"{address}/intake/where", [("bm_regions", "neck_l"), ("shown", "bm_regions")])
    assert patient.page.status == 422
    assert rows("SELECT answers_sealed FROM questionnaire_response") == before


@pytest.mark.parametrize("body", ["[1]", "5", '"x"', '{"a":' * 3000, '{"pt_name":"\\ud800"}'])
@pytest.mark.parametrize("address", ["/book/safety", "/book/about/you"])
def test_a_body_that_is_no_form_is_no_error_of_ours(patient: Patient, address: str, body: str):
    patient.pass_safety_check()
    patient.choose_time()
    response = patient.client.post(address, data=body, content_type="application/json")
    assert response.status_code in (303, 400, 415, 422)


@pytest.mark.parametrize(
    "address", ["/book/time?from=9999-12-31", "/book/time?from=0001-01-01", "/book/time?from=x"]
)
def test_days_out_of_reach_show_the_nearest_there_are(patient: Patient, address: str):
    patient.pass_safety_check()
    assert patient.open(address).status == 200


@pytest.mark.parametrize("start", ["0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59-14:00", "now"])
def test_impossible_starts_are_refused(patient: Patient, start: str):
    patient.pass_safety_check()
    _post(patient, "/book/time", start=[start])
    assert patient.page.status in (409, 422)


def test_a_foreign_host_gets_no_page_and_leaves_no_address_in_the_log(app, caplog):
    response = app.test_client().get("/b/a-secret", headers={"Host": "evil.example"})
    assert response.status_code == 400
    assert "a-secret" not in response.text + caplog.text


def test_without_the_overlap_guard_nothing_is_sold(app, patient: Patient):
    from sqlalchemy import text

    from consult.deps import deps

    with app.app_context():
        d = deps()
        with d.transaction():
            for (name,) in d.session.execute(
                text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            ).all():
                d.session.execute(text(f"DROP TRIGGER {name}"))
    assert patient.open("/book/safety").status == 503
