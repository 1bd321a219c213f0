"""How to reach the patient, out of what they answered about themselves. Pure."""

import re
from collections.abc import Mapping
from datetime import date

from consult.core.text import clean_text
from consult.intake.answers import AnswerValue, chosen
from consult.intake.questionnaire import age_on
from consult.notifications.message import InvalidAddress, plain_address
from consult.practice.service import Contact

OLDEST = 120
_PHONE = re.compile(r"\+?(?:[ ().-]*[0-9]){10,15}(?: *(?:ext|x)\.? *[0-9]{1,6})?", re.IGNORECASE)
_LINE_LIMIT = 300


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


def is_by_phone(answers: Mapping[str, AnswerValue]) -> bool:
    """Whether they asked for a phone call in place of video."""
    return "phone" in chosen(answers.get("pt_access"))


def contact_faults(answers: Mapping[str, AnswerValue | None], on: date) -> dict[str, str]:
    """What is wrong with these answers beyond their form: item id -> what to say. Absent ones are fine."""
    faults = {}
    name, email, phone, born = (answers.get(item) for item in ("pt_name", "pt_email", "pt_phone", "pt_dob"))
    if name is not None and not any(letter.isalpha() for letter in _line(name)):
        faults["pt_name"] = "Write your name in letters."
    if email is not None and not _is_address(str(email)):
        faults["pt_email"] = "Write one full email address, such as name@example.com."
    if phone is not None and not _PHONE.fullmatch(_line(phone)):
        faults["pt_phone"] = "Write a phone number with its area code, such as 555 010 1234."
    if born is not None:
        age = age_on(str(born), on)
        if age is None or not 0 <= age <= OLDEST:
            faults["pt_dob"] = "Write a date of birth in the past, with all four digits of the year."
    return faults


def _is_address(text: str) -> bool:
    try:
        plain_address(text)
    except InvalidAddress:
        return False
    return True


def _line(value: AnswerValue) -> str:
    return clean_text(str(value), _LINE_LIMIT)
