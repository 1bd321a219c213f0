"""Keeping a patient's answers, and the record of what they led to."""

import json
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from consult.core.errors import NotFound
from consult.db.sealing import Place, Sealer

from .answers import AnswerValue, is_answered
from .assessment import Assessment
from .content import Catalogue
from .library import keep_version
from .models import COMPLETED, IN_PROGRESS, QuestionnaireResponse

_SAFETY_SECTIONS = ("screen", "recheck")


@dataclass(eq=False)
class ResponseNotFound(NotFound):
    """This booking has no answers yet."""

    booking_id: uuid.UUID


@dataclass(frozen=True)
class RecordedOutcome:
    """What an assessment said, when, and by which version of the form."""

    stage: str
    at: datetime
    level: str
    flags: tuple[str, ...]
    version: str


@dataclass(frozen=True)
class ScreenChange:
    """Answers that were replaced: what they had been, and what they became, by item id; None where there was
    none. `became` is None for changes from before it was noted.
    """

    at: datetime
    section: str
    former: dict[str, AnswerValue | None]
    became: dict[str, AnswerValue | None] | None


class ResponseRow(NamedTuple):
    """A response as it is stored. Equal rows open to equal views, since no two seals are alike."""

    id: uuid.UUID
    booking_id: uuid.UUID
    questionnaire_id: str
    version: str
    status: str
    answers_sealed: bytes
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None


RESPONSE = (
    QuestionnaireResponse.id,
    QuestionnaireResponse.booking_id,
    QuestionnaireResponse.questionnaire_id,
    QuestionnaireResponse.questionnaire_version,
    QuestionnaireResponse.status,
    QuestionnaireResponse.answers_sealed,
    QuestionnaireResponse.created_at,
    QuestionnaireResponse.updated_at,
    QuestionnaireResponse.completed_at,
)
"""The columns of a `ResponseRow`, for reads that join others."""

_OF_BOOKING = select(*RESPONSE).where(QuestionnaireResponse.booking_id == bindparam("booking_id"))


@dataclass(frozen=True)
class ResponseView:
    """A response, opened. Answers are canonical, by item id."""

    booking_id: uuid.UUID
    questionnaire_id: str
    version: str
    status: str
    answers: dict[str, AnswerValue]
    outcomes: tuple[RecordedOutcome, ...]
    screen_changes: tuple[ScreenChange, ...]
    sections_done: tuple[str, ...]
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None


def start_response(
    session: Session, booking_id: uuid.UUID, catalogue: Catalogue, now: datetime, sealer: Sealer
) -> ResponseView:
    """An empty response pinned to this version of the form, which is kept with it; the one there is when it
    was started before.
    """
    row = find_response(session, booking_id)
    if row is None:
        keep_version(session, catalogue, now)
        questionnaire = catalogue.questionnaire
        row = QuestionnaireResponse(
            booking_id=booking_id,
            questionnaire_id=questionnaire.id,
            questionnaire_version=questionnaire.version,
            status=IN_PROGRESS,
            created_at=now,
            updated_at=now,
        )
        _seal(row, {"answers": {}, "sections_done": [], "outcomes": [], "screen_changes": []}, sealer)
        session.add(row)
        session.flush()
    return read_response(session, booking_id, sealer)


def find_response(session: Session, booking_id: uuid.UUID) -> QuestionnaireResponse | None:
    return session.scalar(select(QuestionnaireResponse).where(QuestionnaireResponse.booking_id == booking_id))


def get_answers(session: Session, booking_id: uuid.UUID, sealer: Sealer) -> dict[str, AnswerValue]:
    """Canonical answers by item id. Raises ResponseNotFound."""
    return read_response(session, booking_id, sealer).answers


def read_response(session: Session, booking_id: uuid.UUID, sealer: Sealer) -> ResponseView:
    """Everything of a response. Raises ResponseNotFound."""
    row = session.execute(_OF_BOOKING, {"booking_id": booking_id}).one_or_none()
    if row is None:
        raise ResponseNotFound(booking_id)
    return open_response(ResponseRow(*row), sealer)


def open_response(row: ResponseRow, sealer: Sealer) -> ResponseView:
    """Everything of a response that was read with others."""
    content = _open(row, sealer)
    outcomes = tuple(
        RecordedOutcome(
            stage=outcome["stage"],
            at=datetime.fromisoformat(outcome["at"]),
            level=outcome["level"],
            flags=tuple(outcome["flags"]),
            version=outcome["version"],
        )
        for outcome in content["outcomes"]
    )
    changes = tuple(
        ScreenChange(
            datetime.fromisoformat(change["at"]), change["section"], change["former"], change.get("became")
        )
        for change in content["screen_changes"]
    )
    return ResponseView(
        booking_id=row.booking_id,
        questionnaire_id=row.questionnaire_id,
        version=row.version,
        status=row.status,
        answers=content["answers"],
        outcomes=outcomes,
        screen_changes=changes,
        sections_done=tuple(content["sections_done"]),
        created_at=row.created_at,
        updated_at=row.updated_at,
        completed_at=row.completed_at,
    )


