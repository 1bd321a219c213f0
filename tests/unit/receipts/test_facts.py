"""What a document says, kept and read back."""

from dataclasses import replace
from datetime import date

import pytest

from consult.core.money import Money
from consult.receipts.facts import Issuer, Kind, Line, Mode, Paper, ReceiptFacts, paper_of

USD = Money(12_000, "usd")
FACTS = ReceiptFacts(
    kind=Kind.CREDIT_NOTE,
    issuer=Issuer("Harbour Clinic", "1 Quay\nAlbany", "12-345", "No tax."),
    payer="Rosa Marín",
    payer_email="",
    lines=(Line("Online appointment", date(2026, 6, 2), USD), Line("Online appointment", None, USD)),
    moved_on=date(2026, 6, 1),
    issued_on=date(2026, 6, 3),
    paid_how="Card",
    mode=Mode.LIVE,
    belongs_to="R-000001",
    paper=Paper.A4,
)


def test_facts_read_back_are_the_same():
    assert ReceiptFacts.from_json(FACTS.to_json()) == FACTS


@pytest.mark.parametrize(("demo", "mode"), [(True, Mode.DEMO), (False, Mode.LIVE)])
def test_facts_kept_before_there_was_a_test_mode_are_read_as_they_were_meant(demo: bool, mode: Mode):
    former = {**FACTS.to_json(), "demo": demo}
    del former["mode"], former["payer_email"]
    assert ReceiptFacts.from_json(former) == replace(FACTS, mode=mode)


def test_the_total_is_that_of_the_lines():
    assert FACTS.total == Money(24_000, "usd")


def test_a_document_of_nothing_or_in_two_currencies_is_refused():
    with pytest.raises(ValueError, match="needs a line"):
        replace(FACTS, lines=())
    with pytest.raises(ValueError, match="cannot mix"):
        replace(FACTS, lines=(FACTS.lines[0], Line("Online appointment", None, Money(1, "eur"))))


@pytest.mark.parametrize(
    ("region", "currency", "paper"),
    [
        ("US-NY", "usd", Paper.LETTER),
        ("CA", "eur", Paper.LETTER),
        ("DE-BE", "usd", Paper.A4),
        (None, "usd", Paper.LETTER),
        (None, "eur", Paper.A4),
    ],
)
def test_paper_goes_by_the_country_and_without_one_by_the_currency(region, currency, paper):
    assert paper_of(region, currency) is paper
