"""Packs of sessions as rows: on offer, bought, used one by one, given back.

A pack bought is locked before its sessions are counted, so that its balance never falls below nothing. As
with promotion codes, `Alive` says whose use counts.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Uuid, bindparam, delete, select
from sqlalchemy.orm import Session

from consult.core.errors import ConsultError
from consult.core.money import Money
from consult.db.sealing import Place, Sealer

from .checks import PackFacts
from .codes import new_pack_code, plain_pack_code
from .models import PackPurchase, PackRedemption, SessionPack
from .service import Alive

_PURPOSE = "pack code"
_REDEMPTION = (
    select(PackRedemption)
    .where(PackRedemption.booking_id == bindparam("booking_id", type_=Uuid()))
    .order_by(PackRedemption.returned_at.is_(None).desc(), PackRedemption.redeemed_at.desc())
    .limit(1)
)


@dataclass(eq=False)
class PackUsedUp(ConsultError):
    """No session of it is left, counting those that somebody is just about to book."""


@dataclass(eq=False)
class PackEnded(ConsultError):
    """Its money went back."""


@dataclass(eq=False)
class PackForOtherSession(ConsultError):
    """It holds sessions of another kind."""


@dataclass(frozen=True)
class Balance:
    """`booking_ids` are whose sessions count as used; a session that was returned does not."""

    purchase: PackPurchase
    booking_ids: Sequence[uuid.UUID]

    @property
    def left(self) -> int:
        return max(0, self.purchase.sessions - len(self.booking_ids))

    def used_by_others(self, booking_id: uuid.UUID) -> bool:
        return any(other != booking_id for other in self.booking_ids)


def list_offered(session: Session, session_type_id: uuid.UUID) -> list[SessionPack]:
    """Packs of this kind of session that can be bought, the smallest first."""
    query = select(SessionPack).where(SessionPack.session_type_id == session_type_id, SessionPack.active)
    return list(session.scalars(query.order_by(SessionPack.sessions, SessionPack.price_minor)))


def find_offered(session: Session, pack_id: uuid.UUID, session_type_id: uuid.UUID) -> SessionPack | None:
    """This pack, if it is still on offer for this kind of session."""
    return next((pack for pack in list_offered(session, session_type_id) if pack.id == pack_id), None)


def list_packs(session: Session) -> list[SessionPack]:
    """On offer first, newest first."""
    query = select(SessionPack).order_by(SessionPack.active.desc(), SessionPack.created_at.desc())
    return list(session.scalars(query))


def add_pack(session: Session, session_type_id: uuid.UUID, facts: PackFacts, now: datetime) -> SessionPack:
    pack = SessionPack(
        session_type_id=session_type_id,
        sessions=facts.sessions,
        price_minor=facts.price.minor,
        currency=facts.price.currency,
        active=True,
        created_at=now,
    )
    session.add(pack)
    session.flush()
    return pack


def open_purchase(
    session: Session,
    pack_id: uuid.UUID,
    *,
    payment_id: uuid.UUID,
    booking_id: uuid.UUID,
    paid: Money,
    now: datetime,
    sealer: Sealer,
) -> PackPurchase:
    """The pack is paid for: its code, and its first session for the booking it was bought with."""
    pack, purchase_id, code = session.get_one(SessionPack, pack_id), uuid.uuid4(), new_pack_code()
    purchase = PackPurchase(
        id=purchase_id,
        session_pack_id=pack.id,
        session_type_id=pack.session_type_id,
        payment_id=payment_id,
        sessions=pack.sessions,
        price_minor=paid.minor,
        currency=paid.currency,
        code_digest=sealer.digest(plain_pack_code(code), _PURPOSE),
        code_sealed=sealer.seal(code, _place(purchase_id)),
        bought_at=now,
    )
    session.add(purchase)
    session.flush()
    _keep_session(session, purchase_id, booking_id, now)
    return purchase


def find_by_code(session: Session, text: str, sealer: Sealer) -> PackPurchase | None:
    """Whose code this is, written with dashes or without."""
    digests = sealer.digests(plain_pack_code(text), _PURPOSE)
    return session.scalar(select(PackPurchase).where(PackPurchase.code_digest.in_(digests)))


def redeem_session(
    session: Session,
    purchase_id: uuid.UUID,
    booking_id: uuid.UUID,
    session_type_id: uuid.UUID,
    now: datetime,
    *,
    alive: Alive,
) -> None:
    """Keep a session of this pack for the booking, in place of another pack's; asked again, the same one.

    Raises PackEnded, PackForOtherSession, PackUsedUp.
    """
    require_usable(session, purchase_id, booking_id, session_type_id, alive)
    release_session(session, booking_id)
    _keep_session(session, purchase_id, booking_id, now)


def require_usable(
    session: Session, purchase_id: uuid.UUID, booking_id: uuid.UUID, session_type_id: uuid.UUID, alive: Alive
) -> None:
    """Lock the pack, and see that it has a session of this kind for the booking, be it one kept for it
    before. Raises PackEnded, PackForOtherSession, PackUsedUp.
    """
    purchase = lock_purchase(session, purchase_id)
    if purchase.ended_at is not None:
        raise PackEnded
    if purchase.session_type_id != session_type_id:
        raise PackForOtherSession
    others = [other for other in balance_of(session, purchase, alive).booking_ids if other != booking_id]
    if len(others) >= purchase.sessions:
        raise PackUsedUp


def get_purchase(session: Session, purchase_id: uuid.UUID) -> PackPurchase:
    return session.get_one(PackPurchase, purchase_id)


def lock_purchase(session: Session, purchase_id: uuid.UUID) -> PackPurchase:
    """Read again and locked until the transaction ends."""
    return session.get_one(PackPurchase, purchase_id, populate_existing=True, with_for_update=True)


def find_redemption(session: Session, booking_id: uuid.UUID) -> PackRedemption | None:
    """The booking's session of a pack, kept, used or returned; the newest, should there be several."""
    return session.scalars(_REDEMPTION, {"booking_id": booking_id}).first()


