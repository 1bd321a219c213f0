"""Answers of calendar programs, pasted by hand; and whatever else may be pasted there."""

import base64
import random
from collections.abc import Callable
from datetime import UTC, datetime

import ics
import pytest
import vobject
from icalendar import Calendar

from consult.calendaring.event import EventFacts
from consult.calendaring.itip import Party, invitation
from consult.calendaring.replies import LONGEST_BYTES, PartStat, Reply, ReplyRefused, Why, read_reply

UID = "5d0b6c1e@book.example.org"
ICS = f"""BEGIN:VCALENDAR
PRODID:-//Google Inc//Google Calendar 70.9054//EN
VERSION:2.0
CALSCALE:GREGORIAN
METHOD:REPLY
BEGIN:VEVENT
DTSTART:20260602T190000Z
DTEND:20260602T194500Z
DTSTAMP:20260601T130000Z
ORGANIZER;CN=Dr. Olivia Patel:mailto:bookings@example.org
UID:{UID}
ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=DECLINED;CN=Ann Le
 e;X-NUM-GUESTS=0:mailto:ann@example.com
SEQUENCE:2
STATUS:CONFIRMED
SUMMARY:Online appointment
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")

DECLINED = Reply(UID, 2, "ann@example.com", PartStat.DECLINED, datetime(2026, 6, 1, 13, tzinfo=UTC))


def mail(part: str = ICS, kind: str = "text/calendar; method=REPLY; charset=UTF-8", more: str = "") -> str:
    return (
        "From: Ann Lee <ann@example.com>\nTo: bookings@example.org\nSubject: Declined: Online appointment\n"
        'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"\n\n'
        "--b\nContent-Type: text/plain; charset=UTF-8\n\nAnn has declined.\n"
        f"--b\nContent-Type: {kind}\n{more}\n{part}\n--b--\n"
    )


def refusal(pasted: str) -> Why:
    with pytest.raises(ReplyRefused) as refused:
        read_reply(pasted)
    return refused.value.why


BASE64 = base64.encodebytes(ICS.encode()).decode()


@pytest.mark.parametrize(
    "pasted",
    [
        pytest.param(ICS, id="the file"),
        pytest.param(ICS.replace("\r\n", "\n"), id="out of a text box"),
        pytest.param("\ufeff \n" + ICS + "\n\n", id="with space around"),
        pytest.param(mail(), id="the mail"),
        pytest.param("\n\n" + mail(), id="the mail with space before"),
        pytest.param(mail(BASE64, more="Content-Transfer-Encoding: base64\n"), id="base64"),
        pytest.param(mail(kind="application/ics; name=invite.ics"), id="as an attachment"),
        pytest.param(mail(kind='text/calendar; charset="klingon"'), id="a charset nobody knows"),
        pytest.param(mail(kind="text/calendar; charset=utf-16"), id="a charset that is not so"),
        pytest.param(mail(kind="text/calendar; charset*=x'y'%ff"), id="a charset that is none"),
        pytest.param(ICS.replace("Ann Le\r\n e", "J\u00f6rg \U0001f642 \u202e"), id="a name that hurts"),
        pytest.param("Content-Type: message/rfc822\n\n" + mail(), id="a mail in a mail"),
    ],
)
def test_an_answer_is_read_however_it_is_pasted(pasted: str) -> None:
    assert read_reply(pasted) == DECLINED


@pytest.mark.parametrize("partstat", list(PartStat))
def test_each_answer_is_known(partstat: PartStat) -> None:
    assert read_reply(ICS.replace("DECLINED", partstat.lower())).partstat is partstat


def test_an_address_is_read_as_we_wrote_it_and_however_it_is_spelt(facts: Callable[..., EventFacts]) -> None:
    sent = invitation(facts(), Party.of("bookings@example.org"), Party("Ann", "o'brien+x,y@example.com"))
    answer = sent.ics.decode().replace("METHOD:REQUEST", "METHOD:REPLY").replace("NEEDS-ACTION", "ACCEPTED")
    assert read_reply(answer).attendee == "o'brien+x,y@example.com"
    assert read_reply(ICS.replace("mailto:ann", "MAILTO:Ann")).attendee == "Ann@example.com"


def test_without_a_stamp_that_names_an_instant_it_is_an_answer_all_the_same() -> None:
    for stamp in ("DTSTAMP:20260601T130000\r\n", ""):
        read = read_reply(ICS.replace("DTSTAMP:20260601T130000Z\r\n", stamp))
        assert (read.partstat, read.answered_at) == (PartStat.DECLINED, None)
    assert read_reply(ICS.replace("SEQUENCE:2\r\n", "")).sequence == 0


@pytest.mark.parametrize(
    ("pasted", "why"),
    [
        pytest.param("", Why.NO_CALENDAR, id="nothing"),
        pytest.param("I can't come, sorry!", Why.NO_CALENDAR, id="words"),
        pytest.param("\x00\x01\ud800" * 50, Why.NO_CALENDAR, id="noise"),
        pytest.param("x" * (LONGEST_BYTES + 1), Why.TOO_LONG, id="too long"),
        pytest.param("\U0001f642" * (LONGEST_BYTES // 4 + 1), Why.TOO_LONG, id="too long in bytes"),
        pytest.param("BEGIN:VCALENDAR\r\n" * 5_000, Why.NO_CALENDAR, id="never ends"),
        pytest.param(
            mail("=====", more="Content-Transfer-Encoding: base64\n"), Why.NO_CALENDAR, id="no base64"
        ),
        pytest.param(
            "".join(f"Content-Type: multipart/mixed; boundary=b{i}\n\n--b{i}\n" for i in range(1_700)),
            Why.NO_CALENDAR,
            id="parts in parts",
        ),
        pytest.param("Content-Type: message/rfc822\n\n" * 3_000, Why.NO_CALENDAR, id="mails in mails"),
        pytest.param(
            "Content-Type: multipart/mixed; boundary=b\n\n"
            + "--b\nContent-Type: text/calendar\n\nx\n" * 2_500,
            Why.NO_CALENDAR,
            id="thousands of parts",
        ),
        pytest.param(ICS.replace("REPLY", "REQUEST"), Why.NO_REPLY, id="an invitation"),
        pytest.param(ICS.replace("METHOD:REPLY\r\n", ""), Why.NO_REPLY, id="no method"),
        pytest.param(ICS.replace("VEVENT", "VTODO"), Why.NO_REPLY, id="a task"),
        pytest.param(
            ICS.replace("END:VEVENT\r\n", "END:VEVENT\r\nBEGIN:VEVENT\r\nUID:x\r\nEND:VEVENT\r\n"),
            Why.NO_REPLY,
            id="two events",
        ),
        pytest.param(ICS.replace("DECLINED", "DELEGATED"), Why.NO_ANSWER, id="handed on"),
        pytest.param(ICS.replace("PARTSTAT=DECLINED;", ""), Why.NO_ANSWER, id="no answer"),
        pytest.param(ICS.replace("mailto:ann@", "tel:ann@"), Why.NO_ANSWER, id="no mail address"),
        pytest.param(ICS.replace(f"UID:{UID}\r\n", ""), Why.NO_ANSWER, id="no uid"),
        pytest.param(ICS.replace(UID, "a\x00b"), Why.UNKNOWN, id="a uid with a NUL"),
        pytest.param(
            mail(ICS.replace(UID, "\\ud800"), kind="text/calendar; charset=unicode_escape"),
            Why.UNKNOWN,
            id="half a character as the uid",
        ),
        pytest.param(ICS.replace("SEQUENCE:2", "SEQUENCE:two"), Why.NO_ANSWER, id="no number"),
        pytest.param(ICS.replace("SEQUENCE:2", "SEQUENCE:" + "9" * 5_000), Why.NO_ANSWER, id="a huge number"),
        pytest.param(
            ICS.replace("SEQUENCE:2", "SEQUENCE:2\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:eve@example.org"),
            Why.NO_ANSWER,
            id="two people",
        ),
    ],
)
def test_what_is_no_answer_is_refused_for_what_it_lacks(pasted: str, why: Why) -> None:
    assert refusal(pasted) is why


def test_a_repeating_event_is_read_and_never_expanded() -> None:
    endless = ICS.replace("END:VEVENT\r\n", "RRULE:FREQ=SECONDLY\r\nEND:VEVENT\r\n")
    assert read_reply(endless) == DECLINED


def test_no_damage_to_a_reply_does_more_than_refuse_it() -> None:
    dice = random.Random(5546)  # noqa: S311
    odd = '\x00\n\r:;",\\=^' + "\u2028\u202e\ud800\U0001f642"
    for whole in (ICS, mail(), mail(BASE64, more="Content-Transfer-Encoding: base64\n")):
        for _ in range(300):
            letters = list(whole)
            for _ in range(dice.randint(1, 8)):
                at = dice.randrange(len(letters))
                letters[at : at + dice.randint(0, 20)] = dice.choices(odd, k=dice.randint(0, 3))
            try:
                read = read_reply("".join(letters))
            except ReplyRefused:
                continue
            assert read.partstat in list(PartStat)


def test_three_independent_readers_agree_on_the_answer() -> None:
    (first,) = Calendar.from_ical(ICS).events[0].attendees
    second = vobject.readOne(ICS)
    (event,) = ics.Calendar(ICS).events
    (third,) = event.attendees
    ours = read_reply(ICS)

    assert f"mailto:{ours.attendee}" == str(first) == second.vevent.attendee.value
    assert third.email == ours.attendee
    assert ours.partstat == first.params["PARTSTAT"] == second.vevent.attendee.params["PARTSTAT"][0]
    assert third.partstat == ours.partstat
    assert ours.uid == second.vevent.uid.value == event.uid
