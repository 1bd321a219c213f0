"""Where a patient stands, and where they may go. Pure: derived from facts each time, so it cannot disagree
with them, and every door on the way asks here.
"""

from dataclasses import dataclass
from enum import Enum


class Step(Enum):
    """The steps in the order a patient meets them; the value is the last part of the page's address."""

    SCREEN = "safety"
    STOP = "stop"
    ADVICE = "advice"
    TIME = "time"
    ABOUT = "about"
    TERMS = "terms"
    CHECK = "check"
    PAY = "pay"
    CONFIRMED = "confirmed"


ORDER = tuple(Step)
COUNTED = (Step.SCREEN, Step.TIME, Step.ABOUT, Step.TERMS, Step.CHECK)
"""The steps a patient is told the number of; advice and stop pages are not part of a plan."""


@dataclass(frozen=True, slots=True)
class JourneyFacts:
    """What is true of one booking now. `stopped_in` is the step whose answers end it here, by an emergency or
    a policy.
    """

    screened: bool = False
    stopped_in: Step | None = None
    has_advice: bool = False
    advice_due: bool = False
    hold_live: bool = False
    about_complete: bool = False
    agreed: bool = False
    checkout_live: bool = False
    confirmed: bool = False


def next_step(facts: JourneyFacts) -> Step:
    """The first step still to be done."""
    if facts.confirmed:
        return Step.CONFIRMED
    if facts.stopped_in:
        return Step.STOP
    undone = (
        (not facts.screened, Step.SCREEN),
        (facts.advice_due, Step.ADVICE),
        (not facts.hold_live, Step.TIME),
        (not facts.about_complete, Step.ABOUT),
        (not facts.agreed, Step.TERMS),
        (not facts.checkout_live, Step.CHECK),
    )
    return next((step for due, step in undone if due), Step.PAY)


def may_enter(step: Step, facts: JourneyFacts) -> bool:
    """Whether this page may be shown or sent now. Going back is allowed until the visit is confirmed; after a
    stop only the answers that led to it are, to mend a slip.
    """
    due = next_step(facts)
    if due is Step.CONFIRMED:
        return step is Step.CONFIRMED
    if due is Step.STOP:
        return step in (Step.STOP, Step.SCREEN, facts.stopped_in)
    if step in (Step.STOP, Step.CONFIRMED):
        return False
    if step is Step.ADVICE and not facts.has_advice:
        return False
    return ORDER.index(step) <= ORDER.index(due)
