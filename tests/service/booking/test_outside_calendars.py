"""Other calendars kept in step: what is read counts, what cannot be read frees nothing."""

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text, update

from consult.accounts.service import therapist_email
from consult.booking import checkout
from consult.booking.changes.taking_back import Actor
from consult.booking.outside import looks as outside_looks
from consult.booking.outside.calendars import (
    GivenCalendar,
    add_calendar,
    change_calendar,
    check_given,
    list_calendars,
    remove_calendar,
)
from consult.booking.outside.looks import (
    FRESH,
    calendars_due,
    check_calendar,
    look_before_booking,
    require_still_free,
)
from consult.booking.outside.notices import find_notices
from consult.booking.upkeep import Upkeep
from consult.calendaring.models import ExternalCalendar
from consult.calendaring.outside import register
from consult.calendaring.outside.looking import Access, Kind
from consult.calendaring.outside.register import CHECK_EVERY, LONGEST_WAIT, STALE_AFTER
from consult.calendaring.outside.troubles import CannotRead, Trouble
from consult.core.clock import FixedClock
from consult.core.errors import NotFound
from consult.core.given import NotSaved
from consult.deps import counter, deps
from consult.notifications.models import OutboxMessage
from consult.payments.service import find_live_payment
from consult.practice.service import get_therapist
from consult.scheduling.errors import SlotTaken
from consult.scheduling.models import ExternalBusy
from consult.scheduling.queries import find_live_appointment
from consult.web.seen import move_as_seen
from tests.ports.outside.hosting import AT_HOME, Host, serving
from tests.ports.outside.ics import at, calendar, event

from .conftest import ONE, Desk

FAMILY = at("20260601T170000Z", "20260601T173000Z")
DENTIST = at("20260603T150000Z", "20260603T160000Z")
DENTIST_AT = datetime(2026, 6, 3, 15, tzinfo=UTC)


@pytest.fixture
def host() -> Iterator[Host]:
    with serving() as host:
        yield host


@pytest.fixture
def desk(app: Flask) -> Iterator[Desk]:
    with app.app_context():
        app.extensions["consult"] = replace(deps(), ports=replace(deps().ports, reach=AT_HOME))
        yield Desk(counter())


@pytest.fixture
def therapist_id(desk: Desk) -> uuid.UUID:
    return get_therapist(desk.session).id


@pytest.fixture
def calendar_id(desk: Desk, host: Host, therapist_id: uuid.UUID) -> uuid.UUID:
    url = host.says("/family.ics", calendar(DENTIST), ETag='"1"')
    return add_calendar(desk.counter, therapist_id, "Family", Access(Kind.ICS, url))


def busy(desk: Desk) -> list[datetime]:
    desk.session.rollback()
    return list(desk.session.scalars(select(ExternalBusy.start_at).order_by(ExternalBusy.start_at)))


def row(desk: Desk) -> ExternalCalendar:
    desk.session.rollback()
    return desk.session.scalars(select(ExternalCalendar)).one()


def test_a_calendar_added_is_read_at_once(desk: Desk, calendar_id: uuid.UUID, therapist_id: uuid.UUID):
    assert busy(desk) == [DENTIST_AT]
    [shown] = list_calendars(desk.session, therapist_id, desk.now)
    assert (shown.calendar.name, shown.calendar.read_at, shown.busy) == ("Family", desk.now, 1)


def test_one_that_cannot_be_read_is_not_kept(desk: Desk, host: Host, therapist_id: uuid.UUID):
    with pytest.raises(CannotRead):
        add_calendar(desk.counter, therapist_id, "Family", Access(Kind.ICS, f"{host.url}/none"))
    assert list_calendars(desk.session, therapist_id, desk.now) == []


