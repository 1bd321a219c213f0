"""Checkout Sessions and the payments made through them (docs.stripe.com/api/checkout/sessions)."""

from typing import Any

from . import disputes
from .account import Account, Object
from .cards import ASKS_BACK, Card
from .errors import InvalidParams, impossible
from .params import Params

_SHORTEST, _LONGEST = 30 * 60, 24 * 3600
_KNOWN = {
    "adaptive_pricing", "allowed_payment_method_types", "cancel_url", "client_reference_id", "customer_email",
    "expand", "expires_at", "line_items", "metadata", "mode", "payment_intent_data", "success_url", "ui_mode",
}  # fmt: skip


def create(account: Account, params: Params, pay_page: str) -> Object:
    _require_known(params)
    amount, currency = _price(params)
    expires_at = params.get("expires_at", account.now + _LONGEST)
    if not account.now + _SHORTEST <= expires_at <= account.now + _LONGEST:
        raise InvalidParams("expires_at must be 30 minutes to 24 hours from now.", param="expires_at")
    session = account.add(
        "checkout.session",
        mode="payment",
        ui_mode="hosted_page",
        status="open",
        payment_status="unpaid",
        amount_subtotal=amount,
        amount_total=amount,
        currency=currency,
        client_reference_id=params.get("client_reference_id"),
        metadata=params.get("metadata") or {},
        payment_intent=None,
        customer=None,
        customer_email=params.get("customer_email"),
        success_url=params["success_url"],
        cancel_url=params.get("cancel_url"),
        expires_at=expires_at,
        allowed_payment_method_types=params.get("allowed_payment_method_types"),
    )
    session["url"] = f"{pay_page}/{session['id']}"
    account.unseen[session["id"]] = {
        "product": params["line_items"][0]["price_data"]["product_data"]["name"],
        "intent_metadata": (params.get("payment_intent_data") or {}).get("metadata") or {},
    }
    return session


def expire(account: Account, id_: str) -> Object:
    session = account.get("checkout.session", id_)
    if session["status"] != "open":
        raise impossible(f"Only open Checkout Sessions can be expired; this one is {session['status']}.")
    return _end(account, session)


def end_overdue(account: Account) -> None:
    """What Stripe's own timer does."""
    for session in account.of_kind("checkout.session", status="open"):
        if session["expires_at"] <= account.now:
            _end(account, session)


def pay(account: Account, id_: str, number: str, *, authenticated: bool | None = None) -> str:
    """What the payer is told: paid, declined, authenticate, or gone.

    A decline leaves no PaymentIntent on the session here; whether Stripe shows one then is not documented.
    """
    session = account.get("checkout.session", id_)
    if session["status"] != "open":
        return "gone"
    if number in ASKS_BACK and authenticated is None:
        return "authenticate"
    if number not in set(Card) - {Card.DECLINED} or authenticated is False:
        return "declined"
    _complete(account, session, Card(number))
    return "paid"


def settle_debits(account: Account, *, paid: bool) -> None:
    """Days later: a delayed payment arrives, or does not."""
    for session in account.of_kind("checkout.session", status="complete", payment_status="unpaid"):
        intent = account.get("payment_intent", session["payment_intent"])
        if intent["status"] != "processing":
            continue
        if paid:
            _charge(account, session, intent, Card.BANK_DEBIT)
        else:
            intent["status"] = "requires_payment_method"
        account.emit(f"checkout.session.async_payment_{'succeeded' if paid else 'failed'}", session)


def _complete(account: Account, session: Object, card: Card) -> None:
    intent = account.add(
        "payment_intent",
        amount=session["amount_total"],
        currency=session["currency"],
        status="processing",
        latest_charge=None,
        metadata=account.unseen[session["id"]]["intent_metadata"],
    )
    session.update(status="complete", payment_intent=intent["id"], url=None)
    if card is not Card.BANK_DEBIT:
        _charge(account, session, intent, card)
    account.emit("checkout.session.completed", session)
    if card is Card.DISPUTED:
        disputes.open_dispute(account, account.get("charge", intent["latest_charge"]))


def _charge(account: Account, session: Object, intent: Object, card: Card) -> None:
    charge = account.add(
        "charge",
        amount=intent["amount"],
        amount_refunded=0,
        captured=True,
        currency=intent["currency"],
        disputed=False,
        metadata=dict(intent["metadata"]),
        paid=True,
        payment_intent=intent["id"],
        refunded=False,
        status="succeeded",
    )
    intent.update(status="succeeded", latest_charge=charge["id"])
    session["payment_status"] = "paid"
    account.unseen[charge["id"]] = {"card": card}
    account.emit("payment_intent.succeeded", intent)
    account.emit("charge.succeeded", charge)


def _end(account: Account, session: Object) -> Object:
    session.update(status="expired", url=None)
    account.emit("checkout.session.expired", session)
    return session


def _require_known(params: Params) -> None:
    unknown = sorted(set(params) - _KNOWN)
    if unknown:
        raise InvalidParams(f"The double does not do {unknown[0]}.", param=unknown[0])
    if params.get("mode") != "payment" or params.get("ui_mode", "hosted_page") != "hosted_page":
        raise InvalidParams("The double does only mode=payment on the hosted page.", param="mode")
    if "success_url" not in params:
        raise InvalidParams("Missing required param: success_url.", "parameter_missing", "success_url")


def _price(params: Params) -> tuple[int, str]:
    items: list[Any] = params.get("line_items") or []
    if len(items) != 1 or items[0].get("quantity") != 1 or "price_data" not in items[0]:
        raise InvalidParams("The double takes one item of quantity 1 with price_data.", param="line_items")
    price = items[0]["price_data"]
    if "product_data" not in price or price.get("unit_amount", 0) < 50:
        raise InvalidParams("The total must be at least 50, of a named product.", "amount_too_small")
    return price["unit_amount"], price["currency"]
