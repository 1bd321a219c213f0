"""What a therapist gave about a code or a pack, checked as a whole. Pure."""

import re
from dataclasses import dataclass
from datetime import datetime

from consult.core.given import Faults
from consult.core.money import EXPONENTS, Money

from .codes import LONGEST, plain_code

SHORTEST = 4
MOST_USES = range(1, 100_001)
PACK_SIZES = range(2, 21)
_DEAREST = 100_000
_CODE = re.compile(r"[A-Z0-9][A-Z0-9-]*[A-Z0-9]")


@dataclass(frozen=True, slots=True)
class GivenPromotion:
    """`valid_until_at` is the first instant at which it no longer holds; "" for none, as for the uses."""

    code: str
    kind: str
    percent: int | str
    amount: Money | str
    valid_from_at: datetime | str | None
    valid_until_at: datetime | str | None
    max_redemptions: int | str


@dataclass(frozen=True, slots=True)
class PromotionFacts:
    code: str
    percent_off: int | None
    amount_off: Money | None
    valid_from_at: datetime | None
    valid_until_at: datetime | None
    max_redemptions: int | None


@dataclass(frozen=True, slots=True)
class PackFacts:
    sessions: int
    price: Money


def check_promotion(given: GivenPromotion, currency: str, *, exists: bool) -> PromotionFacts:
    """`exists`: another code has these letters. Raises NotSaved."""
    faults = Faults()
    code = plain_code(given.code)
    if not SHORTEST <= len(code) <= LONGEST or not _CODE.fullmatch(code):
        faults.note("code", f"Use {SHORTEST} to {LONGEST} letters, digits and dashes, such as SPRING20.")
    elif exists:
        faults.note("code", "There is a code of these letters already.")
    percent_off, amount_off = None, None
    if given.kind == "percent":
        message = "Give a whole number of percent from 1 to 100."
        percent_off = faults.number("percent", given.percent, range(1, 101), message)
    elif given.kind == "amount":
        amount_off = _check_amount(faults, "amount", given.amount, currency)
    else:
        faults.note("kind", "Choose what the code takes off.")
    valid_from_at = _check_day(faults, "valid_from_on", given.valid_from_at)
    valid_until_at = _check_day(faults, "valid_until_on", given.valid_until_at)
    if valid_from_at and valid_until_at and valid_until_at <= valid_from_at:
        faults.note("valid_until_on", "The last day cannot be before the first.")
    uses = None
    if given.max_redemptions != "":
        message = f"Give a whole number from 1 to {MOST_USES[-1]:,}, or none for no limit."
        uses = faults.number("max_redemptions", given.max_redemptions, MOST_USES, message)
    faults.refuse()
    return PromotionFacts(code, percent_off, amount_off, valid_from_at, valid_until_at, uses)


def check_pack(sessions: int | str, price: Money | str, single: Money | None) -> PackFacts:
    """`single` is the price of one session of the kind chosen; None when none was. Raises NotSaved."""
    faults = Faults()
    if single is None:
        faults.note("type", "Choose a kind of session.")
    message = f"Give a whole number of sessions from {PACK_SIZES[0]} to {PACK_SIZES[-1]}."
    number = faults.number("sessions", sessions, PACK_SIZES, message)
    amount = _check_amount(faults, "price", price, single.currency if single else "usd")
    if single is not None and not faults and amount.minor > single.minor * number:
        full = Money(single.minor * number, single.currency)
        faults.note("price", f"Bought one by one these sessions are {full}; a pack cannot be dearer.")
    faults.refuse()
    return PackFacts(number, amount)


def _check_amount(faults: Faults, where: str, given: Money | str, currency: str) -> Money:
    least, most = (Money(amount * 10 ** EXPONENTS[currency], currency) for amount in (1, _DEAREST))
    if isinstance(given, str) or given.currency != currency:
        faults.note(where, "Give an amount, such as 20.")
        return least
    if not least.minor <= given.minor <= most.minor:
        faults.note(where, f"The amount can be from {least} to {most}.")
    return given


def _check_day(faults: Faults, where: str, given: datetime | str | None) -> datetime | None:
    if isinstance(given, str):
        faults.note(where, "Give a day, or none.")
        return None
    return given
