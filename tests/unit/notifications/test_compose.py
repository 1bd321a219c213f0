import re
from datetime import UTC, datetime, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from jinja2 import Environment

from consult.core.timespan import TimeSpan
from consult.notifications.compose import Recipient, compose
from consult.notifications.letters import (
    CalendarAddress,
    Cancelled,
    Confirmation,
    DayReminder,
    EarlierOffer,
    EarlierWithdrawn,
    EmailCode,
    HourReminder,
    IntakeReminder,
    Letter,
    Moved,
    PageLink,
    PaymentRefused,
    RefundFailed,
    RefundNotice,
    Reinstated,
    SafetyHold,
    SafetyRelease,
    TherapistCalendarClash,
    TherapistCalendarStale,
    TherapistCancelled,
    TherapistMoneyAlert,
    TherapistMoved,
    TherapistNewAnswers,
    TherapistNewBooking,
    TherapistSafetyAlert,
)
from consult.notifications.message import Message

START = datetime(2026, 6, 2, 19, 0, tzinfo=UTC)
SPAN = TimeSpan(START, START + timedelta(minutes=45))
WHEN = "Tuesday, June 2, 2026, 3:00 pm to 3:45 pm, New York time (EDT)"
PAGE = "https://book.example.org/b/k3y"
THERAPIST_PAGE = "https://book.example.org/therapist/bookings/1"
ZONE = "America/New_York"

OLD_SPAN = TimeSpan(START - timedelta(days=1), START - timedelta(days=1) + timedelta(minutes=45))
WAS = "Monday, June 1, 2026, 3:00 pm to 3:45 pm, New York time (EDT)"
BOOK = "https://book.example.org/book"
VISIT = ("Dr. Olivia Patel", "+1 555 0100", SPAN, ZONE, PAGE)


def cancelled(
    *, by_patient: bool = True, paid: str = "", refunded: str = "", pack: str = "", pack_left: str = ""
) -> Cancelled:
    return Cancelled(
        *VISIT,
        by_patient=by_patient,
        paid=paid,
        refunded=refunded,
        pack=pack,
        pack_left=pack_left,
        book_url=BOOK,
    )


TO_PATIENT: list[Letter] = [
    Confirmation(*VISIT, paid="$120.00"),
    Confirmation(*VISIT, paid=""),
    SafetyHold(*VISIT),
    Moved(*VISIT, old_span=OLD_SPAN, by_patient=True),
    Moved(*VISIT, old_span=OLD_SPAN, by_patient=False),
    cancelled(by_patient=True, paid="$120.00", refunded="$60.00"),
    cancelled(by_patient=False, paid="$120.00", refunded="$120.00"),
    *(cancelled(pack=fate, pack_left="2 of 3") for fate in ("returned", "used", "paid_back")),
    Reinstated(*VISIT),
    EarlierWithdrawn(*VISIT, offered_span=OLD_SPAN),
    EarlierOffer(*VISIT, held_until="5:00 pm on Monday, June 1"),
    SafetyRelease(*VISIT),
    *(
        kind(*VISIT, questions_url=PAGE, wishes_url=BOOK)
        for kind in (DayReminder, HourReminder, IntakeReminder)
    ),
]
TO_THERAPIST: list[Letter] = [
    TherapistNewBooking(SPAN, ZONE, THERAPIST_PAGE),
    TherapistSafetyAlert(SPAN, ZONE, THERAPIST_PAGE),
    TherapistMoved(SPAN, ZONE, THERAPIST_PAGE, old_span=OLD_SPAN),
    TherapistCancelled(SPAN, ZONE, THERAPIST_PAGE),
    TherapistCalendarClash(SPAN, ZONE, THERAPIST_PAGE),
    TherapistNewAnswers(SPAN, ZONE, THERAPIST_PAGE),
]
MONEY_ALERT = TherapistMoneyAlert(THERAPIST_PAGE)
CALENDAR_STALE = TherapistCalendarStale(THERAPIST_PAGE)
CALENDAR_ADDRESS = CalendarAddress("Olivia Patel", "(555) 010-0199", THERAPIST_PAGE)
PAYMENT_REFUSED = PaymentRefused("+1 555 0100", "$120.00", BOOK)
OTHERS: list[Letter] = [
    MONEY_ALERT,
    CALENDAR_STALE,
    CALENDAR_ADDRESS,
    PAYMENT_REFUSED,
    PageLink(*VISIT),
    EmailCode("123456", "15"),
    RefundFailed("+1 555 0100", "$120.00"),
    *(RefundNotice("+1 555 0100", "$120.00", twice=twice, book_url=BOOK) for twice in (False, True)),
]
ALL = [*TO_PATIENT, *TO_THERAPIST, *OTHERS]

