"""What can go wrong between the patient, Stripe and us, told as stories. Where each row of the table of
failures is tested, by the number its tests have in their names (`pytest -k row_13`):

| row | what | tests beside those in `tests/service/payments/test_stripe_failures.py` |
|---|---|---|
| 1, 3, 29 | webhook first, webhook never, going back | `test_paying_at_stripe.py` |
| 2, 14, 16, 20 | killed between two steps | `tests/crash` |
| 4, 5 | events twice, at once, out of order | `test_at_once.py`, `tests/walks` |
| 7, 8, 13, 18 | the end of a payment page | here |
| 9, 10, 12 | money for an hour or a visit that is gone, or twice | `test_paying_at_stripe.py`, here |
| 11 | two tabs | `test_paying_at_stripe.py`, `test_at_once.py` |
| 21 | a refund paid back in another way | `test_money_refund.py`, `test_paid_outside.py` |
| 22, 24 | money moved in the dashboard or by a bank, told by no event | `test_reconciling.py` |
| 27, 28 | bytes and events that are not ours | `tests/web/hooks` |
"""

from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage

import pytest

from consult.core.clock import FixedClock
from tests.journeys.patient import Patient
from tests.stripe_double import Double, Fault

from .conftest import LATER

Rows = Callable[[str], list[tuple]]
PayAt = Callable[..., str | None]
GoToPayPage = Callable[[Patient], str]
BEN = {"pt_name": "Ben Okafor", "pt_email": "ben.okafor@example.com"}
DOWN = [Fault.ERROR_500] * 9
MINUTE = timedelta(minutes=1)
BOOKED = "SELECT count(*) FROM appointment WHERE status = 'booked'"
STARTS = "SELECT start_at FROM appointment WHERE status = 'booked'"
LEDGER = "SELECT kind, amount_minor FROM ledger_entry ORDER BY created_at"


def test_row_7_an_hour_that_was_not_paid_for_in_time_can_no_longer_be_paid_for_and_is_free(
    patient: Patient,
    another_patient: Patient,
    checkout_id: str,
    pay_at: PayAt,
    clock: FixedClock,
    run_worker: Callable[[], None],
    double: Double,
):
    clock.advance(36 * MINUTE)
    run_worker()
    assert pay_at(checkout_id) is None
    assert double.account.of_kind("charge") == []
    another_patient.pass_safety_check()
    assert LATER in another_patient.page.form.choices("start")
    assert patient.open("/book/paid").path == "/book/time"


def test_row_8_paid_in_the_last_second_the_visit_is_booked(
    patient: Patient, checkout_id: str, pay_at: PayAt, clock: FixedClock, run_worker: Callable[[], None]
):
    clock.advance(35 * MINUTE - timedelta(seconds=1))
    assert pay_at(checkout_id) is not None
    clock.advance(timedelta(seconds=2))
    run_worker()
    assert patient.open("/book/paid").heading == "You're booked, Rosa"


def test_row_13_of_two_who_come_to_the_pay_page_for_one_hour_only_the_second_can_still_pay(
    patient: Patient,
    another_patient: Patient,
    checkout_id: str,
    go_to_pay_page: GoToPayPage,
    pay_at: PayAt,
    clock: FixedClock,
    rows: Rows,
    double: Double,
):
    another_patient.pass_safety_check()
    assert LATER not in another_patient.page.form.choices("start")
    clock.advance(36 * MINUTE)
    another_patient.open("/book/time")
    another_patient.choose_time(LATER)
    another_patient.tell_about_myself(**BEN)
    another_patient.agree()
    second = go_to_pay_page(another_patient)
    assert pay_at(checkout_id) is None
    assert pay_at(second) is not None
    assert another_patient.open("/book/paid").heading == "You're booked, Ben"
    assert patient.open("/book/paid").path == "/book/time"
    double.hooks.deliver_all()
    assert rows(LEDGER) == [("charge", 12_000)]
    assert rows(BOOKED) == [(1,)]


