"""Every door of the journey, for every state a booking can be in."""

import pytest

from consult.booking.journey import JourneyFacts, Step, may_enter, next_step

SCREENED = {"screened": True}
HELD = {**SCREENED, "hold_live": True}
KNOWN = {**HELD, "about_complete": True}
AGREED = {**KNOWN, "agreed": True}
PAYING = {**AGREED, "checkout_live": True}

STATES = {
    "new": (JourneyFacts(), Step.SCREEN, {Step.SCREEN}),
    "emergency": (
        JourneyFacts(screened=True, stopped_in=Step.SCREEN),
        Step.STOP,
        {Step.STOP, Step.SCREEN},
    ),
    "emergency found while paying": (
        JourneyFacts(**{**PAYING, "stopped_in": Step.SCREEN}),
        Step.STOP,
        {Step.STOP, Step.SCREEN},
    ),
    "stopped by what was said about oneself": (
        JourneyFacts(**{**HELD, "stopped_in": Step.ABOUT}),
        Step.STOP,
        {Step.STOP, Step.SCREEN, Step.ABOUT},
    ),
    "urgent, advice unread": (
        JourneyFacts(screened=True, has_advice=True, advice_due=True, hold_live=True),
        Step.ADVICE,
        {Step.SCREEN, Step.ADVICE},
    ),
    "screened": (JourneyFacts(**SCREENED), Step.TIME, {Step.SCREEN, Step.TIME}),
    "urgent, advice read": (
        JourneyFacts(**{**SCREENED, "has_advice": True}),
        Step.TIME,
        {Step.SCREEN, Step.ADVICE, Step.TIME},
    ),
    "held": (JourneyFacts(**HELD), Step.ABOUT, {Step.SCREEN, Step.TIME, Step.ABOUT}),
    "known": (
        JourneyFacts(**KNOWN),
        Step.TERMS,
        {Step.SCREEN, Step.TIME, Step.ABOUT, Step.TERMS},
    ),
    "agreed": (
        JourneyFacts(**AGREED),
        Step.CHECK,
        {Step.SCREEN, Step.TIME, Step.ABOUT, Step.TERMS, Step.CHECK},
    ),
    "paying": (
        JourneyFacts(**PAYING),
        Step.PAY,
        {Step.SCREEN, Step.TIME, Step.ABOUT, Step.TERMS, Step.CHECK, Step.PAY},
    ),
    "hold ran out": (
        JourneyFacts(**{**AGREED, "hold_live": False}),
        Step.TIME,
        {Step.SCREEN, Step.TIME},
    ),
    "confirmed": (JourneyFacts(**{**PAYING, "confirmed": True}), Step.CONFIRMED, {Step.CONFIRMED}),
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("step", Step)
def test_each_state_opens_exactly_its_doors(state: str, step: Step) -> None:
    facts, due, doors = STATES[state]
    assert next_step(facts) is due
    assert may_enter(step, facts) is (step in doors)
