"""The patient's story one command at a time, on a fresh database with the real ports."""

import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from consult.booking import checkout, commands
from consult.booking.answers.screening import Screening
from consult.booking.checkout import Counter
from consult.booking.email_confirmation import CodeAnswer, send_code, try_code
from consult.booking.models import Booking
from consult.booking.standing import Standing, find_standing
from consult.core.clock import FixedClock
from consult.db.sealing import Place
from consult.deps import counter as counter_of_the_app
from consult.intake.reading import read_answers
from consult.notifications.message import Message
from consult.notifications.models import OutboxMessage
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

    def booked(self, start_at: datetime = TEN) -> Booking:
        """A booking that was paid for."""
        booking = self.come_to_pay(start_at)
        checkout.open_checkout(self.counter, booking.id)
        payment = self.standing(booking).payment
        assert payment is not None
        assert payment.checkout_id is not None
        self.gateway.pay(payment.checkout_id, self.now)
        checkout.settle(self.counter, payment.id)
        return self.fresh(booking)

    def fresh(self, booking: Booking | uuid.UUID) -> Booking:
        """The booking as it stands in the database now."""
        booking_id = booking if isinstance(booking, uuid.UUID) else booking.id
        self.session.expire_all()
        return self.session.get_one(Booking, booking_id)

    def send_code(self, booking: Booking, address: str = ABOUT["pt_email"]) -> str:
        """Have a code mailed to the address, and read it there."""
        self.do(send_code, self.fresh(booking), address)
        newest = select(OutboxMessage).where(
            OutboxMessage.kind == "email_code", OutboxMessage.booking_id == booking.id
        )
        row = self.session.scalars(newest.order_by(OutboxMessage.created_at.desc())).first()
        assert row is not None
        place = Place("outbox_message", "payload", row.id)
        message = Message.from_json(self.ports.sealer.open(row.payload_sealed, place))
        assert message.to_email == address
        return re.findall(r"^[0-9]{6}$", message.text, re.MULTILINE)[0]

    def try_code(self, booking: Booking, code: str) -> CodeAnswer:
        answer: CodeAnswer = self.do(try_code, self.fresh(booking), code)
        return answer

    def confirm_email(self, booking: Booking, address: str = ABOUT["pt_email"]) -> None:
        assert self.try_code(booking, self.send_code(booking, address)) is CodeAnswer.RIGHT

    def standing(self, booking: Booking) -> Standing:
        return find_standing(self.session, self.fresh(booking), self.now, self.ports)


@pytest.fixture
def desk(app: Flask, clock: FixedClock) -> Iterator[Desk]:
    with app.app_context():
        yield Desk(counter_of_the_app())
