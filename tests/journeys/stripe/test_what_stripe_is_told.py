"""Every byte that goes to Stripe over the whole life of a booking, searched for all the patient typed."""

import re
from collections.abc import Callable
from datetime import timedelta

from consult.core.clock import FixedClock
from tests.journeys.patient import INTAKE, Patient
from tests.journeys.test_moving import MOVE, THURSDAY, WEDNESDAY
from tests.stripe_double import Double, Fault
from tests.stripe_double.cards import Card

Rows = Callable[[str], list[tuple]]
ABOUT = {
    "pt_name": "Marka Nameword",
    "pt_email": "marka.mailword@markhost.example",
    "pt_phone": "(555) 010-7351",
    "pt_dob": "1957-09-23",
    "pt_place": "7 Placeword Road, Albany",
    "pt_ice": "Iceword, (555) 010-9462",
}
TYPED = {
    "li_work": "Workword",
    "go_act": [("Actword at home", 3), ("Sitword", 0)],
    "go_want": "Wantword",
    "co_sign": "Signword",
}
MARKS = (
    *("marka", "nameword", "mailword", "markhost", "7351", "1957", "placeword", "albany", "iceword", "9462"),
    *("workword", "actword", "sitword", "wantword", "signword"),
    *("patel", "olivia", "therap", "physio", "pain", "calf", "back", "visit", "2026-06-0", "new_york"),
)
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32}")
_OWN_URLS = ("http://localhost/book/paid", "http://localhost/book/unpaid")


def test_over_the_whole_life_of_a_booking_no_word_of_the_patients_reaches_stripe(
    patient: Patient,
    go_to_pay_page: Callable[[Patient], str],
    pay_at: Callable[..., str | None],
    double: Double,
    clock: FixedClock,
    run_worker: Callable[[], None],
    rows: Rows,
):
    patient.pass_safety_check("calf", "cancer")
    patient.fill(read=True)
    patient.press("Continue to book")
    patient.choose_time(WEDNESDAY)
    patient.tell_about_myself(**ABOUT)
    patient.agree()
    double.faults = [Fault.DROPPED_AFTER]
    go_to_pay_page(patient)
    patient.open("/book/unpaid")
    patient.press("Back to my booking")
    checkout_id = go_to_pay_page(patient)
    pay_at(checkout_id, Card.DECLINED)
    pay_at(checkout_id, Card.REFUND_FAILS_LATER)
    private_page = patient.open("/book/paid").path
    patient.send_intake(private_page, **INTAKE | TYPED)
    run_worker()
    patient.open(private_page)
    patient.follow("Move my visit")
    patient.fill(start=THURSDAY)
    patient.press(MOVE)
    patient.open(private_page)
    patient.follow("Cancel my visit")
    patient.press("Cancel my visit and get $120.00 back")
    run_worker()
    double.settle()
    double.hooks.deliver_all()
    clock.advance(timedelta(days=1))
    run_worker()

    assert [name for (name,) in rows("SELECT kind FROM ledger_entry ORDER BY created_at")] == [
        *("charge", "refund", "refund_failed")
    ]
    said = "\n".join(call.everything for call in double.log).lower()
    assert "online+appointment" in said
    assert private_page.removeprefix("/b/").lower() not in said
    _only_opaque_ids_of_money(said, double, rows)
    # A mark of four figures might stand in an id by chance; and the way back is not the patient's back.
    readable = re.sub(r"[0-9a-z_-]*[0-9a-f]{20,}|payment[-_]?back|feedback", "…", said)
    assert [mark for mark in MARKS if mark in readable] == []


def _only_opaque_ids_of_money(said: str, double: Double, rows: Rows) -> None:
    """No id by which a booking or a patient could be found."""
    # Where a call has no key of ours, the SDK makes one up.
    chosen = re.sub(rf"idempotency-key: (?:{_UUID.pattern})\n", "", said)
    told = {one.replace("-", "") for one in _UUID.findall(chosen)}
    ours = {one.replace("-", "") for (one,) in rows("SELECT id FROM payment UNION SELECT id FROM refund")}
    theirs = {one.rpartition("_")[2] for one in double.account.objects}
    assert told <= ours | theirs
    assert ours <= told
