"""A receipt for what was paid, a credit note for what went back: which ledger entries get one, what it says.

A charge gets a receipt, a refund a credit note, and a refund that failed after all a receipt that cancels
its credit note. A dispute gets none: the payer's bank moved that money, and says so to them. Nor does what
was paid back in another way, of which the ledger knows nothing.
"""

import uuid
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from consult.core.errors import NotFound
from consult.core.money import Money
from consult.core.text import clean_text
from consult.payments.models import LedgerEntry, LedgerKind, Payment
from consult.practice.models import Practice
from consult.practice.service import get_practice, read_contact
from consult.receipts.facts import Issuer, Kind, Line, Mode, ReceiptFacts, paper_of
from consult.receipts.models import Receipt
from consult.receipts.pdf import can_print, render
from consult.receipts.service import (
    document_number,
    find_by_number,
    find_receipt,
    issue,
    read_facts,
)
from consult.scheduling.queries import get_schedule
from consult.vouchers.models import SessionPack

from ..models import Booking
from ..ports import Ports
from ..standing import newest_appointment
from .mode import mode_of

WHAT = "Online appointment"
WHAT_OF_A_PACK = "Online appointments, pack of {sessions}"
"""All a document may say of the visit: it is shown to employers, insurers and tax offices."""

_KINDS = {
    LedgerKind.CHARGE: Kind.RECEIPT,
    LedgerKind.REFUND: Kind.CREDIT_NOTE,
    LedgerKind.REFUND_FAILED: Kind.CANCELLATION,
}
_CARDS = {Mode.LIVE: "Card", Mode.TEST: "Test card", Mode.DEMO: "Demo card"}
_ORDER = tuple(_KINDS)
_NAME_LIMIT = 200


@dataclass(frozen=True)
class Document:
    """What a page says about a document that can be fetched; `belongs_to` as in `ReceiptFacts`."""

    number: str
    kind: Kind
    total: Money
    belongs_to: str | None
    mode: Mode


def document(session: Session, payment_id: uuid.UUID, now: datetime, ports: Ports) -> None:
    """Issue what this payment's entries have not got yet, in the transaction that posted the newest."""
    for entry in _without_document(session, _MISSING.where(LedgerEntry.payment_id == payment_id)):
        _issue(session, entry, now, ports)


def entries_without_document(session: Session) -> list[uuid.UUID]:
    """Ids of entries that were posted without anybody being told, such as a refund made in the gateway's
    dashboard, or from before there were documents; oldest first.
    """
    return [entry.id for entry in _without_document(session, _MISSING)]


def issue_missing(session: Session, now: datetime, *, entry_id: uuid.UUID, ports: Ports) -> None:
    _issue(session, session.get_one(LedgerEntry, entry_id), now, ports)


def documents_of(session: Session, booking: Booking, ports: Ports) -> list[Document]:
    """Those of one booking, in the order the money moved."""
    found = session.execute(
        select(LedgerEntry, Receipt)
        .join(Receipt, Receipt.ledger_entry_id == LedgerEntry.id)
        .where(Receipt.booking_id == booking.id)
    )
    rows = sorted(found, key=lambda row: _moved(row[0]))
    return [_shown(receipt, ports) for _, receipt in rows]


def document_pdf(session: Session, number: str, ports: Ports, *, of: Booking | None = None) -> bytes:
    """The document of this number; with `of`, only if it belongs to that booking. Raises NotFound."""
    receipt = find_by_number(session, number)
    if receipt is None or (of is not None and receipt.booking_id != of.id):
        raise NotFound
    return render(read_facts(receipt, ports.sealer), number, receipt.issued_at)


_MISSING = (
    select(LedgerEntry)
    .outerjoin(Receipt, Receipt.ledger_entry_id == LedgerEntry.id)
    .where(Receipt.id.is_(None), LedgerEntry.kind.in_(_KINDS))
)


def _without_document(session: Session, missing: Select[LedgerEntry]) -> list[LedgerEntry]:
    return sorted(session.scalars(missing), key=_moved)


def _moved(entry: LedgerEntry) -> tuple[datetime, int]:
    """What is posted in one moment stands in the order it must have happened in."""
    return entry.created_at, _ORDER.index(entry.kind)


