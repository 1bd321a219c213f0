"""The practice, its therapist, its patients."""

import json
import uuid
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core.errors import NotFound
from consult.db.sealing import Place, Sealer

from .models import Patient, Practice, Therapist


@dataclass(frozen=True, slots=True)
class Contact:
    """How to reach a patient, and where to send help. Plain text, never stored unsealed."""

    name: str
    email: str
    phone: str
    birth_date: str
    state: str
    address: str
    emergency_contact: str


def get_practice(session: Session) -> Practice:
    """Raises NotFound before the practice is set up."""
    practice = session.scalar(select(Practice).limit(1))
    if practice is None:
        raise NotFound
    return practice


def get_therapist(session: Session, therapist_id: uuid.UUID | None = None) -> Therapist:
    """The therapist of this id, or the only one. Raises NotFound."""
    query = select(Therapist).order_by(Therapist.created_at).limit(1)
    if therapist_id is not None:
        query = query.where(Therapist.id == therapist_id)
    therapist = session.scalar(query)
    if therapist is None:
        raise NotFound
    return therapist


def keep_patient(
    session: Session, contact: Contact, patient_id: uuid.UUID | None, now: datetime, sealer: Sealer
) -> Patient:
    """The patient row for this contact: a known one brought up to date, or a new one.

    Two people may share an address, so a row is only ever reused for the booking that made it.
    """
    patient = session.get(Patient, patient_id) if patient_id else None
    if patient is None:
        patient = Patient(created_at=now)
        session.add(patient)
    patient.contact_sealed = sealer.seal(json.dumps(asdict(contact)), _place(patient))
    session.flush()
    return patient


def read_contact(session: Session, patient_id: uuid.UUID, sealer: Sealer) -> Contact:
    """Raises NotFound."""
    patient = session.get(Patient, patient_id)
    if patient is None:
        raise NotFound
    return Contact(**json.loads(sealer.open(patient.contact_sealed, _place(patient))))


def _place(patient: Patient) -> Place:
    return Place("patient", "contact", patient.id)