def test_address_and_password_are_stored_sealed(desk: Desk, host: Host, therapist_id: uuid.UUID):
    access = Access(Kind.ICS, host.says("/secret-1234.ics", calendar()), "olivia", "s3cret")
    add_calendar(desk.counter, therapist_id, "Family", access)
    stored = row(desk)
    assert b"secret-1234" not in stored.access_sealed
    assert b"s3cret" not in stored.access_sealed
    assert repr(access) == object.__repr__(access)


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        (GivenCalendar("", "ics", "webcal://x.example"), ["name"]),
        (GivenCalendar("A", "gopher", "https://x.example"), ["kind"]),
        (GivenCalendar("A", "ics", "x.example/a.ics"), ["url"]),
        (GivenCalendar("A", "ics", "https://x.example/" + "x" * 1000), ["url"]),
        (GivenCalendar("A", "caldav", "https://x.example", " ", "p"), ["user"]),
        (GivenCalendar("", "", ""), ["name", "kind", "url"]),
    ],
)
def test_what_is_missing_is_told_field_by_field(given: GivenCalendar, fields: list[str]):
    with pytest.raises(NotSaved) as refusal:
        check_given(given)
    assert [fault.where for fault in refusal.value.faults] == fields


def test_it_is_read_again_every_ten_minutes(
    desk: Desk,
    host: Host,
    clock: FixedClock,
    calendar_id: uuid.UUID,
):
    upkeep = Upkeep(desk.counter, deps().mailer, "bookings@example.org")
    host.says("/family.ics", calendar(FAMILY))
    upkeep.check_outside_calendars()
    assert busy(desk) == [DENTIST_AT]
    clock.advance(CHECK_EVERY)
    upkeep.check_outside_calendars()
    assert busy(desk) == [ONE]
    assert len(host.seen) == 2


def test_one_that_has_not_changed_keeps_its_times(
    desk: Desk,
    host: Host,
    clock: FixedClock,
    calendar_id: uuid.UUID,
):
    host.says("/family.ics", b"", 304)
    clock.advance(CHECK_EVERY)
    check_calendar(desk.counter, calendar_id)
    assert host.seen[-1][2]["if-none-match"] == '"1"'
    assert busy(desk) == [DENTIST_AT]
    assert (row(desk).succeeded_at, row(desk).etag) == (desk.now, '"1"')


def test_each_day_begins_with_a_whole_reading(
    desk: Desk,
    host: Host,
    clock: FixedClock,
    calendar_id: uuid.UUID,
):
    """The days that have come into view since are not told by a calendar that says it is unchanged."""
    clock.advance(timedelta(days=1))
    check_calendar(desk.counter, calendar_id)
    assert "if-none-match" not in host.seen[-1][2]
    check_calendar(desk.counter, calendar_id)
    assert host.seen[-1][2]["if-none-match"] == '"1"'


def test_a_failure_frees_no_time_and_waits_longer_each_time(
    desk: Desk,
    host: Host,
    clock: FixedClock,
    calendar_id: uuid.UUID,
):
    read_at = desk.now
    host.says("/family.ics", b"our secret words", 503)
    waits = []
    for _ in range(6):
        clock.advance(timedelta(hours=3))
        check_calendar(desk.counter, calendar_id)
        waits.append(row(desk).next_check_at - desk.now)
    assert busy(desk) == [DENTIST_AT]
    assert waits == [
        CHECK_EVERY,
        2 * CHECK_EVERY,
        4 * CHECK_EVERY,
        8 * CHECK_EVERY,
        LONGEST_WAIT,
        LONGEST_WAIT,
    ]
    assert (row(desk).last_error, row(desk).succeeded_at) == (Trouble.SERVER, read_at)
    host.says("/family.ics", calendar())
    check_calendar(desk.counter, calendar_id)
    assert (row(desk).last_error, row(desk).failures) == (None, 0)
    assert busy(desk) == []


@pytest.mark.parametrize("body", [b"<html>Sign in</html>", calendar(FAMILY)[:-10], b""])
def test_something_else_in_its_place_frees_no_time(
    desk: Desk,
    host: Host,
    calendar_id: uuid.UUID,
    body: bytes,
):
    host.says("/family.ics", body)
    check_calendar(desk.counter, calendar_id)
    assert busy(desk) == [DENTIST_AT]
    assert row(desk).last_error == Trouble.NOT_A_CALENDAR


