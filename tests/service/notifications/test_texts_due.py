"""Texts in the outbox: how often each may go, who still wants it, and that mail does not wait for them."""

import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from consult.core.clock import FixedClock
from consult.db.sealing import Sealer
from consult.notifications.message import Message
from consult.notifications.models import OutboxMessage, SmsConsent
from consult.notifications.service import MOST_ATTEMPTS, enqueue
from consult.notifications.text_consent import (
    Consent,
    StoppedByReply,
    end_consents,
    find_consent,
    give_consent,
    receive,
    wants_texts,
)
from consult.notifications.text_message import TextMessage
from consult.notifications.text_sending import send_texts_due
from consult.notifications.texter import (
    FileTexter,
    IncomingText,
    Keyword,
    NumberStopped,
    TextInDoubt,
    TextRefused,
    TextUnavailable,
)
from consult.notifications.undelivered import count_undelivered, list_undelivered, waiting_since

from .conftest import LEASE, Outbox, PowerCut

ANN, BEN = "+12125550123", "+12125550124"
ANNS, MALS = "ann@example.com", "mal@example.com"
HOUR = timedelta(hours=1)


class Texts(Outbox):
    """The same outbox with texts in it, to numbers that asked for them."""

    def __init__(self, session: Session, clock: FixedClock, sealer: Sealer, folder: Path) -> None:
        super().__init__(session, clock, sealer)
        self.folder = folder
        self.texter = FileTexter(folder, clock)

    def agree(self, number: str = ANN, email: str = ANNS) -> bool:
        with self.transaction():
            return give_consent(self.session, number, email, self.clock(), self.sealer)

    def stop(self, number: str = ANN, email: str = ANNS) -> None:
        with self.transaction():
            end_consents(self.session, [number], email, self.clock(), self.sealer)

    def answer(self, keyword: Keyword | None, number: str = ANN) -> None:
        with self.transaction():
            receive(self.session, IncomingText(number, keyword), self.clock(), self.sealer)

    def wants(self, number: str = ANN, email: str = ANNS) -> bool:
        self.session.rollback()
        return wants_texts(self.session, number, email, self.sealer)

    def told(self, email: str) -> Consent:
        """What whoever booked with Ann's number and this address is shown."""
        self.session.rollback()
        return find_consent(self.session, ANN, email, self.sealer)

    def put_text(
        self,
        kind: str,
        key: str = "k",
        number: str = ANN,
        booking_id: uuid.UUID | None = None,
        email: str = ANNS,
    ) -> None:
        self.write(kind, TextMessage(number, email, f"{kind} {key}", key), booking_id)

    def write(self, kind: str, message: Message | TextMessage, booking_id: uuid.UUID | None = None) -> None:
        with self.transaction():
            enqueue(
                self.session,
                kind=kind,
                message=message,
                sealer=self.sealer,
                now=self.clock(),
                booking_id=booking_id,
            )

    def send_texts(self) -> int:
        return send_texts_due(self.session, self.transaction, self.texter, self.sealer, self.clock)

    def sent(self) -> list[str]:
        return sorted(file.read_text(encoding="utf-8").splitlines()[1] for file in self.folder.glob("*.txt"))

    def rows_left(self) -> int:
        self.session.rollback()
        return self.session.scalar(select(func.count()).select_from(OutboxMessage)) or 0


@pytest.fixture
def texts(session: Session, clock: FixedClock, sealer: Sealer, tmp_path: Path) -> Texts:
    texts = Texts(session, clock, sealer, tmp_path / "text_messages")
    texts.agree()
    return texts


def test_a_text_goes_once_and_says_what_it_was_given(texts: Texts):
    texts.put_text("day_reminder")
    assert texts.send_texts() == 1
    assert texts.send_texts() == 0
    assert texts.sent() == ["day_reminder k"]
    assert texts.row("k").status == "sent"


def test_a_number_is_only_kept_as_a_keyed_digest_and_a_text_only_sealed(texts: Texts):
    texts.put_text("day_reminder")
    row = texts.row("k")
    assert ANN.encode() not in (row.payload_sealed or b"")
    rows = texts.session.scalars(select(SmsConsent)).all()
    assert [ANN[1:] in row.number_digest or "ann" in row.number_digest for row in rows] == [False, False]
    assert {row.wording for row in rows} == {"2026-11"}


def test_mail_and_texts_are_worked_through_apart(texts: Texts):
    texts.put("mail")
    texts.put_text("moved")
    assert texts.send() == 1
    assert (texts.row("mail").status, texts.row("k").status) == ("sent", "ready")
    texts.put("mail 2")
    assert texts.send_texts() == 1
    assert (texts.row("mail 2").status, texts.row("k").status) == ("ready", "sent")