def _issue(session: Session, entry: LedgerEntry, now: datetime, ports: Ports) -> None:
    """Nothing for an entry whose own charge never came to the ledger: there is nothing to give back from."""
    payment = session.get_one(Payment, entry.payment_id)
    if _KINDS[entry.kind] is Kind.RECEIPT:
        facts = _receipt(session, entry, payment, now, ports)
    else:
        former = _belongs_to(session, entry)
        if former is None:
            return
        facts = _correction(session, entry, former, now, ports)
    issue(
        session,
        ledger_entry_id=entry.id,
        booking_id=payment.booking_id,
        facts=facts,
        sealer=ports.sealer,
        now=now,
    )


def _receipt(
    session: Session, entry: LedgerEntry, payment: Payment, now: datetime, ports: Ports
) -> ReceiptFacts:
    booking = session.get_one(Booking, payment.booking_id)
    schedule, mode = get_schedule(session), mode_of(payment.gateway, payment.livemode)
    payer, payer_email = _payer(session, booking, ports)
    return ReceiptFacts(
        kind=Kind.RECEIPT,
        issuer=_issuer(get_practice(session)),
        payer=payer,
        payer_email=payer_email,
        lines=(_line(session, booking, Money(entry.amount_minor, entry.currency), schedule.zone),),
        moved_on=_day(entry.created_at, schedule.zone),
        issued_on=_day(now, schedule.zone),
        paid_how=_CARDS[mode],
        mode=mode,
        belongs_to=None,
        paper=paper_of(schedule.holiday_region, entry.currency),
    )


def _correction(
    session: Session, entry: LedgerEntry, former: Receipt, now: datetime, ports: Ports
) -> ReceiptFacts:
    """Of what `former` said, as it said it; issued by the practice as it is called now."""
    said, zone = read_facts(former, ports.sealer), get_schedule(session).zone
    amount = Money(abs(entry.amount_minor), entry.currency)
    return replace(
        said,
        kind=_KINDS[entry.kind],
        issuer=_issuer(get_practice(session)),
        lines=(replace(said.lines[0], amount=amount),),
        moved_on=_day(entry.created_at, zone),
        issued_on=_day(now, zone),
        belongs_to=document_number(former),
    )


def _belongs_to(session: Session, entry: LedgerEntry) -> Receipt | None:
    source = select(LedgerEntry.id).where(LedgerEntry.payment_id == entry.payment_id)
    if entry.kind is LedgerKind.REFUND:
        source = source.where(LedgerEntry.kind == LedgerKind.CHARGE)
    else:
        source = source.where(
            LedgerEntry.kind == LedgerKind.REFUND, LedgerEntry.gateway_ref == entry.gateway_ref
        )
    source_id = session.scalar(source)
    return find_receipt(session, source_id) if source_id else None


def _issuer(practice: Practice) -> Issuer:
    return Issuer(
        practice.receipt_name or practice.name,
        practice.receipt_address,
        practice.tax_number,
        practice.tax_note,
    )


def _payer(session: Session, booking: Booking, ports: Ports) -> tuple[str, str]:
    """The name, and where it cannot be printed the address, so that the document still names somebody."""
    if booking.patient_id is None:
        return "", ""
    contact = read_contact(session, booking.patient_id, ports.sealer)
    name = clean_text(contact.name, _NAME_LIMIT)
    return name, "" if can_print(name) else contact.email


def _line(session: Session, booking: Booking, amount: Money, zone: str) -> Line:
    """Without a day for a pack, whose visits are on several, and for money that came too late for a visit:
    the hour held once is nobody's visit.
    """
    if booking.session_pack_id is not None:
        pack = session.get_one(SessionPack, booking.session_pack_id)
        return Line(WHAT_OF_A_PACK.format(sessions=pack.sessions), None, amount)
    appointment = newest_appointment(session, booking) if booking.confirmed_at else None
    return Line(WHAT, _day(appointment.start_at, zone) if appointment else None, amount)


def _day(instant: datetime, zone: str) -> date:
    return instant.astimezone(ZoneInfo(zone)).date()


def _shown(receipt: Receipt, ports: Ports) -> Document:
    facts = read_facts(receipt, ports.sealer)
    return Document(document_number(receipt), facts.kind, facts.total, facts.belongs_to, facts.mode)
