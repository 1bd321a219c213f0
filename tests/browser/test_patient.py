"""The whole way of a patient, on a phone in another time zone than the therapist's."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser import patient
from tests.browser.booking import expect_heading, expect_said, expect_times_in, free_times, pay, sign_in
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser

NewVisitor = Callable[..., Visitor]


@pytest.mark.parametrize(
    ("scripts", "name"), [(True, "Jo O’Neil"), (False, "Bo Ødegård")], ids=["scripts", "no scripts"]
)
def test_a_patient_books_pays_and_is_read_before_the_visit(
    new_visitor: NewVisitor, scripts: bool, name: str
) -> None:
    jo = new_visitor(scripts=scripts)
    _pass_the_safety_check(jo)
    _choose_a_time(jo)
    _say_who_they_are(jo, name)
    private_page = _agree_and_pay(jo)
    _begin_the_intake(jo)

    other_device = new_visitor(scripts=scripts)
    other_device.open(private_page)
    _finish_the_intake(other_device)

    therapist = new_visitor(scripts=scripts, width=1280)
    sign_in(therapist)
    therapist.follow(name)
    for words in (patient.GOAL, patient.PLACE, "Los Angeles time"):
        expect(therapist.page.locator("main")).to_contain_text(words)
    therapist.see("therapist-summary")
    therapist.follow("Tips for the patient")
    therapist.see("therapist-handout")
    therapist.press("Save and release")

    other_device.open(private_page)
    other_device.follow("Read the tips before your visit")
    other_device.see("tips")
    other_device.open(f"{private_page}/safety")
    other_device.complete(patient.RECHECK_FINE, "Continue", photo="recheck")
    expect_heading(other_device, "Thank you")
    other_device.see("recheck-done")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_an_emergency_sign_stops_the_booking_and_a_slip_can_be_mended(
    new_visitor: NewVisitor, scripts: bool
) -> None:
    sam = new_visitor(scripts=scripts)
    sam.open("/book")
    loaded = len(sam.documents)
    sam.answer("sc_main", ["move"])
    if scripts:
        assert len(sam.documents) == loaded
    else:
        assert not sam.is_asked("sc_move_side")
        sam.press("Continue")
    sam.complete({"sc_move_side": "both", "sc_move_fast": "no"}, "Continue", photo="safety-follow-ups")

    expect_heading(sam, "Stop. Get help now.")
    expect(sam.page.get_by_role("link", name="Call 911")).to_have_attribute("href", "tel:911")
    sam.see("stop", dark=True)
    for door in ("time", "about", "about/you", "terms", "check"):
        sam.open(f"/book/{door}")
        expect(sam.page).to_have_url(re.compile("/book/stop$"))

    sam.follow("Go back and change your answers")
    expect(sam.control("sc_main", "move")).to_be_checked()
    sam.answer("sc_main", ["none"])
    if not scripts:
        sam.page.get_by_text("Trouble moving one or both legs").click()
    expect(sam.control("sc_main", "move")).not_to_be_checked()
    sam.press("Continue")
    expect_heading(sam, "Choose a time")


def test_an_urgent_sign_goes_on_and_a_later_emergency_puts_the_visit_on_hold(
    new_visitor: NewVisitor,
) -> None:
    kim = new_visitor()
    kim.open("/book")
    kim.complete({"sc_main": ["weight"]}, "Continue")
    expect_heading(kim, "Please see a doctor")
    kim.press("Continue to book")
    kim.see_refused("advice", "read")
    kim.complete({"read": "yes"}, "Continue to book")

    _lose_the_time_to_another(kim, new_visitor())
    kim.complete({**patient.YOU, "pt_name": "Kim Nguyen"}, "Continue")
    kim.complete(patient.CONTACT, "Continue")
    _be_where_no_visit_can_be(kim)
    kim.complete(patient.WHERE_TO_BE, "Continue")
    kim.complete({"start": free_times(kim)[4]}, "Continue with this time")
    kim.complete(patient.NEEDS, "Continue")
    private_page = pay(kim)

    kim.follow("Start the form")
    for given in (patient.FIRST_TOPICS | patient.LATER_TOPICS).values():
        kim.complete(given, "Save and continue")
    kim.complete(patient.RECHECK_EMERGENCY, "Save and continue")
    expect_heading(kim, "Stop. Get help now.")
    expect_said(kim, "on hold")
    kim.see("intake-stop")
    kim.open(private_page)
    expect_heading(kim, "Your visit is on hold")
    kim.see("private-page-on-hold")

    therapist = new_visitor(width=1280)
    sign_in(therapist)
    row = therapist.page.locator("li.agenda-entry").filter(has_text="Kim Nguyen")
    expect(row).to_contain_text("On hold")
    therapist.see("therapist-agenda-with-hold")
    therapist.follow("Kim Nguyen")
    expect_said(therapist, "Visit on hold")
    therapist.see("therapist-summary-on-hold")
    therapist.follow("Release the hold")
    therapist.press("Release the hold")
    kim.open(private_page)
    expect_heading(kim, "You're booked")


def test_the_safety_check_can_be_passed_by_keyboard_alone(new_visitor: NewVisitor) -> None:
    ada = new_visitor()
    ada.open("/")
    keys = ada.page.keyboard
    keys.press("Tab")
    expect(ada.page.get_by_role("link", name="Skip to the main content")).to_be_focused()
    keys.press("Enter")
    ada.tab_to(ada.page.get_by_role("link", name="Book an online session").first)
    ada.enter()

    ada.tab_to(ada.page.get_by_role("button", name="Continue"))
    ada.enter()
    expect(ada.page.locator("[data-error-summary]")).to_be_focused()
    ada.tab_to(ada.page.locator("[data-error-summary] a"))
    keys.press("Enter")
    expect(ada.control("sc_main").first).to_be_focused()

    ada.tab_to(ada.control("sc_main", "move"))
    keys.press("Space")
    ada.tab_to(ada.control("sc_move_side", "one"))
    keys.press("Space")
    ada.tab_to(ada.control("sc_move_fast", "yes"))
    keys.press("ArrowRight")
    expect(ada.control("sc_move_fast", "no")).to_be_checked()
    ada.tab_to(ada.page.get_by_role("button", name="Continue"))
    ada.enter()
    expect_heading(ada, "Please see a doctor")


def test_what_is_only_read(new_visitor: NewVisitor) -> None:
    reader = new_visitor()
    reader.open("/privacy")
    reader.see("privacy")
    reader.open("/b/nobody-has-this-address")
    expect_heading(reader, "We can’t find that page")
    reader.see("not-found")


def _pass_the_safety_check(jo: Visitor) -> None:
    """With scripts, here and later, every page is sent empty or wrong first."""
    jo.open("/")
    jo.see("front-page", dark=True)
    jo.follow("Book an online session")
    if jo.scripts:
        jo.press("Continue")
        jo.see_refused("safety-nothing-ticked", "sc_main")
    jo.complete({"sc_main": ["none"]}, "Continue", photo="safety")


def _choose_a_time(jo: Visitor) -> None:
    """Only a script knows the zone of the phone; without one the patient chooses it."""
    if not jo.scripts:
        expect_times_in(jo, "America/New_York", "New York time")
        jo.answer("zone", "America/Los_Angeles")
        jo.press("Use this time zone")
    expect_times_in(jo, "America/Los_Angeles", "Los Angeles time")
    if jo.scripts:
        jo.press("Continue with this time")
        jo.see_refused("time-none-chosen", "start")
    else:
        jo.see("time", dark=True)
    jo.complete({"start": free_times(jo)[3]}, "Continue with this time")
    if not jo.scripts:
        jo.follow("Change the time zone")
        jo.see("time-zone")
        jo.press("Use this time zone")


def _say_who_they_are(jo: Visitor, name: str) -> None:
    you = {**patient.YOU, "pt_name": name}
    left = r" \((10|9) minutes left\)" if jo.scripts else ""
    expect_said(jo, re.compile(rf"We are holding .+ for you until\s+\d+:\d\d [ap]m{left}\."))
    if jo.scripts:
        jo.press("Continue")
        jo.see_refused("about-you-nothing-said", "pt_name", "pt_dob", "pt_filler")
        jo.complete({**you, "pt_dob-month": "13"}, "Continue")
        jo.see_refused("about-you-no-date", "pt_dob")
    jo.complete(you, "Continue", photo="about-you")
    if jo.scripts:
        jo.complete({**patient.CONTACT, "pt_email": "jo@"}, "Continue")
        jo.see_refused("about-contact-no-address", "pt_email")
    jo.complete(patient.CONTACT, "Continue", photo="about-contact")
    jo.complete(patient.WHERE_TO_BE, "Continue", photo="about-place")
    jo.complete(patient.NEEDS, "Continue", photo="about-needs")


def _agree_and_pay(jo: Visitor) -> str:
    if jo.scripts:
        jo.press("Continue")
        jo.see_refused("terms-not-agreed", "privacy", "cancellation")
    jo.complete({"privacy": "yes", "cancellation": "yes"}, "Continue", photo="terms")
    expect_said(jo, patient.PLACE)
    jo.see("check")
    jo.press(re.compile("^Go to payment of"))
    jo.see("demo-payment")
    jo.press("Go back without paying")
    expect_heading(jo, "You came back without paying")
    jo.see("unpaid")
    jo.press("Back to my booking")
    expect_said(jo, "Nothing was charged")
    jo.see("check-came-back-unpaid")
    jo.press(re.compile("^Go to payment of"))
    jo.press("Have the card declined")
    expect_said(jo, "declined")
    jo.see("demo-payment-declined")
    jo.press("Pay with the demo card")
    expect_heading(jo, "You're booked")
    jo.see("private-page")
    assert jo.download("Download for your calendar (.ics)").startswith(b"BEGIN:VCALENDAR")
    return jo.page.url


def _begin_the_intake(jo: Visitor) -> None:
    """Two topics finished, the third begun and left."""
    jo.follow("Start the form")
    if jo.scripts:
        jo.press("Save and continue")
        jo.see_refused("intake-where-nothing-said", "bm_regions", "bm_main", "bm_spread")
    for figure, place in (("back", "lowback_l"), ("front", "knee_r")):
        _tap_on_the_picture(jo, figure, place)
    if jo.scripts:
        expect_said(jo, "Marked: Low back, left · Knee, right")
    jo.complete(patient.FIRST_TOPICS["where"], "Save and continue", photo="intake-where")
    pages = jo.complete(patient.FIRST_TOPICS["story"], "Save and continue", photo="intake-story")
    assert pages == (1 if jo.scripts else patient.STORY_PAGES)
    jo.answer("fe_quality", ["sharp"])
    jo.press("Save and finish later")
    expect_said(jo, "saved")
    jo.see("private-page-intake-begun", dark=True)


def _tap_on_the_picture(jo: Visitor, figure: str, place: str) -> None:
    box = jo.control("bm_regions", place)
    jo.page.locator(f"label.on-{figure}[for='{box.get_attribute('id')}'] path").tap()
    expect(box).to_be_checked()


def _finish_the_intake(jo: Visitor) -> None:
    jo.follow("Go on with the form")
    expect(jo.page).to_have_url(re.compile("/intake/feel$"))
    expect(jo.control("fe_quality", "sharp")).to_be_checked()
    pages = jo.complete(patient.FIRST_TOPICS["feel"], "Save and continue", photo="intake-feel")
    assert pages == (1 if jo.scripts else patient.FEEL_PAGES)
    for topic, given in patient.LATER_TOPICS.items():
        jo.complete(given, "Save and continue", photo=f"intake-{topic}")
    jo.complete(patient.RECHECK_FINE, "Save and continue", photo="intake-recheck")
    expect_heading(jo, "Check and send")
    expect_said(jo, patient.GOAL)
    jo.see("intake-check")
    jo.press("Send my answers")
    expect_heading(jo, "Thank you")
    jo.see("intake-done")
    jo.follow("Back to your visit")
    jo.see("private-page-intake-finished")


def _lose_the_time_to_another(kim: Visitor, rival: Visitor) -> None:
    """Both want the same hour; the later one takes the nearest that is offered instead."""
    wanted = free_times(kim)[4]
    rival.open("/book")
    rival.complete({"sc_main": ["none"]}, "Continue")
    rival.complete({"start": wanted}, "Continue with this time")
    kim.complete({"start": wanted}, "Continue with this time")
    expect_said(kim, "no longer free")
    kim.see("time-taken-meanwhile")
    kim.page.locator("fieldset", has_text="Nearest free times").locator("label").first.click()
    kim.press("Continue with this time")


def _be_where_no_visit_can_be(kim: Visitor) -> None:
    """A slip in the state is mended on the page that asks for it."""
    kim.complete({**patient.WHERE_TO_BE, "pt_state": "OTHER"}, "Continue")
    expect_heading(kim, "We can't book this online")
    kim.see("state-not-served")
    kim.follow("Go back and change it")
    assert kim.is_asked("pt_state"), f"{kim.page.url} does not ask for what stopped the booking"
