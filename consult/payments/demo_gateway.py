"""The gateway that runs where no keys are set: it takes no money and says so on its pay page.

It stands for a remote system, so it keeps a memory of its own and commits it itself, whatever its caller is
doing; that is why this module, alone in the slice, opens transactions. Nothing else reads its tables.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from consult.core.clock import Clock
from consult.core.money import Money
from consult.db.transaction import transaction

from .gateway import (
    PRODUCT_NAME,
    BadSignature,
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
from .models import DemoCheckout, DemoRefund

KEY_LIFETIME = timedelta(hours=24)
"""Idempotency keys are forgotten after this, as Stripe may do (docs.stripe.com/api/idempotent_requests)."""

T = TypeVar("T")


class Fault(StrEnum):
    """What goes wrong with one call."""

    DOWN_BEFORE = "down_before"
    DOWN_AFTER = "down_after"
    """The gateway acted, its answer is lost."""
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class PayPage:
    """A checkout as its payer sees it."""

    amount: Money
    status: CheckoutStatus
    declines: int
    success_url: str
    cancel_url: str


class DemoGateway:
    """`sessions` makes sessions of its own for each call; `pay_page` is the address its checkouts' ids are
    added to.

    `faults` is consumed one entry per call, None letting a call through; empty, as always outside tests,
    nothing goes wrong.
    """

    name = "demo"
    livemode = False

    def __init__(self, sessions: Callable[[], Session], clock: Clock, pay_page: str) -> None:
        self._sessions = sessions
        self._clock = clock
        self._pay_page = pay_page.rstrip("/")
        self.faults: list[Fault | None] = []

    def build_request(
        self, payment_ref: str, amount: Money, expires_at: datetime, return_urls: ReturnUrls
    ) -> dict[str, Any]:
        return {
            "payment_ref": payment_ref,
            "product_name": PRODUCT_NAME,
            "amount_minor": amount.minor,
            "currency": amount.currency,
            "expires_at": int(expires_at.timestamp()),
            "success_url": return_urls.success_url,
            "cancel_url": return_urls.cancel_url,
        }

    def create(self, request: dict[str, Any], idempotency_key: str) -> Snapshot:
        return self._call(lambda session, now: self._create(session, request, idempotency_key, now))

    def fetch(self, checkout_id: str) -> Snapshot:
        return self._call(lambda session, now: self._snapshot(_locked(session, checkout_id), now))

    def expire(self, checkout_id: str) -> Snapshot:
        def close(session: Session, now: datetime) -> Snapshot:
            checkout = _locked(session, checkout_id)
            if checkout.status is CheckoutStatus.OPEN:
                checkout.status = CheckoutStatus.EXPIRED
            return self._snapshot(checkout, now)

        return self._call(close)

    def refund(
        self, gateway_payment_id: str, amount: Money, refund_ref: str, idempotency_key: str
    ) -> RefundSnapshot:
        wanted = (gateway_payment_id, amount, refund_ref)
        return self._call(lambda session, now: _refund(session, wanted, idempotency_key, now))

    def refunds(self, gateway_payment_id: str) -> list[RefundSnapshot]:
        return self._call(
            lambda session, now: [_seen(row) for row in _refunds_of(session, gateway_payment_id)]
        )

    def disputes(self, gateway_payment_id: str) -> list[DisputeSnapshot]:
        """Nobody contests money that never moved."""
        return []

    def checkouts(self, since: datetime, success_url: str) -> list[ListedCheckout]:
        def read(session: Session, now: datetime) -> list[ListedCheckout]:
            opened = select(DemoCheckout).where(DemoCheckout.created_at >= since)
            rows = session.scalars(opened.order_by(DemoCheckout.created_at))
            return [
                ListedCheckout(self._snapshot(row, now), _sent_back(session, row), disputed=False)
                for row in rows
                if row.request["success_url"] == success_url
            ]

        return self._call(read)

    def events(self, since: datetime) -> list[GatewayEvent]:
        """The demo tells of nothing: nobody moves its money but us."""
        return []

    def parse_webhook(self, raw: bytes, headers: Mapping[str, str]) -> GatewayEvent:
        """The demo sends none, so whatever arrives is not its own."""
        raise BadSignature("the demo gateway sends no webhooks")

    def pay(self, checkout_id: str, now: datetime) -> Snapshot:
        """The payer presses Pay: no fault applies. A checkout not open any more stays as it is.

        Raises GatewayRefused for an unknown checkout, as `decline` does.
        """
        with self._sessions() as session, transaction(session):
            checkout = _locked(session, checkout_id)
            if _status(checkout, now) is CheckoutStatus.OPEN:
                checkout.status = CheckoutStatus.COMPLETE
                checkout.gateway_payment_id = f"demo_pi_{uuid.uuid4().hex}"
            return self._snapshot(checkout, now)

    def decline(self, checkout_id: str, now: datetime) -> Snapshot:
        """The payer's card is declined: it is counted, and the checkout stays open for another try."""
        with self._sessions() as session, transaction(session):
            checkout = _locked(session, checkout_id)
            checkout.declines += _status(checkout, now) is CheckoutStatus.OPEN
            return self._snapshot(checkout, now)

    def find_checkout(self, checkout_id: str) -> PayPage | None:
        """What the pay page shows; None for an unknown checkout."""
        with self._sessions() as session:
            checkout = session.get(DemoCheckout, checkout_id)
            if checkout is None:
                return None
            return PayPage(
                amount=_charge(checkout),
                status=_status(checkout, self._clock()),
                declines=checkout.declines,
                success_url=checkout.request["success_url"],
                cancel_url=checkout.request["cancel_url"],
            )

    def _call(self, act: Callable[[Session, datetime], T]) -> T:
        fault = self.faults.pop(0) if self.faults else None
        if fault is Fault.DOWN_BEFORE:
            raise GatewayDown
        if fault is Fault.REFUSE:
            raise GatewayRefused("refused on purpose")
        with self._sessions() as session, transaction(session):
            answer = act(session, self._clock())
        if fault is Fault.DOWN_AFTER:
            raise GatewayDown
        return answer

    def _create(self, session: Session, request: dict[str, Any], key: str, now: datetime) -> Snapshot:
        _forget_old_key(session, DemoCheckout, key, now)
        checkout = DemoCheckout(
            id=f"demo_cs_{uuid.uuid4().hex}",
            idempotency_key=key,
            request=request,
            status=CheckoutStatus.OPEN,
            declines=0,
            created_at=now,
        )
        try:
            with session.begin_nested():
                session.add(checkout)
        except IntegrityError:
            checkout = session.scalars(select(DemoCheckout).where(DemoCheckout.idempotency_key == key)).one()
            if checkout.request != request:
                raise GatewayRefused("this idempotency key was used for another request") from None
            return self._snapshot(checkout, now)
        # After the look for a repeat, which gets its checkout however late; raising undoes the insert.
        if _expires_at(checkout) <= now:
            raise GatewayRefused("a checkout cannot expire before it opens")
        return self._snapshot(checkout, now)

    def _snapshot(self, checkout: DemoCheckout, now: datetime) -> Snapshot:
        request, status = checkout.request, _status(checkout, now)
        return Snapshot(
            checkout_id=checkout.id,
            status=status,
            paid=status is CheckoutStatus.COMPLETE,
            amount=_charge(checkout),
            gateway_payment_id=checkout.gateway_payment_id,
            payment_ref=request["payment_ref"],
            url=f"{self._pay_page}/{checkout.id}" if status is CheckoutStatus.OPEN else None,
            livemode=self.livemode,
            expires_at=_expires_at(checkout),
        )


