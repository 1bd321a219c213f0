"""Text messages through Twilio (Programmable Messaging, API 2010-04-01). Only this module knows twilio."""

import logging
import re
from collections.abc import Mapping

from requests import exceptions as http_errors
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from urllib3.exceptions import NewConnectionError

from .text_message import TextMessage
from .texter import (
    BadSignature,
    IncomingText,
    Keyword,
    NumberStopped,
    TextInDoubt,
    TextRefused,
    TextUnavailable,
)

CONNECT_SECONDS, ANSWER_SECONDS = 5, 10

_STOPPED = 21610
_BAD_NUMBER = frozenset({21211, 21214, 21217, 21408, 21612, 21614, 21635})
"""No number, none that takes text messages, or in a country the account does not send to."""
_DID_NOTHING = frozenset({429, 500, 503})
"""Answers by which Twilio itself says that it failed. What stands between may say 502 or 504 of anything."""

_SERVICE = "MG"
_STOP = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"})
_START = frozenset({"start", "yes", "unstop"})
"""Twilio's own words for ending and for coming back, which it answers itself, as it does HELP."""


class TwilioTexter:
    """`sender` is a number in E.164, or a messaging service (`MG…`). The answers' time-outs are explicit and
    nothing is tried twice in here: Twilio has no idempotency key, so the outbox decides.
    """

    def __init__(
        self,
        account_sid: str,
        auth_token: str,
        sender: str,
        *,
        api_base: str | None = None,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._account = (account_sid, auth_token)
        self._from = {"messaging_service_sid" if sender.startswith(_SERVICE) else "from_": sender}
        self._api_base = api_base
        self._timeouts = (CONNECT_SECONDS, answer_seconds)
        self._validator = RequestValidator(auth_token)

    def send(self, message: TextMessage) -> None:
        # A connection of its own for each: one kept open may be dead by the next, and then nobody knows
        # whether the message went.
        http = TwilioHttpClient(max_retries=0, logger=logging.Logger("silent", logging.CRITICAL))
        http.timeout = self._timeouts
        client = Client(*self._account, http_client=http)
        if self._api_base:
            client.api.base_url = self._api_base
        try:
            client.messages.create(to=message.to_number, body=message.text, **self._from)
        except TwilioRestException as error:
            raise _failure(error.status, error.code) from None
        except (http_errors.RequestException, TwilioException, ValueError) as error:
            raise (TextUnavailable if _never_left(error) else TextInDoubt)(type(error).__name__) from None
        finally:
            http.session.close()

    def parse_incoming(self, url: str, form: Mapping[str, str], signature: str) -> IncomingText:
        if not self._validator.validate(url, dict(form), signature):
            raise BadSignature
        # A messaging service with Advanced Opt-Out says by itself which of its words it was.
        said = form.get("OptOutType") or form.get("Body", "")
        return IncomingText(form.get("From", ""), _keyword(said))


def _failure(status: int, code: int | None) -> Exception:
    if code == _STOPPED:
        return NumberStopped(code)
    if code in _BAD_NUMBER:
        return TextRefused(code)
    if status in _DID_NOTHING or status < 500:
        # Of 4xx, what is not about the number is about the account, which the operator mends.
        return TextUnavailable(status, code)
    return TextInDoubt(status)


def _never_left(error: Exception) -> bool:
    if isinstance(error, http_errors.ConnectTimeout | http_errors.SSLError | http_errors.ProxyError):
        return True
    cause = error.args[0] if isinstance(error, http_errors.ConnectionError) and error.args else None
    return isinstance(getattr(cause, "reason", None), NewConnectionError)


def _keyword(said: str) -> Keyword | None:
    """A stop is read generously: also out of "Stop." and "stop texting me"."""
    words = re.findall("[a-z]+", said.casefold())
    whole = "".join(words)
    if whole in _STOP or words[:1] == ["stop"]:
        return Keyword.STOP
    return Keyword.START if whole in _START else None
