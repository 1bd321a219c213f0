"""A pack of sessions: bought with the first, used with its code, given back when cancelled in time."""

import io
import re
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage

import pytest
from pypdf import PdfReader

from consult.core.clock import FixedClock

from .page import Page
from .patient import Patient, Therapist

TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = (f"2026-06-0{day}T14:00:00+00:00" for day in (2, 3, 4, 5))
Rows = Callable[[str], list[tuple]]


@pytest.fixture(autouse=True)
def pack_id(therapist: Therapist, rows: Rows) -> str:
    """Three sessions for $330 are on offer."""
    therapist.sign_in()
    therapist.open("/therapist/vouchers/packs/new")
    kind = next(choice for choice in therapist.page.form.choices("type") if choice)
    therapist.fill(type=kind, sessions="3", price="330")
    assert "3 × " in therapist.press("Add pack").text
    [(pack_id,)] = rows("SELECT id FROM session_pack")
    return pack_id


def choose(patient: Patient, pack: str) -> Page:
    """`pack` is an id, or `one` for a session alone."""
    chosen = {control.value for control in patient.page.form.named("pack")}
    patient.fill(pack=next(value for value in chosen if value.replace("-", "") == pack.replace("-", "")))
    return patient.press(
        next(button for form in patient.page.forms for button in form.buttons if "Go to" in button)
    )


def buy(patient: Patient, pack_id: str, start: str = TUESDAY) -> str:
    """The pack's code."""
    check = patient.come_to_check(start)
    assert "3 sessions, $330.00 (you save $30.00)" in check.text
    page = choose(patient, pack_id)
    assert "Nothing is booked yet. This is what you pay now." in page.text
    patient.press("Go to payment of $330.00")
    patient.pay()
    return re.search(r"[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4}", patient.page.text)[0]


def use(patient: Patient, code: str, start: str, **about: str) -> Page:
    patient.come_to_check(start, **about)
    patient.page.form_with("Use this code").fill("code", code)
    return patient.press("Use this code")


def book_with(patient: Patient, code: str, start: str, **about: str) -> str:
    use(patient, code, start, **about)
    patient.press("Book this time")
    assert patient.page.path.startswith("/b/"), patient.page.text
    return patient.page.path


def test_a_pack_is_bought_and_used_one_session_at_a_time(patient: Patient, pack_id: str, rows: Rows):
    code = buy(patient, pack_id)
    assert "2 of 3 sessions are left." in patient.page.text
    patient.follow("Book your next session")
    assert patient.page.path == "/book/safety"

    page = use(patient, code.lower().replace("-", " "), WEDNESDAY)
    assert "1 of 3 sessions is left after this one." in page.text
    page = patient.press("Book this time")
    assert "Paid With a session of your pack" in page.text
    assert "1 of 3 sessions is left." in page.text
    book_with(patient, code, THURSDAY)

    page = use(patient, code, FRIDAY)
    assert page.errors == {"code": "No session of this pack is left."}
    assert rows("SELECT amount_minor FROM payment") == [(33_000,)]


def test_going_back_to_one_session_shows_its_price_again(patient: Patient, pack_id: str):
    patient.come_to_check(TUESDAY)
    choose(patient, pack_id)
    page = choose(patient, "one")
    assert page.offers("Go to payment of $120.00")


def test_cancelled_in_time_a_session_goes_back_to_its_pack(patient: Patient, pack_id: str, rows: Rows):
    code = buy(patient, pack_id)
    private_page = book_with(patient, code, FRIDAY)
    page = patient.follow("Move my visit")
    assert "and if you cancel, this session of your pack counts as used." in page.text
    patient.open(private_page)
    page = patient.follow("Cancel my visit")
    assert "The session goes back to your pack. Then 2 of 3 are left." in page.text
    page = patient.press("Cancel my visit")
    assert "The session is back in your pack. 2 of 3 are left." in page.text
    assert rows("SELECT * FROM refund") == []