HEALTH_WORDS = re.compile(
    r"""\bache|ankle|\barm\b|back\b|bladder|\bbody|bowel|clinic|condition|diagnos|disease|doctor|drug|exercise|flag
    |health|hip\b|hospital|hurt|\bill(?:ness)?\b|injur|intake|joint|knee|leg\b|medic|muscle|neck|nerve|numb
    |pain|patient|physi|questionnaire|rehab|risk|screen|shoulder|sick|spine|stretch|surg|symptom|therap
    |treat|urgent|warning|weak""",
    re.IGNORECASE | re.VERBOSE,
)


def written(environment: Environment, letter: Letter, name: str = "Ann Lee") -> Message:
    return compose(environment, letter, Recipient(name, "ann@example.com"), dedupe_key="k")


def names(letters: list[Letter]) -> list[str]:
    return [letter.kind for letter in letters]


@pytest.mark.parametrize("letter", ALL, ids=names(ALL))
def test_no_mail_holds_a_word_about_health(environment: Environment, letter: Letter) -> None:
    message = written(environment, letter)
    all_of_it = "\n".join([message.subject, message.text, message.html]).replace(THERAPIST_PAGE, "")

    assert HEALTH_WORDS.findall(re.sub(r"<[^>]+>", " ", all_of_it)) == []


def test_every_kind_of_mail_is_looked_at() -> None:
    assert {letter.kind for letter in ALL} == {kind.kind for kind in get_args(Letter)}


def test_a_bank_that_sent_nothing_is_told_with_the_amount_and_where_to_begin_again(
    environment: Environment,
) -> None:
    message = written(environment, PAYMENT_REFUSED)

    for body in (message.text, message.html):
        for said in ("$120.00", "no money has come to us", BOOK, "+1 555 0100"):
            assert said in body


def test_a_reminder_names_its_day_in_the_readers_zone_where_a_day_has_25_hours(
    environment: Environment,
) -> None:
    start = datetime(2026, 11, 2, 4, 30, tzinfo=UTC)
    a_day_before = (start - timedelta(hours=24)).astimezone(ZoneInfo(ZONE))
    assert (a_day_before.month, a_day_before.day) == (11, 1)
    late = TimeSpan(start, start + timedelta(minutes=45))
    letter = DayReminder("Olivia Patel", "", late, ZONE, PAGE, questions_url="", wishes_url=BOOK)

    assert written(environment, letter).subject == "Your appointment on Sunday, November 1"


def test_the_word_list_would_notice() -> None:
    assert HEALTH_WORDS.search("about your back pain")
    assert HEALTH_WORDS.search("Patel Physical Therapy")


@pytest.mark.parametrize("letter", TO_PATIENT + TO_THERAPIST, ids=names(TO_PATIENT + TO_THERAPIST))
def test_text_and_html_both_say_when_and_where_to_go_on(environment: Environment, letter: Letter) -> None:
    message = written(environment, letter)

    for body in (message.text, message.html):
        assert WHEN in body
        assert letter.page_url in body
    assert f'href="{letter.page_url}"' in message.html
    assert letter.page_url in message.text.splitlines()


def test_an_unread_calendar_is_told_with_where_to_look_and_without_its_name(environment: Environment) -> None:
    message = written(environment, CALENDAR_STALE)

    assert THERAPIST_PAGE in message.text.splitlines()
    assert f'href="{THERAPIST_PAGE}"' in message.html