def release_session(session: Session, booking_id: uuid.UUID) -> None:
    """Give up the session kept for a booking that was not made yet."""
    session.execute(delete(PackRedemption).where(PackRedemption.booking_id == booking_id))


def give_back(session: Session, redemption: PackRedemption, now: datetime) -> None:
    """The visit does not take place and is not to be paid for: the pack has its session again."""
    lock_purchase(session, redemption.pack_purchase_id)
    redemption.returned_at = redemption.returned_at or now
    session.flush()


def take_again(session: Session, redemption: PackRedemption, alive: Alive) -> bool:
    """Undo `give_back`; False, and nothing changes, when the session was used otherwise meanwhile."""
    purchase = lock_purchase(session, redemption.pack_purchase_id)
    if redemption.returned_at is None:
        return True
    if balance_of(session, purchase, alive).left < 1:
        return False
    redemption.returned_at = None
    session.flush()
    return True


def end_purchase(session: Session, purchase_id: uuid.UUID, now: datetime) -> None:
    """Its money went back, so no more sessions of it are booked; those booked stay."""
    purchase = lock_purchase(session, purchase_id)
    purchase.ended_at = purchase.ended_at or now
    session.flush()


def reopen_purchase(session: Session, purchase_id: uuid.UUID) -> None:
    """The money that was to go back stays after all."""
    lock_purchase(session, purchase_id).ended_at = None
    session.flush()


def find_purchase_paid_by(session: Session, payment_id: uuid.UUID) -> PackPurchase | None:
    return session.scalar(select(PackPurchase).where(PackPurchase.payment_id == payment_id))


def list_purchases(session: Session, alive: Alive) -> list[Balance]:
    """The newest first."""
    query = select(PackPurchase).order_by(PackPurchase.bought_at.desc())
    return [balance_of(session, purchase, alive) for purchase in session.scalars(query)]


def balance_of(session: Session, purchase: PackPurchase, alive: Alive) -> Balance:
    """Reads only; for a decision lock the purchase first."""
    kept = select(PackRedemption.booking_id).where(
        PackRedemption.pack_purchase_id == purchase.id, PackRedemption.returned_at.is_(None)
    )
    return Balance(purchase, sorted(alive(list(session.scalars(kept)))))


def read_pack_code(purchase: PackPurchase, sealer: Sealer) -> str:
    return sealer.open(purchase.code_sealed, _place(purchase.id))


def _keep_session(session: Session, purchase_id: uuid.UUID, booking_id: uuid.UUID, now: datetime) -> None:
    session.add(PackRedemption(pack_purchase_id=purchase_id, booking_id=booking_id, redeemed_at=now))
    session.flush()


def _place(purchase_id: uuid.UUID) -> Place:
    return Place("pack_purchase", "code", purchase_id)
