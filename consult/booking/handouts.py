"""The page of tips before the visit: for the patient once it is released, for the therapist always."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from consult.core.tokens import digest
from consult.intake.handout import HandoutLine, HandoutRules
from consult.intake.handout_edits import Edit, EditedHandout, edited, find_edit
from consult.practice.service import get_practice

from .ports import Ports
from .standing import Standing


@dataclass(frozen=True)
class LineChoice:
    """One line for the therapist: whether the patient gets it, and why the rules left it out if they did."""

    line: HandoutLine
    by_rules: bool
    kept: bool
    because: str | None


@dataclass(frozen=True)
class HandoutPage:
    """`released`: this one by hand, or all of them `at_once` and this one not kept back. `readable`: the
    patient can read it now.
    """

    rules: HandoutRules
    handout: EditedHandout
    edit: Edit
    released: bool
    at_once: bool
    readable: bool
    stretches: Sequence[LineChoice]
    tips: Sequence[LineChoice]

    @property
    def by_rules(self) -> frozenset[str]:
        """The lines the rules give by themselves."""
        return frozenset(choice.line.id for choice in self.choices if choice.by_rules)

    @property
    def choices(self) -> Sequence[LineChoice]:
        return [*self.stretches, *self.tips]

    @property
    def rules_said(self) -> str:
        """Changes when the rules give or leave out something else, or for another reason."""
        return digest(repr([(choice.line.id, choice.by_rules, choice.because) for choice in self.choices]))


def find_patient_handout(session: Session, standing: Standing, ports: Ports) -> EditedHandout | None:
    """What the patient may read now; None while it waits for the therapist, or for the intake."""
    page = handout_page(session, standing, ports)
    return page.handout if page.readable else None


def handout_page(
    session: Session, standing: Standing, ports: Ports, typed: Edit | None = None
) -> HandoutPage:
    """With `typed`, as it would be with that edit, which is not kept."""
    rules, composed = standing.catalogue.handout, standing.screening.assessment.handout
    edit = typed or find_edit(session, standing.booking.id, ports.sealer)
    handout = edited(rules, composed, edit)
    because = {withheld.id: withheld.because for withheld in composed.withheld}
    by_rules, kept = ({line.id for line in (*given.stretches, *given.tips)} for given in (composed, handout))

    def choices(lines: Sequence[HandoutLine]) -> list[LineChoice]:
        return [
            LineChoice(line, line.id in by_rules, line.id in kept, because.get(line.id)) for line in lines
        ]

    at_once = get_practice(session).handout_at_once
    released = edit.released_at is not None or (at_once and not edit.kept_back)
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


def edit_from(page: HandoutPage, ticked: Collection[str], note: str) -> Edit:
    """The edit that leaves these lines ticked."""
    added = [choice for choice in page.choices if not choice.by_rules and choice.line.id in ticked]
    return replace(
        page.edit,
        removed=sorted(page.by_rules - set(ticked)),
        added=sorted(choice.line.id for choice in added),
        because={choice.line.id: choice.because for choice in added if choice.because},
        note=note,
    )
