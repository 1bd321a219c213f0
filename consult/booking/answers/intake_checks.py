"""Answers of the intake form that cannot both be right. Pure."""

from collections.abc import Mapping

from consult.intake.answers import AnswerValue, chosen


def intake_faults(answers: Mapping[str, AnswerValue | None]) -> dict[str, str]:
    """What to say, by the question it is said of; `answers` are those of the page beside all earlier ones."""
    faults = {}
    marked, main = chosen(answers.get("bm_regions")), answers.get("bm_main")
    if marked and isinstance(main, str) and main not in marked:
        faults["bm_main"] = "Choose one of the places you marked above, or mark this place as well."
    best, worst = answers.get("st_best"), answers.get("st_worst")
    if isinstance(best, int) and isinstance(worst, int) and best > worst:
        faults["st_best"] = "Pain at its best can't be stronger than at its worst. Please check both."
    return faults
