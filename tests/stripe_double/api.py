"""The API itself, `/v1/…`: one door through which every call passes."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import checkout, refunds
from .account import API_VERSION, Account, Object
from .answers import listed, shown
from .errors import InvalidParams, Refused
from .faults import Fault
from .keys import Answer, Keys
from .params import Params, read_params

_BROKEN = {"error": {"type": "api_error", "message": "Something went wrong on the double's end, on purpose."}}


@dataclass(frozen=True)
class Call:
    """One request: what came in, and the id its path names, empty for none."""

    account: Account
    path: str
    params: Params
    id: str
    pay_page: str


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: str
    body: str
    headers: dict[str, str]

    @property
    def encoded(self) -> str:
        return self.body if self.method == "POST" else self.query


def _refund(call: Call) -> Object:
    return refunds.create(call.account, call.params)


def _retrieve(kind: str) -> Callable[[Call], Object]:
    return lambda call: call.account.get(kind, call.id)


def _list(kind: str, *filters: str) -> Callable[[Call], Object]:
    def find(call: Call) -> Object:
        wanted = {name: call.params[name] for name in filters if name in call.params}
        return {"object": "list", "data": _created(call, call.account.of_kind(kind, **wanted))}

    return find


def _events(call: Call) -> Object:
    types = (
        call.params.get("types") or [call.params["type"]] if {"type", "types"} & set(call.params) else None
    )
    found = [event for event in call.account.of_kind("event") if types is None or event["type"] in types]
    if "delivery_success" in call.params:
        done = call.params["delivery_success"]
        found = [event for event in found if (event["pending_webhooks"] == 0) is done]
    return {"object": "list", "data": _created(call, found)}


def _created(call: Call, found: list[Object]) -> list[Object]:
    """Those of the time asked for; only `gte` is known here."""
    wanted = call.params.get("created") or {}
    if set(wanted) - {"gte"}:
        raise InvalidParams("The double knows only created[gte].", param="created")
    return [thing for thing in found if thing["created"] >= wanted.get("gte", 0)]


_ENDPOINTS: list[tuple[str, str, str, Callable[[Call], Object]]] = [
    ("POST", "checkout/sessions", "SessionCreateParams",
     lambda call: checkout.create(call.account, call.params, call.pay_page)),
    ("GET", "checkout/sessions", "SessionListParams",
     _list("checkout.session", "payment_intent", "status")),
    ("GET", "checkout/sessions/ID", "SessionRetrieveParams", _retrieve("checkout.session")),
    ("POST", "checkout/sessions/ID/expire", "SessionExpireParams",
     lambda call: checkout.expire(call.account, call.id)),
    ("GET", "payment_intents/ID", "PaymentIntentRetrieveParams", _retrieve("payment_intent")),
    ("GET", "charges/ID", "ChargeRetrieveParams", _retrieve("charge")),
    ("POST", "refunds", "RefundCreateParams", _refund),
    ("GET", "refunds", "RefundListParams", _list("refund", "payment_intent", "charge")),
    ("GET", "refunds/ID", "RefundRetrieveParams", _retrieve("refund")),
    ("GET", "disputes", "DisputeListParams", _list("dispute", "payment_intent", "charge")),
    ("GET", "disputes/ID", "DisputeRetrieveParams", _retrieve("dispute")),
    ("GET", "events", "EventListParams", _events),
    ("GET", "events/ID", "EventRetrieveParams", _retrieve("event")),
]  # fmt: skip
_TABLE = [
    (method, re.compile("/v1/" + path.replace("ID", "([A-Za-z0-9_]+)")), kind, act)
    for method, path, kind, act in _ENDPOINTS
]


class Api:
    def __init__(self, account: Account, keys: Keys, api_key: str, pay_page: str) -> None:
        self.account = account
        self.keys = keys
        self.api_key = api_key
        self.pay_page = pay_page

    def answer(self, request: Request, fault: Fault | None) -> Answer:
        """What comes back, whatever happens. The caller sees to faults of the line itself."""
        with self.account.lock:
            checkout.end_overdue(self.account)
            try:
                self._admit(request)
                if fault in _BEFORE:
                    return _BEFORE[fault]
                return self._act(request, fault)
            except Refused as refusal:
                return Answer(refusal.status, refusal.envelope())

    def _admit(self, request: Request) -> None:
        if request.headers.get("authorization") != f"Bearer {self.api_key}":
            raise Refused(401, "invalid_request_error", "Invalid API Key provided: ****")
        if request.headers.get("stripe-version") != API_VERSION:
            raise InvalidParams(f"The double speaks only version {API_VERSION}.")

    def _act(self, request: Request, fault: Fault | None) -> Answer:
        kind, act, id_ = _find_endpoint(request)
        params = read_params(kind, request.encoded)
        call = Call(self.account, request.path, params, id_, self.pay_page)

        def run() -> Answer:
            answer = _run(act, call)
            return Answer(500, _BROKEN) if fault is Fault.ERROR_500_KEPT else answer

        key = request.headers.get("idempotency-key") if request.method == "POST" else None
        return self.keys.once(key, (request.path, request.body), self.account.now, run)


def _find_endpoint(request: Request) -> tuple[str, Callable[[Call], Object], str]:
    for method, pattern, kind, act in _TABLE:
        match = pattern.fullmatch(request.path)
        if match and method == request.method:
            return kind, act, match.group(1) if match.groups() else ""
    raise Refused(404, "invalid_request_error", f"Unrecognized request URL ({request.path}).")


def _run(act: Callable[[Call], Object], call: Call) -> Answer:
    try:
        found = act(call)
    except InvalidParams:
        raise
    except Refused as refusal:
        return Answer(refusal.status, refusal.envelope())
    if found["object"] == "list":
        return Answer(200, listed(call.account, found["data"], call.params, call.path))
    return Answer(200, shown(call.account, found, call.params))


def _refusal(status: int, type_: str, code: str) -> Answer:
    return Answer(status, Refused(status, type_, "On purpose.", code).envelope())


_BEFORE: dict[Any, Answer] = {
    Fault.ERROR_500: Answer(500, _BROKEN),
    Fault.RATE_LIMITED: _refusal(429, "invalid_request_error", "rate_limit"),
    Fault.KEY_IN_USE: _refusal(409, "idempotency_error", "idempotency_key_in_use"),
}


def to_json(answer: Answer) -> str:
    return json.dumps(answer.body)
