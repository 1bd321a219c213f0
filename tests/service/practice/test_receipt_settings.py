"""What stands on receipts about the practice."""

from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from consult.core.given import NotSaved
from consult.deps import deps
from consult.practice.receipt_settings import (
    GivenReceiptSettings,
    save_receipt_settings,
    standing_receipt_settings,
)

GIVEN = GivenReceiptSettings("Harbour Clinic", "1 Quay\nAlbany", "12-345", "No tax.")


@pytest.fixture
def practice_session(app: Flask):
    with app.app_context():
        yield deps().session


def save(session: Session, given: GivenReceiptSettings) -> GivenReceiptSettings:
    with deps().transaction():
        save_receipt_settings(session, given)
    return standing_receipt_settings(session)


def test_at_first_nothing_is_said(practice_session: Session):
    assert standing_receipt_settings(practice_session) == GivenReceiptSettings("", "", "", "")


def test_what_is_saved_stands_tidied(practice_session: Session):
    untidy = GivenReceiptSettings(
        " Harbour\tClinic ", "\r\n 1 Quay \r\n\r\nAlbany\r\n", "12-345\n", "No tax."
    )
    assert save(practice_session, untidy) == GIVEN


@pytest.mark.parametrize(
    ("field", "too_much"),
    [
        ("receipt_name", "N" * 101),
        ("receipt_address", "A" * 61),
        ("receipt_address", "\n".join("1234567")),
        ("tax_number", "1" * 61),
        ("tax_note", "x" * 301),
    ],
)
def test_what_would_not_fit_the_page_is_refused_and_nothing_is_changed(
    practice_session: Session, field: str, too_much: str
):
    save(practice_session, GIVEN)
    with pytest.raises(NotSaved) as refusal:
        save(practice_session, replace(GivenReceiptSettings("", "", "", ""), **{field: too_much}))
    assert [fault.where for fault in refusal.value.faults] == [field]
    assert standing_receipt_settings(practice_session) == GIVEN
