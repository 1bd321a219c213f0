"""The gateway that runs where no keys are set: it takes no money and says so on its pay page.

It stands for a remote system, so it keeps a memory of its own and commits it itself, whatever its caller is
doing; that is why this module, alone in the slice, opens transactions. Nothing else reads its tables.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core.clock import Clock
from consult.core.money import Money
from consult.db.transaction import transaction

from .demo_memory import (
    charge_of,
    expires_at,
    locked_checkout,
    open_checkout,
    refunds_of,
    send_back,
    sent_back,
    status_of,
)
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
    ReturnUrls,
    Snapshot,
)
from .models import DemoCheckout

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
        def open_one(session: Session, now: datetime) -> Snapshot:
            return self._snapshot(open_checkout(session, request, idempotency_key, now), now)

        return self._call(open_one)

    def fetch(self, checkout_id: str) -> Snapshot:
        return self._call(lambda session, now: self._snapshot(locked_checkout(session, checkout_id), now))

    def expire(self, checkout_id: str) -> Snapshot:
        def close(session: Session, now: datetime) -> Snapshot:
            checkout = locked_checkout(session, checkout_id)
            if checkout.status is CheckoutStatus.OPEN:
                checkout.status = CheckoutStatus.EXPIRED
            return self._snapshot(checkout, now)

        return self._call(close)

    def refund(
        self, gateway_payment_id: str, amount: Money, refund_ref: str, idempotency_key: str
    ) -> RefundSnapshot:
        wanted = (gateway_payment_id, amount, refund_ref)
        return self._call(lambda session, now: send_back(session, wanted, idempotency_key, now))

    def refunds(self, gateway_payment_id: str) -> list[RefundSnapshot]:
        return self._call(lambda session, now: refunds_of(session, gateway_payment_id))

    def disputes(self, gateway_payment_id: str) -> list[DisputeSnapshot]:
        """Nobody contests money that never moved."""
        return []

    def checkouts(self, since: datetime, success_url: str) -> list[ListedCheckout]:
        def read(session: Session, now: datetime) -> list[ListedCheckout]:
            opened = select(DemoCheckout).where(DemoCheckout.created_at >= since)
            rows = session.scalars(opened.order_by(DemoCheckout.created_at))
            return [
                ListedCheckout(self._snapshot(row, now), sent_back(session, row), disputed=False)
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
            checkout = locked_checkout(session, checkout_id)
            if status_of(checkout, now) is CheckoutStatus.OPEN:
                checkout.status = CheckoutStatus.COMPLETE
                checkout.gateway_payment_id = f"demo_pi_{uuid.uuid4().hex}"
            return self._snapshot(checkout, now)

    def decline(self, checkout_id: str, now: datetime) -> Snapshot:
        """The payer's card is declined: it is counted, and the checkout stays open for another try."""
        with self._sessions() as session, transaction(session):
            checkout = locked_checkout(session, checkout_id)
            checkout.declines += status_of(checkout, now) is CheckoutStatus.OPEN
            return self._snapshot(checkout, now)

    def find_checkout(self, checkout_id: str) -> PayPage | None:
        """What the pay page shows; None for an unknown checkout."""
        with self._sessions() as session:
            checkout = session.get(DemoCheckout, checkout_id)
            if checkout is None:
                return None
            return PayPage(
                amount=charge_of(checkout),
                status=status_of(checkout, self._clock()),
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

    def _snapshot(self, checkout: DemoCheckout, now: datetime) -> Snapshot:
        request, status = checkout.request, status_of(checkout, now)
        return Snapshot(
            checkout_id=checkout.id,
            status=status,
            paid=status is CheckoutStatus.COMPLETE,
            amount=charge_of(checkout),
            gateway_payment_id=checkout.gateway_payment_id,
            payment_ref=request["payment_ref"],
            url=f"{self._pay_page}/{checkout.id}" if status is CheckoutStatus.OPEN else None,
            livemode=self.livemode,
            expires_at=expires_at(checkout),
        )
