"""The port to whoever takes the money, shaped after Stripe Checkout (docs.stripe.com/api/checkout/sessions).

A checkout is the gateway's hosted pay page for one payment. Whatever a webhook or a return page claims, the
state of money is only ever read from a `Snapshot` that was fetched.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from consult.core.money import Money

PRODUCT_NAME = "Online appointment"
"""All a gateway may ever be told about what is sold: no therapist, no service, no word about health."""


class CheckoutStatus(StrEnum):
    OPEN = "open"
    COMPLETE = "complete"
    EXPIRED = "expired"


class RefundStatus(StrEnum):
    """Stripe's `requires_action` counts as pending, its `canceled` as failed."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A checkout as the gateway sees it at one moment.

    `complete` is not `paid`: slow methods complete first and pay, or fail, later. `gateway_payment_id`
    (Stripe's PaymentIntent) is None until the payer confirms; `url` is None once nobody can pay there any
    more. `payment_ref` is our payment's id, empty for a checkout that some other application made.
    """

    checkout_id: str
    status: CheckoutStatus
    paid: bool
    amount: Money
    gateway_payment_id: str | None
    payment_ref: str
    url: str | None
    livemode: bool
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ListedCheckout:
    """A checkout as the gateway's list shows it. `refunded` is what went back of it, at a glance: where that
    is not what we know, or it is `disputed`, its refunds and disputes are to be asked for.
    """

    snapshot: Snapshot
    refunded: Money
    disputed: bool


@dataclass(frozen=True, slots=True)
class RefundSnapshot:
    """A refund as the gateway sees it; `our_refund_ref` is None for one made by hand in its dashboard."""

    refund_id: str
    status: RefundStatus
    amount: Money
    our_refund_ref: str | None


@dataclass(frozen=True, slots=True)
class DisputeSnapshot:
    """A payment that its payer contests at their bank: whether the money was taken from us, and came back."""

    dispute_id: str
    amount: Money
    withdrawn: bool
    reinstated: bool


@dataclass(frozen=True, slots=True)
class GatewayEvent:
    """Something that happened there, told by a verified webhook or read from the gateway's list: which object
    to fetch, never what became of it. An id it does not name is None.
    """

    event_id: str
    type: str
    object_id: str
    livemode: bool
    checkout_id: str | None
    payment_ref: str | None
    gateway_payment_id: str | None


@dataclass(frozen=True, slots=True)
class ReturnUrls:
    """Where the payer comes back to. Both are stored in clear and told to the gateway, so neither may hold a
    secret such as a booking's token; the patient is known by their own cookie there.
    """

    success_url: str
    cancel_url: str


class GatewayDown(Exception):
    """The outcome is unknown: no answer, a 5xx, too many requests, or the same key still at work. Try later,
    with the same request and key.
    """


class GatewayRefused(Exception):
    """A definite no: the call did nothing, and the same call will never do anything."""


class BadSignature(Exception):
    """Bytes that did not come from the gateway, are too old, or make no sense."""


class Gateway(Protocol):
    """Every call but `build_request` and `parse_webhook` may raise GatewayDown or GatewayRefused."""

    @property
    def name(self) -> str: ...

    @property
    def livemode(self) -> bool:
        """Whether real money moves."""

    def build_request(
        self, payment_ref: str, amount: Money, expires_at: datetime, return_urls: ReturnUrls
    ) -> dict[str, Any]:
        """The body of `create` as JSON values; pure. It is stored before the call, since a repeat must be
        equal.

        It names `PRODUCT_NAME` and opaque ids, nothing else.
        """

    def create(self, request: dict[str, Any], idempotency_key: str) -> Snapshot:
        """Open a checkout. The same key and request give the same checkout, perhaps as it was at first; the
        same key with another request is refused.
        """

    def fetch(self, checkout_id: str) -> Snapshot: ...

    def expire(self, checkout_id: str) -> Snapshot:
        """Close the checkout. One not open any more is no error: the answer tells what became of it."""

    def refund(
        self, gateway_payment_id: str, amount: Money, refund_ref: str, idempotency_key: str
    ) -> RefundSnapshot:
        """Send `amount` back. Refused when it exceeds what is left of the payment."""

    def refunds(self, gateway_payment_id: str) -> list[RefundSnapshot]:
        """Every refund of a payment, ours or not, oldest first."""

    def disputes(self, gateway_payment_id: str) -> list[DisputeSnapshot]:
        """Every dispute of a payment, oldest first."""

    def checkouts(self, since: datetime, success_url: str) -> list[ListedCheckout]:
        """Every checkout opened since then that carries a payment's id of ours and leads its payer to
        `success_url`, oldest first; those of other applications and installations are left out.
        """

    def events(self, since: datetime) -> list[GatewayEvent]:
        """What happened since then, oldest first, as its webhooks told or should have told; a gateway
        remembers for a limited time. Those of other applications are among them.
        """

    def parse_webhook(self, raw: bytes, headers: Mapping[str, str]) -> GatewayEvent:
        """Raises BadSignature, and nothing else, whatever the bytes are."""
