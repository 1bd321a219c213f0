"""Receipts as rows, numbered without a gap in each series."""

import json
import re
import uuid
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from consult.db.sealing import Place, Sealer

from .facts import Kind, Mode, ReceiptFacts
from .models import Receipt, ReceiptSeries

_RECEIPTS, _CREDIT_NOTES = "R", "C"
_PREFIXES = {Mode.LIVE: "", Mode.TEST: "TEST-", Mode.DEMO: "DEMO-"}
ALL_SERIES = tuple(
    sorted(prefix + letter for prefix in _PREFIXES.values() for letter in (_RECEIPTS, _CREDIT_NOTES))
)
"""Play money has series of its own, so that the real ones have no holes."""

_NUMBER = re.compile(rf"({'|'.join(ALL_SERIES)})-([0-9]{{6,9}})")


def issue(
    session: Session,
    *,
    ledger_entry_id: uuid.UUID,
    booking_id: uuid.UUID,
    facts: ReceiptFacts,
    sealer: Sealer,
    now: datetime,
) -> Receipt:
    """The document of this ledger entry, with the next number of its series; asked twice, it is the same one.

    A number is given for good when the transaction commits, and to somebody else when it does not: whoever
    issues the next one waits for that.
    """
    series = {row.series: row for row in _lock_series(session)}[series_of(facts.kind, facts.mode)]
    # Only now: another transaction may have issued it while this one waited.
    known = find_receipt(session, ledger_entry_id)
    if known is not None:
        return known
    series.last_number += 1
    receipt = Receipt(
        series=series.series,
        number=series.last_number,
        ledger_entry_id=ledger_entry_id,
        booking_id=booking_id,
        issued_at=now,
    )
    receipt.facts_sealed = sealer.seal(json.dumps(facts.to_json()), _place(receipt))
    session.add(receipt)
    session.flush()
    return receipt


def series_of(kind: Kind, mode: Mode) -> str:
    return _PREFIXES[mode] + (_CREDIT_NOTES if kind is Kind.CREDIT_NOTE else _RECEIPTS)


def document_number(receipt: Receipt) -> str:
    """`R-000012`"""
    return f"{receipt.series}-{receipt.number:06d}"


def read_facts(receipt: Receipt, sealer: Sealer) -> ReceiptFacts:
    """Raises UnknownKey, SealBroken."""
    return ReceiptFacts.from_json(json.loads(sealer.open(receipt.facts_sealed, _place(receipt))))


def find_receipt(session: Session, ledger_entry_id: uuid.UUID) -> Receipt | None:
    return session.scalar(select(Receipt).where(Receipt.ledger_entry_id == ledger_entry_id))


def find_by_number(session: Session, text: str) -> Receipt | None:
    """The document of a number as it is written on it; None for anything else."""
    written = _NUMBER.fullmatch(text)
    if written is None:
        return None
    series, number = written[1], int(written[2])
    receipt = session.scalar(select(Receipt).where(Receipt.series == series, Receipt.number == number))
    return receipt if receipt is not None and document_number(receipt) == text else None


def numbers_by_entry(session: Session, ledger_entry_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, str]:
    """The document number of each ledger entry that has one."""
    found = select(Receipt).where(Receipt.ledger_entry_id.in_(ledger_entry_ids))
    return {receipt.ledger_entry_id: document_number(receipt) for receipt in session.scalars(found)}


def _lock_series(session: Session) -> list[ReceiptSeries]:
    """All series at once and always in one order, so that two transactions which issue in several of them
    never wait for each other in a circle.
    """
    locked = select(ReceiptSeries).order_by(ReceiptSeries.series).with_for_update()
    rows = list(session.scalars(locked, execution_options={"populate_existing": True}))
    if len(rows) < len(ALL_SERIES):
        missing = sorted(set(ALL_SERIES) - {row.series for row in rows})
        try:
            with session.begin_nested():
                session.execute(
                    insert(ReceiptSeries).values([{"series": name, "last_number": 0} for name in missing])
                )
        except IntegrityError:
            pass  # Somebody else was first, and has committed by now.
        rows = list(session.scalars(locked, execution_options={"populate_existing": True}))
    return rows


def _place(receipt: Receipt) -> Place:
    return Place("receipt", "facts", receipt.id)
