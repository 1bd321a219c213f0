"""What stands on receipts about the practice; those issued already keep what they say."""

from dataclasses import asdict, dataclass, fields

from sqlalchemy.orm import Session

from consult.core.given import Faults
from consult.core.text import clean_text

from .service import get_practice

_LIMITS = {"receipt_name": 100, "tax_number": 60, "tax_note": 300}
"""Characters; of the address, lines and characters in each. All of it has to fit one page."""
_ADDRESS_LINES, _LINE_LIMIT = 6, 60


@dataclass(frozen=True, slots=True)
class GivenReceiptSettings:
    """Columns of the practice, and the fields' names. Each may be empty; without a name the practice's own is
    used.
    """

    receipt_name: str
    receipt_address: str
    tax_number: str
    tax_note: str


def save_receipt_settings(session: Session, given: GivenReceiptSettings) -> None:
    """Raises NotSaved; NotFound before the practice is set up."""
    faults = Faults()
    lines = [line for text in given.receipt_address.splitlines() if (line := _one_line(text))]
    values = {name: _one_line(text) for name, text in asdict(given).items()}
    values["receipt_address"] = "\n".join(lines)
    for name, limit in _LIMITS.items():
        if len(values[name]) > limit:
            faults.note(name, f"Shorten this to {limit} characters.")
    if len(lines) > _ADDRESS_LINES or any(len(line) > _LINE_LIMIT for line in lines):
        faults.note(
            "receipt_address", f"Give at most {_ADDRESS_LINES} lines of up to {_LINE_LIMIT} characters."
        )
    faults.refuse()
    practice = get_practice(session)
    for name, value in values.items():
        setattr(practice, name, value)
    session.flush()


def standing_receipt_settings(session: Session) -> GivenReceiptSettings:
    """As they are now. Raises NotFound before the practice is set up."""
    practice = get_practice(session)
    return GivenReceiptSettings(
        **{field.name: getattr(practice, field.name) for field in fields(GivenReceiptSettings)}
    )


def _one_line(text: str) -> str:
    return clean_text(text, len(text) + 1)