def test_after_a_day_without_a_good_read_she_is_warned(
    desk: Desk, clock: FixedClock, calendar_id: uuid.UUID, therapist_id: uuid.UUID
):
    clock.advance(STALE_AFTER)
    assert find_notices(desk.session, therapist_id, desk.now).stale == []
    clock.advance(timedelta(seconds=1))
    assert [each.name for each in find_notices(desk.session, therapist_id, desk.now).stale] == ["Family"]


def test_a_look_begun_earlier_does_not_undo_a_later_one(
    desk: Desk,
    host: Host,
    clock: FixedClock,
    calendar_id: uuid.UUID,
    monkeypatch: pytest.MonkeyPatch,
):
    host.says("/family.ics", calendar(FAMILY))
    look = outside_looks.look

    def slow(*arguments):
        """While this look is under way, another begins and ends."""
        monkeypatch.setattr(outside_looks, "look", look)
        seen = look(*arguments)
        clock.advance(timedelta(seconds=9))
        host.says("/family.ics", calendar())
        check_calendar(desk.counter, calendar_id)
        return seen

    monkeypatch.setattr(outside_looks, "look", slow)
    check_calendar(desk.counter, calendar_id)
    assert busy(desk) == []


def test_removing_it_frees_its_times_and_leaves_the_others(
    desk: Desk,
    host: Host,
    calendar_id: uuid.UUID,
    therapist_id: uuid.UUID,
):
    add_calendar(desk.counter, therapist_id, "Work", Access(Kind.ICS, host.says("/w", calendar(FAMILY))))
    with desk.counter.transaction():
        remove_calendar(desk.session, therapist_id, calendar_id, desk.now)
    assert busy(desk) == [ONE]
    assert row(desk).name == "Work"
    check_calendar(desk.counter, calendar_id)
    assert busy(desk) == [ONE]


def test_nobody_removes_another_therapists(desk: Desk, calendar_id: uuid.UUID):
    with pytest.raises(NotFound), desk.counter.transaction():
        remove_calendar(desk.session, uuid.uuid4(), calendar_id, desk.now)
    assert busy(desk) == [DENTIST_AT]


ALL_DAY = event("DTSTART;VALUE=DATE:20260604")
THURSDAY = datetime(2026, 6, 4, 4, tzinfo=UTC)


