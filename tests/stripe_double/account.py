"""What one Stripe account remembers, as objects of docs.stripe.com/api; only fields somebody might read.

Not safe for threads: the server takes `lock` around each request.
"""

import copy
import threading
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from .errors import missing

Object = dict[str, Any]
Clock = Callable[[], datetime]

API_VERSION = "2026-10-28.endive"

_PREFIX = {
    "checkout.session": "cs_test",
    "payment_intent": "pi",
    "charge": "ch",
    "refund": "re",
    "dispute": "dp",
    "balance_transaction": "txn",
    "event": "evt",
}


class Account:
    """`objects` are kept in the order they were made; `unseen` is what is known of one but never shown."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.objects: dict[str, Object] = {}
        self.unseen: dict[str, Object] = {}

    @property
    def now(self) -> int:
        return int(self.clock().timestamp())

    def add(self, kind: str, **fields: Any) -> Object:
        made = {
            "id": f"{_PREFIX[kind]}_{uuid.uuid4().hex}",
            "object": kind,
            "created": self.now,
            "livemode": False,
            **fields,
        }
        self.objects[made["id"]] = made
        return made

    def get(self, kind: str, id_: str) -> Object:
        """Raises Refused with 404."""
        found = self.objects.get(id_)
        if found is None or found["object"] != kind:
            raise missing(kind, id_)
        return found

    def of_kind(self, kind: str, **fields: Any) -> list[Object]:
        """Newest first, as Stripe lists."""
        found = [thing for thing in self.objects.values() if thing["object"] == kind]
        return [thing for thing in reversed(found) if all(thing[n] == v for n, v in fields.items())]

    def emit(self, type_: str, thing: Object) -> Object:
        """Note that something happened, with the object as it is at this moment."""
        return self.add(
            "event",
            type=type_,
            api_version=API_VERSION,
            data={"object": copy.deepcopy(thing)},
            pending_webhooks=1,
            request={"id": None, "idempotency_key": None},
        )
