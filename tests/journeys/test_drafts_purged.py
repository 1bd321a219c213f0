"""What somebody said who never booked is gone within a day."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from flask import Flask

from consult.core.clock import FixedClock

from .patient import EARLIEST, Patient

Rows = Callable[[str], list[tuple]]

COUNT_ALL = """
    SELECT (SELECT count(*) FROM booking), (SELECT count(*) FROM questionnaire_response),
        (SELECT count(*) FROM appointment), (SELECT count(*) FROM patient), (SELECT count(*) FROM payment)
"""
NOTHING = [(0, 0, 0, 0, 0)]


def _file_bytes(app: Flask, folder: Path) -> bytes:
    """The whole database as it lies on disk, once the log beside it was taken in."""
    with app.app_context():
        app.extensions["sqlalchemy"].engine.dispose()
    return b"".join(file.read_bytes() for file in sorted(folder.glob("consult.db*")))


def test_an_unfinished_booking_is_gone_after_a_day_with_every_answer_down_to_the_file(
    app: Flask,
    patient: Patient,
    clock: FixedClock,
    run_worker: Callable[[], None],
    rows: Rows,
    tmp_path: Path,
):
    patient.come_to_check()
    [(answers,)] = rows("SELECT answers_sealed FROM questionnaire_response")
    [(contact,)] = rows("SELECT contact_sealed FROM patient")
    [(token,)] = rows("SELECT token_sealed FROM booking")
    assert answers in _file_bytes(app, tmp_path / "data")

    clock.advance(timedelta(hours=24))
    run_worker()
    assert rows("SELECT count(*) FROM booking") == [(1,)]
    clock.advance(timedelta(seconds=1))
    run_worker()
    assert rows(COUNT_ALL) == NOTHING
    on_disk = _file_bytes(app, tmp_path / "data")
    for secret in (answers, contact, token):
        assert secret not in on_disk
        assert secret[-40:] not in on_disk


def test_a_patient_whose_draft_was_purged_simply_starts_anew(
    patient: Patient, clock: FixedClock, run_worker: Callable[[], None]
):
    patient.come_to_check("2026-06-03T14:00:00+00:00")
    clock.advance(timedelta(hours=25))
    run_worker()
    assert patient.open("/book/check").path == "/book/safety"
    assert patient.page.form.ticked("sc_main") == []
    patient.book("2026-06-03T14:00:00+00:00")


def test_one_who_went_to_the_pay_page_and_never_paid_is_purged_as_well(
    patient: Patient, clock: FixedClock, run_worker: Callable[[], None], rows: Rows
):
    patient.come_to_check()
    patient.go_to_payment()
    patient.press("Go back without paying")
    clock.advance(timedelta(hours=25))
    run_worker()
    assert rows(COUNT_ALL) == NOTHING


def test_a_booked_visit_stays(
    patient: Patient, clock: FixedClock, run_worker: Callable[[], None], rows: Rows
):
    private_page = patient.book(EARLIEST)
    clock.advance(timedelta(days=400))
    run_worker()
    assert patient.open(private_page).status == 200
    assert rows("SELECT count(*) FROM questionnaire_response") == [(1,)]


def test_stopping_at_an_emergency_keeps_nothing_longer_than_a_day_either(
    patient: Patient, clock: FixedClock, run_worker: Callable[[], None], rows: Rows
):
    patient.pass_safety_check("control")
    clock.advance(timedelta(hours=24, seconds=1))
    run_worker()
    assert rows("SELECT count(*) FROM questionnaire_response") == [(0,)]


def test_a_draft_whose_money_went_back_keeps_no_answers_and_its_browser_can_book_again(
    patient: Patient, another_patient: Patient, clock: FixedClock, run_worker: Callable[[], None], rows: Rows
):
    patient.come_to_check("2026-06-01T17:00:00+00:00")
    pay_page = patient.go_to_payment()
    clock.advance(timedelta(minutes=34))
    patient.client.post(pay_page.path, data=dict(pay_page.form.sent("Pay with the demo card")))
    clock.advance(timedelta(minutes=3))
    another_patient.book("2026-06-01T17:00:00+00:00")
    run_worker()
    clock.advance(timedelta(hours=25))
    run_worker()
    assert rows("SELECT count(*) FROM questionnaire_response") == [(1,)]
    assert rows("SELECT count(*) FROM booking") == [(2,)]
    assert patient.open("/book").path == "/book/safety"
