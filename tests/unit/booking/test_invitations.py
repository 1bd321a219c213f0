"""What a calendar was told, reckoned from the mails."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from consult.booking.letters.invitations import Mailed, Present, Reader, Told, reckon
from consult.booking.letters.revisions import Revision, read_revision
from consult.notifications.status import Status

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LONG_AGO, JUST_NOW = NOW - 60 * MINUTE, NOW - 9 * MINUTE
ENTRY = uuid.UUID("5a1c0d5e-0000-4000-8000-000000000001")
TUESDAY, FRIDAY = datetime(2026, 6, 2, 14, tzinfo=UTC), datetime(2026, 6, 5, 14, tzinfo=UTC)


def at(sequence: int, start_at: datetime, entry_id: uuid.UUID = ENTRY) -> Revision:
    return Revision(entry_id, sequence, start_at)


def a_mail(revision: Revision | None, status: Status = Status.SENT, **facts: Any) -> Mailed:
    usual: dict[str, Any] = {
        "id": uuid.uuid4(),
        "reader": Reader.PATIENT,
        "is_cancel": False,
        "attempts": 0 if status is Status.READY else 1,
        "created_at": LONG_AGO,
        "due_at": LONG_AGO,
        "sent_at": LONG_AGO if status is Status.SENT else None,
    }
    return Mailed(revision=revision, status=status, **{**usual, **facts})


def told(*mails: Mailed, now_at: Revision, reader: Reader = Reader.PATIENT, **facts: Any) -> Told:
    usual: dict[str, Any] = {"cancelled": False, "over": False, "revised_at": LONG_AGO}
    return reckon(mails, reader, Present(now_at, **{**usual, **facts}), NOW)


def test_a_key_names_the_revision_and_is_read_again() -> None:
    revision = at(3, FRIDAY)
    for again in (None, 0, 12):
        assert read_revision(revision.key("therapist_new_booking", again)) == revision
    assert len({revision.key("moved"), revision.key("moved", 0), revision.key("moved", 1)}) == 3


@pytest.mark.parametrize(
    "key",
    [
        "confirmation-11111111-1111-4111-8111-111111111111",
        "moved-11111111-1111-4111-8111-111111111111-20260601T120000",
        at(1, FRIDAY).key("therapist_moved") + "-without",
        at(1, FRIDAY).key("moved") + "-sms",
        "",
    ],
)
def test_other_keys_name_none(key: str) -> None:
    assert read_revision(key) is None


def test_a_calendar_that_was_sent_what_there_is_is_right() -> None:
    found = told(a_mail(at(0, TUESDAY)), a_mail(at(1, FRIDAY)), now_at=at(1, FRIDAY))
    assert (found.late, found.may_send) == (False, False)
    assert found.sent is not None
    assert found.sent.revision == at(1, FRIDAY)


@pytest.mark.parametrize(
    ("mails", "repeat"),
    [
        pytest.param([], True, id="the mail is gone"),
        pytest.param([a_mail(at(1, FRIDAY), Status.DEAD)], True, id="the mail is dead"),
        pytest.param([a_mail(at(1, FRIDAY), Status.READY, attempts=3)], False, id="the mail is tried"),
        pytest.param([a_mail(at(1, FRIDAY), Status.LEASED)], False, id="the mail is in hand"),
        pytest.param([a_mail(at(1, FRIDAY, uuid.uuid4()))], True, id="another entry was sent"),
        pytest.param([a_mail(at(1, FRIDAY), is_cancel=True)], True, id="a cancel was sent"),
    ],
)
def test_one_that_shows_the_old_time_for_ten_minutes_is_late(mails: list[Mailed], repeat: bool) -> None:
    first = a_mail(at(0, TUESDAY))
    found = told(first, *mails, now_at=at(1, FRIDAY))
    assert (found.late, found.may_send) == (True, repeat)
    assert not told(first, *mails, now_at=at(1, FRIDAY), revised_at=JUST_NOW).late
    assert not told(first, *mails, now_at=at(1, FRIDAY), over=True).late


def test_a_mail_that_is_not_due_yet_is_not_late() -> None:
    waiting = a_mail(at(1, FRIDAY), Status.READY, due_at=JUST_NOW)
    found = told(a_mail(at(0, TUESDAY)), waiting, now_at=at(1, FRIDAY))
    assert (found.late, found.waiting) == (False, waiting)


def test_a_move_taken_back_before_it_was_told_leaves_nothing_to_tell() -> None:
    assert not told(a_mail(at(0, TUESDAY)), now_at=at(2, TUESDAY)).late


def test_a_move_told_and_then_taken_back_has_to_be_told() -> None:
    mails = [a_mail(at(0, TUESDAY)), a_mail(at(1, FRIDAY))]
    assert told(*mails, now_at=at(2, TUESDAY)).late


def test_of_two_that_crossed_the_newer_revision_counts() -> None:
    mails = [a_mail(at(1, FRIDAY), sent_at=LONG_AGO), a_mail(at(0, TUESDAY), sent_at=JUST_NOW)]
    assert not told(*mails, now_at=at(1, FRIDAY)).late


def test_a_cancellation_that_did_not_arrive_is_late_unless_nothing_ever_did() -> None:
    dead = a_mail(at(1, TUESDAY), Status.DEAD, is_cancel=True)
    found = told(a_mail(at(0, TUESDAY)), dead, now_at=at(1, TUESDAY), cancelled=True)
    assert (found.late, found.dead) == (True, dead)
    assert not told(dead, now_at=at(1, TUESDAY), cancelled=True).late


def test_what_somebody_has_seen_to_otherwise_is_not_late() -> None:
    settled = a_mail(at(1, FRIDAY), Status.SETTLED)
    assert not told(a_mail(at(0, TUESDAY)), settled, now_at=at(1, FRIDAY)).late


def test_a_patient_nothing_was_ever_written_to_is_late_and_a_therapist_uninvited() -> None:
    assert told(now_at=at(0, TUESDAY)).late
    hers = told(now_at=at(0, TUESDAY), reader=Reader.THERAPIST)
    assert (hers.late, hers.uninvited, hers.may_send) == (False, True, True)
    for facts in ({"over": True}, {"cancelled": True}):
        assert not told(now_at=at(0, TUESDAY), reader=Reader.THERAPIST, **facts).may_send


def test_what_the_other_reader_was_sent_counts_for_nothing() -> None:
    theirs = a_mail(at(1, FRIDAY), reader=Reader.THERAPIST)
    assert told(a_mail(at(0, TUESDAY)), theirs, now_at=at(1, FRIDAY)).late


def test_a_mail_sent_before_keys_named_revisions_raises_no_alarm() -> None:
    found = told(a_mail(None), now_at=at(0, TUESDAY))
    assert (found.late, found.sent) == (False, None)
