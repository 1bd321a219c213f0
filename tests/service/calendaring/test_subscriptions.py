import gzip
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import icalendar
import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from consult.calendaring import event as event_module
from consult.calendaring import service, subscriptions
from consult.calendaring.service import Texts, publish, withdraw
from consult.calendaring.subscriptions import (
    FeedPage,
    Fetch,
    find_last_fetch,
    find_unchanged,
    new_subscription,
    of_therapists,
    read_feed,
    record_fetch,
)
from consult.core.clock import FixedClock
from consult.core.errors import NotFound
from consult.core.timespan import TimeSpan
from consult.db.sealing import Sealer
from consult.db.transaction import transaction

NewAppointment = Callable[[datetime], tuple[uuid.UUID, TimeSpan]]

TEXTS = Texts("Online appointment", "Jane Doe", "https://book.example.org/b/t", "https://book.example.org/x")
JUNE_2 = datetime(2026, 6, 2, 19, 0, tzinfo=UTC)


class Calendars:
    def __init__(
        self,
        session: Session,
        clock: FixedClock,
        sealer: Sealer,
        therapist_id: uuid.UUID,
        new_appointment: NewAppointment,
    ) -> None:
        self.session, self.clock, self.sealer = session, clock, sealer
        self.therapist_id, self.new_appointment = therapist_id, new_appointment

    def subscribe(self, therapist_id: uuid.UUID | None = None) -> str:
        with transaction(self.session):
            return new_subscription(self.session, therapist_id or self.therapist_id, self.clock())

    def book(self, start_at: datetime) -> uuid.UUID:
        appointment_id, span = self.new_appointment(start_at)
        self.place(appointment_id, span, self.therapist_id)
        return appointment_id

    def place(self, appointment_id: uuid.UUID, span: TimeSpan, therapist_id: uuid.UUID) -> None:
        with transaction(self.session):
            publish(
                self.session,
                appointment_id=appointment_id,
                therapist_id=therapist_id,
                span=span,
                booking_ids=(),
                texts=TEXTS,
                domain="book.example.org",
                sealer=self.sealer,
                now=self.clock(),
            )

    def cancel(self, appointment_id: uuid.UUID) -> None:
        with transaction(self.session):
            withdraw(self.session, appointment_id=appointment_id, booking_ids=(), now=self.clock())

    def read(
        self,
        token: str,
        *,
        agent: str = "Thunderbird",
        gzipped: bool = False,
        etag: str | None = None,
        since: str | None = None,
    ) -> FeedPage:
        fetch = Fetch(token, agent, gzipped, if_none_match=etag, if_modified_since=since)
        page = read_feed(self.session, fetch, lambda *_: [], self.clock())
        shortcut = find_unchanged(self.session.connection(), fetch, self.clock())
        assert shortcut == (page if page.body is None and not page.fetch_is_news else None)
        return page

    def starts(self, token: str) -> list[datetime]:
        body = self.read(token).body
        assert body is not None
        return [event["DTSTART"].dt for event in icalendar.Calendar.from_ical(body).walk("VEVENT")]


@pytest.fixture
def calendars(
    session: Session,
    clock: FixedClock,
    sealer: Sealer,
    therapist_id: uuid.UUID,
    new_appointment: NewAppointment,
) -> Calendars:
    return Calendars(session, clock, sealer, therapist_id, new_appointment)


def test_a_subscribed_calendar_shows_the_appointments_in_order(calendars: Calendars) -> None:
    token = calendars.subscribe()
    assert calendars.starts(token) == []

    calendars.book(JUNE_2 + timedelta(days=1))
    calendars.book(JUNE_2)

    assert calendars.starts(token) == [JUNE_2, JUNE_2 + timedelta(days=1)]


def test_a_feed_is_a_plain_calendar_that_names_no_profession(calendars: Calendars) -> None:
    calendars.book(JUNE_2)
    body = calendars.read(calendars.subscribe()).body
    assert body is not None
    calendar = icalendar.Calendar.from_ical(body)

    assert str(calendar["X-WR-CALNAME"]) == "Online appointments"
    assert not {"METHOD", "UID"} & set(calendar)
    assert not {"ATTENDEE", "ORGANIZER"} & set(calendar.walk("VEVENT")[0])
    assert not calendar.walk("VALARM")


