"""One account that takes messages, remembers who answered STOP, and signs what it hands on."""

import threading
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from socket import SHUT_RDWR
from typing import Any

from flask import Flask, Response, jsonify, request
from twilio.request_validator import RequestValidator

from tests.http_double import serving

ACCOUNT = "AC" + "0123456789abcdef" * 2
TOKEN = "f" * 32
SENDER = "+12125550100"
_PATIENCE = 30


class Fault(StrEnum):
    ERROR_500 = "error_500"
    """Nothing was taken."""
    RATE_LIMITED = "rate_limited"
    WRONG_KEY = "wrong_key"
    BAD_GATEWAY = "bad_gateway"
    """It was taken; what stands between says 502."""
    SLOW = "slow"
    """It was taken; the answer comes after half a minute."""
    DROPPED = "dropped"
    """It was taken; the connection broke before the answer."""
    GARBLED = "garbled"
    """It was taken; the answer is no JSON."""


_REFUSALS = {
    Fault.ERROR_500: (500, 20500, "Internal Server Error"),
    Fault.RATE_LIMITED: (429, 20429, "Too Many Requests"),
    Fault.WRONG_KEY: (401, 20003, "Authenticate"),
}


class TwilioDouble:
    """`faults` is used up one entry per call, None letting a call through. `taken` are the messages that went
    out; `heard` is every call as it arrived, whatever came of it.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.faults: list[Fault | None] = []
        self.taken: list[dict[str, str]] = []
        self.heard: list[str] = []
        self.stopped: set[str] = set()
        self.closing = threading.Event()
        self._lock = threading.Lock()

    def said_to(self, number: str) -> list[str]:
        return [message["Body"] for message in self.taken if message["To"] == number]

    def app(self) -> Flask:
        app = Flask(__name__)
        address = "/2010-04-01/Accounts/<account>/Messages.json"
        app.add_url_rule(address, view_func=self._create, methods=["POST"])
        return app

    def _create(self, account: str) -> Response:
        with self._lock:
            fault = self.faults.pop(0) if self.faults else None
            form = request.form.to_dict()
            headers = "\n".join(f"{name}: {value}" for name, value in request.headers.items())
            self.heard.append(f"{request.full_path}\n{headers}\n\n{request.get_data(as_text=True)}\n{form}")
            refusal = _REFUSALS[fault] if fault in _REFUSALS else self._refusal(account, form)
            if refusal:
                return _refuse(*refusal)
            self.taken.append(form)
        match fault:
            case Fault.SLOW:
                if self.closing.wait(_PATIENCE):
                    return self._drop()
            case Fault.DROPPED:
                return self._drop()
            case Fault.BAD_GATEWAY:
                return Response("<h1>Bad Gateway</h1>", 502)
            case Fault.GARBLED:
                return Response("<h1>Hello</h1>", 201)
        answer = jsonify(sid=f"SM{len(self.taken):032x}", account_sid=account, status="queued", num_media="0")
        answer.status_code = 201
        return answer

    def _refusal(self, account: str, form: dict[str, str]) -> tuple[int, int, str] | None:
        sent = b64decode(request.headers.get("Authorization", "").removeprefix("Basic ")).decode()
        if sent != f"{account}:{TOKEN}" or account != ACCOUNT:
            return _REFUSALS[Fault.WRONG_KEY]
        to = form.get("To", "")
        if not form.get("Body") or not (form.get("From") or form.get("MessagingServiceSid")):
            return 400, 21602, "Message body and sender are required."
        if not to.startswith("+") or not to[1:].isdigit() or to.endswith("0000"):
            return 400, 21211, f"The 'To' number {to} is not a valid phone number."
        if to in self.stopped:
            return 400, 21610, "Attempt to send to unsubscribed recipient"
        return None

    def _drop(self) -> Response:
        request.environ["werkzeug.socket"].shutdown(SHUT_RDWR)
        return Response()


def incoming(url: str, token: str = TOKEN, **form: str) -> tuple[dict[str, str], dict[str, str]]:
    """Form and headers of what Twilio posts to a webhook at `url`."""
    return form, {"X-Twilio-Signature": RequestValidator(token).compute_signature(url, form)}


def _refuse(status: int, code: int, words: str) -> Response:
    body: dict[str, Any] = {"status": status, "code": code, "message": words}
    answer = jsonify(**body, more_info=f"https://www.twilio.com/docs/errors/{code}")
    answer.status_code = status
    return answer


@contextmanager
def running_twilio() -> Iterator[TwilioDouble]:
    """A double that answers on 127.0.0.1 until the block ends."""
    with serving(TwilioDouble, "twilio-double") as double:
        yield double