def test_row_13_of_two_who_choose_one_hour_at_once_the_second_is_told_and_pays_for_another(
    patient: Patient,
    another_patient: Patient,
    go_to_pay_page: GoToPayPage,
    pay_at: PayAt,
    double: Double,
    rows: Rows,
):
    for visitor in (patient, another_patient):
        visitor.pass_safety_check()
    patient.choose_time(LATER)
    page = another_patient.choose_time(LATER)
    assert (page.status, page.path) == (409, "/book/time")
    nearest = page.form.choices("start")[0]
    another_patient.choose_time(nearest)
    for visitor, about in ((patient, {}), (another_patient, BEN)):
        visitor.tell_about_myself(**about)
        visitor.agree()
        pay_at(go_to_pay_page(visitor))
    double.hooks.deliver_all()
    starts = {f"{start[:10]}T{start[11:19]}+00:00" for (start,) in rows(STARTS)}
    assert starts == {LATER, nearest}
    assert rows(LEDGER) == [("charge", 12_000)] * 2


def test_row_18_while_stripe_cannot_say_whether_an_hour_was_paid_for_nobody_else_gets_it(
    patient: Patient,
    another_patient: Patient,
    checkout_id: str,
    pay_at: PayAt,
    clock: FixedClock,
    run_worker: Callable[[], None],
    double: Double,
    rows: Rows,
):
    clock.advance(34 * MINUTE)
    pay_at(checkout_id)
    for _ in range(4):
        clock.advance(MINUTE)
        double.faults = [*DOWN]
        run_worker()
    another_patient.pass_safety_check()
    assert LATER not in another_patient.page.form.choices("start")
    double.faults = []
    clock.advance(MINUTE)
    assert set(double.hooks.deliver_all()) == {200}
    assert patient.open("/book/paid").heading == "You're booked, Rosa"
    assert rows("SELECT count(*) FROM refund") == [(0,)]


def test_row_18_the_hour_is_free_soon_after_stripe_says_that_it_was_not_paid_for(
    another_patient: Patient,
    checkout_id: str,
    clock: FixedClock,
    run_worker: Callable[[], None],
    double: Double,
):
    clock.advance(34 * MINUTE)
    for _ in range(4):
        clock.advance(MINUTE)
        double.faults = [*DOWN]
        run_worker()
    double.faults = []
    clock.advance(5 * MINUTE)
    run_worker()
    clock.advance(3 * MINUTE)
    run_worker()
    another_patient.pass_safety_check()
    assert LATER in another_patient.page.form.choices("start")


@pytest.mark.parametrize("backwards", [True, False])
def test_row_12_two_pages_both_really_paid_are_one_visit_one_mail_and_one_refund(
    backwards: bool,
    patient: Patient,
    checkout_id: str,
    go_to_pay_page: GoToPayPage,
    pay_at: PayAt,
    double: Double,
    clock: FixedClock,
    run_worker: Callable[[], None],
    mails: Callable[[str], list[EmailMessage]],
    rows: Rows,
):
    # Stripe said it had closed the first page, and had not: what no gateway promises to rule out.
    patient.open("/book/unpaid")
    patient.press("Back to my booking")
    double.session(checkout_id).update(status="open", url="kept")
    second = go_to_pay_page(patient)
    for each in (checkout_id, second):
        assert pay_at(each) is not None
    assert set(double.hooks.deliver_all(backwards=backwards)) == {200}
    clock.advance(MINUTE)
    run_worker()
    [refund] = double.account.of_kind("refund")
    told_last = checkout_id if backwards else second
    assert refund["payment_intent"] == double.session(told_last)["payment_intent"]
    assert rows("SELECT reason, state FROM refund") == [("duplicate", "succeeded")]
    assert sum(amount for _, amount in rows(LEDGER)) == 12_000
    assert rows(BOOKED) == [(1,)]
    told = [mail["Subject"] for mail in mails("rosa.marin@example.com")]
    assert len([subject for subject in told if subject.startswith("Booked")]) <= 1
