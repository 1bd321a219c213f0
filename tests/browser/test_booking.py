"""The whole way of a patient, on a phone in another time zone than the therapist's."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser import patient
from tests.browser.booking import (
    agree,
    expect_times_in,
    free_times,
    hold,
    pass_safety,
    pay,
    sign_in,
    tell_about,
)
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser

NewVisitor = Callable[..., Visitor]
with_and_without_scripts = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])


@with_and_without_scripts
def test_a_patient_books_pays_and_is_read_before_the_visit(new_visitor: NewVisitor, scripts: bool) -> None:
    jo = new_visitor(scripts=scripts)
    _find_the_safety_check(jo)
    _choose_a_time(jo)
    _say_who_they_are(jo)
    private_page = _agree_and_pay(jo)
    _begin_the_intake(jo)

    other_device = new_visitor(scripts=scripts)
    other_device.open(private_page)
    other_device.see("private-page-begun", dark=True)
    _finish_the_intake(other_device)

    therapist = new_visitor(scripts=scripts, width=1280)
    sign_in(therapist)
    therapist.follow(patient.NAME)
    expect(therapist.page.locator("main")).to_contain_text(patient.GOAL)
    expect(therapist.page.locator("main")).to_contain_text(patient.PLACE)
    expect(therapist.page.locator(".sheet-when")).to_contain_text("Los Angeles time")


@with_and_without_scripts
def test_an_emergency_sign_stops_the_booking_and_a_slip_can_be_mended(
    new_visitor: NewVisitor, scripts: bool
) -> None:
    sam = new_visitor(scripts=scripts)
    sam.open("/book")
    sam.answer("sc_main", ["move"])
    assert sam.is_asked("sc_move_side") is scripts
    loaded = len(sam.documents)
    pages = sam.complete({"sc_move_side": "both", "sc_move_fast": "no"} if scripts else {}, "Continue")
    if scripts:
        assert (pages, sam.documents[loaded:]) == (1, sam.documents[-2:])
    else:
        sam.press("Continue")
        sam.see("safety-follow-ups")
        sam.complete({"sc_move_side": "both", "sc_move_fast": "no"}, "Continue")

    expect(sam.page.get_by_role("heading", level=1)).to_contain_text("Stop. Get help now.")
    expect(sam.page.get_by_role("link", name="Call 911")).to_have_attribute("href", "tel:911")
    sam.see("stop", dark=True)
    for door in ("time", "about", "about/you", "terms", "check"):
        sam.open(f"/book/{door}")
        expect(sam.page).to_have_url(re.compile("/book/stop$"))

    sam.follow("Go back and change your answers")
    expect(sam.control("sc_main", "move")).to_be_checked()
    sam.see("safety-to-mend")
    sam.answer("sc_main", ["none"])
    if not scripts:
        sam.press("Continue")
        sam.see_refused("safety-none-and-some", "x")
        sam.page.locator("label[for='sc_main-move']").click()
    sam.press("Continue")
    expect(sam.page.get_by_role("heading", level=1)).to_have_text("Choose a time")


def test_an_urgent_sign_goes_on_after_its_advice_and_a_later_emergency_puts_the_visit_on_hold(
    new_visitor: NewVisitor,
) -> None:
    kim = new_visitor()
    kim.open("/book")
    kim.complete({"sc_main": ["weight"]}, "Continue")
    kim.press("Continue to book")
    kim.see_refused("advice", "Tick the box to say that you have read this and will get checked.")
    kim.complete({"read": "yes"}, "Continue to book")

    rival = new_visitor()
    pass_safety(rival)
    wanted = free_times(kim)[0]
    hold(rival, wanted)
    hold(kim, wanted)
    expect(kim.page.locator("[role=status]").first).to_contain_text("Somebody else just took it.")
    kim.see("time-taken")
    hold(kim, free_times(kim)[0])

    kim.complete(patient.YOU, "Continue")
    kim.complete(patient.CONTACT, "Continue")
    kim.complete({**patient.WHERE_TO_BE, "pt_state": "OTHER"}, "Continue")
    expect(kim.page.get_by_role("heading", level=1)).to_have_text("We can't book this online")
    kim.see("state-not-served")
    kim.follow("Go back and change it")
