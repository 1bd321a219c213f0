"""A practice of which two hours are wanted by three patients, put back to its beginning for every walk."""

import shutil
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import delete, update

from consult.booking import commands
from consult.booking.models import Booking
from consult.booking.upkeep import Upkeep
from consult.core.clock import FixedClock
from consult.deps import counter, deps
from consult.scheduling.models import Appointment
from tests.crash.boundaries import Boundaries, watch
from tests.service.booking.conftest import Desk
from tests.stripe_double import Double
from tests.stripe_double.webhooks import Deliveries
from tests.walks.books import Books

BEGIN = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
HOURS = [datetime(2026, 6, 3, 17, 0, tzinfo=UTC), datetime(2026, 6, 3, 17, 30, tzinfo=UTC)]
"""Two starts whose sessions overlap, two days ahead."""

PATIENTS = ("rosa", "ben", "jo")


class CrashError(BaseException):
    """The process dies here. Nothing in the application catches it."""


def die(where: str) -> None:
    raise CrashError(where)


class World:
    """`bookings` have answered everything and confirmed their address, and hold nothing yet."""

    def __init__(self, app: Flask, double: Double, clock: FixedClock, folder: Path) -> None:
        self.app, self.double, self.clock = app, double, clock
        self.boundaries = Boundaries(die)
        self._send = double.hooks.send
        self._file = folder / "data" / "consult.db"
        self._template = folder / "template.db"
        self.bookings = self._prepare()
        self._dispose()
        shutil.copy(self._file, self._template)
        watch(app, self.boundaries)

    def begin(self) -> None:
        """Everything as it was after `__init__`, here and at Stripe."""
        for left in self._file.parent.glob("consult.db*"):
            left.unlink()
        shutil.copy(self._template, self._file)
        self.clock.now = BEGIN
        self.double.faults = []
        self.double.account.objects.clear()
        self.double.account.unseen.clear()
        self.double.keys.forget()
        self.double.hooks = Deliveries(self.double.account, self.double.hooks.secret, self._send)
        self.boundaries.arm(None)
        self._context = self.app.app_context()
        self._context.push()
        self.desk = Desk(counter())
        self.books = Books(self.desk.session, self.double.account)

    def end(self) -> None:
        self.desk.session.rollback()
        self._context.pop()
        self._dispose()

    def work(self) -> None:
        """One pass of the worker."""
        Upkeep(self.desk.counter, deps().mailer, "bookings@example.org").run_due()

    def _prepare(self) -> list[uuid.UUID]:
        with self.app.app_context():
            desk = Desk(counter())
            made = [self._answer_everything(desk, number, name) for number, name in enumerate(PATIENTS)]
            with desk.counter.transaction():
                desk.session.execute(delete(Appointment))
                desk.session.execute(update(Booking).values(first_held_at=None))
        return made

    def _answer_everything(self, desk: Desk, number: int, name: str) -> uuid.UUID:
        address = f"{name}@example.com"
        booking = desk.screened()
        desk.hold(booking, HOURS[0] + timedelta(days=1, hours=number))
        desk.tell_about(booking, pt_name=name.title(), pt_email=address)
        desk.do(commands.agree, desk.fresh(booking))
        desk.confirm_email(booking, address)
        return booking.id

    def _dispose(self) -> None:
        with self.app.app_context():
            self.app.extensions["sqlalchemy"].engine.dispose()
