"""The therapist's own pages, with the demonstration's patients on them."""

import re
from collections.abc import Callable
from typing import Literal

import pytest
from playwright.sync_api import expect

from tests.browser.booking import expect_heading, sign_in
from tests.browser.visitor import THERAPIST_EMAIL, Visitor

pytestmark = pytest.mark.browser

NewVisitor = Callable[..., Visitor]
PATIENT = "Grace Lindqvist"
PAPERS: tuple[Literal["A4", "Letter"], ...] = ("A4", "Letter")


@pytest.mark.parametrize("width", [390, 1280])
def test_the_therapist_signs_in_reads_a_summary_and_subscribes_to_the_calendar(
    new_visitor: NewVisitor, width: int
) -> None:
    olivia = new_visitor(width=width)
    sign_in(olivia, password="not the password")
    olivia.see_refused("sign-in-refused", "email")
    expect(olivia.page.get_by_label("Email")).to_have_value(THERAPIST_EMAIL)
    expect(olivia.page.get_by_label("Password")).to_have_value("")

    sign_in(olivia)
    olivia.see("agenda")
    olivia.follow(PATIENT)
    expect_heading(olivia, PATIENT)
    olivia.see("summary", dark=True)

    olivia.follow("Calendars")
    olivia.see("calendar")
    olivia.press(re.compile("^Make a"))
    olivia.see("calendar-new-address")
    olivia.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    olivia.page.get_by_role("button", name="Copy the address").click()
    expect(olivia.page.get_by_text("Copied.")).to_be_visible()
    copied = olivia.page.evaluate("navigator.clipboard.readText()")
    assert copied == olivia.page.locator(".address").inner_text()
    feed = olivia.page.request.get(olivia.page.locator(".address").inner_text())
    assert feed.headers["content-type"] == "text/calendar; charset=utf-8"
    assert "BEGIN:VEVENT" in feed.text()

    olivia.answer("detail", "busy")
    olivia.press("Save")
    olivia.see("calendar-busy")
    body = olivia.page.request.get(copied).text()
    assert set(re.findall(r"SUMMARY:(.*)\r", body)) == {"Busy"}
    olivia.answer("detail", "initials")
    olivia.press("Save")
    olivia.follow("Your other calendars")
    olivia.see("other-calendars")

    olivia.press("Sign out")
    olivia.open("/therapist")
    expect_heading(olivia, "Sign in")


def test_the_therapist_can_read_what_the_form_asks_and_why(new_visitor: NewVisitor) -> None:
    olivia = new_visitor()
    sign_in(olivia)
    olivia.follow("Form and rules")
    olivia.see("form-and-rules")


def test_the_summary_prints_without_the_frame_around_it(
    new_visitor: NewVisitor, record_property: Callable[[str, object], None]
) -> None:
    olivia = new_visitor(width=1280)
    sign_in(olivia)
    olivia.follow(PATIENT)
    for paper in PAPERS:
        record_property(f"sheets of {paper}", olivia.print_pages("summary", paper))
    olivia.page.emulate_media(media="print")
    for frame in (".header", ".footer", ".back"):
        expect(olivia.page.locator(frame)).to_be_hidden()
    expect(olivia.page.locator("h1")).to_contain_text(PATIENT)