def _locked(session: Session, checkout_id: str) -> DemoCheckout:
    checkout = session.get(DemoCheckout, checkout_id, with_for_update=True)
    if checkout is None:
        raise GatewayRefused(f"no such checkout: {checkout_id}")
    return checkout


def _charge(checkout: DemoCheckout) -> Money:
    return Money(checkout.request["amount_minor"], checkout.request["currency"])


def _expires_at(checkout: DemoCheckout) -> datetime:
    return datetime.fromtimestamp(checkout.request["expires_at"], UTC)


def _status(checkout: DemoCheckout, now: datetime) -> CheckoutStatus:
    """An open checkout runs out by itself, at the very second it expires."""
    ran_out = checkout.status is CheckoutStatus.OPEN and now >= _expires_at(checkout)
    return CheckoutStatus.EXPIRED if ran_out else checkout.status


def _refund(
    session: Session, wanted: tuple[str, Money, str], idempotency_key: str, now: datetime
) -> RefundSnapshot:
    gateway_payment_id, amount, refund_ref = wanted
    paid = select(DemoCheckout).where(DemoCheckout.gateway_payment_id == gateway_payment_id).with_for_update()
    checkout = session.scalar(paid)
    if checkout is None:
        raise GatewayRefused(f"no such payment: {gateway_payment_id}")
    _forget_old_key(session, DemoRefund, idempotency_key, now)
    earlier = session.scalar(select(DemoRefund).where(DemoRefund.idempotency_key == idempotency_key))
    if earlier is not None:
        known = (
            earlier.gateway_payment_id,
            Money(earlier.amount_minor, earlier.currency),
            earlier.refund_ref,
        )
        if known != wanted:
            raise GatewayRefused("this idempotency key was used for another refund")
        return _seen(earlier)
    _require_left(session, checkout, amount)
    row = DemoRefund(
        id=f"demo_re_{uuid.uuid4().hex}",
        idempotency_key=idempotency_key,
        gateway_payment_id=gateway_payment_id,
        amount_minor=amount.minor,
        currency=amount.currency,
        refund_ref=refund_ref,
        status=RefundStatus.SUCCEEDED,
        created_at=now,
    )
    session.add(row)
    return _seen(row)


def _require_left(session: Session, checkout: DemoCheckout, amount: Money) -> None:
    charge, sent = _charge(checkout), _sent_back(session, checkout)
    if amount.currency != charge.currency or sent.minor + amount.minor > charge.minor:
        raise GatewayRefused("more than is left of the payment")


def _sent_back(session: Session, checkout: DemoCheckout) -> Money:
    sent = select(func.coalesce(func.sum(DemoRefund.amount_minor), 0)).where(
        DemoRefund.gateway_payment_id == checkout.gateway_payment_id, DemoRefund.status != RefundStatus.FAILED
    )
    return Money(int(session.scalar(sent) or 0), _charge(checkout).currency)


def _refunds_of(session: Session, gateway_payment_id: str) -> list[DemoRefund]:
    of_payment = select(DemoRefund).where(DemoRefund.gateway_payment_id == gateway_payment_id)
    return list(session.scalars(of_payment.order_by(DemoRefund.created_at)))


def _seen(row: DemoRefund) -> RefundSnapshot:
    return RefundSnapshot(row.id, row.status, Money(row.amount_minor, row.currency), row.refund_ref)


def _forget_old_key(
    session: Session, table: type[DemoCheckout] | type[DemoRefund], key: str, now: datetime
) -> None:
    old = update(table).where(table.idempotency_key == key, table.created_at <= now - KEY_LIFETIME)
    session.execute(old.values(idempotency_key=None))