def test_cancelled_late_a_session_is_used_and_that_is_said_before(
    patient: Patient, pack_id: str, clock: FixedClock, rows: Rows
):
    code = buy(patient, pack_id)
    private_page = book_with(patient, code, FRIDAY)
    early_page = patient.follow("Cancel my visit")
    clock.advance(timedelta(days=3, hours=5))
    patient.page = early_page
    page = patient.press("Cancel my visit")
    assert (page.status, "this session of your pack counts as used" in page.text) == (409, True)
    patient.press("Cancel my visit")
    assert "This session of your pack counts as used" in patient.open(private_page).text
    assert rows("SELECT * FROM pack_redemption WHERE returned_at IS NOT NULL") == []


def test_an_unused_pack_is_paid_back_whole_and_its_code_ends(patient: Patient, pack_id: str, rows: Rows):
    code = buy(patient, pack_id, FRIDAY)
    page = patient.follow("Cancel my visit")
    assert "That is the price of your whole pack" in page.text
    patient.press("Cancel my visit and get $330.00 back")
    assert rows("SELECT amount_minor FROM refund") == [(33_000,)]
    assert "This pack was paid back" in use(patient, code, WEDNESDAY).errors["code"]


def test_once_another_session_is_booked_the_first_goes_back_to_the_pack(
    patient: Patient, pack_id: str, rows: Rows
):
    code = buy(patient, pack_id, FRIDAY)
    first = patient.page.path
    book_with(patient, code, WEDNESDAY)
    patient.open(f"{first}/cancel")
    page = patient.press("Cancel my visit")
    assert "The session is back in your pack. 2 of 3 are left." in page.text
    assert rows("SELECT * FROM refund") == []


def test_what_the_therapist_cancels_costs_no_session_and_undone_it_does(
    patient: Patient, therapist: Therapist, pack_id: str
):
    code = buy(patient, pack_id)
    private_page = book_with(patient, code, FRIDAY)
    therapist.open("/therapist")
    [link] = [url for words, url in therapist.page.links.items() if "/therapist/bookings/" in url][-1:]
    therapist.open(link)
    page = therapist.follow("Cancel")
    assert "The session goes back to the patient’s pack." in page.text
    therapist.press("Cancel the visit")
    assert "2 of 3" in patient.open(private_page).text
    undo = next(b for form in therapist.page.forms for b in form.buttons if "ndo" in b)
    therapist.press(undo)
    assert "1 of 3 sessions is left." in patient.open(private_page).text


def test_a_pack_is_for_its_own_kind_of_session_and_goes_when_another_is_chosen(
    patient: Patient, therapist: Therapist, pack_id: str, rows: Rows
):
    therapist.open("/therapist/hours/sessions/new")
    therapist.fill(name="Short follow-up", minutes="30", price="80")
    therapist.press("Add session")
    code = buy(patient, pack_id)
    use(patient, code, WEDNESDAY)
    patient.open("/book/time")
    page = patient.press("Short follow-up, 30 minutes, $80.00")
    assert "The code or pack you chose can’t be used" in page.text
    patient.choose_time(WEDNESDAY)
    assert patient.page.offers("Go to payment of $80.00")
    patient.page.form_with("Use this code").fill("code", code)
    assert patient.press("Use this code").errors == {"code": "This pack is for another kind of visit."}


def test_the_therapist_sees_what_is_left_of_each_pack(patient: Patient, therapist: Therapist, pack_id: str):
    buy(patient, pack_id)
    page = therapist.open("/therapist/vouchers")
    assert "bought on Monday, June 1, 2026. Visits: Tuesday, June 2" in page.text
    assert "2 of 3 left" in page.text
    therapist.press(next(b for form in page.forms for b in form.buttons if b.startswith("Stop offering")))
    patient.come_to_check(WEDNESDAY)
    assert "you save" not in patient.page.text