class TestWholeDays:
    def change(self, desk: Desk, therapist_id: uuid.UUID, calendar_id: uuid.UUID, *, busy: bool) -> None:
        change_calendar(desk.counter, therapist_id, calendar_id, "Family", whole_days_busy=busy)

    def test_one_added_with_free_whole_days_stays_so(self, desk: Desk, host: Host, therapist_id: uuid.UUID):
        access = Access(Kind.ICS, host.says("/a", calendar(DENTIST, ALL_DAY)))
        added = add_calendar(desk.counter, therapist_id, "A", access, whole_days_busy=False)
        assert busy(desk) == [DENTIST_AT]
        check_calendar(desk.counter, added)
        assert busy(desk) == [DENTIST_AT]

    def test_a_change_takes_effect_at_once_though_the_calendar_is_as_it_was(
        self, desk: Desk, host: Host, calendar_id: uuid.UUID, therapist_id: uuid.UUID
    ):
        host.says("/family.ics", calendar(DENTIST, ALL_DAY), ETag='"2"')
        check_calendar(desk.counter, calendar_id)
        assert busy(desk) == [DENTIST_AT, THURSDAY]
        self.change(desk, therapist_id, calendar_id, busy=False)
        assert busy(desk) == [DENTIST_AT]
        assert "if-none-match" not in host.seen[-1][2]
        self.change(desk, therapist_id, calendar_id, busy=True)
        assert busy(desk) == [DENTIST_AT, THURSDAY]

    def test_a_new_name_alone_reads_nothing(
        self, desk: Desk, host: Host, calendar_id: uuid.UUID, therapist_id: uuid.UUID
    ):
        change_calendar(desk.counter, therapist_id, calendar_id, " Home ", whole_days_busy=True)
        assert (row(desk).name, row(desk).etag, len(host.seen)) == ("Home", '"1"', 1)

    def test_while_it_cannot_be_read_what_was_known_counts_and_the_next_reading_is_a_whole_one(
        self, desk: Desk, host: Host, calendar_id: uuid.UUID, therapist_id: uuid.UUID
    ):
        host.says("/family.ics", calendar(DENTIST, ALL_DAY), ETag='"2"')
        check_calendar(desk.counter, calendar_id)
        host.says("/family.ics", b"", 503)
        self.change(desk, therapist_id, calendar_id, busy=False)
        assert busy(desk) == [DENTIST_AT, THURSDAY]
        assert row(desk).last_error == Trouble.SERVER
        host.says("/family.ics", calendar(DENTIST, ALL_DAY), ETag='"2"')
        check_calendar(desk.counter, calendar_id)
        assert busy(desk) == [DENTIST_AT]

    def test_a_look_under_way_does_not_bring_the_old_setting_back(
        self,
        desk: Desk,
        host: Host,
        clock: FixedClock,
        calendar_id: uuid.UUID,
        therapist_id: uuid.UUID,
        monkeypatch: pytest.MonkeyPatch,
    ):
        host.says("/family.ics", calendar(DENTIST, ALL_DAY), ETag='"2"')
        look = outside_looks.look

        def slow(*arguments):
            """While this look is under way the setting changes, and the process dies."""
            seen = look(*arguments)
            clock.advance(timedelta(seconds=1))
            with desk.counter.transaction():
                register.change_calendar(
                    desk.session, therapist_id, calendar_id, "Family", desk.now, whole_days_busy=False
                )
            return seen

        monkeypatch.setattr(outside_looks, "look", slow)
        check_calendar(desk.counter, calendar_id)
        monkeypatch.setattr(outside_looks, "look", look)
        assert calendars_due(desk.session, desk.now) == [calendar_id]
        check_calendar(desk.counter, calendar_id)
        assert busy(desk) == [DENTIST_AT]

    def test_nobody_changes_another_therapists(self, desk: Desk, calendar_id: uuid.UUID):
        with pytest.raises(NotFound):
            self.change(desk, uuid.uuid4(), calendar_id, busy=False)
        assert row(desk).whole_days_busy


def test_what_she_declined_under_any_of_her_addresses_keeps_nothing_busy(
    desk: Desk, host: Host, therapist_id: uuid.UUID
):
    hers = therapist_email(desk.session, therapist_id).title()
    add_calendar(
        desk.counter,
        therapist_id,
        "Work",
        Access(
            Kind.ICS,
            host.says(
                "/ical/op%40example.net/basic.ics",
                calendar(
                    DENTIST,
                    at("20260604T150000Z", "20260604T160000Z", f"ATTENDEE;PARTSTAT=DECLINED:mailto:{hers}"),
                    at(
                        "20260605T150000Z",
                        "20260605T160000Z",
                        "ATTENDEE;PARTSTAT=DECLINED:mailto:op@example.net",
                    ),
                ),
            ),
        ),
    )
    assert busy(desk) == [DENTIST_AT]


def mails(desk: Desk) -> list[tuple[str, uuid.UUID | None]]:
    """Kind and booking of each mail about her other calendars."""
    Upkeep(desk.counter, deps().mailer, "bookings@example.org").mail_notices()
    desk.session.rollback()
    query = select(OutboxMessage.kind, OutboxMessage.booking_id).order_by(OutboxMessage.created_at)
    found = desk.session.execute(query.where(OutboxMessage.kind.startswith("therapist_calendar")))
    return [(kind, booking_id) for kind, booking_id in found]


STALE = ("therapist_calendar_stale", None)


