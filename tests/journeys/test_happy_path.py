"""From the front page to the therapist's desk."""

from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage

from icalendar import Calendar

from consult.core.clock import FixedClock

from .patient import INTAKE, Patient, Therapist


def test_a_patient_books_pays_and_finds_everything_on_the_private_page(patient: Patient):
    patient.open("/")
    assert patient.page.heading == "Less pain, without surgery. From where you are."
    assert "$120.00" in patient.page.text
    assert "45 minutes by video" in patient.page.text

    patient.follow("Book an online session")
    assert (patient.page.path, "Step 1 of 5" in patient.page.text) == ("/book/safety", True)
    patient.fill(sc_main=["none"])
    patient.press()

    assert (patient.page.path, "Step 2 of 5" in patient.page.text) == ("/book/time", True)
    assert "New York time (EDT), UTC−4" in patient.page.text
    patient.choose_time()

    assert (patient.page.path, "Step 3 of 5" in patient.page.text) == ("/book/about/you", True)
    assert "until 8:10 am" in patient.page.text
    patient.tell_about_myself()

    assert (patient.page.path, "Step 4 of 5" in patient.page.text) == ("/book/terms", True)
    assert "This visit is less than 24 hours away. If you cancel, you get $60.00 back." in patient.page.text
    patient.agree()

    assert (patient.page.path, "Step 5 of 5" in patient.page.text) == ("/book/check", True)
    assert "Monday, June 1 10:00 am to 10:45 am" in patient.page.text
    for said in ("Rosa Marin", "March 14, 1980", "rosa.marin@example.com", "New York", "12 Example Street"):
        assert said in patient.page.text
    patient.go_to_payment()

    assert patient.page.path.startswith("/demo-pay/")
    assert "No payment is taken, whatever you press" in patient.page.text
    patient.pay()

    assert patient.page.path.startswith("/b/")
    assert patient.page.heading == "You're booked, Rosa"
    assert "Monday, June 1 10:00 am to 10:45 am" in patient.page.text
    assert "The button to join appears here at 9:00 am on Monday, June 1" in patient.page.text


def test_an_hour_before_the_visit_and_after_another_safety_check_both_find_the_same_room(
    patient: Patient, therapist: Therapist, clock: FixedClock
):
    private_page = patient.book("2026-06-03T14:00:00+00:00")
    assert "Start the safety check" not in patient.page.links
    clock.advance(timedelta(days=2))
    patient.open(private_page)
    patient.follow("Start the safety check")
    patient.fill(rc_same=["none"])
    patient.press()
    assert "Start the safety check" not in patient.open(private_page).links
    clock.advance(timedelta(minutes=59, seconds=59))
    patient.open(private_page)
    assert "Join the video visit" not in patient.page.links
    clock.advance(timedelta(seconds=1))
    patient.open(private_page)
    assert "Join the video visit" not in patient.page.links
    patient.follow("Start the safety check")
    patient.fill(rc_same=["none"])
    assert patient.press().heading == "Thank you"

    room = patient.open(private_page).links["Join the video visit"]
    therapist.sign_in()
    assert therapist.read_summary("Rosa Marin").links["Join the video visit"] == room
    assert private_page.rsplit("/", 1)[1] not in room


def test_every_page_before_the_confirmation_says_demo(patient: Patient):
    pages = [patient.open("/"), patient.open("/book/safety"), patient.pass_safety_check()]
    pages += [patient.choose_time(), patient.tell_about_myself(), patient.agree()]
    pages += [patient.go_to_payment(), patient.pay()]
    assert [page.path for page in pages if "DEMO" not in page.text] == []


def test_the_invitation_is_a_real_itip_request_and_the_download_the_same_event(
    patient: Patient,
    run_worker: Callable[[], None],
    mails: Callable[[str], list[EmailMessage]],
):
    private_page = patient.book()
    run_worker()
    run_worker()

    [mail] = mails("rosa.marin@example.com")
    assert mail["Subject"] == "Your appointment is booked"
    assert f"http://localhost{private_page}" in mail.get_body(("plain",)).get_content()
    [part] = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]
    assert part.get_param("method") == "REQUEST"
    request = Calendar.from_ical(part.get_payload(decode=True))
    [event] = request.events
    assert request["METHOD"] == "REQUEST"
    assert event.start.isoformat() == "2026-06-01T14:00:00+00:00"
    assert event.end.isoformat() == "2026-06-01T14:45:00+00:00"
    assert (event["SUMMARY"], event["SEQUENCE"]) == ("Online appointment", 0)
    assert str(event["ATTENDEE"]).lower() == "mailto:rosa.marin@example.com"
    assert event["ATTENDEE"].params["RSVP"] == "TRUE"
    assert str(event["ORGANIZER"]).startswith("mailto:")

    response = patient.client.get(f"{private_page}/appointment.ics")
    assert response.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert response.headers["Content-Disposition"] == "attachment; filename=appointment.ics"
    download = Calendar.from_ical(response.data)
    assert "METHOD" not in download
    assert download.events[0]["UID"] == event["UID"]
    assert download.events[0].start == event.start

    [news] = mails("olivia.patel@example.com")
    assert "Rosa" not in str(news)


def test_the_therapist_sees_who_comes_and_reads_the_summary_once_the_intake_is_sent(
    patient: Patient, therapist: Therapist
):
    private_page = patient.book()
    therapist.sign_in()
    assert therapist.page.path == "/therapist"
    assert "10:00 am to 10:45 am Rosa Marin No intake yet" in therapist.page.text

    patient.open(private_page)
    patient.follow("Start the form")
    assert patient.page.heading == "Where it hurts"
    patient.fill_in_intake()
    assert patient.page.heading == "Check and send"
    for said in ("Low back, right", "Slowly, over days or longer", "To kneel in my garden again"):
        assert said in patient.page.text
    patient.press("Send my answers")
    assert patient.page.heading == "Thank you"
    patient.follow("Back to your visit")
    assert "Finished Dr. Olivia Patel will read your answers" in patient.page.text

    therapist.open("/therapist")
    assert "Rosa Marin Intake finished" in therapist.page.text
    therapist.follow("Rosa Marin")
    assert therapist.page.heading == "Rosa Marin, 46"
    assert "Flags Info Acute (under 6 weeks) “2 to 6 weeks”" in therapist.page.text
    assert "acute: st_dur is d2w or w6" in therapist.page.text
    assert "Right side" in therapist.page.text
    assert "Sitting through a meeting (3 of 10); Putting on socks (0 of 10)" in therapist.page.text
    assert "rest (no change); heat or cold (helped)" in therapist.page.text
    assert INTAKE["go_want"] in therapist.page.text
    assert "During the visit at 12 Example Street, Albany" in therapist.page.text


def test_the_therapists_own_calendar_shows_the_appointment_under_initials(
    patient: Patient, therapist: Therapist
):
    therapist.sign_in()
    therapist.follow("Calendars")
    therapist.press("Make an address")
    feed = therapist.page.links["Add to Apple Calendar or Outlook"].replace("webcal:", "http:")
    patient.book()

    [event] = Calendar.from_ical(patient.client.get(feed).data).events
    assert event.start.isoformat() == "2026-06-01T14:00:00+00:00"
    assert "R. M." in event["SUMMARY"]
    assert "Rosa" not in str(event.to_ical())


def test_a_sent_intake_is_read_only(patient: Patient):
    private_page = patient.book()
    patient.send_intake(private_page)
    for address in ("/intake", "/intake/where", "/intake/check"):
        assert patient.open(f"{private_page}{address}").heading == "Thank you"
