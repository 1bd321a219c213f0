"""What a patient may do, step by step."""

import uuid
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from consult.booking import commands
from consult.booking.journey import Step, next_step
from consult.booking.models import Booking
from consult.booking.standing import StepNotOpen
from consult.booking.tokens import read_token
from consult.core.clock import FixedClock
from consult.intake.models import QuestionnaireResponse
from consult.intake.service import get_answers
from consult.notifications.models import OutboxMessage
from consult.practice.models import Patient
from consult.practice.service import get_practice, read_contact
from consult.scheduling.errors import SlotNotOffered, SlotTaken
from consult.scheduling.lifecycle import Status
from consult.scheduling.models import Appointment
from consult.scheduling.zones import UnknownZone

from .conftest import ABOUT, ONE, TEN, Desk


def count(desk: Desk, table: type) -> int:
    return desk.session.scalar(select(func.count()).select_from(table)) or 0


def test_a_booking_starts_with_a_secret_that_is_stored_as_digest_and_sealed(desk: Desk):
    booking, token = desk.do(commands.find_or_start, None, None)
    assert token is not None
    assert commands.find_booking(desk.session, token).id == booking.id
    assert read_token(booking, desk.ports.sealer) == token
    assert token not in str(vars(booking))
    assert commands.find_booking(desk.session, token + "x") is None
    assert commands.find_booking(desk.session, booking.token_digest) is None


def test_a_known_visitor_goes_on_with_the_same_booking(desk: Desk):
    booking = desk.start()
    again, token = desk.do(commands.find_or_start, desk.fresh(booking), "Asia/Tokyo")
    assert (again.id, token, again.zone) == (booking.id, None, "America/New_York")
    assert count(desk, Booking) == 1


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        (None, "America/New_York"),
        ("", "America/New_York"),
        ("Mars/Olympus", "America/New_York"),
        ("Asia/Calcutta", "Asia/Kolkata"),
        ("Europe/Berlin", "Europe/Berlin"),
    ],
)
def test_the_browsers_zone_is_kept_when_there_is_such_a_zone(desk: Desk, told: str | None, kept: str):
    booking, _ = desk.do(commands.find_or_start, None, told)
    assert booking.zone == kept
    assert ZoneInfo(booking.zone)


def test_an_unknown_zone_is_refused_later(desk: Desk):
    with pytest.raises(UnknownZone):
        commands.change_zone(desk.start(), "Mars/Olympus")


def test_price_and_refund_terms_are_those_of_the_start_whatever_changes_later(desk: Desk):
    booking = desk.start()
    with desk.counter.transaction():
        get_practice(desk.session).full_refund_hours = 1
        get_practice(desk.session).move_until_hours = 1
    booking = desk.fresh(booking)
    assert (booking.price_minor, booking.currency) == (12_000, "usd")
    assert booking.refund_terms == {"full_until_hours": 24, "late_percent": 50, "move_until_hours": 24}


class GiveUp(Exception):
    """Something outside breaks before the transaction ends."""


def _everything_then_give_up(desk: Desk) -> None:
    session, now, ports = desk.session, desk.now, desk.ports
    with desk.counter.transaction():
        booking, _ = commands.find_or_start(session, None, None, now, ports)
        commands.answer_screen(session, booking, {"sc_main": ["none"]}, now, ports)
        commands.choose_time(session, booking, TEN, now, ports)
        commands.save_about(session, booking, desk.answers(ABOUT), now, ports)
        commands.agree(session, booking, now, ports)
        raise GiveUp


def test_no_command_commits(desk: Desk):
    with pytest.raises(GiveUp):
        _everything_then_give_up(desk)
    assert [count(desk, table) for table in (Booking, QuestionnaireResponse, Appointment, Patient)] == [0] * 4


@pytest.mark.parametrize("step", ["time", "terms"])
def test_a_step_the_booking_does_not_open_is_refused_whatever_page_was_shown(desk: Desk, step: str):
    booking = desk.come_to_pay()
    with desk.counter.transaction():
        desk.fresh(booking).confirmed_at = desk.now
    refused = {
        "time": lambda: desk.hold(booking, ONE),
        "terms": lambda: desk.do(commands.agree, desk.fresh(booking)),
    }
    with pytest.raises(StepNotOpen):
        refused[step]()


def test_of_answers_that_come_after_the_confirmation_only_an_emergency_is_kept(desk: Desk):
    booking = desk.come_to_pay()
    with desk.counter.transaction():
        desk.fresh(booking).confirmed_at = desk.now
    before = get_answers(desk.session, booking.id, desk.ports.sealer)
    desk.screen(booking, "calf")
    desk.tell_about(booking, pt_name="Somebody Else")
    assert get_answers(desk.session, booking.id, desk.ports.sealer) == before


@pytest.mark.parametrize(
    ("ticked", "follow_ups", "step"),
    [
        (["none"], {}, Step.TIME),
        (["calf"], {}, Step.ADVICE),
        (["control"], {}, Step.STOP),
        (["habit"], {}, Step.SCREEN),
        (["habit", "chest"], {}, Step.STOP),
        (["move"], {"sc_move_side": "one"}, Step.SCREEN),
        (["move"], {"sc_move_side": "one", "sc_move_fast": "no"}, Step.ADVICE),
        (["move"], {"sc_move_side": "one", "sc_move_fast": "yes"}, Step.STOP),
    ],
)
def test_the_safety_answers_lead_to(desk: Desk, ticked: list[str], follow_ups: dict[str, str], step: Step):
    booking = desk.start()
    desk.screen(booking, *ticked, **follow_ups)
    assert next_step(desk.standing(booking).facts) is step


