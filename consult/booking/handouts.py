"""The page of tips before the visit: for the patient once it is released, for the therapist always."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from consult.intake.handout import HandoutLine, HandoutRules
from consult.intake.handout_edits import Edit, EditedHandout, edited, find_edit
from consult.practice.service import get_practice

from .ports import Ports
from .standing import Standing


@dataclass(frozen=True)
class LineChoice:
    """One line for the therapist: whether the patient gets it, and why the rules left it out if they did."""

    line: HandoutLine
    kept: bool
    because: str | None


@dataclass(frozen=True)
class HandoutPage:
    """`released`: this one by hand, or all of them `at_once`. `readable`: the patient can read it now."""

    rules: HandoutRules
    handout: EditedHandout
    edit: Edit
    released: bool
    at_once: bool
    readable: bool
    stretches: Sequence[LineChoice]
    tips: Sequence[LineChoice]


def find_patient_handout(session: Session, standing: Standing, ports: Ports) -> EditedHandout | None:
    """What the patient may read now; None while it waits for the therapist, or for the intake."""
    page = handout_page(session, standing, ports)
    return page.handout if page.readable else None


def handout_page(session: Session, standing: Standing, ports: Ports) -> HandoutPage:
    rules, composed = standing.catalogue.handout, standing.screening.assessment.handout
    edit = find_edit(session, standing.booking.id, ports.sealer)
    handout = edited(rules, composed, edit)
    because = {withheld.id: withheld.because for withheld in composed.withheld}
    kept = {line.id for line in (*handout.stretches, *handout.tips)}

    def choices(lines: Sequence[HandoutLine]) -> list[LineChoice]:
        return [LineChoice(line, line.id in kept, because.get(line.id)) for line in lines]

    at_once = get_practice(session).handout_at_once
    released = at_once or edit.released_at is not None
    ready = standing.intake_completed and not standing.booking.on_safety_hold
    return HandoutPage(
        rules=rules,
        handout=handout,
        edit=edit,
        released=released,
        at_once=at_once,
        readable=ready and released and handout.shown,
        stretches=choices(rules.stretches),
        tips=choices(rules.tips),
    )


def edit_from(
    page: HandoutPage, ticked: Sequence[str], composed_ids: Sequence[str]
) -> tuple[set[str], set[str]]:
    """(removed, added) out of the lines the therapist left ticked."""
    known = {choice.line.id for choice in (*page.stretches, *page.tips)}
    wanted, composed = set(ticked) & known, set(composed_ids)
    return composed - wanted, wanted - composed
