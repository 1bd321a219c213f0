"""Codes and packs as the therapist sees them. Reads only."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core.money import Money
from consult.payments.models import Payment
from consult.scheduling.lifecycle import Status
from consult.scheduling.models import Appointment, SessionType
from consult.scheduling.queries import get_schedule
from consult.vouchers import packs
from consult.vouchers import service as codes
from consult.vouchers.models import SessionPack
from consult.vouchers.packs import Balance
from consult.vouchers.service import CodeInUse

from .pack_use import alive_among

_VISITS = (Status.BOOKED, Status.CANCELLED, Status.DONE, Status.NO_SHOW)


@dataclass(frozen=True)
class Use:
    """`start_at` is when the visit is or was."""

    booking_id: uuid.UUID
    start_at: datetime


@dataclass(frozen=True)
class KnownCode:
    """`last_at` is the last instant at which it holds, where there is one."""

    in_use: CodeInUse
    uses: Sequence[Use]
    last_at: datetime | None


@dataclass(frozen=True)
class OfferedPack:
    pack: SessionPack
    session_name: str
    price: Money


@dataclass(frozen=True)
class SoldPack:
    """`bought_with` is the visit whose payment bought it."""

    balance: Balance
    session_name: str
    price: Money
    bought_with: uuid.UUID
    uses: Sequence[Use]


@dataclass(frozen=True)
class VouchersPage:
    """Everything newest first, what is no longer on offer last. Uses that are only being typed in, by
    somebody who has not booked yet, are counted but not listed.
    """

    zone: str
    codes: Sequence[KnownCode]
    packs: Sequence[OfferedPack]
    sold: Sequence[SoldPack]


def vouchers_page(session: Session, now: datetime) -> VouchersPage:
    alive, schedule = alive_among(session, now), get_schedule(session)
    names = {row.id: row.name for row in session.scalars(select(SessionType))}
    known, balances = codes.list_codes(session, alive), packs.list_purchases(session, alive)
    used = {booking_id for code in known for booking_id in code.booking_ids}
    visits = _visits(session, used | {each for balance in balances for each in balance.booking_ids})
    payments = session.execute(
        select(Payment.id, Payment.booking_id).where(
            Payment.id.in_([balance.purchase.payment_id for balance in balances])
        )
    )
    bought_with = {row.id: row.booking_id for row in payments}
    return VouchersPage(
        zone=schedule.zone,
        codes=[
            KnownCode(code, _uses(code.booking_ids, visits), _last(code.code.valid_until_at))
            for code in known
        ],
        packs=[
            OfferedPack(pack, names[pack.session_type_id], Money(pack.price_minor, pack.currency))
            for pack in packs.list_packs(session)
        ],
        sold=[
            SoldPack(
                balance,
                names[balance.purchase.session_type_id],
                Money(balance.purchase.price_minor, balance.purchase.currency),
                bought_with[balance.purchase.payment_id],
                _uses(balance.booking_ids, visits),
            )
            for balance in balances
        ],
    )


def _last(until_at: datetime | None) -> datetime | None:
    return until_at - timedelta(seconds=1) if until_at else None


def _visits(session: Session, booking_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, datetime]:
    query = select(Appointment.booking_id, Appointment.start_at).where(
        Appointment.booking_id.in_(booking_ids), Appointment.status.in_(_VISITS)
    )
    return {booking_id: start_at for booking_id, start_at in session.execute(query) if booking_id}


def _uses(booking_ids: Sequence[uuid.UUID], visits: dict[uuid.UUID, datetime]) -> list[Use]:
    known = [Use(booking_id, visits[booking_id]) for booking_id in booking_ids if booking_id in visits]
    return sorted(known, key=lambda use: use.start_at)
