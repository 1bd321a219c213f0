"""Stripe behind the port: hosted Checkout, one-off payments (docs.stripe.com/api/checkout/sessions).

Stripe is told `PRODUCT_NAME`, an amount and our own opaque ids, nothing else. Its objects end here: everybody
else sees snapshots.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

import stripe
from stripe.checkout import Session
from stripe.params import RefundCreateParams
from stripe.params.checkout import SessionCreateParams

from consult.core.clock import Clock
from consult.core.money import Money

from .gateway import (
    PRODUCT_NAME,
    CheckoutStatus,
    DisputeSnapshot,
    GatewayDown,
    GatewayEvent,
    GatewayRefused,
    ListedCheckout,
    RefundSnapshot,
    RefundStatus,
    ReturnUrls,
    Snapshot,
)
from .stripe_webhooks import PAYMENT_KEY, REFUND_KEY, event_of, id_of, verified_event

API_VERSION = "2026-10-28.endive"
"""The version this module is written for; the webhook endpoint should be set to the same."""

PAY_PAGE_ORIGIN = "https://checkout.stripe.com"

RETRIES = 1
"""By the SDK, within one call. The caller tries again anyway, and a visitor is waiting for some of them."""

TIMEOUT = (3.0, 10.0)
"""Seconds to connect, and between two bytes of an answer; the SDK's own 80 would hold a thread too long."""

EVENT_TYPES = (
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.refunded",
    "charge.dispute.created",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
)
"""What the webhook endpoint subscribes to (docs/operating.md), and what is read from the list of events."""

_GIVEN_UP = ("requires_payment_method", "canceled")
_REFUND_STATUS = {
    "pending": RefundStatus.PENDING,
    "requires_action": RefundStatus.PENDING,
    "succeeded": RefundStatus.SUCCEEDED,
    "failed": RefundStatus.FAILED,
    "canceled": RefundStatus.FAILED,
}
_REFUSALS = (stripe.InvalidRequestError, stripe.IdempotencyError, stripe.CardError)
_PAGE = 100
_log = logging.getLogger("consult.stripe")

T = TypeVar("T")

# Otherwise the SDK tells how this machine is called to its platform and how long our requests take.
stripe.enable_telemetry = False


class StripeGateway:
    """`api_base` is where the API answers, when it is not Stripe's own address. Without `webhook_secrets` no
    event is believed.
    """

    name = "stripe"

    def __init__(
        self, api_key: str, webhook_secrets: Sequence[str], clock: Clock, *, api_base: str | None = None
    ) -> None:
        self.livemode = "_live_" in api_key
        self._secrets = tuple(webhook_secrets)
        self._clock = clock
        self._client = stripe.StripeClient(
            api_key,
            stripe_version=API_VERSION,
            base_addresses={"api": api_base} if api_base else {},
            max_network_retries=RETRIES,
            http_client=stripe.RequestsClient(timeout=TIMEOUT),
        )

    def build_request(
        self, payment_ref: str, amount: Money, expires_at: datetime, return_urls: ReturnUrls
    ) -> dict[str, Any]:
        ours = {PAYMENT_KEY: payment_ref}
        return {
            "mode": "payment",
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": amount.currency,
                        "unit_amount": amount.minor,
                        "product_data": {"name": PRODUCT_NAME},
                    },
                }
            ],
            # An appointment needs its money at once, which bank debits and vouchers do not give.
            "allowed_payment_method_types": ["card"],
            # The price agreed is in this currency; Stripe would offer the payer their own.
            "adaptive_pricing": {"enabled": False},
            "client_reference_id": payment_ref,
            "metadata": ours,
            "payment_intent_data": {"metadata": ours},
            "expires_at": int(expires_at.timestamp()),
            "success_url": return_urls.success_url,
            "cancel_url": return_urls.cancel_url,
        }

    def create(self, request: dict[str, Any], idempotency_key: str) -> Snapshot:
        params = cast(SessionCreateParams, request)
        sessions = self._client.v1.checkout.sessions
        return self._ask(
            lambda: _snapshot(sessions.create(params, {"idempotency_key": idempotency_key}).to_dict())
        )

    def fetch(self, checkout_id: str) -> Snapshot:
        return self._ask(lambda: _snapshot(self._retrieve(checkout_id).to_dict()))

    def expire(self, checkout_id: str) -> Snapshot:
        def close() -> Session:
            try:
                return self._client.v1.checkout.sessions.expire(checkout_id)
            except stripe.InvalidRequestError as error:
                found = self._retrieve(checkout_id)
                if found.status == "open":
                    raise GatewayDown("the checkout could not be closed") from error
                return found

        return self._ask(lambda: _snapshot(close().to_dict()))

    def refund(
        self, gateway_payment_id: str, amount: Money, refund_ref: str, idempotency_key: str
    ) -> RefundSnapshot:
        params: RefundCreateParams = {
            "payment_intent": gateway_payment_id,
            "amount": amount.minor,
            "metadata": {REFUND_KEY: refund_ref},
        }
        refunds = self._client.v1.refunds
        return self._ask(
            lambda: _refund(refunds.create(params, {"idempotency_key": idempotency_key}).to_dict())
        )

    def refunds(self, gateway_payment_id: str) -> list[RefundSnapshot]:
        refunds = self._client.v1.refunds

        def read() -> list[RefundSnapshot]:
            newest_first = refunds.list({"payment_intent": gateway_payment_id, "limit": _PAGE})
            return [_refund(found.to_dict()) for found in newest_first.auto_paging_iter()][::-1]

        return self._ask(read)

    def disputes(self, gateway_payment_id: str) -> list[DisputeSnapshot]:
        disputes = self._client.v1.disputes

        def read() -> list[DisputeSnapshot]:
            newest_first = disputes.list({"payment_intent": gateway_payment_id, "limit": _PAGE})
            return [_dispute(found.to_dict()) for found in newest_first.auto_paging_iter()][::-1]

        return self._ask(read)

    def checkouts(self, since: datetime, success_url: str) -> list[ListedCheckout]:
        sessions = self._client.v1.checkout.sessions

        def read() -> list[ListedCheckout]:
            newest_first = sessions.list(
                {
                    "created": {"gte": int(since.timestamp())},
                    "expand": ["data.payment_intent.latest_charge"],
                    "limit": _PAGE,
                }
            )
            found = (session.to_dict() for session in newest_first.auto_paging_iter())
            return [_listed(session) for session in found if _is_ours(session, success_url)][::-1]

        return self._ask(read)

    def events(self, since: datetime) -> list[GatewayEvent]:
        events = self._client.v1.events

        def read() -> list[GatewayEvent]:
            newest_first = events.list(
                {"created": {"gte": int(since.timestamp())}, "limit": _PAGE, "types": list(EVENT_TYPES)}
            )
            return [event_of(event.to_dict()) for event in newest_first.auto_paging_iter()][::-1]

        return self._ask(read)

    def parse_webhook(self, raw: bytes, headers: Mapping[str, str]) -> GatewayEvent:
        return verified_event(raw, headers, self._secrets, self._clock())

    def _retrieve(self, checkout_id: str) -> Session:
        return self._client.v1.checkout.sessions.retrieve(checkout_id, {"expand": ["payment_intent"]})

    def _ask(self, call: Callable[[], T]) -> T:
        """A wrong key is no refusal of the request: once the operator has put it right, the same call works.

        Only codes are logged: a message may quote what was sent.
        """
        try:
            return call()
        except _REFUSALS as error:
            _log.warning("refused: %s", _code(error))
            raise GatewayRefused(_code(error)) from error
        except stripe.StripeError as error:
            wrong_key = isinstance(error, (stripe.AuthenticationError, stripe.PermissionError))
            _log.log(logging.ERROR if wrong_key else logging.WARNING, "no answer: %s", _code(error))
            raise GatewayDown(_code(error)) from error
        except (KeyError, TypeError, ValueError) as error:
            _log.error("an answer that makes no sense: %s", type(error).__name__)
            raise GatewayDown(type(error).__name__) from error


