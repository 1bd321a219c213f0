"""What a receipt or a credit note says. Pure."""

from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Self

from consult.core.money import Money

_LETTER_COUNTRIES = frozenset({"US", "CA", "MX", "CL", "CO", "CR", "PA", "PH", "VE"})
"""Where ordinary paper is Letter (CLDR, `paperSize`); A4 everywhere else."""
_LETTER_CURRENCIES = frozenset({"usd", "cad"})


class Kind(StrEnum):
    RECEIPT = "receipt"
    CREDIT_NOTE = "credit_note"
    """For money that went back to the payer."""
    CANCELLATION = "cancellation"
    """A receipt for money that a credit note gave back, and that returned since it could not be sent."""


class Mode(StrEnum):
    """Whether real money moved; if not, who only played at it."""

    LIVE = "live"
    TEST = "test"
    """A payment company, asked with a key for tests."""
    DEMO = "demo"


class Paper(StrEnum):
    A4 = "A4"
    LETTER = "Letter"


@dataclass(frozen=True, slots=True)
class Issuer:
    """`address` may have several lines. Empty texts are left off the document."""

    name: str
    address: str
    tax_number: str
    tax_note: str


@dataclass(frozen=True, slots=True)
class Line:
    """`on` is the day of the visit; None when there was none. `amount` is positive, whichever way it went."""

    words: str
    on: date | None
    amount: Money


@dataclass(frozen=True, slots=True)
class ReceiptFacts:
    """`moved_on` is the day the money moved, `belongs_to` the number of the receipt that a credit note gives
    back from, or of the credit note that is cancelled. `payer_email` is there only for a payer whose name
    cannot be printed (`pdf.can_print`).

    Raises ValueError without a line, or with lines in several currencies.
    """

    kind: Kind
    issuer: Issuer
    payer: str
    payer_email: str
    lines: tuple[Line, ...]
    moved_on: date
    issued_on: date
    paid_how: str
    mode: Mode
    belongs_to: str | None
    paper: Paper

    def __post_init__(self) -> None:
        if not self.lines:
            raise ValueError("a receipt needs a line")
        _ = self.total

    @property
    def total(self) -> Money:
        amounts = [line.amount for line in self.lines]
        return sum(amounts[1:], start=amounts[0])

    def to_json(self) -> dict[str, Any]:
        return {
            **asdict(self),
            "lines": [
                {"words": line.words, "on": _day(line.on), **asdict(line.amount)} for line in self.lines
            ],
            "moved_on": self.moved_on.isoformat(),
            "issued_on": self.issued_on.isoformat(),
        }

    @classmethod
    def from_json(cls, facts: dict[str, Any]) -> Self:
        """What `to_json` wrote; earlier it knew real money and `demo` only, and no address."""
        facts = {"payer_email": "", "mode": Mode.DEMO if facts.get("demo") else Mode.LIVE, **facts}
        facts.pop("demo", None)
        return cls(
            **{
                **facts,
                "mode": Mode(facts["mode"]),
                "kind": Kind(facts["kind"]),
                "issuer": Issuer(**facts["issuer"]),
                "lines": tuple(
                    Line(
                        line["words"],
                        date.fromisoformat(line["on"]) if line["on"] else None,
                        Money(line["minor"], line["currency"]),
                    )
                    for line in facts["lines"]
                ),
                "moved_on": date.fromisoformat(facts["moved_on"]),
                "issued_on": date.fromisoformat(facts["issued_on"]),
                "paper": Paper(facts["paper"]),
            }
        )


def paper_of(region: str | None, currency: str) -> Paper:
    """The ordinary paper of a country, `region` as in ISO 3166-1 or -2 ("US", "US-NY"); where none is known,
    of the countries of a currency.
    """
    if region:
        return Paper.LETTER if region.split("-")[0] in _LETTER_COUNTRIES else Paper.A4
    return Paper.LETTER if currency in _LETTER_CURRENCIES else Paper.A4


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
