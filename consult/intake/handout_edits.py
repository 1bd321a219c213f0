"""The therapist's hand in a patient's handout: kept, and laid over what the rules composed."""

import json
import uuid
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.db.sealing import Place, Sealer

from .handout import Handout, HandoutLine, HandoutRules
from .models import HandoutEdit

NOTE_LIMIT = 2000


@dataclass(frozen=True)
class Edit:
    """Ids of lines the therapist took out or put in, and her own words to the patient."""

    removed: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    note: str = ""
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
    session: Session,
    booking_id: uuid.UUID,
    *,
    removed: Collection[str],
    added: Collection[str],
    note: str,
    release: bool,
    now: datetime,
    sealer: Sealer,
) -> None:
    """Keep the edit; with `release` the patient sees it from now on, and later edits too."""
    row = session.scalar(select(HandoutEdit).where(HandoutEdit.booking_id == booking_id).with_for_update())
    if row is None:
        row = HandoutEdit(booking_id=booking_id)
        session.add(row)
    edit = asdict(Edit(sorted(removed), sorted(added), note.strip()[:NOTE_LIMIT]))
    del edit["released_at"]
    row.edit_sealed = sealer.seal(json.dumps(edit, ensure_ascii=False), _place(row))
    row.updated_at = now
    if release:
        row.released_at = row.released_at or now
    session.flush()


def edited(rules: HandoutRules, composed: Handout, edit: Edit) -> EditedHandout:
    """Lay the edit over what the rules composed. Where they allow no handout, no edit makes one."""
    if not composed.shown:
        return EditedHandout(False, (), (), True, "")
    stretches = _lines(rules.stretches, composed.stretches, edit)
    tips = _lines(rules.tips, composed.tips, edit)
    left_out = len(stretches) < len(rules.stretches)
    return EditedHandout(True, stretches, tips, left_out, edit.note)


def _lines(known: Sequence[HandoutLine], composed: Sequence[HandoutLine], edit: Edit) -> list[HandoutLine]:
    kept = ({line.id for line in composed} - set(edit.removed)) | set(edit.added)
    return [line for line in known if line.id in kept]


def _place(row: HandoutEdit) -> Place:
    return Place(HandoutEdit.__tablename__, "edit_sealed", row.id)
