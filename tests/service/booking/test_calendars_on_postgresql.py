"""Calendars on PostgreSQL: locks that SQLite does not have, and statements it reads more generously."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text, update

from consult.booking.calendar_replies import take_reply
from consult.booking.calendar_truth import calendar_truth
from consult.booking.checkout import Counter
from consult.booking.feed_detail import choose_detail, new_address, redraw_after_upgrade
from consult.booking.patient_feed import mail_address, replace_address
from consult.calendaring.models import CalendarObject, FeedSubscription
from consult.calendaring.replies import PartStat
from consult.calendaring.service import Detail
from consult.core.clock import FixedClock
from consult.core.errors import NotFound
from consult.deps import counter
from consult.notifications.preferences import give_link
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
        hers = new_address(desk.session, get_therapist(desk.session).id, desk.now)
    with desk.counter.transaction():
        choose_detail(desk.session, Detail.NAME, desk.now, desk.ports)
    fetched = app.test_client().get(f"/cal/{hers}.ics")
    assert b"Rosa Marin" in fetched.data
    unchanged = {"If-None-Match": fetched.headers["ETag"]}
    assert app.test_client().get(f"/cal/{hers}.ics", headers=unchanged).status_code == 304

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


Work = Callable[[Counter], object]
Both = Callable[[Work, Work], tuple[object, object]]


@pytest.fixture
def do_at_once(app: Flask) -> Iterator[Both]:
    """One has done the first and not committed yet, when another begins the second: until that waits, or is
    done.
    """

    def in_another_thread(work: Work) -> object:
        with app.app_context():
            at = counter()
            with at.transaction():
                return work(at)

    with ThreadPoolExecutor(1) as pool:

        def do(one: Work, other: Work) -> tuple[object, object]:
            at = counter()
            with at.transaction():
                first = one(at)
                second = pool.submit(in_another_thread, other)
                waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
                while not (second.done() or at.session.scalar(waiting)):
                    pass
            return first, second.result()

        yield do


def test_of_two_addresses_of_hers_made_at_once_one_works(desk: Desk, app: Flask, do_at_once: Both):
    hers = get_therapist(desk.session).id
    made = do_at_once(*[lambda at: new_address(at.session, hers, at.clock())] * 2)
    client = app.test_client()
    assert [client.get(f"/cal/{token}.ics").status_code for token in made] == [404, 200]


def test_the_first_two_mails_to_an_address_at_once_have_the_same_link(desk: Desk, do_at_once: Both):
    first, second = do_at_once(
        *[lambda at: give_link(at.session, ["d" * 64], at.ports.sealer, at.clock())] * 2
    )
    assert first == second


def test_what_is_drawn_anew_while_she_chooses_is_drawn_as_she_chose(
    desk: Desk, clock: FixedClock, do_at_once: Both
):
    later_visit(desk, clock)
    shown = select(CalendarObject.vevent_therapist)
    with desk.counter.transaction():
        desk.session.execute(update(CalendarObject).values(vevent_therapist=b"by a former release"))
    do_at_once(
        lambda at: choose_detail(at.session, Detail.BUSY, at.clock(), at.ports),
        lambda at: redraw_after_upgrade(at.session, at.clock(), at.ports),
    )
    desk.session.rollback()
    assert b"SUMMARY:Busy" in desk.session.scalars(shown).one()
