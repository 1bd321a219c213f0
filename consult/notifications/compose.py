"""The words of each mail, from `templates/email/<kind>.txt` and `.html`.

No mail says anything about health, not even the name of the practice or of the profession: mail lies open on
many a screen and server. It says when, and links a page that asks who is reading.
"""

from dataclasses import dataclass, fields
from zoneinfo import ZoneInfo

from jinja2 import Environment

from consult.core.local_time import day_words, spoken
from consult.core.text import clean_text

from .letters import (
    OF_NO_APPOINTMENT,
    Cancelled,
    EarlierWithdrawn,
    Letter,
    Moved,
    RefundNotice,
    ReminderLetter,
    TherapistMoved,
)
from .message import Message

NAME_LIMIT = 60
_VALUE_LIMIT = 500


@dataclass(frozen=True, slots=True)
class Recipient:
    name: str
    email: str


def compose(
    environment: Environment,
    letter: Letter,
    to: Recipient,
    *,
    dedupe_key: str,
    calendar: bytes | None = None,
    calendar_method: str | None = None,
) -> Message:
    """The mail of this letter. The first line of the text template is the subject.

    `environment` must escape in `.html` templates. Raises jinja2.TemplateError for a broken template.
    """
    values = {
        field.name: clean_text(value, _VALUE_LIMIT)
        for field in fields(letter)
        if isinstance(value := getattr(letter, field.name), str)
    }
    if not isinstance(letter, OF_NO_APPOINTMENT):
        values["when"] = spoken(letter.span, letter.zone)
    if isinstance(letter, ReminderLetter):
        # Not "tomorrow": a try may be late, and a day of 25 hours begins and ends on the same date.
        values["day"] = day_words(letter.span.start_at.astimezone(ZoneInfo(letter.zone)).date())
    if isinstance(letter, Moved | TherapistMoved):
        values["was"] = spoken(letter.old_span, letter.zone)
    if isinstance(letter, EarlierWithdrawn):
        values["offered"] = spoken(letter.offered_span, letter.zone)
    if isinstance(letter, Moved | Cancelled):
        values["by"] = "patient" if letter.by_patient else "therapist"
    if isinstance(letter, RefundNotice):
        values["paid"] = "twice" if letter.twice else "in vain"
    values["to_name"] = clean_text(to.name, NAME_LIMIT)
    subject, _, text = environment.get_template(f"email/{letter.kind}.txt").render(values).partition("\n")
    return Message(
        to_name=values["to_name"],
        to_email=to.email,
        subject=subject.strip(),
        text=text.strip() + "\n",
        html=environment.get_template(f"email/{letter.kind}.html").render(values, subject=subject.strip()),
        dedupe_key=dedupe_key,
        calendar=calendar,
        calendar_method=calendar_method,
        wishes_url=letter.wishes_url if isinstance(letter, ReminderLetter) else None,
    )
