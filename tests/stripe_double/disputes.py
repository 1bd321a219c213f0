"""Disputes (docs.stripe.com/api/disputes): the bank takes the money back, and perhaps returns it."""

from .account import Account, Object

_FEE = 1500


def open_dispute(account: Account, charge: Object) -> Object:
    charge["disputed"] = True
    dispute = account.add(
        "dispute",
        amount=charge["amount"] - charge["amount_refunded"],
        balance_transactions=[],
        charge=charge["id"],
        currency=charge["currency"],
        is_charge_refundable=False,
        metadata={},
        payment_intent=charge["payment_intent"],
        reason="fraudulent",
        status="needs_response",
    )
    _move(account, dispute, -dispute["amount"], "dispute")
    account.emit("charge.dispute.created", dispute)
    account.emit("charge.dispute.funds_withdrawn", dispute)
    return dispute


def close(account: Account, *, won: bool) -> None:
    """Every dispute still open is decided."""
    for dispute in account.of_kind("dispute", status="needs_response"):
        dispute["status"] = "won" if won else "lost"
        if won:
            account.get("charge", dispute["charge"])["disputed"] = False
            _move(account, dispute, dispute["amount"], "dispute_reversal")
            account.emit("charge.dispute.funds_reinstated", dispute)
        account.emit("charge.dispute.closed", dispute)


def _move(account: Account, dispute: Object, amount: int, category: str) -> None:
    fee = _FEE if amount < 0 else 0
    moved = account.add(
        "balance_transaction",
        amount=amount,
        currency=dispute["currency"],
        fee=fee,
        net=amount - fee,
        reporting_category=category,
        source=dispute["id"],
        type="adjustment",
    )
    dispute["balance_transactions"].append(moved)
