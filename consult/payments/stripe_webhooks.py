"""Telling Stripe's events from everything else that is sent to us (docs.stripe.com/webhooks/signature)."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from stripe import SignatureVerificationError, WebhookSignature

from .gateway import BadSignature, GatewayEvent

TOLERANCE = timedelta(minutes=5)
"""How long ago an event may have been signed; Stripe signs anew each time it sends one again."""

PAYMENT_KEY, REFUND_KEY = "payment", "refund"
"""Under which our own ids stand in the metadata of Stripe's objects."""


def verified_event(
    raw: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime
) -> GatewayEvent:
    """The event, signed with any of `secrets`: there are two while they are changed. Raises BadSignature."""
    header = headers.get("Stripe-Signature", "")
    try:
        text = raw.decode("utf-8")
        if not any(_is_signed(text, header, secret) for secret in secrets):
            raise BadSignature("no secret of ours made this signature")
        if _signed_at(header) < (now - TOLERANCE).timestamp():
            raise BadSignature("signed too long ago")
        return event_of(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadSignature("not an event") from error


def _is_signed(text: str, header: str, secret: str) -> bool:
    try:
        # Without its tolerance, which would be held against another clock than ours.
        return bool(WebhookSignature.verify_header(text, header, secret, tolerance=None))
    except SignatureVerificationError:
        return False


def _signed_at(header: str) -> int:
    """The very part that the SDK signs with, so the first one."""
    return next(int(part[2:]) for part in header.split(",") if part.startswith("t="))


def event_of(told: dict[str, Any]) -> GatewayEvent:
    """What an event of Stripe's is about. Raises KeyError, TypeError or AttributeError for no event."""
    thing = told["data"]["object"]
    checkout = thing["object"] == "checkout.session"
    return GatewayEvent(
        event_id=_text(told["id"]),
        type=_text(told["type"]),
        object_id=_text(thing.get("id", "")),
        livemode=told["livemode"] is True,
        checkout_id=thing["id"] if checkout else None,
        payment_ref=thing.get("client_reference_id") or (thing.get("metadata") or {}).get(PAYMENT_KEY),
        gateway_payment_id=id_of(thing.get("payment_intent")),
    )


def id_of(reference: Any) -> str | None:
    """Of something that Stripe shows as its id or, expanded, as an object."""
    found = reference.get("id") if isinstance(reference, dict) else reference
    return found if isinstance(found, str) else None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("an id that is no text")
    return value
