"""What a therapist takes back, and what her patient hears of it."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from email.message import EmailMessage
from itertools import pairwise

import icalendar
import pytest
from sqlalchemy import select

from consult.booking.changes import commands as changes
from consult.booking.changes import undoing
from consult.booking.changes.money import find_money
from consult.booking.changes.pages import recent_changes
from consult.booking.changes.taking_back import Actor
from consult.booking.changes.undoing import NotToldInTime, UndoTooLate, VisitNotBegun
from consult.booking.models import Booking
from consult.booking.upkeep import Upkeep
from consult.calendaring.models import CalendarObject
from consult.core.clock import FixedClock
from consult.core.errors import ConsultError
from consult.core.money import Money
from consult.core.timespan import TimeSpan
from consult.deps import deps
from consult.notifications.mailer import FileMailer, MailUnavailable
from consult.payments.demo_gateway import Fault
from consult.scheduling.errors import SlotNotOffered, SlotTaken
from consult.scheduling.lifecycle import Status
from consult.scheduling.models import Appointment, SessionType
from consult.scheduling.queries import find_slots, get_schedule
from consult.scheduling.service import block_time

from .conftest import Desk
from .post import kinds, letters
from .visits import (
    DAY,
    MINUTE,
    PRICE,
    SECOND,
    THURSDAY,
    WEDNESDAY,
    cancel,
    everything,
    later_visit,
    move,
    refunds,
    sent,
    visit,
)

WINDOW = timedelta(minutes=10)


@pytest.fixture
def booking(desk: Desk, clock: FixedClock) -> Booking:
    return later_visit(desk, clock)


def undo(desk: Desk, found: Booking, changed_at: object = None) -> None:
    """As the button of a page does that was opened just now."""
    change = undoing.find_change(desk.fresh(found))
    at = changed_at or (change.at if change else desk.now)
    with desk.counter.transaction():
        undoing.undo(desk.session, desk.fresh(found), at, desk.now, desk.ports)


def mark(desk: Desk, found: Booking, outcome: Status) -> None:
    with desk.counter.transaction():
        undoing.mark(desk.session, desk.fresh(found), outcome, desk.now)


def event(desk: Desk) -> CalendarObject:
    desk.session.expire_all()
    return desk.session.scalars(select(CalendarObject)).one()


def test_a_cancellation_taken_back_leaves_nothing_behind(desk: Desk, booking: Booking, clock: FixedClock):
    before = kinds(desk)
    uid, sequence = event(desk).uid, event(desk).sequence
    cancel(desk, booking, Actor.THERAPIST)
    clock.advance(WINDOW - SECOND)
    sent(desk)
    undo(desk, booking)
    clock.advance(WINDOW)
    sent(desk)
    assert visit(desk, booking) == (Status.BOOKED, WEDNESDAY)
    assert desk.fresh(booking).cancelled_at is None
    assert (refunds(desk), kinds(desk)) == ([], before)
    assert find_money(desk.session, desk.fresh(booking)).kept == PRICE
    assert (event(desk).uid, event(desk).status) == (uid, "CONFIRMED")
    assert event(desk).sequence > sequence
    assert event(desk).vevent_therapist is not None


def test_a_patient_who_was_told_is_told_again_with_a_new_event(
    desk: Desk, booking: Booking, clock: FixedClock
):
    clock.now = WEDNESDAY - timedelta(minutes=30)
    cancel(desk, booking, Actor.THERAPIST)
    sent(desk)
    [told] = letters(desk, "cancelled")
    assert told.status == "sent"
    clock.advance(WINDOW - SECOND)
    undo(desk, booking)
    [again] = letters(desk, "reinstated")
    assert again.due_at == desk.now
    method, uid, sequence, start_at = again.revision
    assert (method, sequence, start_at) == ("REQUEST", 0, WEDNESDAY)
    assert uid != told.revision[1]
    assert event(desk).uid == uid
    assert refunds(desk) == []


def test_the_same_can_be_cancelled_again_after_that(desk: Desk, booking: Booking, clock: FixedClock):
    for _ in range(2):
        cancel(desk, booking, Actor.THERAPIST)
        clock.advance(MINUTE)
        undo(desk, booking)
        clock.advance(MINUTE)
    cancel(desk, booking, Actor.THERAPIST)
    clock.advance(WINDOW)
    sent(desk)
    assert refunds(desk) == [("therapist", PRICE.minor, "succeeded")]
    [mail] = letters(desk, "cancelled")
    assert mail.revision[0] == "CANCEL"


def test_a_move_taken_back_leaves_nothing_behind(desk: Desk, booking: Booking, clock: FixedClock):
    before = kinds(desk)
    move(desk, booking, THURSDAY, Actor.THERAPIST)
    clock.advance(WINDOW - SECOND)
    undo(desk, booking)
    assert visit(desk, booking) == (Status.BOOKED, WEDNESDAY)
    assert desk.fresh(booking).moved_at is None
    assert kinds(desk) == before
    assert event(desk).start_at == WEDNESDAY


def test_a_move_that_was_told_is_told_to_be_taken_back(desk: Desk, booking: Booking, clock: FixedClock):
    clock.now = WEDNESDAY - timedelta(minutes=30)
    move(desk, booking, THURSDAY, Actor.THERAPIST)
    sent(desk)
    clock.advance(MINUTE)
    undo(desk, booking)
    told, again = letters(desk, "moved")
    assert again.revision[0] == "REQUEST"
    assert again.revision[1] == told.revision[1]
    assert again.revision[2] > told.revision[2]
    assert again.revision[3] == WEDNESDAY
    assert "It was on Thursday, June 4" in again.message.text


def test_a_move_whose_mail_gave_way_to_a_cancellation_is_told_once_that_is_taken_back(
    desk: Desk, booking: Booking, clock: FixedClock
):
    move(desk, booking, THURSDAY, Actor.THERAPIST)
    clock.advance(MINUTE)
    cancel(desk, booking, Actor.THERAPIST)
    clock.advance(MINUTE)
    undo(desk, booking)
    assert visit(desk, booking) == (Status.BOOKED, THURSDAY)
    [mail] = letters(desk, "moved")
    assert mail.revision[3] == THURSDAY
    assert "cancelled" not in kinds(desk)


@pytest.mark.parametrize("tried", [False, True])
@pytest.mark.parametrize("change", ["cancel", "move"])
def test_what_the_patient_still_has_to_hear_of_their_own_move_outlives_what_is_taken_back(
    desk: Desk, booking: Booking, clock: FixedClock, change: str, tried: bool
):
    move(desk, booking, THURSDAY)
    if tried:
        _refused_once(desk)
    clock.advance(SECOND)
    _change(desk, booking, change, THURSDAY + DAY)
    clock.advance(20 * SECOND)
    undo(desk, booking)
    clock.advance(WINDOW)
    sent(desk)
    [mail] = letters(desk, "moved")
    assert "You moved your online appointment" in mail.message.text
    assert (mail.status, mail.revision[3]) == ("sent", THURSDAY)


def _refused_once(desk: Desk) -> None:
    mailer = deps().mailer
    assert isinstance(mailer, FileMailer)
    mailer.fail_next(MailUnavailable(), MailUnavailable())
    sent(desk)
    assert {letter.status for letter in letters(desk, "moved", "therapist_moved")} == {"ready"}


@pytest.mark.parametrize("change", ["cancel", "move"])
def test_the_mail_that_a_visit_takes_place_after_all_outlives_what_is_taken_back_later(
    desk: Desk, booking: Booking, clock: FixedClock, change: str
):
    clock.now = WEDNESDAY - timedelta(minutes=45)
    cancel(desk, booking, Actor.THERAPIST)
    sent(desk)
    clock.advance(30 * SECOND)
    undo(desk, booking)
    clock.advance(SECOND)
    _change(desk, booking, change)
    clock.advance(20 * SECOND)
    undo(desk, booking)
    sent(desk)
    [mail] = letters(desk, "reinstated")
    assert (mail.status, mail.revision[1], mail.revision[3]) == ("sent", event(desk).uid, WEDNESDAY)


def test_a_move_that_gave_way_to_a_cancellation_is_told_however_late_the_mails_were(
    desk: Desk, booking: Booking, clock: FixedClock
):
    move(desk, booking, THURSDAY, Actor.THERAPIST)
    clock.advance(WINDOW + MINUTE)
    cancel(desk, booking, Actor.THERAPIST)
    clock.advance(MINUTE)
    undo(desk, booking)
    sent(desk)
    [mail] = letters(desk, "moved")
    assert (mail.status, mail.revision[3]) == ("sent", THURSDAY)


def test_a_first_move_that_may_have_been_told_is_not_lost_with_a_second_one(
    desk: Desk, booking: Booking, clock: FixedClock
):
    move(desk, booking, THURSDAY, Actor.THERAPIST)
    clock.advance(WINDOW)
    mailer = deps().mailer
    assert isinstance(mailer, FileMailer)
    mailer.fail_next(MailUnavailable())
    sent(desk)
    move(desk, booking, THURSDAY + DAY, Actor.THERAPIST)
    clock.advance(MINUTE)
    undo(desk, booking)
    sent(desk)
    [mail] = letters(desk, "moved")
    assert (mail.status, mail.revision[3]) == ("sent", THURSDAY)


def test_an_old_mail_that_waits_for_another_try_never_follows_a_newer_one(
    desk: Desk, booking: Booking, clock: FixedClock
):
    move(desk, booking, WEDNESDAY + timedelta(hours=1))
    clock.now = WEDNESDAY + timedelta(minutes=30)
    _refused_once(desk)
    clock.advance(SECOND)
    cancel(desk, booking, Actor.THERAPIST)
    sent(desk)
    clock.advance(WINDOW)
    sent(desk)
    assert letters(desk, "moved") == []
    assert letters(desk, "cancelled")[0].status == "sent"


class _Inbox:
    """What the patient got, in the order it came, of a server that refuses every third mail for now."""

    def __init__(self, dice: random.Random) -> None:
        self.dice: random.Random | None = dice
        self.events: list[icalendar.Event] = []

    def send(self, mail: EmailMessage) -> None:
        if self.dice and self.dice.random() < 1 / 3:
            raise MailUnavailable
        for part in mail.walk():
            if part.get_content_type() == "text/calendar":
                self.events += icalendar.Calendar.from_ical(part.get_content()).walk("VEVENT")


@pytest.mark.parametrize("near", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_whatever_the_order_the_patients_calendar_ends_as_ours(
    desk: Desk, clock: FixedClock, seed: int, near: bool
):
    dice = random.Random(seed)  # noqa: S311 - the same walks each time
    booking, inbox = desk.booked(WEDNESDAY), _Inbox(dice)
    worker = Upkeep(desk.counter, inbox, "bookings@example.org")
    if near:
        clock.now = WEDNESDAY - timedelta(minutes=55)
    starts = [WEDNESDAY + timedelta(hours=hours) for hours in (0, 1, 24, 25)]
    steps: list[Callable[[], None]] = [
        lambda: move(desk, booking, dice.choice(starts)),
        lambda: move(desk, booking, dice.choice(starts), Actor.THERAPIST),
        lambda: cancel(desk, booking, Actor.THERAPIST),
        lambda: undo(desk, booking),
        lambda: undo(desk, booking),
        worker.run_due,
    ]
    for _ in range(25):
        clock.advance(dice.choice([SECOND, 20 * SECOND, MINUTE, 4 * MINUTE]))
        try:
            dice.choice(steps)()
        except ConsultError:
            continue
    inbox.dice = None
    for _ in range(3):
        clock.advance(timedelta(hours=1))
        worker.run_due()
    last, ours = inbox.events[-1], event(desk)
    assert (str(last["UID"]), str(last["STATUS"])) == (ours.uid, ours.status)
    assert last["DTSTART"].dt == ours.start_at == visit(desk, booking)[1]
    assert last["SEQUENCE"] <= ours.sequence
    newest = {str(one["UID"]): str(one["STATUS"]) for one in inbox.events}
    shown = [uid for uid, status in newest.items() if status == "CONFIRMED"]
    assert shown == ([ours.uid] if ours.status == "CONFIRMED" else [])
    for older, newer in pairwise(inbox.events):
        assert newer["UID"] != older["UID"] or newer["SEQUENCE"] > older["SEQUENCE"]


@pytest.mark.parametrize("change", ["cancel", "move"])
def test_ten_minutes_later_nothing_is_taken_back(
    desk: Desk, booking: Booking, clock: FixedClock, change: str
):
    _change(desk, booking, change)
    clock.advance(WINDOW)
    before = everything(desk, booking)
    with pytest.raises(UndoTooLate):
        undo(desk, booking)
    assert everything(desk, booking) == before


def _change(desk: Desk, found: Booking, change: str, start_at: datetime = THURSDAY) -> None:
    if change == "cancel":
        cancel(desk, found, Actor.THERAPIST)
    else:
        move(desk, found, start_at, Actor.THERAPIST)


@pytest.mark.parametrize("change", ["cancel", "move"])
def test_the_button_pressed_twice_or_on_an_old_page_takes_back_no_more(
    desk: Desk, booking: Booking, clock: FixedClock, change: str
):
    _change(desk, booking, change)
    pressed_at = desk.now
    clock.advance(MINUTE)
    undo(desk, booking, pressed_at)
    before = everything(desk, booking)
    undo(desk, booking, pressed_at)
    assert everything(desk, booking) == before
    clock.advance(MINUTE)
    _change(desk, booking, change)
    before = everything(desk, booking)
    undo(desk, booking, pressed_at)
    assert everything(desk, booking) == before


@pytest.mark.parametrize("change", ["cancel", "move"])
def test_the_hour_she_left_is_not_on_sale_while_she_may_take_it_back(
    desk: Desk, booking: Booking, clock: FixedClock, change: str
):
    _change(desk, booking, change)
    stranger, neighbour = desk.screened(), desk.booked(THURSDAY + timedelta(hours=1))
    clock.advance(WINDOW - SECOND)
    for late in (0 * MINUTE, 30 * MINUTE):
        with pytest.raises(SlotTaken):
            desk.hold(stranger, WEDNESDAY + late)
    with pytest.raises(SlotTaken):
        move(desk, neighbour, WEDNESDAY)
    undo(desk, booking)
    assert visit(desk, booking) == (Status.BOOKED, WEDNESDAY)
    assert kept(desk) == []


@pytest.mark.parametrize("change", ["cancel", "move"])
def test_when_the_minutes_are_over_it_is_free_though_no_worker_runs(
    desk: Desk, booking: Booking, clock: FixedClock, change: str
):
    _change(desk, booking, change)
    stranger = desk.screened()
    clock.advance(WINDOW)
    assert WEDNESDAY in _on_offer(desk)
    desk.hold(stranger, WEDNESDAY)


def test_of_a_move_by_minutes_what_it_left_is_kept(desk: Desk, booking: Booking, clock: FixedClock):
    _change(desk, booking, "move", WEDNESDAY + 15 * MINUTE)
    assert kept(desk) == [(WEDNESDAY, WEDNESDAY + 15 * MINUTE)]
    undo(desk, booking)
    assert (visit(desk, booking), kept(desk)) == ((Status.BOOKED, WEDNESDAY), [])


def test_of_two_moves_the_hour_an_undo_leads_to_is_kept_and_no_other(
    desk: Desk, booking: Booking, clock: FixedClock
):
    move(desk, booking, THURSDAY, Actor.THERAPIST)
    clock.advance(WINDOW - MINUTE)
    move(desk, booking, THURSDAY + DAY, Actor.THERAPIST)
    assert [start_at for start_at, _ in kept(desk)] == [WEDNESDAY]
    clock.advance(WINDOW - SECOND)
    desk.hold(desk.screened(), THURSDAY)
    undo(desk, booking)
    assert visit(desk, booking) == (Status.BOOKED, WEDNESDAY)


def test_a_cancellation_after_a_move_and_then_the_move_are_both_taken_back(
    desk: Desk, booking: Booking, clock: FixedClock
):
    move(desk, booking, THURSDAY, Actor.THERAPIST)
    clock.advance(MINUTE)
    cancel(desk, booking, Actor.THERAPIST)
    assert [start_at for start_at, _ in kept(desk)] == [WEDNESDAY, THURSDAY]
    undo(desk, booking)
    assert visit(desk, booking) == (Status.BOOKED, THURSDAY)
    undo(desk, booking)
    assert (visit(desk, booking), kept(desk)) == ((Status.BOOKED, WEDNESDAY), [])


@pytest.mark.parametrize("change", ["cancel", "move"])
def test_once_the_patient_has_changed_it_nothing_is_kept(desk: Desk, booking: Booking, change: str):
    move(desk, booking, THURSDAY, Actor.THERAPIST)
    if change == "cancel":
        cancel(desk, booking)
    else:
        move(desk, booking, WEDNESDAY)
    assert kept(desk) == []


@pytest.mark.parametrize("change", ["cancel", "move"])
def test_her_own_entry_may_take_the_hour_and_then_it_is_not_taken_back(
    desk: Desk, booking: Booking, clock: FixedClock, change: str
):
    _change(desk, booking, change)
    _block(desk, TimeSpan(WEDNESDAY, WEDNESDAY + 15 * MINUTE))
    before = everything(desk, booking)
    with pytest.raises(SlotTaken):
        undo(desk, booking)
    assert everything(desk, booking) == before


def kept(desk: Desk) -> list[tuple[datetime, datetime]]:
    """What is held for nobody, so that a change can be undone."""
    desk.session.expire_all()
    held = select(Appointment).where(Appointment.status == Status.HELD, Appointment.booking_id.is_(None))
    rows = desk.session.scalars(held.order_by(Appointment.start_at))
    return [
        (row.start_at, row.end_at - 15 * MINUTE * (row.end_at - row.start_at > 50 * MINUTE)) for row in rows
    ]


def _on_offer(desk: Desk) -> list[datetime]:
    type_id = desk.session.scalars(select(SessionType.id)).first()
    assert type_id is not None
    slots = find_slots(desk.session, type_id, WEDNESDAY.date(), 1, desk.now, "America/New_York")
    return [slot.start_at for slot in slots]


def _block(desk: Desk, span: TimeSpan) -> None:
    schedule_id = get_schedule(desk.session).id
    with desk.counter.transaction():
        block_time(desk.session, schedule_id=schedule_id, span=span, title="Dentist", now=desk.now)


def test_a_former_time_that_is_past_is_not_taken_back(desk: Desk, booking: Booking, clock: FixedClock):
    clock.now = WEDNESDAY - MINUTE
    move(desk, booking, THURSDAY, Actor.THERAPIST)
    clock.advance(2 * MINUTE)
    with pytest.raises(SlotNotOffered):
        undo(desk, booking)
    assert visit(desk, booking) == (Status.BOOKED, THURSDAY)


def test_a_refund_that_was_tried_keeps_the_cancellation(desk: Desk, booking: Booking, clock: FixedClock):
    cancel(desk, booking, Actor.THERAPIST)
    clock.advance(WINDOW)
    desk.gateway.faults = [Fault.DOWN_BEFORE]
    sent(desk)
    clock.advance(-SECOND)
    with pytest.raises(UndoTooLate):
        undo(desk, booking)
    assert visit(desk, booking)[0] is Status.CANCELLED


@pytest.mark.parametrize("change", ["cancel", "move"])
def test_what_the_patient_did_is_not_the_therapists_to_take_back(desk: Desk, booking: Booking, change: str):
    if change == "cancel":
        cancel(desk, booking)
    else:
        move(desk, booking, THURSDAY)
    before = everything(desk, booking)
    undo(desk, booking)
    assert everything(desk, booking) == before


def test_a_patients_change_after_it_outlives_the_therapists(desk: Desk, booking: Booking):
    move(desk, booking, THURSDAY, Actor.THERAPIST)
    pressed_at = desk.now
    move(desk, booking, THURSDAY + DAY)
    undo(desk, booking, pressed_at)
    assert visit(desk, booking) == (Status.BOOKED, THURSDAY + DAY)


def test_recent_changes_are_listed_while_they_can_be_taken_back(
    desk: Desk, booking: Booking, clock: FixedClock
):
    def listed() -> list[tuple[str, str]]:
        desk.session.expire_all()
        found = recent_changes(desk.session, desk.now, desk.ports)
        return [(change.patient_name, change.change.kind) for change in found]

    assert listed() == []
    move(desk, booking, THURSDAY, Actor.THERAPIST)
    assert listed() == [("Rosa Marin", "moved")]
    clock.advance(MINUTE)
    cancel(desk, booking, Actor.THERAPIST)
    assert listed() == [("Rosa Marin", "cancelled")]
    clock.advance(WINDOW)
    assert listed() == []


def test_a_visit_is_marked_from_its_start_on_and_the_mark_taken_back(
    desk: Desk, booking: Booking, clock: FixedClock
):
    clock.now = WEDNESDAY - SECOND
    with pytest.raises(VisitNotBegun):
        mark(desk, booking, Status.DONE)
    clock.advance(SECOND)
    mark(desk, booking, Status.NO_SHOW)
    mark(desk, booking, Status.NO_SHOW)
    mark(desk, booking, Status.DONE)
    assert visit(desk, booking)[0] is Status.NO_SHOW
    assert refunds(desk) == []
    clock.advance(DAY)
    mark(desk, booking, Status.BOOKED)
    mark(desk, booking, Status.BOOKED)
    assert visit(desk, booking)[0] is Status.BOOKED
    mark(desk, booking, Status.DONE)
    assert visit(desk, booking)[0] is Status.DONE


@pytest.mark.parametrize(
    ("told_before", "taken_back", "allowed"),
    [(59, False, False), (60, False, False), (69, False, False), (70, False, True), (45, True, False)],
)
def test_a_patient_told_less_than_an_hour_before_has_not_missed_it(
    desk: Desk, booking: Booking, clock: FixedClock, told_before: int, taken_back: bool, allowed: bool
):
    """Less than sixty minutes before, the mail goes at once; else it waits for ten."""
    clock.now = WEDNESDAY - told_before * MINUTE
    new = THURSDAY if taken_back else WEDNESDAY
    if not taken_back:
        clock.advance(-DAY)
        move(desk, booking, THURSDAY)
        clock.advance(DAY)
    move(desk, booking, new, Actor.THERAPIST)
    sent(desk)
    if taken_back:
        undo(desk, booking)
    clock.now = WEDNESDAY
    if allowed:
        mark(desk, booking, Status.NO_SHOW)
        assert visit(desk, booking) == (Status.NO_SHOW, WEDNESDAY)
        return
    with pytest.raises(NotToldInTime):
        mark(desk, booking, Status.NO_SHOW)
    mark(desk, booking, Status.DONE)
    assert visit(desk, booking) == (Status.DONE, WEDNESDAY)


def test_a_time_the_patient_chose_after_it_is_missed_like_any_other(
    desk: Desk, booking: Booking, clock: FixedClock
):
    clock.now = WEDNESDAY - 30 * MINUTE
    move(desk, booking, WEDNESDAY + timedelta(hours=2), Actor.THERAPIST)
    move(desk, booking, THURSDAY)
    clock.now = THURSDAY
    mark(desk, booking, Status.NO_SHOW)
    assert visit(desk, booking) == (Status.NO_SHOW, THURSDAY)


@pytest.mark.parametrize("outcome", [Status.DONE, Status.NO_SHOW])
def test_a_marked_visit_is_neither_moved_nor_cancelled(
    desk: Desk, booking: Booking, clock: FixedClock, outcome: Status
):
    clock.now = WEDNESDAY
    mark(desk, booking, outcome)
    refused: list[Callable[[], None]] = [
        lambda: move(desk, booking, THURSDAY, Actor.THERAPIST),
        lambda: cancel(desk, booking, Actor.THERAPIST),
        lambda: cancel(desk, booking),
    ]
    for change in refused:
        with pytest.raises(changes.VisitOver):
            change()


def test_a_cancelled_visit_is_not_marked(desk: Desk, booking: Booking, clock: FixedClock):
    cancel(desk, booking, seen_refund=Money(12_000, "usd"))
    clock.now = WEDNESDAY
    for outcome in (Status.DONE, Status.NO_SHOW, Status.BOOKED):
        with pytest.raises(changes.VisitOver):
            mark(desk, booking, outcome)
