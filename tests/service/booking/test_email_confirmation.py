"""The code by mail, and what it opens: a hold repeated."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from consult.booking import checkout
from consult.booking.commands import choose_time
from consult.booking.drafts import DRAFT_LIFETIME, purge_drafts
from consult.booking.email_confirmation import (
    CODE_LIFETIME,
    MOST_TRIES,
    RESEND_AFTER,
    CodeAnswer,
    CodeJustSent,
    find_confirmation,
)
from consult.booking.holds import HELD_A_DAY, HOLD_LIMIT, EmailNotConfirmed, HeldTooLong, held_for
from consult.booking.models import Booking, EmailConfirmation
from consult.core.clock import FixedClock
from consult.notifications.message import InvalidAddress
from consult.notifications.models import OutboxMessage
from consult.scheduling.errors import SlotTaken
from consult.scheduling.models import Appointment, SessionType
from consult.scheduling.policies import HOLD_TTL

from .conftest import ABOUT, ONE, TEN, Desk

TWO = ONE + timedelta(hours=1)
NEXT_DAY = ONE + timedelta(days=1)
EMAIL = ABOUT["pt_email"]


def holds_until(desk: Desk, booking: Booking) -> datetime | None:
    standing = desk.standing(booking)
    return standing.appointment.hold_expires_at if standing.facts.hold_live and standing.appointment else None


def waited(desk: Desk, clock: FixedClock) -> Booking:
    """Somebody whose first hold ran out."""
    booking = desk.screened()
    desk.hold(booking, ONE)
    clock.advance(HOLD_TTL)
    return booking


def test_a_hold_that_ran_out_is_repeated_only_with_a_confirmed_address(desk: Desk, clock: FixedClock):
    booking = waited(desk, clock)
    with pytest.raises(EmailNotConfirmed):
        desk.hold(booking, TWO)
    assert holds_until(desk, booking) is None
    desk.confirm_email(booking)
    desk.hold(booking, TWO)
    assert holds_until(desk, booking) == desk.now + HOLD_TTL


def test_within_the_limit_another_time_may_be_chosen_as_often_as_one_likes(desk: Desk, clock: FixedClock):
    booking = desk.screened()
    for start_at in (ONE, TWO, ONE, TWO, NEXT_DAY):
        desk.hold(booking, start_at)
        clock.advance(timedelta(minutes=8))
    assert holds_until(desk, booking) == desk.now + timedelta(minutes=2)


def test_choosing_anew_does_not_begin_another_three_quarters_of_an_hour(desk: Desk, clock: FixedClock):
    booking, begun_at = desk.screened(), desk.now
    for start_at in (ONE, TWO, ONE, TWO, ONE):
        desk.hold(booking, start_at)
        clock.advance(timedelta(minutes=8))
        desk.tell_about(booking)
    assert holds_until(desk, booking) == begun_at + HOLD_LIMIT
    clock.advance(timedelta(minutes=4))
    desk.hold(booking, NEXT_DAY)
    clock.advance(timedelta(minutes=1))
    with pytest.raises(EmailNotConfirmed):
        desk.hold(booking, NEXT_DAY + timedelta(hours=1))
    assert holds_until(desk, booking) == begun_at + timedelta(minutes=44) + HOLD_TTL


def test_a_repeat_begins_a_run_of_its_own(desk: Desk, clock: FixedClock):
    booking = waited(desk, clock)
    clock.advance(HOLD_LIMIT)
    desk.confirm_email(booking)
    desk.hold(booking, NEXT_DAY)
    clock.advance(timedelta(minutes=8))
    desk.tell_about(booking)
    assert holds_until(desk, booking) == desk.now + HOLD_TTL


def test_a_time_given_back_by_a_stop_may_be_chosen_again(desk: Desk):
    booking = desk.screened()
    desk.hold(booking, ONE)
    desk.screen(booking, "chest")
    desk.screen(booking, "none")
    desk.hold(booking, ONE)
    assert holds_until(desk, booking) is not None


def test_where_many_hold_the_address_is_asked_for_before_the_first_hold_and_only_then(desk: Desk):
    booking = desk.screened()
    crowded = {"confirmed_only": True}

    def choose(start_at: datetime) -> None:
        with desk.counter.transaction():
            choose_time(desk.session, desk.fresh(booking), start_at, desk.now, desk.ports, **crowded)

    with pytest.raises(EmailNotConfirmed):
        choose(ONE)
    desk.confirm_email(booking)
    choose(ONE)
    choose(TWO)
    assert holds_until(desk, booking) is not None


def test_one_address_keeps_times_for_so_long_a_day_and_no_longer(desk: Desk, clock: FixedClock):
    booking = waited(desk, clock)
    desk.confirm_email(booking)
    kept = HOLD_TTL
    while kept < HELD_A_DAY:
        desk.hold(booking, NEXT_DAY)
        clock.advance(HOLD_TTL)
        kept += HOLD_TTL
    with pytest.raises(HeldTooLong):
        desk.hold(booking, NEXT_DAY)

    elsewhere = desk.screened()
    desk.hold(elsewhere, NEXT_DAY)
    clock.advance(HOLD_TTL)
    desk.confirm_email(elsewhere)
    with pytest.raises(HeldTooLong):
        desk.hold(elsewhere, NEXT_DAY)


def test_what_was_kept_is_counted_to_the_minute(desk: Desk, clock: FixedClock):
    booking = waited(desk, clock)
    desk.confirm_email(booking)
    [digest] = desk.session.scalars(select(EmailConfirmation.email_digest))
    assert held_for(desk.session, digest, desk.now) == HOLD_TTL
    desk.hold(booking, TWO)
    clock.advance(timedelta(minutes=3))
    assert held_for(desk.session, digest, desk.now) == HOLD_TTL + timedelta(minutes=3)
    desk.hold(booking, ONE)
    clock.advance(timedelta(hours=1))
    assert held_for(desk.session, digest, desk.now) == 2 * HOLD_TTL + timedelta(minutes=3)
    clock.advance(timedelta(hours=23))
    assert held_for(desk.session, digest, desk.now) == timedelta()


def test_opening_payment_pages_again_and_again_is_a_repeat_too(desk: Desk, clock: FixedClock):
    booking = desk.come_to_pay(NEXT_DAY)
    for _ in range(2):
        checkout.open_checkout(desk.counter, booking.id)
        clock.advance(timedelta(minutes=22, seconds=30))
        checkout.abandon(desk.counter, desk.standing(booking).payment.id, booking.id)
    with pytest.raises(EmailNotConfirmed):
        checkout.open_checkout(desk.counter, booking.id)
    assert holds_until(desk, booking) == desk.now + HOLD_TTL
    desk.confirm_email(booking)
    assert checkout.open_checkout(desk.counter, booking.id) is not None


def test_a_slow_first_payment_needs_no_code(desk: Desk, clock: FixedClock):
    booking = desk.come_to_pay(NEXT_DAY)
    for _ in range(5):
        clock.advance(timedelta(minutes=8))
        desk.tell_about(booking)
    clock.advance(timedelta(minutes=4))
    desk.hold(booking, NEXT_DAY + timedelta(hours=1))
    clock.advance(timedelta(minutes=5))
    assert checkout.open_checkout(desk.counter, booking.id) is not None


def test_coming_back_after_the_limit_takes_nothing_up_again(desk: Desk, clock: FixedClock):
    booking = desk.come_to_pay(NEXT_DAY)
    clock.advance(timedelta(minutes=9))
    checkout.open_checkout(desk.counter, booking.id)
    payment_id = desk.standing(booking).payment.id
    clock.advance(timedelta(minutes=37))
    checkout.abandon(desk.counter, payment_id, booking.id)
    assert holds_until(desk, booking) is None


def test_coming_back_for_a_kind_that_was_retired_meanwhile_ends_nothing_but_the_hold(
    desk: Desk, clock: FixedClock
):
    booking = desk.come_to_pay(NEXT_DAY)
    checkout.open_checkout(desk.counter, booking.id)
    payment_id = desk.standing(booking).payment.id
    with desk.counter.transaction():
        desk.session.scalars(select(SessionType)).one().active = False
    clock.advance(timedelta(minutes=37))
    checkout.abandon(desk.counter, payment_id, booking.id)
    assert desk.standing(booking).payment is None
    assert holds_until(desk, booking) is None


def test_without_a_payment_page_there_is_nothing_to_come_back_from(desk: Desk, clock: FixedClock):
    booking = waited(desk, clock)
    checkout.abandon(desk.counter, None, booking.id)
    assert holds_until(desk, booking) is None


@pytest.mark.parametrize(
    "typed", ["", "000 000", "12345", "1234567", "abcdef", "\u0661\u0662\u0663\u0664\u0665\u0666"]
)
def test_another_code_confirms_nothing(desk: Desk, clock: FixedClock, typed: str):
    booking = waited(desk, clock)
    while desk.send_code(booking) == "000000":
        clock.advance(RESEND_AFTER)
    assert desk.try_code(booking, typed) is CodeAnswer.WRONG
    with pytest.raises(EmailNotConfirmed):
        desk.hold(booking, ONE)


def test_spaces_in_a_code_do_not_matter(desk: Desk, clock: FixedClock):
    booking = waited(desk, clock)
    code = desk.send_code(booking)
    assert desk.try_code(booking, f" {code[:3]} {code[3:]}\n") is CodeAnswer.RIGHT


def test_a_code_is_tried_five_times_and_then_no_more(desk: Desk, clock: FixedClock):
    booking = waited(desk, clock)
    code = desk.send_code(booking)
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    answers = [desk.try_code(booking, wrong) for _ in range(MOST_TRIES)]
    assert answers == [CodeAnswer.WRONG] * (MOST_TRIES - 1) + [CodeAnswer.OVER]
    assert desk.try_code(booking, code) is CodeAnswer.OVER
    clock.advance(RESEND_AFTER)
    desk.confirm_email(booking)


def test_a_code_works_once(desk: Desk, clock: FixedClock):
    booking = waited(desk, clock)
    code = desk.send_code(booking)
    assert desk.try_code(booking, code) is CodeAnswer.RIGHT
    assert desk.try_code(booking, code) is CodeAnswer.OVER


def test_a_code_ends_after_a_quarter_of_an_hour(desk: Desk, clock: FixedClock):
    booking = waited(desk, clock)
    code = desk.send_code(booking)
    clock.advance(CODE_LIFETIME)
    assert desk.try_code(booking, code) is CodeAnswer.OVER


def test_a_new_code_ends_the_former_and_takes_it_back_where_it_did_not_leave(desk: Desk, clock: FixedClock):
    booking = waited(desk, clock)
    former = desk.send_code(booking)
    clock.advance(RESEND_AFTER)
    code = desk.send_code(booking)
    assert desk.session.scalar(select(func.count()).select_from(OutboxMessage)) == 1
    if former != code:
        assert desk.try_code(booking, former) is CodeAnswer.WRONG
    assert desk.try_code(booking, code) is CodeAnswer.RIGHT


def test_another_code_to_the_same_address_waits_a_minute_to_another_address_it_does_not(
    desk: Desk, clock: FixedClock
):
    booking = waited(desk, clock)
    desk.send_code(booking)
    clock.advance(RESEND_AFTER - timedelta(seconds=1))
    with pytest.raises(CodeJustSent) as refusal:
        desk.send_code(booking)
    assert refusal.value.again_at == desk.now + timedelta(seconds=1)
    desk.confirm_email(booking, "rosa@example.org")


def test_a_code_of_one_visitor_is_worth_nothing_to_another(desk: Desk, clock: FixedClock):
    booking, another = desk.screened(), desk.screened()
    code, other_code = desk.send_code(booking), desk.send_code(another)
    with desk.counter.transaction():
        find_confirmation(desk.session, another.id).code_digest = find_confirmation(
            desk.session, booking.id
        ).code_digest
    assert desk.try_code(another, code) is CodeAnswer.WRONG
    assert desk.try_code(another, other_code) is CodeAnswer.WRONG


def test_neither_the_address_nor_the_code_is_stored_readable(desk: Desk):
    booking = desk.screened()
    code = desk.send_code(booking)
    row = desk.session.scalars(select(EmailConfirmation)).one()
    mail = desk.session.scalars(select(OutboxMessage)).one()
    stored = f"{vars(row)} {vars(mail)}"
    assert EMAIL not in stored
    assert code not in (row.code_digest, row.email_digest)
    assert code.encode() not in mail.payload_sealed
    assert row.email_digest == desk.ports.sealer.digest(EMAIL, "email")


@pytest.mark.parametrize("address", ["", "rosa", "a@b, c@d", "rosa@example.com\r\nBcc: eve@example.org"])
def test_a_code_goes_to_one_plain_address_only(desk: Desk, address: str):
    booking = desk.screened()
    with pytest.raises(InvalidAddress):
        desk.send_code(booking, address)
    assert desk.session.scalar(select(func.count()).select_from(OutboxMessage)) == 0


def test_confirming_ends_what_another_visitor_holds_in_the_same_name(desk: Desk, clock: FixedClock):
    phone, laptop = waited(desk, clock), waited(desk, clock)
    desk.confirm_email(phone)
    desk.hold(phone, ONE)
    desk.confirm_email(laptop, EMAIL.upper().replace("EXAMPLE.COM", "example.com"))
    assert holds_until(desk, phone) is None
    desk.hold(laptop, ONE)
    desk.hold(phone, TWO)
    assert holds_until(desk, laptop) is None
    assert holds_until(desk, phone) is not None


def test_also_what_is_held_by_a_booking_that_only_names_the_address(desk: Desk, clock: FixedClock):
    named = desk.screened()
    desk.hold(named, TWO)
    desk.tell_about(named)
    sure = desk.screened()
    desk.confirm_email(sure)
    assert holds_until(desk, named) is None
    with pytest.raises(EmailNotConfirmed):
        desk.hold(named, TWO)


def test_an_address_only_named_ends_nobody_elses_hold(desk: Desk, clock: FixedClock):
    sure = waited(desk, clock)
    desk.confirm_email(sure)
    desk.hold(sure, ONE)
    named = desk.screened()
    desk.hold(named, TWO)
    desk.tell_about(named)
    assert holds_until(desk, sure) is not None


@pytest.mark.parametrize("whose", ["a stranger's", "being paid for", "booked"])
def test_confirming_ends_no_hold_that_is(desk: Desk, clock: FixedClock, whose: str):
    if whose == "a stranger's":
        other = desk.screened()
        desk.hold(other, TWO)
        desk.tell_about(other, pt_email="ben.okafor@example.com")
    elif whose == "booked":
        other = desk.booked(TWO)
    else:
        other = desk.come_to_pay(TWO)
        checkout.open_checkout(desk.counter, other.id)
    desk.confirm_email(desk.screened())
    assert desk.standing(other).facts.hold_live


def test_with_the_draft_the_mail_with_its_address_is_deleted(desk: Desk, clock: FixedClock):
    desk.send_code(desk.screened())
    clock.advance(DRAFT_LIFETIME + timedelta(seconds=1))
    with desk.counter.transaction():
        purge_drafts(desk.session, desk.now)
    for table in (OutboxMessage, EmailConfirmation, Booking, Appointment):
        assert desk.session.scalar(select(func.count()).select_from(table)) == 0


def test_a_lost_race_leaves_the_run_and_the_others_hold_as_they_were(desk: Desk, clock: FixedClock):
    rival = desk.screened()
    desk.hold(rival, TEN)
    booking = desk.screened()
    with pytest.raises(SlotTaken):
        desk.hold(booking, TEN)
    assert desk.fresh(booking).first_held_at is None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("rosa@example.com", "Rosa+Physio@example.com", True),
        ("r.o.sa@gmail.com", "rosa+2@googlemail.com", True),
        ("r.osa@example.com", "rosa@example.com", False),
        ("+rosa@example.com", "+ben@example.com", False),
        ("rosa@gmail.com", "rosa@example.com", False),
    ],
)
def test_spellings_of_one_mailbox_have_its_hours_together(
    desk: Desk, clock: FixedClock, one: str, other: str, same: bool
):
    booking = waited(desk, clock)
    desk.confirm_email(booking, one)
    desk.hold(booking, NEXT_DAY)
    elsewhere = desk.screened()
    desk.hold(elsewhere, TWO)
    desk.confirm_email(elsewhere, other)
    assert (holds_until(desk, booking) is None) is same
    digests = set(desk.session.scalars(select(EmailConfirmation.email_digest)))
    assert len(digests) == (1 if same else 2)
