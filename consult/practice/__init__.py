"""Who the practice is, its therapist, its patients (FHIR Organization, Practitioner, Patient)."""
