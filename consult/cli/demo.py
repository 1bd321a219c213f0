"""A demonstration practice, made by the same steps a patient takes, only at other times."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ruamel.yaml import YAML
from sqlalchemy.orm import sessionmaker

from consult.booking import answering, checkout, commands
from consult.booking.answers.intake_plan import intake_sections
from consult.booking.checkout import Counter
from consult.booking.standing import Standing, find_standing
from consult.core.clock import FixedClock
from consult.core.money import Money
from consult.deps import Deps
from consult.intake.answers import AnswerValue
from consult.intake.questionnaire import Item, ItemType, missing_items
from consult.intake.reading import read_answer
from consult.payments.demo_gateway import DemoGateway
from consult.scheduling import queries
from consult.scheduling import service as scheduling

from .practice_setup import PracticeFacts

DEMO_EMAIL = "olivia.patel@example.com"
DEMO_PRACTICE = PracticeFacts(
    name="Dr. Olivia Patel",
    zone="America/New_York",
    phone="(555) 010-0199",
    states=["CT", "MA", "NJ", "NY", "PA"],
    price=Money(12_000, "usd"),
)
_PATIENTS = Path(__file__).with_name("demo_patients.yaml")
_BOOKED_BEFORE = timedelta(days=3)
_SOONEST = timedelta(hours=3)


@dataclass(frozen=True)
class DemoPatient:
    """See demo_patients.yaml."""

    name: str
    email: str
    birth_date: str
    phone: str
    state: str
    address: str
    emergency_contact: str
    visit_in_days: int
    intake: str
    screen: list[str]
    answers: dict[str, Any]


def add_patients(d: Deps) -> None:
    """People with visits past and to come, and answers in every state; one of them comes again."""
    entries = YAML(typ="safe").load(_PATIENTS)
    patients = [DemoPatient(**{"screen": ["none"], "answers": {}, **entry}) for entry in entries]
    # Receipts are numbered as they are issued, so who paid first comes first.
    for patient in sorted(patients, key=lambda it: it.visit_in_days):
        _add_patient(d, patient, d.now())


def _add_patient(d: Deps, patient: DemoPatient, now: datetime) -> None:
    visit_at = now + timedelta(days=patient.visit_in_days)
    clock = FixedClock(min(now, visit_at) - _BOOKED_BEFORE)
    counter = _counter_at(d, clock)
    booking_id = _book(
        counter, patient, max(visit_at, now + _SOONEST) if patient.visit_in_days >= 0 else visit_at
    )
    if patient.intake != "none":
        clock.advance(timedelta(hours=2))
        _fill_intake(counter, booking_id, patient)
    if patient.visit_in_days < 0:
        with counter.transaction():
            appointment = queries.find_live_appointment(counter.session, booking_id)
            if appointment is not None:
                scheduling.complete(counter.session, appointment.id, appointment.end_at)


def _counter_at(d: Deps, clock: FixedClock) -> Counter:
    """The practice as it was at another time. These patients pay at the demo, whatever gateway is in use."""
    sessions = sessionmaker(d.session.get_bind())
    gateway = DemoGateway(sessions, clock, f"{d.settings.public_url}/demo-pay")
    return Counter(d.session, d.transaction, clock, replace(d.ports, gateway=gateway))


def _book(counter: Counter, patient: DemoPatient, visit_at: datetime) -> Any:
    session, ports, now = counter.session, counter.ports, counter.clock()
    with counter.transaction():
        booking, _ = commands.find_or_start(session, None, None, now, ports)
        screen = {"sc_main": patient.screen} | _given(patient, "sc_")
        commands.answer_screen(session, booking, screen, now, ports)
        standing = find_standing(session, booking, now, ports)
        if standing.facts.advice_due:
            commands.read_advice(
                session, booking, {flag.id for flag in standing.screening.advice}, now, ports
            )
        zone = ZoneInfo(booking.zone)
        wanted = datetime.combine(visit_at.astimezone(zone).date(), visit_at.astimezone(zone).time(), zone)
        slot = queries.nearest_slots(session, booking.session_type_id, wanted, 1, now)[0]
        commands.choose_time(session, booking, slot.start_at, now, ports)
        commands.save_about(session, booking, _about(ports, patient, now.date()), now, ports)
        commands.agree(session, booking, now, ports)
        booking_id = booking.id
    checkout.open_checkout(counter, booking_id)
    payment = _standing(counter, booking_id).payment
    if payment is None or payment.checkout_id is None or not isinstance(ports.gateway, DemoGateway):
        raise RuntimeError("the demonstration payment did not open")
    ports.gateway.pay(payment.checkout_id, now)
    checkout.settle(counter, payment.id)
    return booking_id


def _fill_intake(counter: Counter, booking_id: Any, patient: DemoPatient) -> None:
    session, ports, now = counter.session, counter.ports, counter.clock()
    questionnaire, today = ports.catalogue.questionnaire, now.date()
    answers = dict(_standing(counter, booking_id).answers)
    with counter.transaction():
        booking = _standing(counter, booking_id).booking
        for section in intake_sections(questionnaire, answers | _given(patient, "bm_"), today):
            ids = {item.id for item in section.items}
            if patient.intake == "begun" and not ids & set(patient.answers):
                continue
            given: dict[str, AnswerValue] = {"co_sign": patient.name} if "co_sign" in ids else {}
            given |= {item_id: value for item_id, value in patient.answers.items() if item_id in ids}
            answers |= given
            filled = fill(questionnaire, answers, [section.id], today)
            answers |= filled
            answering.save_intake(session, booking, section.id, given | filled, True, now, ports)
        if patient.intake == "finished":
            answering.submit_intake(session, booking, now, ports)


def fill(
    questionnaire: Any, answers: Mapping[str, AnswerValue], sections: list[str], on: date
) -> dict[str, AnswerValue]:
    """Harmless answers to every required question of these sections that is open and unanswered."""
    filled: dict[str, AnswerValue] = {}
    while missing := missing_items(questionnaire, {**answers, **filled}, sections, on):
        for item in missing:
            value = read_answer(item, _harmless(item))
            if value is None:
                raise ValueError(f"no harmless answer known for {item.id}")
            filled[item.id] = value
    return filled


def _harmless(item: Item) -> Any:
    exclusive = [option.id for option in item.options if option.exclusive]
    plain = {
        ItemType.YES_NO: "yes" if item.id in ("go_floor", "go_kneel") else "no",
        ItemType.SCALE: 3,
        ItemType.TEXT: "Nothing to add",
        ItemType.DATE: "1980-01-01",
        ItemType.AGREE: True,
        ItemType.ACTIVITIES: [{"activity": "Long walks", "score": 6}],
    }
    if item.type in plain:
        return plain[item.type]
    return exclusive[:1] if exclusive else item.options[0].id


def _about(ports: Any, patient: DemoPatient, on: date) -> dict[str, AnswerValue]:
    given: dict[str, AnswerValue] = {
        "pt_name": patient.name,
        "pt_dob": patient.birth_date,
        "pt_email": patient.email,
        "pt_phone": patient.phone,
        "pt_state": patient.state,
        "pt_place": patient.address,
        "pt_ice": patient.emergency_contact,
    }
    return given | fill(ports.catalogue.questionnaire, given, ["about"], on)


def _given(patient: DemoPatient, prefix: str) -> dict[str, AnswerValue]:
    return {item_id: value for item_id, value in patient.answers.items() if item_id.startswith(prefix)}


def _standing(counter: Counter, booking_id: Any) -> Standing:
    from consult.booking.models import Booking

    booking = counter.session.get_one(Booking, booking_id)
    return find_standing(counter.session, booking, counter.clock(), counter.ports)