def test_of_a_calendar_not_read_for_a_day_she_gets_one_mail_and_another_when_it_fails_anew(
    desk: Desk, host: Host, clock: FixedClock, calendar_id: uuid.UUID
):
    host.says("/family.ics", b"", 503)
    clock.advance(STALE_AFTER)
    check_calendar(desk.counter, calendar_id)
    assert mails(desk) == []
    clock.advance(timedelta(seconds=1))
    assert mails(desk) == [STALE]
    clock.advance(3 * STALE_AFTER)
    check_calendar(desk.counter, calendar_id)
    assert mails(desk) == [STALE]
    host.says("/family.ics", calendar(DENTIST))
    check_calendar(desk.counter, calendar_id)
    assert mails(desk) == [STALE]
    clock.advance(STALE_AFTER + timedelta(seconds=1))
    assert mails(desk) == [STALE, STALE]


def test_of_a_visit_that_meets_a_busy_time_she_gets_one_mail(
    desk: Desk, host: Host, clock: FixedClock, calendar_id: uuid.UUID
):
    booking = desk.booked(ONE)
    clash = ("therapist_calendar_clash", booking.id)
    assert mails(desk) == []
    host.says("/family.ics", calendar(FAMILY))
    check_calendar(desk.counter, calendar_id)
    assert mails(desk) == [clash]
    longer = at("20260601T170000Z", "20260601T190000Z")
    host.says("/family.ics", calendar(longer, at("20260601T172500Z", "20260601T172600Z")))
    check_calendar(desk.counter, calendar_id)
    assert mails(desk) == [clash]
    host.says("/family.ics", calendar(at("20260601T171500Z", "20260601T172000Z")))
    check_calendar(desk.counter, calendar_id)
    clock.advance(timedelta(minutes=1))
    assert mails(desk) == [clash, clash]


def test_a_mail_that_cannot_be_written_is_named_in_the_log_and_keeps_no_other_from_being(
    desk: Desk, host: Host, calendar_id: uuid.UUID, caplog: pytest.LogCaptureFixture
):
    first, second = desk.booked(ONE), desk.booked(DENTIST_AT + timedelta(days=1))
    with desk.counter.transaction():
        desk.session.execute(
            text(
                "CREATE TRIGGER refused BEFORE INSERT ON outbox_message"
                f" WHEN NEW.booking_id = '{first.id.hex}' BEGIN SELECT RAISE(ABORT, 'no'); END"
            )
        )
    host.says("/family.ics", calendar(FAMILY, at("20260604T150000Z", "20260604T160000Z")))
    check_calendar(desk.counter, calendar_id)
    assert mails(desk) == [("therapist_calendar_clash", second.id)]
    assert "upkeep: IntegrityError calendar-clash-" in caplog.text


def test_of_a_visit_under_way_no_mail_is_written(
    desk: Desk, host: Host, clock: FixedClock, calendar_id: uuid.UUID, therapist_id: uuid.UUID
):
    booking = desk.booked(ONE)
    clock.now = ONE
    host.says("/family.ics", calendar(FAMILY))
    check_calendar(desk.counter, calendar_id)
    assert mails(desk) == []
    [shown] = find_notices(desk.session, therapist_id, desk.now).clashes
    assert shown.booking_id == booking.id


def test_a_visit_in_two_busy_times_is_shown_once(
    desk: Desk, host: Host, calendar_id: uuid.UUID, therapist_id: uuid.UUID
):
    desk.booked(ONE)
    host.says(
        "/family.ics",
        calendar(at("20260601T170000Z", "20260601T170500Z"), at("20260601T171000Z", "20260601T171500Z")),
    )
    check_calendar(desk.counter, calendar_id)
    assert len(find_notices(desk.session, therapist_id, desk.now).clashes) == 1


def test_mail_is_sent_before_other_peoples_servers_are_waited_for(
    desk: Desk, host: Host, clock: FixedClock, calendar_id: uuid.UUID
):
    folder, sent = deps().settings.data / "mail", []

    def slow(request) -> None:
        sent.append(len(list(folder.glob("*.eml"))))
        request.send_error(503)

    desk.booked(ONE)
    host.does("/family.ics", slow)
    clock.advance(CHECK_EVERY)
    Upkeep(desk.counter, deps().mailer, "bookings@example.org").run_due()
    assert sent == [2]


