"""A month of the ledger for the bookkeeper's spreadsheet (RFC 4180). Pure, and without a name in it."""

import csv
import io
from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from consult.core.money import EXPONENTS, Money

from .takings import Entry

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
)
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


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
    posted, payment = entry.posted.entry, entry.posted.payment
    return (
        _seconds(posted.created_at),
        _seconds(posted.created_at.astimezone(ZoneInfo(zone))),
        zone,
        posted.kind.value,
        decimal(entry.posted.amount),
        posted.currency.upper(),
        "yes" if payment.livemode else "no",
        entry.number or "",
        as_text(payment.gateway),
        as_text(posted.gateway_ref),
        str(payment.id),
        str(payment.booking_id),
    )


def _seconds(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds")
