"""What calendars know, as the therapist sees it."""

from collections.abc import Callable

import pytest

from tests.browser.booking import expect_heading, sign_in
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_of_what_calendars_know(new_visitor: Callable[..., Visitor], width: int) -> None:
    olivia = new_visitor(width=width)
    sign_in(olivia)
    olivia.open("/therapist/calendar/invitations")
    expect_heading(olivia, "What calendars know")
    olivia.see("truth", dark=True)

    olivia.page.get_by_label("Yes, from now on").check()
    olivia.page.locator("form", has=olivia.page.get_by_label("Yes, from now on")).get_by_role(
        "button"
    ).click()
    olivia.see("invited")

    olivia.page.get_by_label("The reply").fill("I cannot come")
    olivia.press("Note the answer")
    olivia.see_refused("refused", "reply")
    expect_heading(olivia, "What calendars know")
