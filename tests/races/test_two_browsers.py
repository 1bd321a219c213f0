"""Two browsers of one mailbox hold at the same moment: neither sees the other's hold before the lock."""

import threading
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import create_engine, select, text

from consult.booking import commands
from consult.booking.models import Booking
from consult.core.clock import system_clock
from consult.deps import counter, deps
from consult.scheduling.lifecycle import Status
from consult.scheduling.models import Appointment
from tests.bench.databases import Database
from tests.service.booking.conftest import ONE, TEN, Desk

PATIENCE = timedelta(seconds=20)


def choose(booking_id: uuid.UUID, start_at: datetime) -> None:
    d = deps()
    booking = d.session.get_one(Booking, booking_id)
    commands.choose_time(d.session, booking, start_at, d.now(), d.ports)


@pytest.mark.postgres
def test_one_hold_is_left(make_app: Callable[..., Flask], postgres_url: str) -> None:
    url = Database("postgresql", postgres_url).new_url()
    app = make_app(DATABASE_URL=url)
    with app.app_context():
        desk = Desk(counter())
        first, second = desk.screened().id, desk.screened().id
        for booking_id in (first, second):
            desk.confirm_email(desk.fresh(booking_id))

    def hold_in_the_other_browser() -> None:
        with app.app_context(), deps().transaction():
            choose(second, ONE)

    other = threading.Thread(target=hold_in_the_other_browser)
    with app.app_context(), deps().transaction():
        choose(first, TEN)
        other.start()
        wait_until_somebody_waits(url)
    other.join()

    with app.app_context():
        now, session = deps().now(), deps().session
        held = session.scalars(
            select(Appointment).where(Appointment.status == Status.HELD, Appointment.hold_expires_at > now)
        ).all()
        assert [each.booking_id for each in held] == [second]


def wait_until_somebody_waits(url: str) -> None:
    """For a lock. Raises AssertionError when nobody does."""
    watching, begun = create_engine(url, isolation_level="AUTOCOMMIT"), system_clock()
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with watching.connect() as connection:
        while connection.scalar(waiting) == 0:
            assert system_clock() - begun < PATIENCE
    watching.dispose()