def test_a_gateway_that_is_away_ends_the_pass_and_is_asked_again_later(texts: Texts, clock: FixedClock):
    for number in range(5):
        texts.put_text("day_reminder", f"k{number}")
    texts.texter.fail_next(TextUnavailable())
    assert texts.send_texts() == 1
    clock.advance(HOUR)
    assert texts.send_texts() == 5
    assert len(texts.sent()) == 5


def test_a_pass_begins_no_text_after_twenty_seconds(texts: Texts, clock: FixedClock):
    for number in range(5):
        texts.put_text("day_reminder", f"k{number}")

    class Slow(FileTexter):
        def send(self, message: TextMessage) -> None:
            clock.advance(timedelta(seconds=9))
            super().send(message)

    texts.texter = Slow(texts.folder, clock)
    assert texts.send_texts() == 3


def test_a_gateway_that_never_comes_back_is_given_up(texts: Texts, clock: FixedClock):
    texts.put_text("moved")
    for _ in range(MOST_ATTEMPTS):
        texts.texter.fail_next(TextUnavailable())
        texts.send_texts()
        clock.advance(HOUR)
    assert texts.row("k").status == "dead"


def test_a_number_refused_for_good_is_not_tried_again(texts: Texts, clock: FixedClock):
    texts.put_text("moved")
    texts.texter.fail_next(TextRefused())
    texts.send_texts()
    clock.advance(HOUR)
    assert texts.send_texts() == 0
    assert (texts.row("k").status, texts.row("k").last_error) == ("dead", "TextRefused")


@pytest.mark.parametrize(("kind", "tries"), [("day_reminder", 1), ("hour_reminder", 1), ("moved", 2)])
def test_when_nobody_knows_whether_it_went_a_reminder_is_not_repeated_and_news_once(
    texts: Texts, clock: FixedClock, kind: str, tries: int
):
    texts.put_text(kind)
    texts.texter.fail_next(*[TextInDoubt()] * 5)
    tried = 0
    for _ in range(5):
        tried += texts.send_texts()
        clock.advance(HOUR)
    assert (tried, texts.row("k").status) == (tries, "dead")


@pytest.mark.parametrize(("kind", "tries"), [("day_reminder", 1), ("cancelled", 2)])
def test_the_same_holds_when_the_worker_dies_over_it(texts: Texts, clock: FixedClock, kind: str, tries: int):
    class Deadly(FileTexter):
        deaths = 0

        def send(self, message: TextMessage) -> None:
            Deadly.deaths += 1
            raise PowerCut

    texts.texter = Deadly(texts.folder, clock)
    texts.put_text(kind)
    for _ in range(5):
        try:
            texts.send_texts()
        except PowerCut:
            texts.session.rollback()
        clock.advance(LEASE)
    assert (Deadly.deaths, texts.row("k").status) == (tries, "dead")


def test_a_newer_text_takes_the_place_of_older_texts_and_of_no_mail(
    texts: Texts, clock: FixedClock, booking_id: uuid.UUID
):
    mail = Message("Ann", "ann@example.com", "Moved", "Hello,\n", "<p>Hello</p>", "mail")
    texts.write("moved", mail, booking_id)
    texts.put_text("day_reminder", "reminder", booking_id=booking_id)
    texts.put_text("moved", "older", booking_id=booking_id)
    texts.texter.fail_next(TextUnavailable())
    texts.send_texts()
    clock.advance(timedelta(minutes=1))
    texts.put_text("cancelled", "newer", booking_id=booking_id)
    texts.send_texts()
    texts.send_texts()
    assert "cancelled newer" in texts.sent()
    assert "day_reminder reminder" not in texts.sent()
    assert texts.send() == 1


def test_a_text_gives_way_to_a_newer_mail_that_has_gone(
    texts: Texts, clock: FixedClock, booking_id: uuid.UUID
):
    texts.put_text("moved", "older", booking_id=booking_id)
    texts.texter.fail_next(TextUnavailable())
    texts.send_texts()
    clock.advance(timedelta(minutes=1))
    mail = Message("Ann", "ann@example.com", "Moved", "Hello,\n", "<p>Hello</p>", "mail")
    texts.write("moved", mail, booking_id)
    assert texts.send() == 1
    texts.send_texts()
    assert texts.sent() == []


def test_whoever_stopped_since_it_was_written_does_not_get_it(texts: Texts):
    texts.put_text("moved")
    texts.stop()
    assert texts.send_texts() == 0
    assert (texts.sent(), texts.rows_left()) == ([], 0)


def test_whoever_never_asked_gets_nothing(texts: Texts):
    texts.put_text("moved", number=BEN)
    texts.send_texts()
    assert texts.sent() == []


