"""The double on a port of this machine, and the hand that moves it in tests."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from socket import SHUT_RDWR

from flask import Flask, Response, redirect, request

from tests.http_double import serving

from . import checkout, disputes, pay_page, refunds
from .account import Account, Clock, Object
from .api import Api, Request, to_json
from .cards import Card
from .errors import Refused
from .faults import Fault
from .keys import Keys
from .webhooks import Deliveries

API_KEY = "sk_test_double"
SECRET = "whsec_double"
_PATIENCE = 30


@dataclass(frozen=True)
class Logged:
    """A request to the API as it arrived, and the status answered (0 where the line broke)."""

    method: str
    path: str
    everything: str
    idempotency_key: str | None
    status: int


class Double:
    """`faults` is used up one entry per API call, None letting a call through. `log` holds every API call."""

    def __init__(self, clock: Clock, url: str) -> None:
        self.url = url
        self.api_key = API_KEY
        self.account = Account(clock)
        self.keys = Keys()
        self.hooks = Deliveries(self.account, SECRET)
        self.faults: list[Fault | None] = []
        self.log: list[Logged] = []
        self.closing = threading.Event()
        self._api = Api(self.account, self.keys, API_KEY, f"{url}/c/pay")

    def session(self, id_: str) -> Object:
        """A checkout's own memory, to look at or to change behind everybody's back."""
        return self.account.get("checkout.session", id_)

    def settle(self, *, paid: bool = True) -> None:
        """Days go by: delayed payments arrive or not, refunds come to their end."""
        with self.account.lock:
            checkout.settle_debits(self.account, paid=paid)
            refunds.settle(self.account)
        self.hooks.after_each_request()

    def dispute(self, payment_intent: str) -> None:
        """The cardholder goes to their bank."""
        with self.account.lock:
            charge = self.account.get("payment_intent", payment_intent)["latest_charge"]
            disputes.open_dispute(self.account, self.account.get("charge", charge))
        self.hooks.after_each_request()

    def decide_disputes(self, *, won: bool) -> None:
        with self.account.lock:
            disputes.close(self.account, won=won)
        self.hooks.after_each_request()

    def app(self) -> Flask:
        app = Flask(__name__)
        app.add_url_rule("/v1/<path:_rest>", view_func=self._call, methods=["GET", "POST", "DELETE"])
        app.add_url_rule("/c/pay/<id_>", view_func=self._pay, methods=["GET", "POST"])
        return app

    def _call(self, _rest: str) -> Response:
        with self.account.lock:
            fault = self.faults.pop(0) if self.faults else None
        asked = Request(
            request.method,
            request.path,
            request.query_string.decode(),
            request.get_data(as_text=True),
            {name.lower(): value for name, value in request.headers.items()},
        )
        if fault is Fault.SLOW:
            self.closing.wait(_PATIENCE)
        if fault in (Fault.SLOW, Fault.DROPPED_BEFORE):
            return self._drop(asked)
        answer = self._api.answer(asked, fault)
        self.hooks.after_each_request()
        if fault is Fault.DROPPED_AFTER:
            return self._drop(asked)
        self._note(asked, answer.status)
        response = Response(to_json(answer), answer.status, content_type="application/json")
        response.headers["Request-Id"] = f"req_double{len(self.log)}"
        response.headers["Stripe-Should-Retry"] = "true" if answer.status == 409 else "false"
        if answer.replayed:
            response.headers["Idempotent-Replayed"] = "true"
        return response

    def _drop(self, asked: Request) -> Response:
        self._note(asked, 0)
        request.environ["werkzeug.socket"].shutdown(SHUT_RDWR)
        return Response()

    def _note(self, asked: Request, status: int) -> None:
        headers = "\n".join(f"{name}: {value}" for name, value in asked.headers.items())
        everything = f"{asked.method} {asked.path}?{asked.query}\n{headers}\n\n{asked.body}"
        key = asked.headers.get("idempotency-key")
        self.log.append(Logged(asked.method, asked.path, everything, key, status))

    def _pay(self, id_: str) -> Response | str | tuple[str, int]:
        answer, card = request.form.get("answer"), request.form.get("card", "")
        authenticated = {"authenticate": True, "fail": False}.get(answer or "")
        with self.account.lock:
            checkout.end_overdue(self.account)
            try:
                session = self.session(id_)
            except Refused:
                return "No such checkout.", 404
            if request.method == "GET":
                return pay_page.page(self.account, session)
            outcome = checkout.pay(self.account, id_, card, authenticated=authenticated)
        self.hooks.after_each_request()
        if outcome == "authenticate":
            return pay_page.authentication(Card(card))
        if outcome == "paid":
            return redirect(session["success_url"], code=303)
        notice = "Your card was declined. Try another." if outcome == "declined" else ""
        return pay_page.page(self.account, session, notice)


@contextmanager
def running_double(clock: Clock, port: int = 0) -> Iterator[Double]:
    """A double that answers on 127.0.0.1 until the block ends; any free port unless told."""
    with serving(lambda address: Double(clock, address), "stripe-double", port) as double:
        yield double