def _snapshot(session: dict[str, Any]) -> Snapshot:
    status = CheckoutStatus(session["status"])
    intent = session.get("payment_intent")
    paid = session["payment_status"] == "paid"
    if status is CheckoutStatus.COMPLETE and not paid and _given_up(intent):
        # A delayed payment that failed: the session stays complete for ever, and nothing can come of it.
        status = CheckoutStatus.EXPIRED
    return Snapshot(
        checkout_id=session["id"],
        status=status,
        paid=paid,
        amount=Money(session["amount_total"], session["currency"]),
        gateway_payment_id=id_of(intent),
        payment_ref=session.get("client_reference_id") or "",
        url=session.get("url") if status is CheckoutStatus.OPEN else None,
        livemode=session["livemode"],
        expires_at=datetime.fromtimestamp(session["expires_at"], UTC),
    )


def _is_ours(session: dict[str, Any], success_url: str) -> bool:
    ref = (session.get("metadata") or {}).get(PAYMENT_KEY)
    ours = session.get("client_reference_id") == ref and session.get("success_url") == success_url
    return bool(ref) and ours


def _listed(session: dict[str, Any]) -> ListedCheckout:
    """The newest charge is the one that was paid, if any was: a payment is charged once."""
    snapshot = _snapshot(session)
    charge = (session.get("payment_intent") or {}).get("latest_charge") or {}
    return ListedCheckout(
        snapshot=snapshot,
        refunded=Money(charge.get("amount_refunded") or 0, snapshot.amount.currency),
        disputed=bool(charge.get("disputed")),
    )


def _given_up(intent: Any) -> bool:
    return isinstance(intent, dict) and intent.get("status") in _GIVEN_UP


def _refund(refund: dict[str, Any]) -> RefundSnapshot:
    return RefundSnapshot(
        refund_id=refund["id"],
        status=_REFUND_STATUS[refund["status"]],
        amount=Money(refund["amount"], refund["currency"]),
        our_refund_ref=(refund.get("metadata") or {}).get(REFUND_KEY),
    )


def _dispute(dispute: dict[str, Any]) -> DisputeSnapshot:
    """The balance transactions say what moved; a mere inquiry has none, and a dispute won has two."""
    moved = [transaction["amount"] for transaction in dispute.get("balance_transactions") or []]
    return DisputeSnapshot(
        dispute_id=dispute["id"],
        amount=Money(dispute["amount"], dispute["currency"]),
        withdrawn=any(amount < 0 for amount in moved),
        reinstated=any(amount > 0 for amount in moved),
    )


def _code(error: stripe.StripeError) -> str:
    return f"{type(error).__name__} {error.http_status or '-'} {error.code or '-'} {error.request_id or '-'}"
