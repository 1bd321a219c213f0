"""Promotion codes as rows: found, kept for a booking, counted, given up.

A code typed in is kept for its booking at once, so that the last use cannot be promised twice. Whether that
booking still counts is not this topic's to know: `Alive` is asked, under the lock of the code's row.
"""

import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Uuid, bindparam, delete, exists, or_, select, update
from sqlalchemy.orm import Session

from consult.core.errors import NotFound
from consult.core.money import Money

from .checks import PromotionFacts
from .codes import plain_code
from .models import PackPurchase, PromotionCode, PromotionRedemption, SessionPack
from .promotions import CodeUsedUp, Discount, Promotion, UnknownCode, discount_of

Alive = Callable[[Collection[uuid.UUID]], Collection[uuid.UUID]]
"""Those of these bookings that took place, will, or may be about to be paid for."""


_KEPT = PromotionRedemption.booking_id == bindparam("booking_id", type_=Uuid())
_DISCOUNT = (
    select(PromotionCode.code, PromotionRedemption.discount_minor, PromotionRedemption.currency)
    .join(PromotionCode, PromotionCode.id == PromotionRedemption.promotion_code_id)
    .where(_KEPT)
)
_LOCK_CODE = (
    select(PromotionCode.id)
    .where(PromotionCode.id.in_(select(PromotionRedemption.promotion_code_id).where(_KEPT)))
    .with_for_update()
)


@dataclass(frozen=True)
class CodeInUse:
    """A code with how many bookings count against it."""

    code: PromotionCode
    promotion: Promotion
    used: int
    booking_ids: Sequence[uuid.UUID]


def apply_code(
    session: Session,
    text: str,
    booking_id: uuid.UUID,
    price: Money,
    now: datetime,
    *,
    minimum_charge: Money,
    alive: Alive,
) -> Discount:
    """Keep a use of this code for the booking, in place of another code's; what it takes off `price`.

    Typed again it is the same use. Raises UnknownCode, CodeNotYetValid, CodeEnded, WrongCurrency, CodeUsedUp,
    and then what was kept before still is.
    """
    code = _locked(session, text)
    discount = discount_of(promotion_of(code), code.code, price, minimum_charge, now)
    _require_left(session, code, booking_id, alive)
    release(session, booking_id)
    session.add(
        PromotionRedemption(
            promotion_code_id=code.id,
            booking_id=booking_id,
            discount_minor=discount.off.minor,
            currency=discount.off.currency,
            redeemed_at=now,
        )
    )
    session.flush()
    return discount


def release(session: Session, booking_id: uuid.UUID) -> None:
    """Give up the code kept for the booking, if there is one."""
    session.execute(delete(PromotionRedemption).where(PromotionRedemption.booking_id == booking_id))


def lock_code_of(session: Session, booking_id: uuid.UUID) -> None:
    """Lock the code kept for the booking, if there is one, until the transaction ends."""
    session.scalar(_LOCK_CODE, {"booking_id": booking_id})


def find_discount(session: Session, booking_id: uuid.UUID, to_pay: Money) -> Discount | None:
    """What was taken off for the booking when its price was settled, which leaves `to_pay`."""
    row = session.execute(_DISCOUNT, {"booking_id": booking_id}).one_or_none()
    if row is None:
        return None
    off = Money(row.discount_minor, row.currency)
    return Discount(row.code, to_pay + off, off)


def add_code(session: Session, facts: PromotionFacts, now: datetime) -> PromotionCode:
    """A new code in force. Raises ValueError when there is one of these letters (`code_exists`)."""
    if code_exists(session, facts.code):
        raise ValueError("there is a code of these letters")
    row = PromotionCode(
        code=facts.code,
        percent_off=facts.percent_off,
        amount_off_minor=facts.amount_off.minor if facts.amount_off else None,
        currency=facts.amount_off.currency if facts.amount_off else None,
        valid_from_at=facts.valid_from_at,
        valid_until_at=facts.valid_until_at,
        max_redemptions=facts.max_redemptions,
        active=True,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row


def code_exists(session: Session, code: str) -> bool:
    found = select(PromotionCode.id).where(PromotionCode.code == plain_code(code))
    return session.scalar(found) is not None


def any_code_known(session: Session) -> bool:
    """Whether anybody may have a code to type in, be it one that has ended, which is told them then."""
    known = or_(exists(select(PromotionCode.id)), exists(select(PackPurchase.id)))
    return bool(session.scalar(select(known)))


def set_active(
    session: Session, kind: type[PromotionCode | SessionPack], row_id: uuid.UUID, active: bool
) -> None:
    """A code in force or not, a pack on offer or not. Payment pages open by then keep their price, and packs
    bought stay. Raises NotFound.
    """
    changed = update(kind).where(kind.id == row_id).values(active=active).returning(kind.id)
    if session.scalar(changed) is None:
        raise NotFound


def list_codes(session: Session, alive: Alive) -> list[CodeInUse]:
    """In force first, newest first."""
    query = select(PromotionCode).order_by(PromotionCode.active.desc(), PromotionCode.created_at.desc())
    return [_in_use(session, code, alive) for code in session.scalars(query)]


def promotion_of(code: PromotionCode) -> Promotion:
    amount = None
    if code.amount_off_minor is not None and code.currency is not None:
        amount = Money(code.amount_off_minor, code.currency)
    return Promotion(code.percent_off, amount, code.valid_from_at, code.valid_until_at, code.active)


def _in_use(session: Session, code: PromotionCode, alive: Alive) -> CodeInUse:
    booking_ids = sorted(alive(_booking_ids(session, code.id)))
    return CodeInUse(code, promotion_of(code), len(booking_ids), booking_ids)


def _locked(session: Session, text: str) -> PromotionCode:
    query = select(PromotionCode).where(PromotionCode.code == plain_code(text)).with_for_update()
    code = session.scalar(query.execution_options(populate_existing=True))
    if code is None:
        raise UnknownCode
    return code


def _require_left(session: Session, code: PromotionCode, booking_id: uuid.UUID, alive: Alive) -> None:
    if code.max_redemptions is None:
        return
    others = [other for other in _booking_ids(session, code.id) if other != booking_id]
    if len(alive(others)) >= code.max_redemptions:
        raise CodeUsedUp


def _booking_ids(session: Session, code_id: uuid.UUID) -> list[uuid.UUID]:
    query = select(PromotionRedemption.booking_id).where(PromotionRedemption.promotion_code_id == code_id)
    return list(session.scalars(query))