@pytest.mark.parametrize("token", ["", "nonsense", "\x00", "\ud800", "x" * 5000])
def test_an_address_nobody_made_is_not_found(calendars: Calendars, token: str) -> None:
    calendars.subscribe()

    with pytest.raises(NotFound):
        calendars.read(token)


def test_a_new_address_ends_the_old_one_at_once(calendars: Calendars) -> None:
    calendars.book(JUNE_2)
    old = calendars.subscribe()
    new = calendars.subscribe()

    with pytest.raises(NotFound):
        calendars.read(old)
    assert calendars.starts(new) == [JUNE_2]


def test_only_a_digest_of_the_address_is_stored(calendars: Calendars) -> None:
    token = calendars.subscribe()

    assert token not in str(calendars.session.execute(text("SELECT * FROM feed_subscription")).all())


def test_one_therapists_feed_shows_nothing_of_anothers(
    calendars: Calendars, new_therapist: Callable[[], uuid.UUID]
) -> None:
    other = calendars.subscribe(new_therapist())
    tag = calendars.read(other).etag
    calendars.book(JUNE_2)

    assert calendars.starts(other) == []
    assert calendars.read(other).etag == tag


def test_an_appointment_given_to_another_therapist_changes_both_feeds(
    calendars: Calendars, new_therapist: Callable[[], uuid.UUID]
) -> None:
    other_id = new_therapist()
    mine, other = calendars.subscribe(), calendars.subscribe(other_id)
    appointment_id, span = calendars.new_appointment(JUNE_2)
    calendars.place(appointment_id, span, calendars.therapist_id)
    before = [calendars.read(token).etag for token in (mine, other)]

    calendars.place(appointment_id, span, other_id)

    assert (calendars.starts(mine), calendars.starts(other)) == ([], [JUNE_2])
    assert all(calendars.read(token).etag != tag for token, tag in zip((mine, other), before, strict=True))


def test_a_cancelled_appointment_is_left_out(calendars: Calendars) -> None:
    token = calendars.subscribe()
    appointment_id = calendars.book(JUNE_2)
    calendars.book(JUNE_2 + timedelta(days=1))
    calendars.cancel(appointment_id)

    assert calendars.starts(token) == [JUNE_2 + timedelta(days=1)]


def test_two_reads_of_an_unchanged_feed_are_equal(calendars: Calendars) -> None:
    token = calendars.subscribe()
    calendars.book(JUNE_2)
    first = calendars.read(token)
    calendars.clock.advance(timedelta(days=1))

    assert calendars.read(token) == first


def test_an_unchanged_feed_is_answered_without_looking_at_events(calendars: Calendars) -> None:
    token = calendars.subscribe()
    calendars.book(JUNE_2)
    tag = calendars.read(token).etag
    calendars.session.rollback()
    statements: list[str] = []
    bind = calendars.session.get_bind()
    event.listen(bind, "before_cursor_execute", lambda *args: statements.append(args[2]))

    page = calendars.read(token, etag=f'"other", W/{tag}')

    assert page.body is None
    assert page.etag == tag
    assert not [statement for statement in statements if "calendar_object" in statement]


def test_an_unchanged_feed_costs_one_question_and_mostly_no_write(calendars: Calendars) -> None:
    token = calendars.subscribe()
    page = calendars.read(token)
    assert page.fetch_is_news
    with transaction(calendars.session):
        record_fetch(calendars.session, page.subscription_id, "Thunderbird", calendars.clock())
    statements: list[str] = []
    bind = calendars.session.get_bind()
    event.listen(bind, "before_cursor_execute", lambda *args: statements.append(args[2]))

    calendars.clock.advance(timedelta(minutes=5) - timedelta(seconds=1))
    assert not calendars.read(token, etag=page.etag).fetch_is_news
    assert len(statements) == 2, "one question, and one of the short cut"
    assert calendars.read(token, agent="Google", etag=page.etag).fetch_is_news, (
        "another program is seen at once"
    )
    calendars.clock.advance(timedelta(seconds=1))
    assert calendars.read(token, etag=page.etag).fetch_is_news


