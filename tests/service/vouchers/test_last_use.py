"""Many patients, one last use, at the same moment: as many get it as there are uses."""

import threading
import uuid
from collections import Counter
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from consult.booking.models import Booking
from consult.core.errors import ConsultError
from consult.core.money import Money
from consult.db.sealing import Sealer
from consult.db.transaction import transaction
from consult.payments.lifecycle import PaymentState
from consult.payments.models import Payment
from consult.vouchers import packs
from consult.vouchers import service as codes
from consult.vouchers.checks import PackFacts, PromotionFacts
from consult.vouchers.models import PackPurchase, PackRedemption, PromotionRedemption
from consult.vouchers.packs import PackUsedUp
from consult.vouchers.promotions import CodeUsedUp
from tests.service.scheduling.factory import NOW, Clinic, add_booking

THREADS, USES = 16, 3
PRICE, MINIMUM = Money(9_000, "usd"), Money(50, "usd")

Attempt = Callable[[Session, uuid.UUID], object]


def everybody(booking_ids: Collection[uuid.UUID]) -> Collection[uuid.UUID]:
    return booking_ids


def nobody(_booking_ids: Collection[uuid.UUID]) -> Collection[uuid.UUID]:
    return []


def race(engine: Engine, clinic: Clinic, attempt: Attempt) -> Counter[str]:
    """How the tries ended, one patient and one thread each, all let go at once."""
    with Session(engine) as session, transaction(session):
        booking_ids = [add_booking(session, clinic) for _ in range(THREADS)]
    gate = threading.Barrier(THREADS)

    def run(booking_id: uuid.UUID) -> str:
        gate.wait()
        with Session(engine) as session:
            try:
                with transaction(session):
                    attempt(session, booking_id)
            except ConsultError as refusal:
                return type(refusal).__name__
            return "kept"

    with ThreadPoolExecutor(THREADS) as pool:
        return Counter(pool.map(run, booking_ids))


def add_spring20(session: Session, uses: int | None = USES) -> None:
    facts = PromotionFacts("SPRING20", 20, None, None, None, uses)
    codes.add_code(session, facts, NOW)


def apply(
    session: Session,
    booking_id: uuid.UUID,
    alive: codes.Alive = everybody,
) -> object:
    return codes.apply_code(session, "spring20", booking_id, PRICE, NOW, minimum_charge=MINIMUM, alive=alive)


@pytest.fixture
def bought(db_session: Session, clinic: Clinic, sealer: Sealer) -> uuid.UUID:
    """A pack of four, one of which was used by the booking it was bought with."""
    with transaction(db_session):
        booking_id = add_booking(db_session, clinic)
        payment = Payment(
            booking_id=booking_id,
            gateway="demo",
            livemode=False,
            state=PaymentState.PAID,
            amount_minor=30_000,
            currency="usd",
            request={},
            idempotency_key="one",
            expires_at=NOW,
            created_at=NOW,
            updated_at=NOW,
        )
        db_session.add(payment)
        db_session.flush()
        facts = PackFacts(USES + 1, Money(30_000, "usd"))
        return packs.open_purchase(
            db_session,
            packs.add_pack(db_session, clinic.session_type_id, facts, NOW).id,
            payment_id=payment.id,
            booking_id=booking_id,
            paid=payment.amount,
            now=NOW,
            sealer=sealer,
        ).id


def test_the_last_uses_of_a_code_go_to_as_many(engine: Engine, db_session: Session, clinic: Clinic) -> None:
    with transaction(db_session):
        add_spring20(db_session)

    outcomes = race(engine, clinic, apply)

    assert outcomes == {"kept": USES, CodeUsedUp.__name__: THREADS - USES}
    assert db_session.scalar(select(func.count()).select_from(PromotionRedemption)) == USES


def test_the_last_sessions_of_a_pack_go_to_as_many(
    engine: Engine, db_session: Session, clinic: Clinic, bought: uuid.UUID
) -> None:
    def use(session: Session, booking_id: uuid.UUID) -> None:
        packs.redeem_session(session, bought, booking_id, clinic.session_type_id, NOW, alive=everybody)

    outcomes = race(engine, clinic, use)

    assert outcomes == {"kept": USES, PackUsedUp.__name__: THREADS - USES}
    assert db_session.scalar(select(func.count()).select_from(PackRedemption)) == USES + 1


def test_a_session_given_back_goes_to_one_of_many(
    engine: Engine, db_session: Session, clinic: Clinic, bought: uuid.UUID
) -> None:
    """And the therapist, who would take it back from the pack, finds it used."""
    with transaction(db_session):
        for _ in range(USES):
            booking_id = add_booking(db_session, clinic)
            packs.redeem_session(db_session, bought, booking_id, clinic.session_type_id, NOW, alive=everybody)
        returned = packs.find_redemption(db_session, booking_id)
        assert returned is not None
        packs.give_back(db_session, returned, NOW)

    outcomes = race(
        engine,
        clinic,
        lambda session, booking_id: packs.redeem_session(
            session, bought, booking_id, clinic.session_type_id, NOW, alive=everybody
        ),
    )

    assert outcomes == {"kept": 1, PackUsedUp.__name__: THREADS - 1}
    with transaction(db_session):
        returned = packs.find_redemption(db_session, booking_id)
        assert returned is not None
        assert not packs.take_again(db_session, returned, everybody)


def test_typed_again_it_is_the_same_use(db_session: Session, clinic: Clinic, bought: uuid.UUID) -> None:
    with transaction(db_session):
        add_spring20(db_session, uses=1)
        booking_id = add_booking(db_session, clinic)
        assert apply(db_session, booking_id) == apply(db_session, booking_id)
        for _ in range(USES + 1):
            packs.redeem_session(db_session, bought, booking_id, clinic.session_type_id, NOW, alive=everybody)
        purchase = db_session.get_one(PackPurchase, bought)
        assert packs.balance_of(db_session, purchase, everybody).left == USES - 1


def test_whoever_is_not_alive_uses_nothing_up(db_session: Session, clinic: Clinic) -> None:
    with transaction(db_session):
        add_spring20(db_session, uses=1)
        apply(db_session, add_booking(db_session, clinic))
        apply(db_session, add_booking(db_session, clinic), alive=nobody)
        with pytest.raises(CodeUsedUp):
            apply(db_session, add_booking(db_session, clinic))


def test_a_code_of_a_purged_booking_is_gone_with_it(db_session: Session, clinic: Clinic) -> None:
    with transaction(db_session):
        add_spring20(db_session, uses=1)
        booking_id = add_booking(db_session, clinic)
        apply(db_session, booking_id)
    with transaction(db_session):
        db_session.delete(db_session.get_one(Booking, booking_id))
    assert db_session.scalars(select(PromotionRedemption)).all() == []