def pdf_words(patient: Patient, link: str) -> str:
    answer = patient.client.get(patient.page.links[link])
    [page] = PdfReader(io.BytesIO(answer.data)).pages
    return " ".join(page.extract_text().split())


class TestTheWholeLifeOfAPack:
    """Bought, used, returned, and paid back once nothing of it is used: what pages, mails, documents say."""

    @pytest.fixture
    def newest(
        self, run_worker: Callable[[], None], mails: Callable[[str], list[EmailMessage]]
    ) -> Callable[[], str]:
        """The newest mail to the patient about something cancelled."""

        def read() -> str:
            run_worker()
            found = [mail for mail in mails("rosa.marin@example.com") if "cancelled" in mail["Subject"]]
            return found[-1].get_body(("plain",)).get_content()

        return read

    def test_from_the_first_payment_to_the_last_cent(
        self, patient: Patient, pack_id: str, newest: Callable[[], str], rows: Rows
    ):
        code = buy(patient, pack_id, FRIDAY)
        first = patient.page.path
        assert "Paid in the demo $330.00 for a pack of 3" in patient.page.text
        words = pdf_words(patient, "Receipt DEMO-R-000001 (PDF)")
        assert "Online appointments, pack of 3 $330.00" in words
        assert code not in words

        second = book_with(patient, code, WEDNESDAY)
        assert not [link for link in patient.page.links if "Receipt" in link]
        page = patient.follow("Cancel my visit")
        assert "The session goes back to your pack. Then 2 of 3 are left." in page.text
        patient.press("Cancel my visit")
        text = newest()
        assert "Your session was returned to your pack: 2 of 3 left." in text
        assert "refund" not in text

        patient.open(second)
        assert "The session is back in your pack. 2 of 3 are left." in patient.page.text
        page = patient.open(f"{first}/cancel")
        assert "That is the price of your whole pack" in page.text
        patient.press("Cancel my visit and get $330.00 back")
        text = newest()
        assert "All of $330.00 is being refunded" in text
        assert "Your whole pack is refunded, so its code can’t be used any more." in text
        assert "2 of 3" not in text

        page = patient.open(first)
        assert "$330.00 was sent back to your card." in page.text
        assert code not in page.text
        words = pdf_words(patient, "Credit note DEMO-C-000001 (PDF)")
        assert "Online appointments, pack of 3 $330.00" in words
        assert "belongs to receipt DEMO-R-000001" in words
        assert code not in patient.open(second).text
        assert "This pack was paid back" in use(patient, code, THURSDAY).errors["code"]
        assert rows("SELECT sum(amount_minor), count(*) FROM ledger_entry") == [(0, 2)]

    def test_a_session_cancelled_late_is_used_and_the_mail_says_so(
        self, patient: Patient, pack_id: str, clock: FixedClock, newest: Callable[[], str]
    ):
        code = buy(patient, pack_id)
        private_page = book_with(patient, code, FRIDAY)
        clock.advance(timedelta(days=3, hours=5))
        patient.open(f"{private_page}/cancel")
        patient.press("Cancel my visit")
        text = newest()
        assert "too late to return the session to your pack, so it counts as used: 1 of 3 left." in text

    def test_what_the_therapist_cancels_is_returned_to_the_pack(
        self,
        patient: Patient,
        therapist: Therapist,
        pack_id: str,
        clock: FixedClock,
        newest: Callable[[], str],
    ):
        code = buy(patient, pack_id)
        book_with(patient, code, FRIDAY)
        therapist.open("/therapist")
        [link] = [url for url in therapist.page.links.values() if "/therapist/bookings/" in url][-1:]
        therapist.open(link)
        therapist.follow("Cancel")
        therapist.press("Cancel the visit")
        clock.advance(timedelta(minutes=11))
        assert "Your session was returned to your pack: 2 of 3 left." in newest()
