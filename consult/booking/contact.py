"""How to reach the patient, out of what they answered about themselves. Pure."""

from collections.abc import Mapping
from datetime import date

from consult.intake.answers import AnswerValue
from consult.intake.questionnaire import age_on
from consult.notifications.message import InvalidAddress, plain_address
from consult.practice.service import Contact

OLDEST = 120
_FEWEST_DIGITS = 7


def contact_from(answers: Mapping[str, AnswerValue]) -> Contact:
    """Contact details out of a complete section `about`, each on one line. Raises KeyError when incomplete,
    InvalidAddress for an address that `contact_faults` would have refused.
    """
    return Contact(
        name=_line(answers["pt_name"]),
        email=plain_address(_line(answers["pt_email"])),
        phone=_line(answers["pt_phone"]),
        birth_date=_line(answers["pt_dob"]),
        state=_line(answers["pt_state"]),
        address=_line(answers["pt_place"]),
        emergency_contact=_line(answers["pt_ice"]),
    )


def contact_faults(answers: Mapping[str, AnswerValue | None], on: date) -> dict[str, str]:
    """What is wrong with these answers beyond their form: item id -> what to say. Absent ones are fine."""
    faults = {}
    email, phone, born = (answers.get(name) for name in ("pt_email", "pt_phone", "pt_dob"))
    if email is not None and not _is_address(str(email)):
        faults["pt_email"] = "Write one full email address, such as name@example.com."
    if phone is not None and sum(letter.isdigit() for letter in str(phone)) < _FEWEST_DIGITS:
        faults["pt_phone"] = "Write a phone number with its area code, such as 555 010 1234."
    if born is not None:
        age = age_on(str(born), on)
        if age is None or not 0 <= age <= OLDEST:
            faults["pt_dob"] = "Check the date of birth: it must be a real date in the past."
    return faults


def _is_address(text: str) -> bool:
    try:
        plain_address(text)
    except InvalidAddress:
        return False
    return True


def _line(value: AnswerValue) -> str:
    return " ".join(str(value).split())
