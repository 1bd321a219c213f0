"""Names and words of every kind, from the form to the mail, the calendar and the desk."""

from collections.abc import Callable
from email.message import EmailMessage

import pytest
from icalendar import Calendar

from .patient import Patient, Therapist

NAMES = {
    "accents": "Zoë Núñez-Müller",
    "another script": "Αθηνά Παπαδοπούλου",
    "right to left": "נועה לוי",
    "without spaces": "山田太郎",
    "emoji": "Kim 🦴 Lee",
    "markup": '<b>Bo</b> & "Jo" O\'Neil',
    "commas and semicolons": "Smith, John; Jr. \\ III",
    "looks like a header": "Ann: Bcc",
    "as long as allowed": "Ngozi " * 19 + "Okonjo",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_a_name_of_this_kind_goes_all_the_way(
    patient: Patient,
    therapist: Therapist,
    run_worker: Callable[[], None],
    mails: Callable[[str], list[EmailMessage]],
    name: str,
):
    private_page = patient.book(pt_name=name)
    assert patient.page.heading == f"You're booked, {name.split()[0]}"
    assert name in patient.page.text
    run_worker()
    [mail] = mails("rosa.marin@example.com")
    assert name.split()[0] in mail.get_body(("plain",)).get_content()
    [part] = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]
    [event] = Calendar.from_ical(part.get_payload(decode=True)).events
    assert str(event["ATTENDEE"]).lower() == "mailto:rosa.marin@example.com"
    therapist.sign_in()
    assert name in therapist.page.text
    therapist.open(therapist.page.links[name])
    assert therapist.page.heading.startswith(name)
    assert private_page not in therapist.page.text


def test_three_hundred_characters_are_too_long_for_a_name_and_are_not_lost(patient: Patient):
    patient.pass_safety_check()
    patient.choose_time()
    long_name = "Ó" * 300
    patient.fill(pt_name=long_name, pt_dob="1980-03-14", pt_filler="self")
    page = patient.press()
    assert (page.status, page.errors) == (
        422,
        {"pt_name": "Shorten your answer to 120 characters or fewer."},
    )
    assert page.form.value("pt_name") == long_name
    patient.fill(pt_name=long_name[:120])
    assert patient.press().path == "/book/about/contact"


def test_free_text_in_the_intake_is_kept_as_written_and_shown_as_text(patient: Patient, therapist: Therapist):
    said = "1. Walk <again>\n2. “Dance” – naïvely 💃🏽\n\n3. </textarea><script>alert(1)</script>"
    private_page = patient.book()
    patient.open(f"{private_page}/intake")
    patient.fill_in_intake(go_want=said, go_worry="\u202e gnihtemos", li_work="A\x07B")
    patient.open(f"{private_page}/intake/goals")
    assert patient.page.form.value("go_want") == said
    therapist.sign_in()
    summary = therapist.read_summary("Rosa Marin")
    assert " ".join(said.split()) in summary.text
    assert "<script>alert" not in summary.html
    assert "AB" in summary.text