def save_section(
    session: Session,
    booking_id: uuid.UUID,
    section_id: str,
    answers: Mapping[str, AnswerValue | None],
    now: datetime,
    sealer: Sealer,
    done: bool = True,
    noted: Collection[str] = (),
) -> None:
    """Keeps canonical answers question by question; questions not given stay as they were.

    None or an empty answer takes an answer back. Safety answers (screen, recheck) and those to `noted`
    questions that replace others leave the former ones in `screen_changes`. `done` says whether the section
    is finished with this save; one that is not leaves `sections_done`. Raises ResponseNotFound.
    """
    row = _locked(session, booking_id)
    content = _open(row, sealer)
    kept: dict[str, AnswerValue] = content["answers"]
    content["answers"] = merged(kept, answers)
    watched = [item for item in answers if section_id in _SAFETY_SECTIONS or item in noted]
    if change := _change(kept, content["answers"], watched):
        content["screen_changes"].append({"at": now.isoformat(), "section": section_id, **change})
    others = [section for section in content["sections_done"] if section != section_id]
    content["sections_done"] = [*others, section_id] if done else others
    _seal(row, content, sealer)
    row.updated_at = now


def record_outcome(
    session: Session,
    booking_id: uuid.UUID,
    stage: str,
    assessment: Assessment,
    now: datetime,
    sealer: Sealer,
) -> None:
    """Notes what an assessment said at a stage: screen, intake, recheck, release. Raises ResponseNotFound."""
    row = _locked(session, booking_id)
    content = _open(row, sealer)
    content["outcomes"].append(
        {
            "stage": stage,
            "at": now.isoformat(),
            "level": assessment.outcome.level.value,
            "flags": [flag.id for flag in assessment.outcome.flags],
            "version": row.questionnaire_version,
        }
    )
    _seal(row, content, sealer)
    row.updated_at = now


def complete(session: Session, booking_id: uuid.UUID, now: datetime) -> None:
    """The patient sent the intake; the first time counts. Raises ResponseNotFound."""
    row = _locked(session, booking_id)
    row.status = COMPLETED
    row.completed_at = row.completed_at or now
    row.updated_at = now


def forget_responses(session: Session, booking_ids: Collection[uuid.UUID]) -> None:
    """Delete everything these bookings' patients answered."""
    session.execute(delete(QuestionnaireResponse).where(QuestionnaireResponse.booking_id.in_(booking_ids)))


def _locked(session: Session, booking_id: uuid.UUID) -> QuestionnaireResponse:
    # two tabs saving at once would each write back the whole sealed blob
    statement = (
        select(QuestionnaireResponse)
        .where(QuestionnaireResponse.booking_id == booking_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    row = session.scalar(statement)
    if row is None:
        raise ResponseNotFound(booking_id)
    return row


def _change(
    former: Mapping[str, AnswerValue], now: Mapping[str, AnswerValue], watched: Collection[str]
) -> dict[str, dict[str, AnswerValue | None]] | None:
    """What was replaced among the watched questions; None when there had been no answer to replace."""
    changed = [item for item in watched if former.get(item) != now.get(item)]
    if not any(item in former for item in changed):
        return None
    return {
        "former": {item: former.get(item) for item in changed},
        "became": {item: now.get(item) for item in changed},
    }


def merged(
    kept: Mapping[str, AnswerValue], answers: Mapping[str, AnswerValue | None]
) -> dict[str, AnswerValue]:
    """What is known once these answers are saved over the `kept` ones, as `save_section` does."""
    after: dict[str, AnswerValue | None] = {**kept, **answers}
    return {item: value for item, value in after.items() if value is not None and is_answered(value)}


def _place(row: QuestionnaireResponse | ResponseRow) -> Place:
    return Place(QuestionnaireResponse.__tablename__, "answers_sealed", row.id)


def _seal(row: QuestionnaireResponse, content: Mapping[str, Any], sealer: Sealer) -> None:
    row.answers_sealed = sealer.seal(json.dumps(content, ensure_ascii=False), _place(row))


def _open(row: QuestionnaireResponse | ResponseRow, sealer: Sealer) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(sealer.open(row.answers_sealed, _place(row)))
    return content