def test_what_is_gone_and_what_stays_are_both_named(environment: Environment) -> None:
    message = written(environment, EarlierWithdrawn(*VISIT, offered_span=OLD_SPAN))

    for body in (message.text, message.html):
        assert body.index(WAS) < body.index(WHEN)


def test_a_money_alert_says_where_to_look_and_nothing_of_what_it_is(environment: Environment) -> None:
    message = written(environment, MONEY_ALERT)

    assert message.subject == "Money needs you"
    assert THERAPIST_PAGE in message.text.splitlines()
    assert f'href="{THERAPIST_PAGE}"' in message.html
    assert not re.search(r"[$€£\d]|refund|dispute", message.text.replace(THERAPIST_PAGE, ""))


@pytest.mark.parametrize("letter", TO_PATIENT, ids=names(TO_PATIENT))
def test_the_patient_is_greeted_and_told_whom_to_call(environment: Environment, letter: Letter) -> None:
    message = written(environment, letter)

    # A name written from right to left must not turn the words around it.
    assert "Hello <bdi>Ann Lee</bdi>," in message.html
    for body in (message.text, message.html):
        assert "Hello Ann Lee," in re.sub("</?bdi>", "", body)
        assert "Dr. Olivia Patel" in body
        assert "+1 555 0100" in body
        assert "call 911" in body


def test_the_confirmation_says_how_to_join_and_how_to_change(environment: Environment) -> None:
    message = written(environment, TO_PATIENT[0])

    assert message.subject == "Your appointment is booked"
    for word in ("TO JOIN", "TO CHANGE OR CANCEL", "YOUR CALENDAR"):
        assert word in message.text
        assert word.lower() in message.html.lower()


@pytest.mark.parametrize(
    "letter",
    [letter for letter in TO_PATIENT + TO_THERAPIST if isinstance(letter, Moved | TherapistMoved)],
    ids=["by patient", "by therapist", "to therapist"],
)
def test_a_move_says_both_times(environment: Environment, letter: Letter) -> None:
    message = written(environment, letter)

    for body in (message.text, message.html):
        assert body.index(WHEN) < body.index(WAS)


@pytest.mark.parametrize(
    ("by_patient", "words"),
    [(True, "You moved your online appointment"), (False, "Dr. Olivia Patel has moved your online")],
)
def test_a_move_says_whose_it_was(environment: Environment, by_patient: bool, words: str) -> None:
    message = written(environment, Moved(*VISIT, old_span=OLD_SPAN, by_patient=by_patient))

    for body in (message.text, re.sub("</?bdi>", "", message.html)):
        assert words in body
        assert "Nothing is paid again" in body
        assert ("Does the new time not suit you?" in body) is not by_patient


@pytest.mark.parametrize(
    ("paid", "refunded", "words"),
    [
        ("$120.00", "$120.00", "All of $120.00 is being refunded"),
        ("$120.00", "$60.00", "$60.00 of the $120.00 you paid is being refunded"),
        ("$120.00", "", "nothing of the $120.00 you paid is refunded"),
        ("", "", None),
    ],
)
@pytest.mark.parametrize("by_patient", [True, False])
def test_a_cancellation_says_what_is_refunded_and_no_more(
    environment: Environment, paid: str, refunded: str, words: str | None, by_patient: bool
) -> None:
    message = written(environment, cancelled(by_patient=by_patient, paid=paid, refunded=refunded))

    for body in (message.text, re.sub(r"</?strong>", "", message.html)):
        assert words in body if words else "refunded" not in body
        assert ("You cancelled" in body) is by_patient
        assert BOOK in body
    assert "\n\n\n" not in message.text


@pytest.mark.parametrize(
    ("pack", "words"),
    [
        ("returned", "Your session was returned to your pack: 2 of 3 left."),
        ("used", "so it counts as used: 2 of 3 left."),
        ("paid_back", "Your whole pack is refunded, so its code can’t be used any more."),
        ("", None),
    ],
)
def test_a_cancellation_says_what_became_of_a_session_of_a_pack(
    environment: Environment, pack: str, words: str | None
) -> None:
    message = written(environment, cancelled(pack=pack, pack_left="2 of 3" if pack else ""))

    for body in (message.text, re.sub(r"</?strong>", "", message.html)):
        assert words in body if words else "pack" not in body
    assert "\n\n\n" not in message.text


