"""The patient's story one command at a time, on a fresh database with the real ports."""

import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask

from consult.booking import commands
from consult.booking.checkout import Counter
from consult.booking.models import Booking
from consult.booking.screening import Screening
from consult.booking.standing import Standing, find_standing
from consult.core.clock import FixedClock
from consult.deps import counter as counter_of_the_app
from consult.intake.reading import read_answers
from consult.payments.demo_gateway import DemoGateway

TEN = datetime(2026, 6, 1, 14, 0, tzinfo=UTC)
"""Ten o'clock in New York, the first time on offer."""
ONE = datetime(2026, 6, 1, 17, 0, tzinfo=UTC)

ABOUT: dict[str, Any] = {
    "pt_name": "Rosa Marin",
    "pt_dob": "1980-03-14",
    "pt_filler": "self",
    "pt_email": "rosa.marin@example.com",
    "pt_phone": "(555) 010-0123",
    "pt_state": "NY",
    "pt_place": "12 Example Street, Albany",
    "pt_ice": "Sam, (555) 010-0188",
    "pt_preg": "no",
}


class Desk:
    """Each command in a transaction of its own, as the surfaces open them."""

    def __init__(self, counter: Counter) -> None:
        self.counter = counter
        self.session, self.ports = counter.session, counter.ports

    @property
    def now(self) -> datetime:
        return self.counter.clock()

    @property
    def gateway(self) -> DemoGateway:
        assert isinstance(self.ports.gateway, DemoGateway)
        return self.ports.gateway

    def do(self, command: Callable[..., Any], *arguments: object) -> Any:
        with self.counter.transaction():
            return command(self.session, *arguments, self.now, self.ports)

    def start(self) -> Booking:
        booking, _ = self.do(commands.find_or_start, None, None)
        return self.fresh(booking)

    def screened(self) -> Booking:
        booking = self.start()
        self.screen(booking)
        return self.fresh(booking)

    def answers(self, given: Mapping[str, Any]) -> dict[str, Any]:
        return dict(read_answers(self.ports.catalogue.questionnaire, given))

    def screen(self, booking: Booking, *ticked: str, **follow_ups: Any) -> Screening:
        given = {"sc_main": list(ticked or ["none"]), **follow_ups}
        judged: Screening = self.do(commands.answer_screen, self.fresh(booking), self.answers(given))
        return judged

    def hold(self, booking: Booking, start_at: datetime = TEN) -> None:
        self.do(commands.choose_time, self.fresh(booking), start_at)

    def tell_about(self, booking: Booking, **changes: Any) -> None:
        self.do(commands.save_about, self.fresh(booking), self.answers({**ABOUT, **changes}))

    def come_to_pay(self, start_at: datetime = TEN) -> Booking:
        booking = self.screened()
        self.hold(booking, start_at)
        self.tell_about(booking)
        self.do(commands.agree, self.fresh(booking))
        return self.fresh(booking)

    def fresh(self, booking: Booking | uuid.UUID) -> Booking:
        """The booking as it stands in the database now."""
        booking_id = booking if isinstance(booking, uuid.UUID) else booking.id
        self.session.expire_all()
        return self.session.get_one(Booking, booking_id)

    def standing(self, booking: Booking) -> Standing:
        return find_standing(self.session, self.fresh(booking), self.now, self.ports)


@pytest.fixture
def desk(app: Flask, clock: FixedClock) -> Iterator[Desk]:
    with app.app_context():
        yield Desk(counter_of_the_app())
