"""Twilio's library against a stand-in over HTTP: which answer means what, and what is asked."""

import socket

import pytest

from consult.notifications.text_message import TextMessage
from consult.notifications.texter import (
    BadSignature,
    Keyword,
    NumberStopped,
    TextInDoubt,
    TextRefused,
    TextUnavailable,
)
from consult.notifications.twilio_texter import TwilioTexter
from tests.twilio_double import ACCOUNT, SENDER, TOKEN, Fault, TwilioDouble
from tests.twilio_double.server import incoming

ANN = "+12125550123"
HOOK = "https://book.example.org/webhooks/twilio"


def texter(double: TwilioDouble, **changes: str | float) -> TwilioTexter:
    known = {"account_sid": ACCOUNT, "auth_token": TOKEN, "sender": SENDER, "api_base": double.url}
    return TwilioTexter(**known | changes)  # type: ignore[arg-type]


def text(number: str = ANN) -> TextMessage:
    return TextMessage(number, "ann@example.com", "Your online appointment is on Tue.", "k")


@pytest.mark.parametrize(
    ("fault", "failure", "went"),
    [
        (Fault.ERROR_500, TextUnavailable, 0),
        (Fault.RATE_LIMITED, TextUnavailable, 0),
        (Fault.WRONG_KEY, TextUnavailable, 0),
        (Fault.BAD_GATEWAY, TextInDoubt, 1),
        (Fault.SLOW, TextInDoubt, 1),
        (Fault.DROPPED, TextInDoubt, 1),
        (Fault.GARBLED, TextInDoubt, 1),
    ],
)
def test_what_may_have_gone_is_told_apart_from_what_did_not_and_is_tried_once(
    double: TwilioDouble, fault: Fault, failure: type[Exception], went: int
):
    double.faults = [fault]
    with pytest.raises(failure):
        texter(double, answer_seconds=0.2).send(text())
    assert (len(double.taken), len(double.heard)) == (went, 1)


def test_a_number_that_cannot_be_is_refused_for_good(double: TwilioDouble):
    with pytest.raises(TextRefused) as failure:
        texter(double).send(text("+12125550000"))
    assert not isinstance(failure.value, NumberStopped)


def test_a_number_that_answered_stop_is_told_apart(double: TwilioDouble):
    double.stopped.add(ANN)
    with pytest.raises(NumberStopped):
        texter(double).send(text())


def test_a_wrong_key_is_the_operators_to_mend(double: TwilioDouble):
    with pytest.raises(TextUnavailable):
        texter(double, auth_token="0" * 32).send(text())
    assert double.taken == []


def test_nobody_at_the_address_is_no_doubt(double: TwilioDouble):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(TextUnavailable):
            texter(double, api_base=closed).send(text())


def test_a_messaging_service_stands_in_for_the_number(double: TwilioDouble):
    texter(double).send(text())
    texter(double, sender="MG" + "0" * 32).send(text())
    assert [set(message) for message in double.taken] == [
        {"To", "From", "Body"},
        {"To", "MessagingServiceSid", "Body"},
    ]


@pytest.mark.parametrize(
    ("body", "keyword"),
    [
        ("STOP", Keyword.STOP),
        (" stop. ", Keyword.STOP),
        ("Stop texting me", Keyword.STOP),
        ("Opt out", Keyword.STOP),
        ("UNSUBSCRIBE", Keyword.STOP),
        ("Cancel", Keyword.STOP),
        ("START", Keyword.START),
        ("yes", Keyword.START),
        ("HELP", None),
        ("Cancel my appointment please", None),
        ("I cannot stop the pain", None),
        ("", None),
        ("🙂" * 800, None),
    ],
)
def test_what_an_answer_means(double: TwilioDouble, body: str, keyword: Keyword | None):
    form, headers = incoming(HOOK, From=ANN, Body=body)
    found = texter(double).parse_incoming(HOOK, form, headers["X-Twilio-Signature"])
    assert (found.from_number, found.keyword) == (ANN, keyword)


def test_a_messaging_service_says_itself_what_it_took_for_a_stop(double: TwilioDouble):
    form, headers = incoming(HOOK, From=ANN, Body="basta", OptOutType="STOP")
    found = texter(double).parse_incoming(HOOK, form, headers["X-Twilio-Signature"])
    assert found.keyword is Keyword.STOP


def test_a_signature_is_of_this_address_these_words_and_this_account(double: TwilioDouble):
    form, headers = incoming(HOOK, From=ANN, Body="STOP")
    signature = headers["X-Twilio-Signature"]
    tried = (
        (HOOK + "?x=1", form, signature),
        (HOOK, {**form, "From": "+12125550124"}, signature),
        (HOOK, form, incoming(HOOK, "0" * 32, **form)[1]["X-Twilio-Signature"]),
    )
    for url, said, signed in tried:
        with pytest.raises(BadSignature):
            texter(double).parse_incoming(url, said, signed)
