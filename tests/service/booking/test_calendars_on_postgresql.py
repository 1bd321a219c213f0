"""Calendars on PostgreSQL: locks that SQLite does not have, and statements it reads more generously."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from consult.booking.calendar_replies import take_reply
from consult.booking.calendar_truth import calendar_truth
from consult.booking.feed_detail import choose_detail
from consult.booking.patient_feed import mail_address, replace_address
from consult.calendaring.models import CalendarObject, FeedSubscription
from consult.calendaring.replies import PartStat
from consult.calendaring.service import Detail
from consult.calendaring.subscriptions import new_subscription
from consult.core.clock import FixedClock
from consult.core.errors import NotFound
from consult.deps import counter
from consult.practice.service import get_therapist
from tests.bench.databases import Database

from .conftest import Desk
from .post import letters
from .test_calendar_replies import answer
from .visits import WEDNESDAY, later_visit, move, sent

pytestmark = pytest.mark.postgres


@pytest.fixture
def app(make_app: Callable[..., Flask], postgres_url: str) -> Flask:
    return make_app(DATABASE_URL=Database("postgresql", postgres_url).new_url())


def live(desk: Desk) -> list[FeedSubscription]:
    desk.session.rollback()
    return list(desk.session.scalars(select(FeedSubscription).where(FeedSubscription.revoked_at.is_(None))))


def test_feeds_truth_and_replies(desk: Desk, app: Flask, clock: FixedClock):
    visit = later_visit(desk, clock)
    desk.do(mail_address, visit)
    with desk.counter.transaction():
        hers = new_subscription(desk.session, get_therapist(desk.session).id, desk.now)
    with desk.counter.transaction():
        choose_detail(desk.session, Detail.NAME, desk.now, desk.ports)
    assert b"Rosa Marin" in app.test_client().get(f"/cal/{hers}.ics").data

    with desk.counter.transaction():
        taken = take_reply(desk.session, answer(letters(desk)[0]), desk.now, desk.ports)
    assert taken.partstat is PartStat.DECLINED
    versions = {row.id: row.version for row in live(desk)}
    move(desk, visit, WEDNESDAY + timedelta(hours=1))
    assert {row.id: row.version - 1 for row in live(desk)} == versions
    sent(desk)
    (shown,) = calendar_truth(desk.session, desk.now, desk.ports).coming
    assert (shown.sequence, shown.partstat, shown.late) == (1, None, False)
    assert len(desk.session.scalars(select(CalendarObject)).all()) == 1


def test_an_address_replaced_four_times_at_once_is_one_address(desk: Desk, app: Flask, clock: FixedClock):
    visit = later_visit(desk, clock)
    desk.do(mail_address, visit)
    (letter,) = letters(desk, "calendar_address")
    token = letter.message.text.split("/calendar/")[1].split()[0]
    gate = threading.Barrier(4)

    def replace(_: int) -> str | None:
        with app.app_context():
            at = counter()
            gate.wait()
            try:
                with at.transaction():
                    return replace_address(at.session, token, at.clock(), at.ports)
            except NotFound:
                return None

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(replace, range(4)))
    assert [bool(each) for each in found].count(True) == 1
    assert len(live(desk)) == 1