def test_a_stop_that_only_the_gateway_heard_of_is_learnt_and_is_no_lost_message(texts: Texts):
    texts.put_text("moved", "a")
    texts.put_text("moved", "b")
    texts.texter.fail_next(NumberStopped())
    assert texts.send_texts() == 1
    assert not texts.wants()
    assert (texts.sent(), texts.rows_left()) == ([], 0)
    with pytest.raises(StoppedByReply):
        texts.agree()


def test_a_text_that_cannot_be_opened_holds_up_no_other(texts: Texts):
    texts.put_text("moved", "a")
    with texts.transaction():
        of_a = select(OutboxMessage).where(OutboxMessage.dedupe_key == "a")
        row = texts.session.scalars(of_a).one()
        row.payload_sealed = (row.payload_sealed or b"")[:-1] + b"?"
    texts.put_text("moved", "b")
    texts.send_texts()
    assert (texts.row("a").status, texts.sent()) == ("dead", ["moved b"])


def test_stop_and_start_from_the_phone(texts: Texts):
    texts.answer(None)
    assert texts.wants()
    texts.answer(Keyword.STOP)
    assert not texts.wants()
    with pytest.raises(StoppedByReply):
        texts.agree()
    texts.answer(Keyword.START)
    assert texts.wants()


def test_a_page_cannot_soften_a_stop_from_the_phone(texts: Texts):
    texts.answer(Keyword.STOP)
    texts.stop()
    with pytest.raises(StoppedByReply):
        texts.agree()
    texts.answer(Keyword.START)
    assert texts.wants()


def test_start_from_the_phone_undoes_nothing_that_the_page_ended(texts: Texts):
    texts.stop()
    texts.answer(Keyword.STOP)
    texts.answer(Keyword.START)
    assert not texts.wants()


def test_who_books_with_anothers_number_learns_of_no_consent_and_gives_none(texts: Texts):
    assert texts.told(MALS) is Consent.NONE
    texts.put_text("moved", email=MALS)
    texts.stop(email=MALS)
    assert texts.send_texts() == 0
    assert texts.wants()
    assert texts.agree(email=MALS)


def test_stop_from_the_phone_is_of_all_who_booked_with_the_number_and_so_is_start(texts: Texts):
    texts.agree(email=MALS)
    texts.answer(Keyword.STOP)
    assert (texts.wants(), texts.wants(email=MALS)) == (False, False)
    texts.answer(Keyword.START)
    assert (texts.wants(), texts.wants(email=MALS)) == (True, True)


def test_who_agrees_after_the_stop_is_told_the_same_as_with_any_number_and_none_goes(
    texts: Texts, clock: FixedClock
):
    texts.answer(Keyword.STOP)
    clock.advance(HOUR)
    assert texts.told(MALS) is Consent.NONE
    assert texts.agree(email=MALS)
    assert texts.told(MALS) is Consent.GIVEN
    texts.put_text("text_welcome", email=MALS)
    assert texts.send_texts() == 0
    assert texts.told(ANNS) is Consent.STOPPED
    texts.answer(Keyword.START)
    assert texts.wants(email=MALS)


def test_ended_on_the_page_it_is_begun_again_there(texts: Texts, clock: FixedClock):
    texts.stop()
    assert not texts.wants()
    clock.advance(HOUR)
    assert texts.agree()
    assert texts.wants()
    given = [row.given_at for row in texts.session.scalars(select(SmsConsent).order_by(SmsConsent.given_at))]
    assert given == [clock() - HOUR, clock()]


def test_a_strangers_words_leave_no_trace(texts: Texts):
    for keyword in (Keyword.START, Keyword.STOP, None):
        texts.answer(keyword, BEN)
    texts.stop(number=BEN)
    assert not texts.wants(BEN)
    assert len(list(texts.session.scalars(select(SmsConsent)))) == 2


def test_consent_and_stop_are_found_under_a_former_key(texts: Texts):
    texts.sealer = Sealer([bytes(reversed(range(32))), bytes(range(32))])
    assert texts.wants()
    assert texts.agree(email=MALS)
    texts.answer(Keyword.STOP)
    assert (texts.wants(), texts.wants(email=MALS)) == (False, False)


def test_she_sees_lost_news_but_no_lost_reminder_and_texts_are_no_late_mail(texts: Texts, clock: FixedClock):
    for kind in ("day_reminder", "hour_reminder", "text_welcome", "moved", "cancelled", "reinstated"):
        texts.put_text(kind, kind)
    clock.advance(HOUR)
    assert waiting_since(texts.session, clock()) is None
    texts.texter.fail_next(*[TextRefused()] * 6)
    texts.send_texts()
    assert count_undelivered(texts.session) == 3
    lost = list_undelivered(texts.session, texts.sealer)
    assert {mail.kind for mail in lost} == {"moved", "cancelled", "reinstated"}
    assert all(isinstance(mail.message, TextMessage) and mail.message.to_number == ANN for mail in lost)
