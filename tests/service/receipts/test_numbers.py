"""Numbers without gaps, whatever is issued in whatever order, given up half-way, or asked for twice."""

import threading
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, delete, select
from sqlalchemy.orm import Session, sessionmaker

from consult.booking.models import Booking
from consult.db.base import Base
from consult.db.engine import prepare_postgresql
from consult.db.sealing import SealBroken, Sealer
from consult.db.transaction import transaction
from consult.payments.lifecycle import PaymentState
from consult.payments.models import LedgerEntry, LedgerKind, Payment
from consult.receipts.facts import Kind, Mode, ReceiptFacts
from consult.receipts.models import Receipt, ReceiptSeries
from consult.receipts.service import (
    document_number,
    find_by_number,
    find_receipt,
    issue,
    numbers_by_entry,
    read_facts,
)
from tests.service.payments.conftest import add_session_type
from tests.unit.receipts.test_facts import FACTS

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
SEALER = Sealer([bytes(range(32))])


class World:
    """A payment whose ledger grows as it likes."""

    def __init__(self, session: Session) -> None:
        self.session = session
        with transaction(session):
            booking = Booking(
                session_type_id=add_session_type(session),
                token_digest=uuid.uuid4().hex,
                token_sealed=b"sealed",
                zone="Etc/UTC",
                price_minor=9000,
                currency="usd",
                refund_terms={},
                started_at=NOW,
            )
            session.add(booking)
            session.flush()
            payment = Payment(
                booking_id=booking.id,
                gateway="stripe",
                livemode=True,
                state=PaymentState.PAID,
                amount_minor=9000,
                currency="usd",
                request={},
                idempotency_key=uuid.uuid4().hex,
                expires_at=NOW,
                created_at=NOW,
                updated_at=NOW,
            )
            session.add(payment)
            session.flush()
            self.booking_id, self.payment_id = booking.id, payment.id

    def entry(self) -> uuid.UUID:
        row = LedgerEntry(
            payment_id=self.payment_id,
            kind=LedgerKind.REFUND,
            amount_minor=-1,
            currency="usd",
            gateway_ref=uuid.uuid4().hex,
            created_at=NOW,
        )
        entry_id = row.id
        with transaction(self.session):
            self.session.add(row)
        return entry_id

    def issue(self, session: Session, entry_id: uuid.UUID, kind: Kind, mode: Mode = Mode.LIVE) -> Receipt:
        return issue(
            session,
            ledger_entry_id=entry_id,
            booking_id=self.booking_id,
            facts=facts(kind, mode),
            sealer=SEALER,
            now=NOW,
        )


def facts(kind: Kind = Kind.RECEIPT, mode: Mode = Mode.LIVE) -> ReceiptFacts:
    return replace(FACTS, kind=kind, mode=mode)


@pytest.fixture
def world(session: Session) -> World:
    return World(session)


def numbers(session: Session) -> dict[str, list[int]]:
    session.rollback()
    rows = session.scalars(select(Receipt).order_by(Receipt.series, Receipt.number))
    return {series: [row.number for row in group] for series, group in groupby(rows, lambda row: row.series)}


class GivenUpError(Exception):
    pass


