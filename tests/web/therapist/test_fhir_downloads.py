"""FHIR R4 for the therapist: what her own record system can take in."""

import json

from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.questionnaire import Questionnaire

from tests.journeys.patient import Patient, Therapist


def test_the_form_downloads_as_a_questionnaire(therapist: Therapist):
    therapist.sign_in()
    response = therapist.client.get("/therapist/form.json")
    assert response.mimetype == "application/fhir+json"
    Questionnaire.model_validate_json(response.data)


def test_a_patients_answers_download_as_a_bundle_without_a_name(patient: Patient, therapist: Therapist):
    private_page = patient.book()
    patient.send_intake(private_page, st_now="8")
    therapist.sign_in()
    therapist.read_summary("Rosa Marin")
    response = therapist.client.get(f"{therapist.page.path}/fhir.json")
    Bundle.model_validate_json(response.data)
    kinds = [entry["resource"]["resourceType"] for entry in json.loads(response.data)["entry"]]
    assert {"QuestionnaireResponse", "Flag", "Observation"} <= set(kinds)


def test_nobody_else_downloads_anything(patient: Patient):
    for address in ("/therapist/form.json", "/therapist/bookings/x/fhir.json"):
        assert patient.client.get(address).status_code == 302
