"""A month's money for the bookkeeper's spreadsheet (RFC 4180). Pure, and without a name in it but what the
therapist herself wrote in a note.
"""

import csv
import io
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from consult.core.money import EXPONENTS, Money

OUTSIDE = "paid_outside"
"""The kind of what was paid back in another way; every other kind is a ledger entry's."""

COLUMNS = (
    "posted_at_utc",
    "posted_at_local",
    "time_zone",
    "kind",
    "amount",
    "currency",
    "real_money",
    "document",
    "gateway",
    "gateway_ref",
    "payment",
    "booking",
    "note",
)
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Entry:
    """Something that moved: `amount` signed from the practice's side, `number` that of its document, if it
    has one. What was paid back `OUTSIDE` the gateway has a `note` instead of a `gateway_ref`.
    """

    at: datetime
    kind: str
    amount: Money
    livemode: bool
    number: str | None
    gateway: str
    gateway_ref: str
    payment_id: uuid.UUID
    booking_id: uuid.UUID
    note: str = ""


def to_csv(entries: Iterable[Entry], zone: str) -> str:
    """One row for each entry below a row of names; times in ISO 8601, amounts as plain decimals, signed from
    the practice's side.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for entry in entries:
        writer.writerow(_row(entry, zone))
    return text.getvalue()


def decimal(amount: Money) -> str:
    """`-60.00`, without a symbol and without groups; `1200` for a currency without decimals."""
    exponent = EXPONENTS[amount.currency]
    whole, rest = divmod(abs(amount.minor), 10**exponent)
    sign = "-" if amount.minor < 0 else ""
    return f"{sign}{whole}.{rest:0{exponent}d}" if exponent else f"{sign}{whole}"


def as_text(value: str) -> str:
    """`value` as a spreadsheet shows it and does not reckon with: what would begin a formula is quoted."""
    return f"'{value}" if value.startswith(_FORMULA_STARTS) else value


def _row(entry: Entry, zone: str) -> tuple[str, ...]:
    return (
        _seconds(entry.at),
        _seconds(entry.at.astimezone(ZoneInfo(zone))),
        zone,
        entry.kind,
        decimal(entry.amount),
        entry.amount.currency.upper(),
        "yes" if entry.livemode else "no",
        entry.number or "",
        as_text(entry.gateway),
        as_text(entry.gateway_ref),
        str(entry.payment_id),
        str(entry.booking_id),
        as_text(entry.note),
    )


def _seconds(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds")