def test_a_feed_is_joined_from_stored_events_and_builds_none(
    calendars: Calendars, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = calendars.subscribe()
    calendars.book(JUNE_2)
    for module in (event_module, service, subscriptions):
        monkeypatch.setattr(module, "vevent", None, raising=False)

    body = calendars.read(token).body

    assert body is not None
    assert b"BEGIN:VEVENT" in body


def test_every_change_of_an_appointment_changes_etag_and_modification_time(calendars: Calendars) -> None:
    token = calendars.subscribe()
    pages = [calendars.read(token)]
    appointment_id = calendars.book(JUNE_2)
    pages.append(calendars.read(token))
    calendars.place(appointment_id, TimeSpan(JUNE_2, JUNE_2 + timedelta(hours=1)), calendars.therapist_id)
    pages.append(calendars.read(token))
    calendars.cancel(appointment_id)
    pages.append(calendars.read(token))

    assert len({page.etag for page in pages}) == 4
    moments = [page.modified_at for page in pages]
    assert moments == sorted(set(moments))
    assert all(calendars.read(token, etag=page.etag).body is not None for page in pages[:-1])


def test_if_modified_since_is_heeded_when_there_is_no_etag(calendars: Calendars) -> None:
    token = calendars.subscribe()

    assert calendars.read(token, since="Mon, 01 Jun 2026 12:00:00 GMT").body is None
    calendars.book(JUNE_2)
    assert calendars.read(token, since="Mon, 01 Jun 2026 12:00:00 GMT").body is not None


def test_the_compressed_form_has_its_own_etag_and_the_same_content(calendars: Calendars) -> None:
    token = calendars.subscribe()
    calendars.book(JUNE_2)
    plain, small = calendars.read(token), calendars.read(token, gzipped=True)

    assert plain.etag != small.etag
    assert small.body is not None
    assert gzip.decompress(small.body) == plain.body
    assert calendars.read(token, gzipped=True, etag=small.etag).body is None
    assert calendars.read(token, gzipped=True, etag=plain.etag).body is not None


def test_the_feed_reaches_three_months_back_and_eighteen_ahead(calendars: Calendars) -> None:
    token = calendars.subscribe()
    inside = [datetime(2026, 3, 1, tzinfo=UTC), datetime(2027, 12, 31, 23, 0, tzinfo=UTC)]
    for start_at in (datetime(2026, 2, 28, 23, 0, tzinfo=UTC), *inside, datetime(2028, 1, 1, tzinfo=UTC)):
        calendars.book(start_at)

    assert calendars.starts(token) == inside


def test_a_new_month_moves_the_window_and_with_it_etag_and_modification_time(calendars: Calendars) -> None:
    token = calendars.subscribe()
    calendars.book(datetime(2026, 3, 15, tzinfo=UTC))
    june = calendars.read(token)
    calendars.clock.advance(timedelta(days=30))
    july = calendars.read(token, etag=june.etag)

    assert july.body is not None
    assert b"VEVENT" not in july.body
    assert july.modified_at == datetime(2026, 7, 1, tzinfo=UTC)


def test_the_last_fetch_is_remembered_for_the_present_address(calendars: Calendars) -> None:
    assert find_last_fetch(calendars.session, of_therapists({calendars.therapist_id})) is None
    page = calendars.read(calendars.subscribe())
    calendars.clock.advance(timedelta(hours=3))
    with transaction(calendars.session):
        record_fetch(
            calendars.session,
            page.subscription_id,
            "Google-Calendar\r\n\x00Importer" + "x" * 300,
            calendars.clock(),
        )

    last = find_last_fetch(calendars.session, of_therapists({calendars.therapist_id}))
    assert last is not None
    assert last.fetched_at == calendars.clock()
    assert last.agent is not None
    assert last.agent.startswith("Google-Calendar Importer")
    assert len(last.agent) == 200

    calendars.subscribe()
    fresh = find_last_fetch(calendars.session, of_therapists({calendars.therapist_id}))
    assert fresh is not None
    assert fresh.fetched_at is None
