"""The practice, its therapist, its patients."""

import json
import uuid
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import Session

from consult.core.errors import NotFound
from consult.db.sealing import Place, Sealer

from .models import Patient, Practice, Therapist

_EMAIL, _PERSON = "email", "person"
"""What the digests are for (`Sealer.digest`)."""
_DIGESTS_AT_A_TIME = 100
_WHO = (
    select(Practice, Therapist).join_from(Practice, Therapist, true()).order_by(Therapist.created_at).limit(1)
)


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

    @property
    def person(self) -> str:
        """Equal for a patient who comes again, as far as one can tell."""
        return f"{plain_email(self.email)} {self.birth_date}"


def plain_email(email: str) -> str:
    """The same text for every way to write an e-mail address that differs only in case."""
    return email.strip().casefold()


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


def get_who(session: Session) -> tuple[Practice, Therapist]:
    """The practice and its therapist, as every page names them. Raises NotFound."""
    row = session.execute(_WHO).one_or_none()
    if row is None:
        raise NotFound
    return row[0], row[1]


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
    patient.contact_sealed = sealer.seal(json.dumps(asdict(contact)), _place(patient.id))
    _digest(patient, contact, sealer)
    session.flush()
    return patient


def same_person(contact: Contact, sealer: Sealer) -> ColumnElement[bool]:
    """What is true of every patient row made under this e-mail address and birth date.

    Whoever knows both can make one, so rows are never merged nor one shown to the patient of another.
    """
    return Patient.person_digest.in_(sealer.digests(contact.person, _PERSON))


def email_digests(email: str, sealer: Sealer) -> list[str]:
    """What `Patient.email_digest` may be for this address, the present one first."""
    return sealer.digests(plain_email(email), _EMAIL)


def fill_digests(session: Session, _now: datetime, sealer: Sealer) -> None:
    """Digests of rows from before there were any, some at a time."""
    rows = session.scalars(
        select(Patient).where(Patient.person_digest.is_(None)).limit(_DIGESTS_AT_A_TIME).with_for_update()
    )
    for patient in rows:
        _digest(patient, read_contact(session, patient.id, sealer), sealer)


def read_contact(session: Session, patient_id: uuid.UUID, sealer: Sealer) -> Contact:
    """Raises NotFound."""
    patient = session.get(Patient, patient_id)
    if patient is None:
        raise NotFound
    return open_contact(patient_id, patient.contact_sealed, sealer)


def open_contact(patient_id: uuid.UUID, contact_sealed: bytes, sealer: Sealer) -> Contact:
    """One that was read with others, thousands perhaps."""
    return Contact(**json.loads(sealer.open(contact_sealed, _place(patient_id))))


def release_handouts_at_once(session: Session, at_once: bool) -> None:
    """Whether patients read the handout as soon as the intake is sent, or once the therapist releases it.

    Raises NotFound before the practice is set up.
    """
    get_practice(session).handout_at_once = at_once


def _digest(patient: Patient, contact: Contact, sealer: Sealer) -> None:
    patient.email_digest = sealer.digest(plain_email(contact.email), _EMAIL)
    patient.person_digest = sealer.digest(contact.person, _PERSON)


def _place(patient_id: uuid.UUID) -> Place:
    return Place("patient", "contact", patient_id)
