"""The clinical rules: what judging one full form costs, and what the intake page costs with and without."""

import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from statistics import median

from sqlalchemy import select

from consult.booking import judging
from consult.booking.answers.screening import Screening
from consult.deps import deps
from consult.intake.answers import AnswerValue
from consult.intake.assessment import assess
from consult.intake.content import Catalogue
from consult.intake.models import COMPLETED, QuestionnaireResponse
from consult.intake.service import get_answers

from .form import longest_section, with_open_form
from .practice import Site
from .report import Plan, Report, Target

_ONE_MILLISECOND = 1.0
_TIMES_THE_PAGE = 1.5


def measure(report: Report, plan: Plan, site: Site, finished: uuid.UUID) -> None:
    """On a practice with the demonstration's patients; `finished` is the booking of one who sent the form."""
    report.heading("Clinical rules, in process, milliseconds")
    _assessment(report, plan, site)
    _page(report, plan, site, finished)


def _page(report: Report, plan: Plan, site: Site, finished: uuid.UUID) -> None:
    """The longest page of the form as it is shown, and the same while judgements are only remembered."""
    section_id, asked = longest_section(site, finished)
    [visitor] = with_open_form(site, finished, 1)
    show = _asker(site, f"/b/{visitor.token}/intake/{section_id}", visitor.cookie)
    rules, known = judging.screening, dict[str, Screening]()

    def remembered(catalogue: Catalogue, answers: Mapping[str, AnswerValue], on: date) -> Screening:
        key = repr(answers)
        if key not in known:
            known[key] = rules(catalogue, answers, on)
        return known[key]

    judged, spared = [], []
    try:
        for _ in range(plan.windows):
            judging.screening = rules
            judged.append(_milliseconds(show, plan.seconds))
            judging.screening = remembered
            spared.append(_milliseconds(show, plan.seconds))
    finally:
        judging.screening = rules
    ratio = median(one / other for one, other in zip(judged, spared, strict=True))
    report.line(
        f"intake page of {asked} questions",
        f"{median(judged):.2f} ms, without the rules {median(spared):.2f} ms, {ratio:.2f} ×",
        Target("times the page without", ratio, _TIMES_THE_PAGE, least=False),
    )


def _assessment(report: Report, plan: Plan, site: Site) -> None:
    with site.app.app_context():
        d = deps()
        query = select(QuestionnaireResponse.booking_id).where(QuestionnaireResponse.status == COMPLETED)
        forms = [
            get_answers(d.session, booking_id, d.ports.sealer) for booking_id in d.session.scalars(query)
        ]
        catalogue = d.ports.catalogue
    on = datetime.now(UTC).date()
    slowest = max(
        _milliseconds(lambda answers=answers: assess(catalogue, answers, on), plan.seconds / 2)
        for answers in forms
    )
    report.line(
        "assessing one full form",
        f"{slowest:.2f} ms, the slowest of {len(forms)} forms of up to {max(map(len, forms))} answers",
        Target("milliseconds", slowest, _ONE_MILLISECOND, least=False),
    )


def _asker(site: Site, path: str, cookie: str) -> Callable[[], object]:
    client = site.app.test_client(use_cookies=False)

    def ask() -> None:
        response = client.get(path, headers={"Cookie": cookie}, base_url="http://127.0.0.1")
        if response.status_code != 200:
            raise RuntimeError(f"{path} answered {response.status_code}")

    return ask


def _milliseconds(call: Callable[[], object], seconds: float) -> float:
    """The median time of one call, over so many seconds."""
    call()
    times, end = [], time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        begun = time.perf_counter()
        call()
        times.append(time.perf_counter() - begun)
    return 1000 * median(times)