def test_what_the_safety_answers_meant_is_recorded_once_they_are_whole(desk: Desk):
    booking = desk.start()
    desk.screen(booking, "habit")
    assert desk.standing(booking).response.outcomes == ()
    desk.screen(booking, "habit", sc_habit_what=["leak"], sc_habit_when="w2")
    [outcome] = desk.standing(booking).response.outcomes
    assert (outcome.stage, outcome.level, outcome.flags) == (
        "screen",
        "emergency",
        ("bladder_bowel_new_change",),
    )
    assert outcome.at == desk.now
    assert outcome.version == desk.ports.catalogue.questionnaire.version


def test_advice_read_counts_until_the_answers_change(desk: Desk):
    booking = desk.start()
    desk.screen(booking, "calf")
    with desk.counter.transaction():
        read = {flag.id for flag in desk.standing(booking).screening.advice}
        commands.read_advice(desk.session, desk.fresh(booking), read, desk.now, desk.ports)
    desk.screen(booking, "calf")
    assert next_step(desk.standing(booking).facts) is Step.TIME
    desk.screen(booking, "calf", "weight")
    assert next_step(desk.standing(booking).facts) is Step.ADVICE


def test_a_stop_gives_the_held_time_back(desk: Desk):
    booking = desk.screened()
    desk.hold(booking)
    desk.screen(booking, "stroke")
    assert desk.session.scalar(select(Appointment.status)) is Status.RELEASED
    desk.hold(desk.screened(), TEN)


def test_another_time_takes_the_place_of_the_first(desk: Desk):
    booking = desk.screened()
    desk.hold(booking, TEN)
    desk.hold(booking, ONE)
    statuses = dict(desk.session.execute(select(Appointment.start_at, Appointment.status)).all())
    assert statuses == {TEN: Status.RELEASED, ONE: Status.HELD}


def test_a_time_not_to_be_had_leaves_the_one_held(desk: Desk):
    booking, other = desk.screened(), desk.screened()
    desk.hold(booking, ONE)
    desk.hold(other, TEN)
    for start_at, refusal in ((TEN, SlotTaken), (TEN - timedelta(hours=1), SlotNotOffered)):
        with pytest.raises(refusal):
            desk.hold(booking, start_at)
    assert desk.standing(booking).facts.hold_live


def test_a_patient_is_made_once_everything_about_them_is_known_and_mended_later(desk: Desk):
    booking = desk.screened()
    desk.hold(booking)
    desk.tell_about(booking, pt_preg=None)
    assert desk.fresh(booking).patient_id is None
    desk.tell_about(booking)
    patient_id = desk.fresh(booking).known_patient_id
    desk.tell_about(booking, pt_name="  Rosa\n Maria   Marin ", pt_email="Rosa@EXAMPLE.com")
    assert desk.fresh(booking).known_patient_id == patient_id
    contact = read_contact(desk.session, patient_id, desk.ports.sealer)
    assert (contact.name, contact.email) == ("Rosa Maria Marin", "Rosa@example.com")
    assert count(desk, Patient) == 1


def test_the_patient_of_a_draft_is_not_known_yet(desk: Desk):
    with pytest.raises(ValueError, match="not known yet"):
        _ = desk.start().known_patient_id


@pytest.mark.parametrize("change", [{"pt_dob": "2010-01-01"}, {"pt_state": "OTHER"}])
def test_a_policy_stop_frees_the_time_and_makes_no_patient(desk: Desk, change: dict[str, str]):
    booking = desk.screened()
    desk.hold(booking)
    desk.tell_about(booking, **change)
    standing = desk.standing(booking)
    assert (next_step(standing.facts), standing.facts.stopped_in) == (Step.STOP, Step.ABOUT)
    assert desk.session.scalar(select(Appointment.status)) is Status.RELEASED
    assert count(desk, Patient) == 0


def test_going_on_keeps_the_time_longer_up_to_the_limit(desk: Desk, clock: FixedClock):
    booking = desk.screened()
    desk.hold(booking, ONE)
    placed_at = desk.now
    ends = []
    for _ in range(5):
        clock.advance(timedelta(minutes=9))
        desk.tell_about(booking)
        ends.append(desk.session.scalar(select(Appointment.hold_expires_at)) - placed_at)
    assert [end / timedelta(minutes=1) for end in ends] == [19, 28, 37, 45, 45]


def test_going_on_does_not_bring_back_a_time_that_ran_out(desk: Desk, clock: FixedClock):
    booking = desk.screened()
    desk.hold(booking, ONE)
    clock.advance(timedelta(minutes=10))
    desk.tell_about(booking)
    assert not desk.standing(booking).facts.hold_live
    desk.hold(desk.screened(), ONE)


def test_what_was_agreed_to_names_versions_and_terms(desk: Desk):
    booking = desk.come_to_pay()
    assert booking.agreed_at == desk.now
    assert booking.agreed_versions is not None
    assert booking.agreed_versions["privacy"] == commands.PRIVACY_VERSION
    assert booking.agreed_versions["cancellation"].startswith(commands.CANCELLATION_VERSION)
    assert '"late_percent": 50' in booking.agreed_versions["cancellation"]


def test_no_draft_has_a_confirmation(desk: Desk):
    assert desk.come_to_pay().confirmed_at is None
    assert count(desk, OutboxMessage) == 0
    assert commands.find_booking(desk.session, str(uuid.uuid4())) is None
