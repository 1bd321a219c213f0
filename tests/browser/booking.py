"""Steps that more than one story takes."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from playwright.sync_api import expect

from tests.browser.visitor import THERAPIST_EMAIL, THERAPIST_PASSWORD, Visitor


def expect_heading(visitor: Visitor, words: str) -> None:
    expect(visitor.page.get_by_role("heading", level=1)).to_contain_text(words)


def expect_said(visitor: Visitor, words: str | re.Pattern[str]) -> None:
    """Somewhere on the page, in sight."""
    expect(visitor.page.locator("main")).to_contain_text(words, use_inner_text=True)


def free_times(visitor: Visitor) -> list[str]:
    """What is offered, as instants in UTC."""
    return [option.get_attribute("value") or "" for option in visitor.control("start").all()]


def expect_times_in(visitor: Visitor, zone: str, words: str) -> None:
    """Every time offered is said in this zone, and the page names it."""
    expect_said(visitor, words)
    for option in visitor.control("start").all():
        local = datetime.fromisoformat(option.get_attribute("value") or "").astimezone(ZoneInfo(zone))
        label = visitor.page.locator(f"label[for='{option.get_attribute('id')}']")
        expect(label).to_have_text(f"{local.hour % 12 or 12}:{local:%M} {'am' if local.hour < 12 else 'pm'}")


def pay(visitor: Visitor) -> str:
    """From the terms to the private page; its address."""
    visitor.complete({"privacy": "yes", "cancellation": "yes"}, "Continue")
    visitor.press(re.compile("^Go to payment of"))
    visitor.press("Pay with the demo card")
    expect(visitor.page).to_have_url(re.compile("/b/[^/]+$"))
    return visitor.page.url


def sign_in(visitor: Visitor, *, password: str = THERAPIST_PASSWORD) -> None:
    visitor.open("/therapist")
    visitor.page.get_by_label("Email").fill(THERAPIST_EMAIL)
    visitor.page.get_by_label("Password").fill(password)
    visitor.press("Sign in")
