"""What a booking costs with a code or a pack, and what becomes of them as the booking goes on.

Until it is paid for, or confirmed for nothing, a booking's price follows from what is kept for it: a
promotion, a pack to be bought, or a session of a pack bought before; never two of these. `reprice` settles it
again whenever a time is held and right before the payment page opens; from then on it is frozen. Rows of
codes and packs are locked after the booking and before the schedule.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from consult.core.errors import ConsultError
from consult.core.money import Money
from consult.payments.pricing import MINIMUM_CHARGE
from consult.scheduling.models import SessionType
from consult.vouchers import packs
from consult.vouchers import service as codes
from consult.vouchers.packs import Balance
from consult.vouchers.promotions import Discount, UnknownCode

from .journey import Step
from .models import Booking
from .pack_use import alive_among, end_pack_if_over, find_share, lock_share
from .ports import Ports
from .standing import Standing, StepNotOpen, lock_booking, require


@dataclass(eq=False)
class PriceChanged(ConsultError):
    """What is to be paid is not what the page said; nothing was booked and no payment begun."""


@dataclass(eq=False)
class CodeWithPack(ConsultError):
    """A pack is to be bought, which has a price of its own that no code lowers."""


@dataclass(eq=False)
class PackNotOffered(ConsultError):
    """This pack is not on offer for this kind of session, or not any more."""


@dataclass(eq=False)
class NothingToPay(ConsultError):
    """This kind of session is free: there is nothing a code could take off."""


@dataclass(frozen=True)
class PackOffer:
    pack_id: uuid.UUID
    sessions: int
    price: Money
    saves: Money


@dataclass(frozen=True)
class PriceToPay:
    """What one session alone costs, `list_price`, and what is to be paid now, and why. `balance` is that of
    the pack whose session is used, this booking's counted in. `takes_codes` when one might be typed in now.
    """

    list_price: Money
    to_pay: Money
    discount: Discount | None
    offers: Sequence[PackOffer]
    chosen: PackOffer | None
    balance: Balance | None
    takes_codes: bool


def apply_code(session: Session, booking: Booking, text: str, now: datetime, ports: Ports) -> None:
    """Use what was typed, a promotion code or that of a pack, in place of any other.

    Raises StepNotOpen, CodeWithPack, NothingToPay, and what `vouchers.service.apply_code` and
    `vouchers.packs.redeem_session` raise; then the price is as it was.
    """
    booking = _lock_unpaid(session, booking, now, ports)
    if booking.session_pack_id is not None:
        raise CodeWithPack
    price = list_price(session, booking)
    if price.minor == 0:
        raise NothingToPay
    try:
        discount = _take_off(session, booking, text, price, now)
    except UnknownCode:
        _use_pack(session, booking, text, now, ports)
        codes.release(session, booking.id)
        booking.price_minor = 0
    else:
        packs.release_session(session, booking.id)
        booking.price_minor = discount.to_pay.minor


def remove_code(session: Session, booking: Booking, now: datetime, ports: Ports) -> None:
    """Back to the price of one session. Raises StepNotOpen."""
    booking = _lock_unpaid(session, booking, now, ports)
    if booking.session_pack_id is None:
        _let_go(session, booking, list_price(session, booking))


def choose_pack(
    session: Session, booking: Booking, pack_id: uuid.UUID | None, now: datetime, ports: Ports
) -> None:
    """Buy this pack with the booking, instead of one session alone, or the other way round for None; a code
    is given up for it. Raises StepNotOpen, PackNotOffered.
    """
    booking = _lock_unpaid(session, booking, now, ports)
    if pack_id == booking.session_pack_id:
        return
    price = list_price(session, booking)
    pack = packs.find_offered(session, pack_id, booking.session_type_id) if pack_id else None
    if pack_id is not None and (pack is None or pack.currency != price.currency or price.minor == 0):
        raise PackNotOffered
    _let_go(session, booking, price)
    if pack is not None:
        booking.session_pack_id, booking.price_minor = pack.id, pack.price_minor


def lock_kept(session: Session, booking: Booking) -> None:
    """Lock the code or pack kept for a locked booking, before anything locks the schedule."""
    lock_share(session, booking)
    codes.lock_code_of(session, booking.id)


def reprice(session: Session, booking: Booking, price: Money, now: datetime, ports: Ports) -> bool:
    """Settle what a locked booking costs where one session alone costs `price`. True when what was kept for
    it does not hold any more, so that it was given up.
    """
    try:
        to_pay = _with_vouchers(session, booking, price, now, ports)
    except ConsultError:
        _let_go(session, booking, price)
        return True
    booking.price_minor, booking.currency = to_pay.minor, to_pay.currency
    return False


def list_price(session: Session, booking: Booking) -> Money:
    """What one session alone costs: as it was when its time was held, where that is still known."""
    discount = codes.find_discount(session, booking.id, price_of(booking))
    if discount is not None:
        return discount.list_price
    if booking.session_pack_id is None and packs.find_redemption(session, booking.id) is None:
        return price_of(booking)
    session_type = session.get_one(SessionType, booking.session_type_id)
    return Money(session_type.price_minor, session_type.currency)


def price_to_pay(session: Session, booking: Booking, now: datetime) -> PriceToPay:
    """For the last look before paying. Reads only."""
    price = list_price(session, booking)
    offers = [
        PackOffer(pack.id, pack.sessions, Money(pack.price_minor, pack.currency), saved)
        for pack in packs.list_offered(session, booking.session_type_id)
        if pack.currency == price.currency
        and (saved := Money(price.minor * pack.sessions - pack.price_minor, price.currency)).minor >= 0
    ]
    share = find_share(session, booking, now)
    return PriceToPay(
        list_price=price,
        to_pay=price_of(booking),
        discount=codes.find_discount(session, booking.id, price_of(booking)),
        offers=offers if price.minor else [],
        chosen=next((offer for offer in offers if offer.pack_id == booking.session_pack_id), None),
        balance=share.balance if share else None,
        takes_codes=bool(price.minor) and booking.session_pack_id is None and codes.any_code_known(session),
    )


def _lock_unpaid(session: Session, booking: Booking, now: datetime, ports: Ports) -> Booking:
    """The locked booking of which nothing can be paid now, since what is paid for must not change meanwhile.
    Raises StepNotOpen.
    """
    booking = lock_booking(session, booking.id)
    standing: Standing = require(session, booking, Step.CHECK, now, ports)
    if standing.payment is not None:
        raise StepNotOpen(Step.CHECK, Step.PAY)
    return booking


def _take_off(session: Session, booking: Booking, text: str, price: Money, now: datetime) -> Discount:
    return codes.apply_code(
        session,
        text,
        booking.id,
        price,
        now,
        minimum_charge=Money(MINIMUM_CHARGE[price.currency], price.currency),
        alive=alive_among(session, now),
    )


def _use_pack(session: Session, booking: Booking, text: str, now: datetime, ports: Ports) -> None:
    purchase = packs.find_by_code(session, text, ports.sealer)
    if purchase is None:
        raise UnknownCode
    end_pack_if_over(session, purchase.payment_id, now, ports)
    alive = alive_among(session, now)
    packs.redeem_session(session, purchase.id, booking.id, booking.session_type_id, now, alive=alive)


def _with_vouchers(session: Session, booking: Booking, price: Money, now: datetime, ports: Ports) -> Money:
    """Raises a ConsultError when what is kept for the booking is not to be had at `price`."""
    if booking.session_pack_id is not None:
        pack = packs.find_offered(session, booking.session_pack_id, booking.session_type_id)
        if pack is None or pack.currency != price.currency or price.minor == 0:
            raise PackNotOffered
        return Money(pack.price_minor, pack.currency)
    redemption = packs.find_redemption(session, booking.id)
    if redemption is not None:
        if price.minor == 0:
            raise NothingToPay
        purchase = packs.get_purchase(session, redemption.pack_purchase_id)
        end_pack_if_over(session, purchase.payment_id, now, ports)
        alive = alive_among(session, now)
        packs.require_usable(session, purchase.id, booking.id, booking.session_type_id, alive)
        return Money(0, price.currency)
    discount = codes.find_discount(session, booking.id, price_of(booking))
    if discount is None:
        return price
    if price.minor == 0:
        raise NothingToPay
    return _take_off(session, booking, discount.code, price, now).to_pay


def _let_go(session: Session, booking: Booking, price: Money) -> None:
    codes.release(session, booking.id)
    packs.release_session(session, booking.id)
    booking.session_pack_id = None
    booking.price_minor, booking.currency = price.minor, price.currency


def price_of(booking: Booking) -> Money:
    """What is, or was, to be paid for the booking, all in all."""
    return Money(booking.price_minor, booking.currency)
