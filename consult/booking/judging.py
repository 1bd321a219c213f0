"""A booking's answers, opened and judged by the rules of the form they were given in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from weakref import WeakKeyDictionary

from sqlalchemy.orm import Session

from consult.intake.answers import AnswerValue
from consult.intake.content import Catalogue
from consult.intake.library import FormLibrary
from consult.intake.questionnaire import Item, missing_items
from consult.intake.service import ResponseRow, ResponseView, open_response

from .answers.screening import ABOUT, BEFORE_PAYMENT, RECHECK, SCREEN, Screening, screening
from .journey import Step
from .models import Booking
from .ports import Ports

_ASKED_BEFORE = frozenset({*BEFORE_PAYMENT, RECHECK})


class IntakeState(StrEnum):
    NOT_BEGUN = "not begun"
    BEGUN = "begun"
    FINISHED = "finished"


@dataclass(frozen=True)
class Judged:
    """A booking's answers, and what the rules say of them on one day. `catalogue` is the form as they were
    begun with, whatever new patients get by now.
    """

    response: ResponseView
    catalogue: Catalogue
    screening: Screening
    about_missing: Sequence[Item]
    stopped_in: Step | None
    intake_begun: bool

    @property
    def intake_state(self) -> IntakeState:
        if self.response.completed_at is not None:
            return IntakeState.FINISHED
        return IntakeState.BEGUN if self.intake_begun else IntakeState.NOT_BEGUN


_judged: WeakKeyDictionary[Booking, tuple[tuple[ResponseRow, date, FormLibrary], Judged]] = (
    WeakKeyDictionary()
)
"""Goes with the booking, which a request forgets when it ends: no answers stay open in memory."""


def judge(session: Session, booking: Booking, row: ResponseRow, on: date, ports: Ports) -> Judged:
    """What this booking's answers mean on this day. Asks the database only for an older version of the form.

    Opened and judged once as long as the very same row, sealed bytes and all, is read again: a step asks
    before its transaction, under the lock, and after. Raises FormVersionLost.
    """
    basis = (row, on, ports.library)
    known = _judged.get(booking)
    if known is not None and known[0] == basis:
        return known[1]
    judged = _judge(open_response(row, ports.sealer), ports.library.find(session, row.version), on)
    _judged[booking] = (basis, judged)
    return judged


def _judge(response: ResponseView, catalogue: Catalogue, on: date) -> Judged:
    answers, items = response.answers, catalogue.questionnaire.items
    judged = screening(catalogue, answers, on)
    return Judged(
        response=response,
        catalogue=catalogue,
        screening=judged,
        about_missing=missing_items(catalogue.questionnaire, answers, [ABOUT], on),
        stopped_in=_stopped_in(judged, catalogue, answers, on),
        intake_begun=any(items[item_id].section not in _ASKED_BEFORE for item_id in answers),
    )


def _stopped_in(
    judged: Screening, catalogue: Catalogue, answers: dict[str, AnswerValue], today: date
) -> Step | None:
    if not judged.stopped:
        return None
    items = catalogue.questionnaire.items
    screen_only = {item_id: answer for item_id, answer in answers.items() if items[item_id].section == SCREEN}
    return Step.SCREEN if screening(catalogue, screen_only, today).stopped else Step.ABOUT
