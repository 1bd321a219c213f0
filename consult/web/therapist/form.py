"""The form and its rules, for the clinician who signs them off, and what leaves as FHIR R4."""

import json
from typing import Any

from flask import Response, render_template

from consult.booking import desk
from consult.booking.standing import find_standing
from consult.core.errors import NotFound
from consult.deps import deps
from consult.intake import fhir
from consult.intake.coverage import fact_coverage, source_coverage
from consult.intake.worked_patients import Simulation, WorkedPatient, simulate
from consult.summary.builder import build_summary
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
        cases=_simulations(),
    )


@therapist.get("/form/patients")
@therapist_only
def worked_patients() -> str:
    """Every worked patient, and whether the form files still give what is expected."""
    return render_template("therapist/worked_patients.html", cases=_simulations())


@therapist.get("/form/patients/<patient_id>")
@therapist_only
def worked_patient(patient_id: str) -> str:
    """One of them, walked through the rules. Raises NotFound."""
    d = deps()
    patient, before, after = _with_neighbours(patient_id)
    today = d.now().date()
    case = simulate(d.ports.catalogue, patient, today)
    return render_template(
        "therapist/worked_patient.html",
        case=case,
        summary=build_summary(d.ports.catalogue, case.answers, today),
        catalogue=d.ports.catalogue,
        before=before,
        after=after,
    )


def _simulations() -> list[Simulation]:
    d = deps()
    return [simulate(d.ports.catalogue, patient, d.now().date()) for patient in d.worked_patients]


def _with_neighbours(patient_id: str) -> tuple[WorkedPatient, WorkedPatient | None, WorkedPatient | None]:
    patients = deps().worked_patients
    for before, patient, after in zip((None, *patients), patients, (*patients[1:], None), strict=False):
        if patient.id == patient_id:
            return patient, before, after
    raise NotFound


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
    bundle = fhir.bundle(standing.catalogue, standing.answers, outcome, origin, d.settings.public_url)
    return _download(bundle, "answers.json")


def _download(resource: dict[str, Any], name: str) -> Response:
    return Response(
        json.dumps(resource, ensure_ascii=False, indent=2),
        content_type="application/fhir+json; charset=utf-8",
        headers={"Content-Disposition": f"attachment; filename={name}"},
    )