STEPS = st.lists(
    st.tuples(
        st.sampled_from(list(Kind)),
        st.sampled_from(list(Mode)),
        st.sampled_from(["keep", "give up", "twice"]),
    ),
    max_size=12,
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_every_series_counts_from_one_without_a_gap(world: World, steps: list[tuple[Kind, Mode, str]]):
    with transaction(world.session):
        world.session.execute(delete(Receipt))
        world.session.execute(delete(ReceiptSeries))
    kept = 0
    for kind, mode, end in steps:
        entry_id = world.entry()
        try:
            with transaction(world.session):
                first = document_number(world.issue(world.session, entry_id, kind, mode))
                if end == "twice":
                    assert document_number(world.issue(world.session, entry_id, kind, mode)) == first
                if end == "give up":
                    raise GivenUpError
        except GivenUpError:
            continue
        kept += 1
    found = numbers(world.session)
    assert all(given == list(range(1, len(given) + 1)) for given in found.values())
    assert sum(map(len, found.values())) == kept


def test_each_kind_of_document_and_of_money_has_its_series(world: World):
    given = []
    for kind in Kind:
        for mode in Mode:
            entry_id = world.entry()
            with transaction(world.session):
                given.append(document_number(world.issue(world.session, entry_id, kind, mode)))
    assert given == [
        *("R-000001", "TEST-R-000001", "DEMO-R-000001"),
        *("C-000001", "TEST-C-000001", "DEMO-C-000001"),
        *("R-000002", "TEST-R-000002", "DEMO-R-000002"),
    ]


def test_series_that_came_later_begin_beside_those_there_are(world: World):
    with transaction(world.session):
        world.session.add(ReceiptSeries(series="R", last_number=41))
    for mode, number in ((Mode.TEST, "TEST-R-000001"), (Mode.LIVE, "R-000042")):
        entry_id = world.entry()
        with transaction(world.session):
            assert document_number(world.issue(world.session, entry_id, Kind.RECEIPT, mode)) == number


def test_a_document_is_found_by_its_number_and_its_entry(world: World):
    entry_id, session = world.entry(), world.session
    with transaction(session):
        receipt_id = world.issue(session, entry_id, Kind.RECEIPT).id
    receipt = session.get_one(Receipt, receipt_id)
    assert find_by_number(session, "R-000001") is receipt
    assert find_receipt(session, entry_id) is receipt
    assert numbers_by_entry(session, [entry_id, uuid.uuid4()]) == {entry_id: "R-000001"}
    assert read_facts(receipt, SEALER) == facts()
    for other in ("R-000002", "C-000001", "R-1", "R-0000001", "r-000001", "R-999999999", "R-٠٠٠٠٠١", ""):
        assert find_by_number(session, other) is None


def test_what_a_document_says_is_sealed_to_its_row(world: World):
    first, second = world.entry(), world.entry()
    with transaction(world.session):
        one, two = (world.issue(world.session, entry, Kind.RECEIPT) for entry in (first, second))
        assert FACTS.payer.encode() not in one.facts_sealed
        two.facts_sealed = one.facts_sealed
        with pytest.raises(SealBroken):
            read_facts(two, SEALER)


@pytest.mark.postgres
def test_two_servers_that_issue_at_once_count_on_without_a_gap(postgres_url: str):
    engine = create_engine(postgres_url)
    Base.metadata.create_all(engine)
    prepare_postgresql(engine)
    sessions = sessionmaker(engine)
    with sessions() as session:
        with transaction(session):
            session.execute(delete(Receipt))
            session.execute(delete(ReceiptSeries))
        world = World(session)
        entries = [world.entry() for _ in range(12)]
    began, failed = threading.Barrier(2), []

    def serve(orders: list[tuple[uuid.UUID, Kind]]) -> None:
        began.wait(timeout=10)
        try:
            for number, (entry_id, kind) in enumerate(orders):
                with sessions() as session:
                    try:
                        with transaction(session):
                            world.issue(session, entry_id, kind)
                            world.issue(session, entries[0], Kind.RECEIPT)
                            if number % 3 == 0:
                                raise GivenUpError
                    except GivenUpError:
                        continue
        except Exception as error:
            failed.append(error)

    kinds = [Kind.RECEIPT, Kind.CREDIT_NOTE]
    orders = [(entry_id, kinds[index % 2]) for index, entry_id in enumerate(entries)]
    servers = [threading.Thread(target=serve, args=[part]) for part in (orders, orders[::-1])]
    for server in servers:
        server.start()
    for server in servers:
        server.join()
    with sessions() as session:
        found = numbers(session)
        issued = session.scalars(select(Receipt.ledger_entry_id)).all()
    engine.dispose()
    assert failed == []
    assert len(issued) == len(set(issued)) >= 10
    assert all(given == list(range(1, len(given) + 1)) for given in found.values())
