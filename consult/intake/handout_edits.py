"""The therapist's hand in a patient's handout: kept, and laid over what the rules composed."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.db.sealing import Place, Sealer

from .handout import Handout, HandoutLine, HandoutRules
from .models import HandoutEdit

NOTE_LIMIT = 2000


class After(StrEnum):
    """What becomes of the page when an edit of it is kept."""

    RELEASED = "release"
    AS_IT_WAS = "later"
    KEPT_BACK = "hide"


@dataclass(frozen=True)
class Edit:
    """Ids of lines the therapist took out or put in, and her own words to the patient.

    `because`: why the rules left out what she put in, as she read it. Once they say more or something else,
    a sign has come up that she had not seen, and the line is left out again. `kept_back`: she took the page
    away from the patient, also while all of them are released at once.
    """

    removed: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    because: dict[str, str] = field(default_factory=dict)
    note: str = ""
    kept_back: bool = False
    released_at: datetime | None = None


@dataclass(frozen=True)
class EditedHandout:
    """What the patient reads once it is released. Not `shown` means there is no handout at all."""

    shown: bool
    stretches: Sequence[HandoutLine]
    tips: Sequence[HandoutLine]
    something_left_out: bool
    note: str


def find_edit(session: Session, booking_id: uuid.UUID, sealer: Sealer) -> Edit:
    """The therapist's edit; an empty one when she has made none."""
    row = session.scalar(select(HandoutEdit).where(HandoutEdit.booking_id == booking_id))
    if row is None:
        return Edit()
    return Edit(**json.loads(sealer.open(row.edit_sealed, _place(row))), released_at=row.released_at)


def save_edit(
    session: Session, booking_id: uuid.UUID, edit: Edit, after: After, now: datetime, sealer: Sealer
) -> None:
    """Keep the edit. Once released, the patient sees later edits as well."""
    row = session.scalar(select(HandoutEdit).where(HandoutEdit.booking_id == booking_id).with_for_update())
    if row is None:
        row = HandoutEdit(booking_id=booking_id)
        session.add(row)
    kept_back = edit.kept_back if after is After.AS_IT_WAS else after is After.KEPT_BACK
    sealed = asdict(replace(edit, kept_back=kept_back))
    del sealed["released_at"]
    row.edit_sealed = sealer.seal(json.dumps(sealed, ensure_ascii=False), _place(row))
    row.updated_at = now
    if after is After.RELEASED:
        row.released_at = row.released_at or now
    elif after is After.KEPT_BACK:
        row.released_at = None
    session.flush()


def edited(rules: HandoutRules, composed: Handout, edit: Edit) -> EditedHandout:
    """Lay the edit over what the rules composed. Where they allow no handout, no edit makes one."""
    if not composed.shown:
        return EditedHandout(False, (), (), True, "")
    reasons = {withheld.id: withheld.because for withheld in composed.withheld}
    added = {line_id for line_id in edit.added if edit.because.get(line_id) == reasons.get(line_id)}
    by_rules = {line.id for line in (*composed.stretches, *composed.tips)}
    kept = (by_rules - set(edit.removed)) | added
    stretches = [line for line in rules.stretches if line.id in kept]
    tips = [line for line in rules.tips if line.id in kept]
    left_out = len(stretches) < len(rules.stretches)
    return EditedHandout(True, stretches, tips, left_out, edit.note)


def _place(row: HandoutEdit) -> Place:
    return Place(HandoutEdit.__tablename__, "edit_sealed", row.id)
