"""An answer of the patient's calendar finds its visit, or is refused; it never changes the visit."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from consult.booking.calendar_replies import TakenReply, take_reply
from consult.booking.changes.taking_back import Actor
from consult.booking.changes.undoing import undo
from consult.booking.desk import agenda, summary_page
from consult.booking.models import Booking
from consult.calendaring.models import CalendarObject
from consult.calendaring.replies import PartStat, ReplyRefused, Why
from consult.core.clock import FixedClock

from .conftest import Desk
from .post import Letter, letters
from .visits import MINUTE, THURSDAY, cancel, everything, later_visit, move, sent


@pytest.fixture
def visit(desk: Desk, clock: FixedClock) -> Booking:
    return later_visit(desk, clock)


def answer(letter: Letter, partstat: str = "DECLINED", at: datetime | None = None, **changes: str) -> str:
    """As a calendar program would answer the invitation of this mail."""
    assert letter.message.calendar is not None
    text = letter.message.calendar.replace(b"\r\n ", b"").decode()
    changes = {"METHOD:REQUEST": "METHOD:REPLY", "NEEDS-ACTION": partstat} | changes
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    lines = [line for line in text.split("\r\n") if at is None or not line.startswith("DTSTAMP")]
    if at is not None:
        lines.insert(lines.index("BEGIN:VEVENT") + 1, f"DTSTAMP:{at.astimezone(UTC):%Y%m%dT%H%M%SZ}")
    return "\r\n".join(lines)


def take(desk: Desk, pasted: str) -> TakenReply:
    with desk.counter.transaction():
        return take_reply(desk.session, pasted, desk.now, desk.ports)


def refused(desk: Desk, pasted: str) -> Why:
    with pytest.raises(ReplyRefused) as refusal:
        take(desk, pasted)
    return refusal.value.why


def entry(desk: Desk) -> CalendarObject:
    desk.session.expire_all()
    return desk.session.scalars(select(CalendarObject)).one()


def declined(desk: Desk, booking: Booking) -> tuple[bool, bool]:
    """As the agenda and the summary say."""
    desk.session.expire_all()
    (row,) = [row for _, rows in agenda(desk.session, desk.now, desk.ports).days for row in rows]
    return row.declined, summary_page(desk.session, booking.id, desk.now, desk.ports).declined


def test_a_declined_invitation_is_a_hint_and_changes_nothing_else(desk: Desk, visit: Booking):
    before = everything(desk, visit)
    assert declined(desk, visit) == (False, False)

    taken = take(desk, answer(letters(desk, "confirmation")[0], at=desk.now - MINUTE))

    assert taken == TakenReply(visit.id, "Rosa Marin", PartStat.DECLINED)
    assert (entry(desk).partstat, entry(desk).replied_at) == ("DECLINED", desk.now - MINUTE)
    assert declined(desk, visit) == (True, True)
    assert everything(desk, visit) == before


@pytest.mark.parametrize("partstat", ["ACCEPTED", "TENTATIVE"])
def test_other_answers_are_kept_and_raise_no_hint(desk: Desk, visit: Booking, partstat: str):
    take(desk, answer(letters(desk, "confirmation")[0], partstat))
    assert entry(desk).partstat == partstat
    assert declined(desk, visit) == (False, False)


def test_a_new_revision_makes_an_answer_out_of_date(desk: Desk, visit: Booking):
    take(desk, answer(letters(desk, "confirmation")[0]))
    move(desk, visit, THURSDAY)
    assert (entry(desk).partstat, entry(desk).replied_at) == (None, None)
    sent(desk)
    assert refused(desk, answer(letters(desk, "confirmation")[0])) is Why.OLD_INVITATION
    assert take(desk, answer(letters(desk, "moved")[0])).partstat is PartStat.DECLINED


def test_an_answer_to_an_invitation_that_still_says_the_hour_counts(desk: Desk, visit: Booking):
    """A move taken back before it was told raised SEQUENCE, of which no calendar knows."""
    first = letters(desk, "confirmation")[0]
    move(desk, visit, THURSDAY, by=Actor.THERAPIST)
    assert refused(desk, answer(first)) is Why.OLD_INVITATION
    with desk.counter.transaction():
        undo(desk.session, desk.fresh(visit), desk.fresh(visit).moved_at, desk.now, desk.ports)
    assert entry(desk).sequence == 2
    assert take(desk, answer(first)).partstat is PartStat.DECLINED


def test_what_does_not_fit_the_visit_is_refused(desk: Desk, visit: Booking):
    mail = letters(desk, "confirmation")[0]
    cases = {
        Why.FOREIGN: answer(mail, **{"rosa.marin@example.com": "eve@example.org"}),
        Why.UNKNOWN: answer(mail, **{"UID:": "UID:x"}),
        Why.NOT_INVITED_SO: answer(mail, **{"SEQUENCE:0": "SEQUENCE:1"}),
        Why.OLD_INVITATION: answer(mail, **{"SEQUENCE:0": "SEQUENCE:-1"}),
    }
    for why, pasted in cases.items():
        assert refused(desk, pasted) is why
    assert entry(desk).partstat is None


def test_a_foreign_answer_is_told_from_an_old_one(desk: Desk, visit: Booking):
    """Whoever is not the patient learns nothing of where the visit stands."""
    mail = letters(desk, "confirmation")[0]
    foreign = {"rosa.marin@example.com": "eve@example.org"}
    move(desk, visit, THURSDAY)
    sent(desk)
    assert refused(desk, answer(mail, **foreign)) is Why.FOREIGN
    cancel(desk, visit)
    assert refused(desk, answer(mail, **foreign)) is Why.FOREIGN
    assert refused(desk, answer(mail)) is Why.CANCELLED


def test_of_two_answers_the_later_stands_in_whatever_order_they_are_pasted(
    desk: Desk, visit: Booking, clock: FixedClock
):
    mail = letters(desk, "confirmation")[0]
    early, late = desk.now - 2 * MINUTE, desk.now - MINUTE
    take(desk, answer(mail, "ACCEPTED", late))
    assert refused(desk, answer(mail, "DECLINED", early)) is Why.OLD_ANSWER
    assert take(desk, answer(mail, "ACCEPTED", late)).partstat is PartStat.ACCEPTED
    take(desk, answer(mail, "DECLINED", desk.now + timedelta(days=9)))
    assert entry(desk).replied_at == desk.now
    clock.advance(MINUTE)
    assert take(desk, answer(mail, "ACCEPTED", desk.now)).partstat is PartStat.ACCEPTED


def test_the_address_is_the_same_in_any_case(desk: Desk, visit: Booking):
    mail = letters(desk, "confirmation")[0]
    changed = {"mailto:rosa.marin@example.com": "MAILTO:Rosa.Marin@Example.COM"}
    assert take(desk, answer(mail, **changed)).booking_id == visit.id
