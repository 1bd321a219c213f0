"""What is known of each calendar, out of the outbox as it really is; invitations to the therapist."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import event as sql_event
from sqlalchemy import select, update

from consult.accounts.models import Account
from consult.booking import calendar_truth as calendar_truth_module
from consult.booking.calendar_truth import CalendarTruth, VisitTruth, calendar_truth, stale_feed
from consult.booking.changes.taking_back import Actor
from consult.booking.changes.undoing import undo
from consult.booking.invite_again import SheIsTheSender, choose_invitations, send_again
from consult.booking.letters.invitations import PATIENCE, Reader, Told
from consult.booking.models import Booking
from consult.booking.patient_feed import mail_address
from consult.calendaring.models import FeedSubscription
from consult.core.clock import FixedClock
from consult.core.errors import NotFound
from consult.deps import deps
from consult.notifications.mailer import MailRefused, MailUnavailable
from consult.notifications.models import OutboxMessage
from consult.notifications.undelivered import SENT_KEPT, forget_payloads
from consult.practice.models import Therapist

from .conftest import Desk
from .post import Letter, letters
from .visits import DAY, MINUTE, THURSDAY, WEDNESDAY, cancel, later_visit, move, sent

HOURS = timedelta(hours=1)
OLIVIA = "olivia.patel@example.com"


def truth(desk: Desk) -> CalendarTruth:
    desk.session.expire_all()
    return calendar_truth(desk.session, desk.now, desk.ports)


def only(desk: Desk) -> VisitTruth:
    (visit,) = truth(desk).coming
    return visit


def patients(desk: Desk) -> Told:
    return only(desk).told[Reader.PATIENT]


def hers(desk: Desk) -> Told:
    return only(desk).told[Reader.THERAPIST]


def again(desk: Desk, booking: Booking, reader: Reader = Reader.PATIENT) -> bool:
    with desk.counter.transaction():
        return send_again(desk.session, desk.fresh(booking), reader, desk.now, desk.ports)


def want(desk: Desk, wanted: bool = True) -> None:
    with desk.counter.transaction():
        choose_invitations(desk.session, wanted, desk.ports)


def to_her(desk: Desk) -> list[Letter]:
    return [letter for letter in letters(desk) if letter.message.to_email == OLIVIA]


def refuse(times: int) -> None:
    deps().mailer.fail_next(*[MailRefused(550)] * times)


@pytest.fixture
def visit(desk: Desk, clock: FixedClock) -> Booking:
    return later_visit(desk, clock)


def test_a_visit_booked_and_mailed_is_in_the_patients_calendar_as_it_stands(desk: Desk, visit: Booking):
    found = patients(desk)
    assert found.sent is not None
    assert found.sent.revision is not None
    assert (found.sent.revision.sequence, found.sent.revision.start_at) == (0, WEDNESDAY)
    assert (found.late, found.waiting, found.dead) == (False, None, None)
    assert list(only(desk).told) == [Reader.PATIENT]
    assert truth(desk).late == 0


def test_a_move_whose_mail_does_not_go_is_late_after_ten_minutes(
    desk: Desk, visit: Booking, clock: FixedClock
):
    move(desk, visit, THURSDAY)
    deps().mailer.fail_next(*[MailUnavailable()] * 9)
    sent(desk)
    assert not patients(desk).late
    clock.advance(11 * MINUTE)
    found = patients(desk)
    assert found.late
    assert found.waiting is not None
    assert not found.may_send
    assert found.sent is not None
    assert found.sent.revision is not None
    assert found.sent.revision.start_at == WEDNESDAY
    assert truth(desk).late == 1
    assert not again(desk, visit)


def test_what_mails_said_may_be_forgotten_and_it_is_known_what_they_carried(
    desk: Desk, visit: Booking, clock: FixedClock
):
    clock.advance(-(2 * DAY) + SENT_KEPT - HOURS)
    move(desk, visit, desk.now + 7 * DAY, by=Actor.THERAPIST)
    sent(desk)
    clock.advance(2 * DAY)
    with desk.counter.transaction():
        assert forget_payloads(desk.session, desk.now) > 0
    sent(desk)
    found = patients(desk)
    assert found.sent is not None
    assert found.sent.revision is not None
    assert found.sent.revision.sequence == 1
    assert not found.late


def test_a_dead_invitation_is_sent_again_as_it_was_and_once(desk: Desk, visit: Booking, clock: FixedClock):
    move(desk, visit, THURSDAY)
    refuse(2)
    sent(desk)
    clock.advance(11 * MINUTE)
    assert patients(desk).may_send
    assert patients(desk).dead is not None
    before = letters(desk, "moved")
    assert again(desk, visit)
    assert not again(desk, visit)
    assert [letter.message for letter in letters(desk, "moved")] == [letter.message for letter in before]
    sent(desk)
    assert not patients(desk).late
    assert not again(desk, visit)


@pytest.mark.parametrize("how", ["moved", "cancelled"])
def test_one_of_which_nothing_is_left_is_written_anew_for_the_same_revision(
    desk: Desk, visit: Booking, clock: FixedClock, how: str
):
    move(desk, visit, THURSDAY) if how == "moved" else cancel(desk, visit)
    (lost,) = letters(desk, how)
    with desk.counter.transaction():
        desk.session.execute(OutboxMessage.__table__.delete().where(OutboxMessage.kind == how))
    clock.advance(11 * MINUTE)
    assert again(desk, visit)
    assert not again(desk, visit)
    kind = "confirmation" if how == "moved" else "cancelled"
    anew = letters(desk, kind)[-1]
    assert anew.revision == lost.revision
    assert anew.event["DTSTAMP"].dt == lost.event["DTSTAMP"].dt
    assert "refund" not in anew.message.text.lower().replace("how much is refunded", "") or how == "moved"
    sent(desk)
    assert not patients(desk).late


def test_two_that_want_the_same_sent_again_get_one_mail(desk: Desk, visit: Booking, clock: FixedClock):
    move(desk, visit, THURSDAY)
    with desk.counter.transaction():
        desk.session.execute(OutboxMessage.__table__.delete().where(OutboxMessage.kind == "moved"))
    clock.advance(11 * MINUTE)
    keys = set()
    for _ in range(2):
        again(desk, visit)
        keys |= set(desk.session.scalars(select(OutboxMessage.dedupe_key)))
    assert len([key for key in keys if "again" in key]) == 1


def test_a_move_taken_back_before_it_was_told_raises_no_alarm(desk: Desk, visit: Booking, clock: FixedClock):
    move(desk, visit, THURSDAY, by=Actor.THERAPIST)
    changed_at = desk.fresh(visit).moved_at
    assert patients(desk).waiting is not None
    with desk.counter.transaction():
        undo(desk.session, desk.fresh(visit), changed_at, desk.now, desk.ports)
    clock.advance(HOURS)
    assert (only(desk).sequence, patients(desk).late) == (2, False)


def test_there_are_as_many_questions_for_many_visits_as_for_one(app: Flask, desk: Desk, visit: Booking):
    asked: list[str] = []
    sql_event.listen(
        app.extensions["sqlalchemy"].engine, "before_cursor_execute", lambda *it: asked.append(it[2])
    )

    def count() -> int:
        asked.clear()
        truth(desk)
        return len(asked)

    for_one = count()
    desk.booked(THURSDAY)
    desk.booked(THURSDAY + HOURS)
    assert count() == for_one <= 9


def test_visits_stand_on_pages_and_one_that_is_late_is_named_on_all_of_them(
    desk: Desk, visit: Booking, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(calendar_truth_module, "AT_ONCE", 1)
    waits = desk.booked(THURSDAY)
    clock.advance(PATIENCE + MINUTE)
    desk.session.expire_all()
    first, second, third = (calendar_truth(desk.session, desk.now, desk.ports, page) for page in (1, 2, 3))
    assert [visit.start_at for page in (first, second, third) for visit in page.coming] == [
        WEDNESDAY,
        THURSDAY,
    ]
    assert {page.pages for page in (first, second, third)} == {2}
    assert {page.late for page in (first, second, third)} == {1}
    assert [[each.booking_id for each in page.late_elsewhere] for page in (first, second)] == [[waits.id], []]
    assert [each.patient_name for each in first.late_elsewhere] == ["Rosa Marin"]

    for _ in range(2):
        desk.do(mail_address, desk.fresh(visit))
        clock.advance(timedelta(minutes=11))
    shown = truth(desk)
    assert ([feed.whose for feed in shown.feeds], shown.more_feeds) == (["R. M."], 1)
    clock.now = THURSDAY + DAY
    shown = truth(desk)
    assert ([each.start_at for each in shown.past], shown.more_past, shown.pages) == ([THURSDAY], 1, 0)


def test_a_feed_nobody_comes_for_is_told(desk: Desk, clock: FixedClock, visit: Booking):
    therapist_id = desk.session.scalars(select(Therapist.id)).one()

    def feed(**facts: object) -> None:
        with desk.counter.transaction():
            if desk.session.scalar(select(FeedSubscription.id)) is None:
                made = {"token_digest": "d" * 64, "version": 1, "modified_at": desk.now}
                desk.session.add(FeedSubscription(therapist_id=therapist_id, created_at=desk.now, **made))
            else:
                desk.session.execute(update(FeedSubscription).values(**facts))

    assert truth(desk).feeds == []
    feed()
    (own,) = truth(desk).feeds
    assert (own.whose, own.quiet, own.unused) == ("", False, False)
    clock.advance(25 * HOURS)
    assert truth(desk).feeds[0].unused
    assert stale_feed(desk.session, therapist_id, desk.now) is not None
    feed(last_fetched_at=desk.now, last_agent="Google-Calendar-Importer")
    assert not truth(desk).feeds[0].unused
    assert stale_feed(desk.session, therapist_id, desk.now) is None
    clock.advance(49 * HOURS)
    (own,) = truth(desk).feeds
    assert (own.quiet, own.agent) == (True, "Google-Calendar-Importer")
    feed(therapist_id=None, booking_id=visit.id)
    assert truth(desk).feeds[0].whose == "R. M."
    assert stale_feed(desk.session, therapist_id, desk.now) is None
    feed(revoked_at=desk.now)
    assert truth(desk).feeds == []


def test_she_gets_no_invitation_unless_she_wants_one(desk: Desk, visit: Booking):
    (letter,) = to_her(desk)
    assert letter.message.calendar is None
    move(desk, visit, THURSDAY, by=Actor.THERAPIST)
    cancel(desk, visit, by=Actor.THERAPIST)
    assert len(to_her(desk)) == 1


def test_her_mails_carry_her_own_invitation_from_booking_to_cancellation(desk: Desk, clock: FixedClock):
    want(desk)
    made = later_visit(desk, clock)
    move(desk, made, THURSDAY)
    sent(desk)
    clock.advance(MINUTE)
    cancel(desk, made)
    sent(desk)
    mine = to_her(desk)
    assert [letter.kind for letter in mine] == [
        "therapist_new_booking",
        "therapist_moved",
        "therapist_cancelled",
    ]
    uids = {letter.revision[1] for letter in letters(desk) if letter.message.calendar}
    assert len(uids) == 1
    assert [(*letter.revision[::2], letter.revision[3]) for letter in mine] == [
        ("REQUEST", 0, WEDNESDAY),
        ("REQUEST", 1, THURSDAY),
        ("CANCEL", 2, THURSDAY),
    ]
    for letter in mine:
        assert [str(one) for one in letter.event.attendees] == [f"mailto:{OLIVIA}"]
        assert OLIVIA not in str(letter.event["ORGANIZER"])
        assert "Rosa" not in str(letter.message.calendar)
    found = hers(desk)
    assert found.sent is not None
    assert (found.sent.is_cancel, found.late) == (True, False)


def test_her_calendar_follows_what_she_does_herself_and_takes_back(desk: Desk, clock: FixedClock):
    want(desk)
    made = later_visit(desk, clock)
    move(desk, made, THURSDAY, by=Actor.THERAPIST)
    sent(desk)
    assert to_her(desk)[-1].revision[2:] == (1, THURSDAY)
    assert to_her(desk)[-1].status == "sent"
    clock.advance(MINUTE)
    with desk.counter.transaction():
        undo(desk.session, desk.fresh(made), desk.fresh(made).moved_at, desk.now, desk.ports)
    sent(desk)
    assert to_her(desk)[-1].revision[2:] == (2, WEDNESDAY)
    clock.advance(MINUTE)
    cancel(desk, made, by=Actor.THERAPIST)
    sent(desk)
    waiting = to_her(desk)[-1]
    assert (waiting.kind, waiting.status) == ("therapist_cancelled", "ready")
    with desk.counter.transaction():
        undo(desk.session, desk.fresh(made), desk.fresh(made).cancelled_at, desk.now, desk.ports)
    clock.advance(HOURS)
    sent(desk)
    assert "therapist_cancelled" not in [letter.kind for letter in to_her(desk)]
    assert not hers(desk).late


def test_a_cancellation_told_and_taken_back_is_another_entry_for_her_too(desk: Desk, clock: FixedClock):
    want(desk)
    made = later_visit(desk, clock)
    clock.advance(WEDNESDAY - desk.now - timedelta(minutes=50))
    sent(desk)
    cancel(desk, made, by=Actor.THERAPIST)
    sent(desk)
    clock.advance(MINUTE)
    with desk.counter.transaction():
        undo(desk.session, desk.fresh(made), desk.fresh(made).cancelled_at, desk.now, desk.ports)
    sent(desk)
    first, gone, back = [letter.revision for letter in to_her(desk)]
    assert (gone[0], gone[1]) == ("CANCEL", first[1])
    assert (back[0], back[2], back[3]) == ("REQUEST", 0, WEDNESDAY)
    assert back[1] != first[1]
    patient_back = letters(desk, "reinstated")[0].revision
    assert patient_back == back
    assert not hers(desk).late


def test_once_her_cancel_has_left_its_uid_is_nobodys_again(desk: Desk, clock: FixedClock):
    want(desk)
    made = later_visit(desk, clock)
    sent(desk)
    cancel(desk, made, by=Actor.THERAPIST)
    with desk.counter.transaction():
        of_hers = update(OutboxMessage).where(OutboxMessage.kind == "therapist_cancelled")
        desk.session.execute(of_hers.values(status="sent", attempts=1, sent_at=desk.now))
    clock.advance(MINUTE)
    with desk.counter.transaction():
        undo(desk.session, desk.fresh(made), desk.fresh(made).cancelled_at, desk.now, desk.ports)
    clock.advance(HOURS)
    sent(desk)
    to_patient = [letter.revision for letter in letters(desk, "confirmation", "cancelled", "reinstated")]
    for first, gone, back in ([letter.revision for letter in to_her(desk)], to_patient):
        assert [gone[:2], back[0]] == [("CANCEL", first[1]), "REQUEST"]
        assert back[1] != first[1]
    assert not hers(desk).late


def test_a_mail_of_hers_that_a_newer_one_overtook_is_not_sent(desk: Desk, clock: FixedClock):
    want(desk)
    made = later_visit(desk, clock)
    move(desk, made, THURSDAY)
    with desk.counter.transaction():
        later = desk.now + 20 * MINUTE
        desk.session.execute(
            update(OutboxMessage).where(OutboxMessage.kind == "therapist_moved").values(due_at=later)
        )
    clock.advance(MINUTE)
    cancel(desk, made)
    sent(desk)
    clock.advance(HOURS)
    sent(desk)
    assert [letter.kind for letter in to_her(desk)] == ["therapist_new_booking", "therapist_cancelled"]


def test_a_visit_booked_before_she_chose_is_hers_for_the_asking(desk: Desk, visit: Booking):
    assert not again(desk, visit, Reader.THERAPIST)
    want(desk)
    found = hers(desk)
    assert (found.uninvited, found.late) == (True, False)
    assert again(desk, visit, Reader.THERAPIST)
    assert not again(desk, visit, Reader.THERAPIST)
    sent(desk)
    assert not again(desk, visit, Reader.THERAPIST)
    assert [letter.message.calendar is None for letter in to_her(desk)] == [True, False]
    assert to_her(desk)[-1].revision[0::2] == ("REQUEST", 0)


def test_nobody_is_invited_by_themselves(desk: Desk, make_sender: Callable[[str], None]):
    want(desk)
    make_sender("bookings@localhost.localdomain")
    with pytest.raises(SheIsTheSender):
        want(desk)
    want(desk, False)
    assert truth(desk).is_sender


def test_an_invitation_does_not_come_from_her_own_address_whatever_was_chosen_before(
    desk: Desk, make_sender: Callable[[str], None]
):
    want(desk)
    make_sender("Bookings@localhost.localdomain")
    desk.booked(WEDNESDAY)
    (letter,) = [letter for letter in letters(desk) if letter.kind == "therapist_new_booking"]
    assert letter.message.calendar is None
    assert (truth(desk).wants, truth(desk).invited) == (True, False)


@pytest.fixture
def make_sender(desk: Desk) -> Callable[[str], None]:
    """Let the therapist sign in with this address."""

    def make(address: str) -> None:
        with desk.counter.transaction():
            desk.session.execute(update(Account).values(email=address))

    return make


def test_nothing_is_sent_for_a_booking_that_is_none(desk: Desk):
    started = desk.start()
    with pytest.raises(NotFound):
        again(desk, started)
