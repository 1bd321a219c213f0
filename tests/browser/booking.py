"""The ways through a booking that more than one test takes."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from playwright.sync_api import expect

from tests.browser.patient import CONTACT, NEEDS, WHERE_TO_BE, YOU, Given
from tests.browser.visitor import THERAPIST_EMAIL, THERAPIST_PASSWORD, Visitor


def pass_safety(visitor: Visitor) -> None:
    """From the front page to the free times, with nothing to tell."""
    visitor.open("/book")
    visitor.complete({"sc_main": ["none"]}, "Continue")
    expect_heading(visitor, "Choose a time")


def expect_heading(visitor: Visitor, words: str) -> None:
    expect(visitor.page.get_by_role("heading", level=1)).to_contain_text(words)


def free_times(visitor: Visitor) -> list[str]:
    """What is offered, as instants in UTC."""
    return [option.get_attribute("value") or "" for option in visitor.control("start").all()]


def expect_times_in(visitor: Visitor, zone: str, words: str) -> None:
    """Every time offered is said in this zone, and the page names it."""
    expect(visitor.page.locator("main")).to_contain_text(words)
    for option in visitor.control("start").all():
        local = datetime.fromisoformat(option.get_attribute("value") or "").astimezone(ZoneInfo(zone))
        label = visitor.page.locator(f"label[for='{option.get_attribute('id')}']")
        expect(label).to_have_text(f"{local.hour % 12 or 12}:{local:%M} {'am' if local.hour < 12 else 'pm'}")


def hold(visitor: Visitor, start: str) -> None:
    visitor.complete({"start": start}, "Hold this time")


def tell_about(visitor: Visitor, *, place: Given = WHERE_TO_BE) -> None:
    for page in (YOU, CONTACT, place, NEEDS):
        visitor.complete(page, "Continue")


def agree(visitor: Visitor) -> None:
    visitor.complete({"privacy": "yes", "cancellation": "yes"}, "Continue")


def pay(visitor: Visitor) -> str:
    """From the last look to the private page; its address."""
    visitor.press(re.compile("^Go to payment of"))
    visitor.press("Pay with the demo card")
    expect(visitor.page).to_have_url(re.compile("/b/[^/]+$"))
    return visitor.page.url


def sign_in(visitor: Visitor) -> None:
    visitor.open("/therapist")
    visitor.page.get_by_label("Email").fill(THERAPIST_EMAIL)
    visitor.page.get_by_label("Password").fill(THERAPIST_PASSWORD)
    visitor.press("Sign in")
