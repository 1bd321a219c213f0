"""How many calendar addresses one mailbox has, and which of them end when there are too many."""

from datetime import timedelta

from flask import Flask
from sqlalchemy import func, select

from consult.booking.patient_feed import SENT_EVERY, mail_address
from consult.calendaring.models import FeedSubscription
from consult.calendaring.subscriptions import MOST_UNREAD
from consult.core.clock import FixedClock

from .conftest import ABOUT, ONE, Desk
from .post import letters


def tokens(desk: Desk) -> list[str]:
    """Of the addresses mailed, oldest first."""
    mailed = [letter.message for letter in letters(desk, "calendar_address")]
    assert {message.to_email for message in mailed} == {ABOUT["pt_email"]}
    return [message.text.split("/calendar/")[1].split()[0] for message in mailed]


def live(desk: Desk) -> int:
    query = select(func.count()).select_from(FeedSubscription).where(FeedSubscription.revoked_at.is_(None))
    return desk.session.scalars(query).one()


def test_many_more_asked_for_under_her_email_never_end_one_that_her_calendar_reads(
    desk: Desk, app: Flask, clock: FixedClock
):
    hers, strangers = desk.come_to_pay(), desk.come_to_pay(ONE)
    desk.do(mail_address, hers)
    reader = app.test_client()
    [read] = tokens(desk)
    assert reader.get(f"/cal/{read}.ics").status_code == 200

    clock.advance(timedelta(days=60))
    for _ in range(MOST_UNREAD + 2):
        clock.advance(SENT_EVERY)
        desk.do(mail_address, desk.fresh(strangers))
    status = [reader.get(f"/cal/{token}.ics").status_code for token in tokens(desk)]
    assert status == [200, 404, 404] + [200] * MOST_UNREAD
    assert live(desk) == 1 + MOST_UNREAD
