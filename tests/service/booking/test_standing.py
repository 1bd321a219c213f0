"""Where a booking stands is worked out once a request, and never from what was true before."""

import gc
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from consult.booking import commands, judging, standing
from consult.booking.models import Booking
from consult.booking.standing import find_standing
from consult.core.clock import FixedClock
from consult.db.transaction import transaction
from consult.deps import deps

from .conftest import ONE, Desk

ONE_DAY = timedelta(days=1)


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[Booking]:
    """One entry for every time that answers are opened and judged."""
    calls: list[Booking] = []
    judge = judging._judge

    def counted(*arguments: object) -> object:
        calls.append(arguments[0])  # type: ignore[arg-type]
        return judge(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(judging, "_judge", counted)
    return calls


@contextmanager
def other_tab(app: Flask) -> Iterator[Session]:
    """Another session on the same database."""
    with Session(app.extensions["sqlalchemy"].engine) as session:
        yield session


def test_the_same_answers_are_judged_once_a_request_also_within_its_transaction(
    desk: Desk, judged: list[Booking]
):
    booking = desk.screened()
    judged.clear()
    first = find_standing(desk.session, booking, desk.now, desk.ports)
    with desk.counter.transaction():
        locked = standing.lock_booking(desk.session, booking)
        second = find_standing(desk.session, locked, desk.now, desk.ports)
    assert second.judged is first.judged
    assert len(judged) == 1


def test_an_answer_given_in_between_is_seen_though_the_booking_is_the_same(desk: Desk):
    booking = desk.screened()
    assert not find_standing(desk.session, booking, desk.now, desk.ports).screening.stopped
    with desk.counter.transaction():
        commands.answer_screen(
            desk.session, booking, desk.answers({"sc_main": ["chest"]}), desk.now, desk.ports
        )
        assert find_standing(desk.session, booking, desk.now, desk.ports).screening.stopped
    assert find_standing(desk.session, booking, desk.now, desk.ports).screening.stopped


def test_an_answer_from_another_tab_is_seen_under_the_lock(desk: Desk, app: Flask):
    """The look before the transaction is what a page's guard decides by; the step itself looks again."""
    booking = desk.screened()
    before = find_standing(desk.session, booking, desk.now, desk.ports)
    booking_id = booking.id
    desk.session.rollback()
    with other_tab(app) as tab:
        there = tab.get_one(Booking, booking_id)
        with transaction(tab):
            commands.answer_screen(tab, there, desk.answers({"sc_main": ["chest"]}), desk.now, desk.ports)
    assert not before.screening.stopped
    with pytest.raises(standing.StepNotOpen), desk.counter.transaction():
        commands.choose_time(desk.session, before.booking, ONE, desk.now, desk.ports)


def test_a_new_day_is_judged_anew(desk: Desk, clock: FixedClock, judged: list[Booking]):
    booking = desk.screened()
    find_standing(desk.session, booking, desk.now, desk.ports)
    judged.clear()
    clock.advance(ONE_DAY)
    find_standing(desk.session, booking, desk.now, desk.ports)
    assert len(judged) == 1


def test_no_open_answers_outlive_the_request(app: Flask):
    with app.app_context():
        d = deps()
        with d.transaction():
            booking, _ = commands.find_or_start(d.session, None, None, d.now(), d.ports)
        known = weakref.ref(find_standing(d.session, booking, d.now(), d.ports).judged)
        assert known() is not None
        del booking
    gc.collect()
    assert known() is None
