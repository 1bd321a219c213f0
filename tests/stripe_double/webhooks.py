"""Signed events (docs.stripe.com/webhooks/signature): sent at once or held, repeated, reordered, forged."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass

import requests
import stripe

from .account import Account, Object

Sender = Callable[[bytes, dict[str, str]], int]
"""Takes a body and headers to the receiver; the status it answered."""


def over_http(url: str) -> Sender:
    """Posts to an address, as Stripe does; 0 where nobody answers."""

    def send(body: bytes, headers: dict[str, str]) -> int:
        try:
            return requests.post(url, data=body, headers=headers, timeout=30).status_code
        except requests.RequestException:
            return 0

    return send


@dataclass
class Deliveries:
    """`automatic` sends each event as soon as it happened; otherwise it waits for `deliver`."""

    account: Account
    secret: str
    send: Sender | None = None
    automatic: bool = False

    def __post_init__(self) -> None:
        self._taken: set[str] = set()
        self._lock = threading.Lock()

    def events(self, *types: str) -> list[Object]:
        """What happened so far, oldest first."""
        found = reversed(self.account.of_kind("event"))
        return [event for event in found if not types or event["type"] in types]

    def deliver(
        self,
        event: Object,
        *,
        secret: str | None = None,
        age: int = 0,
        tampered: bool = False,
        other_secret: str | None = None,
    ) -> int:
        """Send an event once; how it was answered. `age` is how many seconds ago it was signed, `tampered`
        changes it after that, `other_secret` signs beside the first (while secrets are rotated).
        """
        assert self.send is not None, "there is nobody to send events to"
        body = json.dumps(event)
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": self._sign(body, age, secret or self.secret, other_secret),
        }
        sent = body.replace('"livemode": false', '"livemode": true') if tampered else body
        self._taken.add(event["id"])
        status = self.send(sent.encode(), headers)
        if 200 <= status < 300:
            event["pending_webhooks"] = 0
        return status

    def deliver_all(self, *, backwards: bool = False) -> list[int]:
        """Every event not yet sent."""
        waiting = self._take()
        return [self.deliver(event) for event in (reversed(waiting) if backwards else waiting)]

    def after_each_request(self) -> None:
        if self.automatic and self.send is not None:
            self.deliver_all()

    def _take(self) -> list[Object]:
        with self._lock, self.account.lock:
            waiting = [event for event in self.events() if event["id"] not in self._taken]
            self._taken |= {event["id"] for event in waiting}
            return waiting

    def _sign(self, body: str, age: int, secret: str, other_secret: str | None) -> str:
        sign = stripe.WebhookSignature.generate_signature_header
        at = self.account.now - age
        header = sign(body, secret, at)
        if other_secret is None:
            return header
        return f"{header},{sign(body, other_secret, at).split(',')[1]}"
