"""The terms for cancelling and moving."""

import pytest
from sqlalchemy.orm import Session

from consult.core.given import NotSaved
from consult.db.transaction import transaction
from consult.practice.service import get_practice
from consult.practice.terms import GivenTerms, save_terms
from tests.rows import new_practice


@pytest.fixture(autouse=True)
def _practice(session: Session) -> None:
    with transaction(session):
        session.add(new_practice())


def terms(session: Session) -> tuple[int, int, int]:
    session.rollback()
    practice = get_practice(session)
    return practice.full_refund_hours, practice.late_refund_percent, practice.move_until_hours


@pytest.mark.parametrize("given", [(48, 0, 72), (0, 100, 0), (720, 50, 720)])
def test_good_terms_are_kept(session: Session, given: tuple[int, int, int]) -> None:
    with transaction(session):
        save_terms(session, GivenTerms(*given))
    assert terms(session) == given


def test_a_late_patient_cannot_move_far_ahead_and_cancel_for_nothing(session: Session) -> None:
    with pytest.raises(NotSaved) as refusal, transaction(session):
        save_terms(session, GivenTerms(48, 0, 47))
    assert [fault.where for fault in refusal.value.faults] == ["move_until_hours"]
    assert terms(session) == (24, 50, 24)


def test_bad_terms_are_told_field_by_field_and_none_is_kept(session: Session) -> None:
    with pytest.raises(NotSaved) as refusal, transaction(session):
        save_terms(session, GivenTerms(48, 101, "soon"))
    assert [fault.where for fault in refusal.value.faults] == ["late_refund_percent", "move_until_hours"]
    assert terms(session) == (24, 50, 24)
