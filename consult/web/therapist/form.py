"""The form and its rules, for the clinician who signs them off, and what leaves as FHIR R4."""

import json
from typing import Any

from flask import Response, render_template

from consult.booking import desk
from consult.booking.standing import find_standing
from consult.deps import deps
from consult.intake import fhir
from consult.intake.coverage import fact_coverage, source_coverage
from consult.web.auth import therapist_only

from .agenda import known_id, therapist


@therapist.get("/form")
@therapist_only
def coverage() -> str:
    catalogue = deps().ports.catalogue
    return render_template(
        "therapist/form.html",
        catalogue=catalogue,
        facts=fact_coverage(catalogue),
        sources=source_coverage(catalogue),
    )


@therapist.get("/form.json")
@therapist_only
def form_fhir() -> Response:
    """The form as a FHIR R4 Questionnaire."""
    d = deps()
    return _download(fhir.questionnaire(d.ports.catalogue, d.settings.public_url), "questionnaire.json")


@therapist.get("/bookings/<booking_id>/fhir.json")
@therapist_only
def booking_fhir(booking_id: str) -> Response:
    """One patient's answers, flags and pain scores as a FHIR R4 Bundle."""
    d = deps()
    standing = find_standing(d.session, desk.get_booking(d.session, known_id(booking_id)), d.now(), d.ports)
    origin = fhir.Origin(
        response_id=standing.booking.id,
        patient_id=standing.booking.known_patient_id,
        authored_at=standing.response.completed_at or standing.response.updated_at,
        status="completed" if standing.intake_completed else "in-progress",
    )
    outcome = standing.screening.assessment.outcome
    bundle = fhir.bundle(d.ports.catalogue, standing.answers, outcome, origin, d.settings.public_url)
    return _download(bundle, "answers.json")


def _download(resource: dict[str, Any], name: str) -> Response:
    return Response(
        json.dumps(resource, ensure_ascii=False, indent=2),
        content_type="application/fhir+json; charset=utf-8",
        headers={"Content-Disposition": f"attachment; filename={name}"},
    )
