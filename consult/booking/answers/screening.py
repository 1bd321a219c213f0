"""Whether it is safe, and allowed, to go on: the answers so far against the rules. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from consult.intake.answers import AnswerValue
from consult.intake.assessment import Assessment, assess
from consult.intake.conditions import AgeAtLeast, AgeUnder, items_named, nodes
from consult.intake.content import Catalogue
from consult.intake.questionnaire import Item, missing_items
from consult.intake.red_flags import Disposition, Level, RaisedFlag, settled_emergencies

SCREEN = "screen"
ABOUT = "about"
INTAKE = "intake"
RECHECK = "recheck"
BEFORE_PAYMENT = (SCREEN, ABOUT)


@dataclass(frozen=True)
class Screening:
    """`pending` are the safety questions still open. `emergencies` may be settled while some are."""

    pending: tuple[Item, ...]
    emergencies: tuple[RaisedFlag, ...]
    assessment: Assessment

    @property
    def screened(self) -> bool:
        return not self.pending

    @property
    def stopped(self) -> bool:
        if self.emergencies:
            return True
        return self.screened and self.assessment.outcome.disposition is Disposition.STOP

    @property
    def has_advice(self) -> bool:
        """Whether there is advice that must be read before going on."""
        return self.screened and self.assessment.outcome.disposition is Disposition.CONTINUE_AFTER_READING

    @property
    def policy_stop(self) -> str | None:
        """The policy that ends the booking, unless an emergency says more."""
        policies = self.assessment.outcome.policies
        return policies[0].id if policies and not self.emergencies else None

    @property
    def advice(self) -> tuple[RaisedFlag, ...]:
        return tuple(flag for flag in self.assessment.outcome.flags if flag.level is Level.URGENT)


def screening(catalogue: Catalogue, answers: Mapping[str, AnswerValue], on: date) -> Screening:
    """Judge the answers as they stand on this day."""
    pending = tuple(missing_items(catalogue.questionnaire, answers, [SCREEN], on))
    assessment = assess(catalogue, answers, on=on)
    if pending:
        emergencies = tuple(
            settled_emergencies(
                catalogue.red_flags, catalogue.questionnaire, answers, {item.id for item in pending}
            )
        )
    else:
        emergencies = tuple(flag for flag in assessment.outcome.flags if flag.level is Level.EMERGENCY)
    return Screening(pending, emergencies, assessment)


def stopping_items(catalogue: Catalogue, judged: Screening) -> frozenset[str]:
    """The questions whose answers end the booking, and those that open them; empty when it may go on."""
    if not judged.stopped:
        return frozenset()
    form = catalogue.questionnaire
    asked = {answer.item_id for flag in judged.emergencies for answer in flag.answers}
    for policy in judged.assessment.outcome.policies:
        asked |= items_named(policy.when, catalogue.definitions)
        parts = nodes(policy.when, catalogue.definitions)
        if any(isinstance(part, (AgeUnder, AgeAtLeast)) for part in parts):
            asked.add(form.birth_date_item)
    openers = (form.items[item_id].show_if for item_id in asked)
    return frozenset(asked).union(*(items_named(opener, form.definitions) for opener in openers if opener))


def stopping_item(judged: Screening) -> str:
    """The question about oneself whose answer ended the booking."""
    by_policy = {"under_18": "pt_dob", "state_not_served": "pt_state"}
    if judged.policy_stop is not None:
        return by_policy[judged.policy_stop]
    quoted = [answer.item_id for flag in judged.emergencies for answer in flag.answers]
    return next((item_id for item_id in quoted if item_id.startswith("pt_")), "pt_preg_warn")