@pytest.mark.parametrize("twice", [True, False])
def test_a_payment_too_many_is_not_called_a_lost_appointment(environment: Environment, twice: bool) -> None:
    message = written(environment, RefundNotice("+1 555 0100", "$120.00", twice, BOOK))

    for body in (message.text, message.html):
        assert ("could not book" in body) is not twice
        assert ("It stands as it is booked" in body) is twice
        assert (BOOK in body) is not twice
        assert "5 to 10 days" in body


@pytest.mark.parametrize("paid", ["$120.00", ""])
def test_a_confirmation_says_where_the_receipt_is_if_anything_was_paid(
    environment: Environment, paid: str
) -> None:
    message = written(environment, Confirmation(*VISIT, paid=paid))

    for body in (message.text, message.html):
        assert ("You paid $120.00. The receipt is on your page." in body) is bool(paid)
        assert ("receipt" in body.lower()) is bool(paid)


@pytest.mark.parametrize("letter", TO_THERAPIST, ids=names(TO_THERAPIST))
def test_a_therapists_mail_names_nobody(environment: Environment, letter: Letter) -> None:
    message = written(environment, letter, name="Olivia Patel")

    assert "Patel" not in message.subject + message.text + message.html


@pytest.mark.parametrize("letter", TO_PATIENT + TO_THERAPIST, ids=names(TO_PATIENT + TO_THERAPIST))
def test_a_mail_loads_nothing_from_anywhere(environment: Environment, letter: Letter) -> None:
    html = written(environment, letter).html

    assert not re.search(r"<(img|script|link|iframe)|url\(|@import", html)
    assert set(re.findall(r'https?://[^"<\s]+', html)) - {BOOK} == {letter.page_url}


@pytest.mark.parametrize(
    "name",
    [
        "Ann\r\nBcc: eve@example.org",
        "<script>alert(1)</script>",
        '"><img src=x>',
        "\u202eeeL\u2028x\x00",
        "x" * 300,
        "",
    ],
)
def test_no_name_breaks_out_of_a_mail(environment: Environment, name: str) -> None:
    letter = Confirmation(name, name, SPAN, ZONE, PAGE, paid="")
    message = written(environment, letter, name=name)

    assert "<script" not in message.html
    assert "<img" not in message.html
    assert "\nBcc:" not in message.text
    assert not set(message.text + message.html + message.to_name) & set("\x00\r\u2028\u202e")
    assert len(message.to_name) <= 60


def test_without_name_and_phone_a_mail_still_reads_well(environment: Environment) -> None:
    message = written(environment, Confirmation("Dr. Olivia Patel", "", SPAN, ZONE, PAGE, paid=""), name="")

    assert message.text.startswith("Hello,\n")
    assert "Call" not in message.text
    assert "\n\n\n" not in message.text


def test_the_invitation_and_the_key_travel_with_the_mail(environment: Environment) -> None:
    message = compose(
        environment,
        TO_PATIENT[0],
        Recipient("Ann", "ann@example.com"),
        dedupe_key="confirmation:1",
        calendar=b"BEGIN:VCALENDAR",
        calendar_method="REQUEST",
    )

    assert (message.calendar, message.calendar_method) == (b"BEGIN:VCALENDAR", "REQUEST")
    assert (message.dedupe_key, message.to_email) == ("confirmation:1", "ann@example.com")


def test_the_calendar_addresss_mail_leads_to_its_page_and_says_what_else_it_does(environment: Environment):
    message = written(environment, CALENDAR_ADDRESS)
    assert message.subject == "Your calendar address"
    for body in (message.text, message.html):
        assert THERAPIST_PAGE in body
        assert "An earlier address keeps working; that page can stop them all." in body
        assert "(555) 010-0199" in body
