"""Refunds (docs.stripe.com/api/refunds)."""

from .account import Account, Object
from .cards import Card
from .errors import InvalidParams, impossible
from .params import Params


def create(account: Account, params: Params) -> Object:
    charge = _charge_to_refund(account, params)
    left = charge["amount"] - charge["amount_refunded"]
    amount = params.get("amount", left)
    if charge["disputed"]:
        raise impossible("The charge is disputed.", "charge_disputed")
    if left == 0:
        raise impossible("The charge has been refunded already.", "charge_already_refunded")
    if amount <= 0 or amount > left:
        raise impossible(f"{amount} is more than the {left} left of the charge.", param="amount")
    pending = account.unseen[charge["id"]]["card"] == Card.REFUND_IS_PENDING
    refund = account.add(
        "refund",
        amount=amount,
        charge=charge["id"],
        currency=charge["currency"],
        failure_reason=None,
        metadata=params.get("metadata") or {},
        payment_intent=charge["payment_intent"],
        reason=params.get("reason"),
        status="pending" if pending else "succeeded",
    )
    _count(charge, amount)
    account.emit("refund.created", refund)
    account.emit("charge.refunded", charge)
    return refund


def settle(account: Account) -> None:
    """Some time later: pending refunds succeed, and those to the card made for it fail."""
    for refund in account.of_kind("refund"):
        card = account.unseen[refund["charge"]]["card"]
        if refund["status"] == "pending":
            refund["status"] = "succeeded"
            account.emit("refund.updated", refund)
        elif refund["status"] == "succeeded" and card == Card.REFUND_FAILS_LATER:
            refund.update(status="failed", failure_reason="expired_or_canceled_card")
            _count(account.get("charge", refund["charge"]), -refund["amount"])
            account.emit("refund.failed", refund)


def _charge_to_refund(account: Account, params: Params) -> Object:
    if "charge" in params:
        return account.get("charge", params["charge"])
    if "payment_intent" not in params:
        raise InvalidParams("One of charge and payment_intent is needed.", "parameter_missing", "charge")
    intent = account.get("payment_intent", params["payment_intent"])
    if intent["latest_charge"] is None:
        raise impossible("This PaymentIntent has no successful charge.", "payment_intent_unexpected_state")
    return account.get("charge", intent["latest_charge"])


def _count(charge: Object, amount: int) -> None:
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