class TestBeforePayment:
    def test_an_hour_that_has_become_busy_is_given_back(
        self,
        desk: Desk,
        host: Host,
        clock: FixedClock,
        calendar_id: uuid.UUID,
    ):
        booking = desk.come_to_pay(ONE)
        host.says("/family.ics", calendar(FAMILY))
        clock.advance(FRESH + timedelta(seconds=1))
        with pytest.raises(SlotTaken) as refusal:
            require_still_free(desk.counter, booking.id)
        assert refusal.value.start_at == ONE
        assert find_live_appointment(desk.session, booking.id) is None

    def test_one_that_was_just_read_is_not_asked(
        self,
        desk: Desk,
        host: Host,
        clock: FixedClock,
        calendar_id: uuid.UUID,
    ):
        booking = desk.come_to_pay(ONE)
        clock.advance(FRESH)
        require_still_free(desk.counter, booking.id)
        assert len(host.seen) == 1

    def test_what_cannot_be_read_keeps_nobody_from_paying_and_is_not_asked_again_at_once(
        self,
        desk: Desk,
        host: Host,
        clock: FixedClock,
        calendar_id: uuid.UUID,
    ):
        booking = desk.come_to_pay(ONE)
        host.says("/family.ics", b"", 500)
        clock.advance(FRESH + timedelta(seconds=1))
        require_still_free(desk.counter, booking.id)
        look_before_booking(desk.counter)
        assert len(host.seen) == 2
        assert busy(desk) == [DENTIST_AT]
        assert (row(desk).failures, row(desk).last_error) == (0, None)

    def test_one_whose_address_cannot_be_opened_keeps_nobody_from_paying_either(
        self, desk: Desk, clock: FixedClock, calendar_id: uuid.UUID, caplog: pytest.LogCaptureFixture
    ):
        booking = desk.come_to_pay(ONE)
        with desk.counter.transaction():
            desk.session.execute(update(ExternalCalendar).values(access_sealed=b"another key's"))
        clock.advance(FRESH + timedelta(seconds=1))
        require_still_free(desk.counter, booking.id)
        assert busy(desk) == [DENTIST_AT]
        assert f"calendar {calendar_id}: UnknownKey" in caplog.text

    def test_known_times_count_though_it_cannot_be_read(
        self,
        desk: Desk,
        host: Host,
        clock: FixedClock,
        calendar_id: uuid.UUID,
    ):
        booking = desk.come_to_pay(ONE)
        host.says("/family.ics", calendar(FAMILY))
        check_calendar(desk.counter, calendar_id)
        host.says("/family.ics", b"", 500)
        with pytest.raises(SlotTaken):
            require_still_free(desk.counter, booking.id)

    def test_a_visit_is_not_moved_onto_an_hour_that_has_become_busy_either(
        self, app: Flask, desk: Desk, host: Host, clock: FixedClock, calendar_id: uuid.UUID
    ):
        later = ONE + timedelta(hours=2)
        booking = desk.booked(later)
        host.says("/family.ics", calendar(FAMILY))
        clock.advance(FRESH + timedelta(seconds=1))
        form = {"visit": later.isoformat()}
        with app.test_request_context(method="POST", data=form), pytest.raises(SlotTaken):
            move_as_seen(desk.fresh(booking), ONE, Actor.PATIENT)

    def test_a_payment_page_that_is_open_stays_open_and_what_is_paid_stands(
        self,
        desk: Desk,
        host: Host,
        calendar_id: uuid.UUID,
        therapist_id: uuid.UUID,
    ):
        booking = desk.come_to_pay(ONE)
        checkout.open_checkout(desk.counter, booking.id)
        host.says("/family.ics", calendar(FAMILY))
        check_calendar(desk.counter, calendar_id)
        require_still_free(desk.counter, booking.id)
        payment = find_live_payment(desk.session, booking.id)
        desk.gateway.pay(payment.checkout_id, desk.now)
        checkout.settle(desk.counter, payment.id)
        assert desk.fresh(booking).confirmed_at is not None
        [clash] = find_notices(desk.session, therapist_id, desk.now).clashes
        assert (clash.booking_id, clash.span.start_at, clash.calendar_name) == (booking.id, ONE, "Family")
