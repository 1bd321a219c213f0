"""A patient who comes again is known by digests, and keeps a row of their own each time."""

from dataclasses import replace

from sqlalchemy import select, update

from consult.db.sealing import Sealer
from consult.db.transaction import transaction
from consult.practice.models import Patient
from consult.practice.service import Contact, fill_digests, keep_patient, read_contact, same_person

ROSA = Contact(
    name="Rosa Marin",
    email="rosa.marin@example.com",
    phone="(555) 010-0123",
    birth_date="1980-03-14",
    state="NY",
    address="12 Example Street, Albany",
    emergency_contact="Sam, (555) 010-0188",
)


def keep(session, contact, now, sealer, patient_id=None):
    with transaction(session):
        return keep_patient(session, contact, patient_id, now, sealer).id


def found(session, contact, sealer):
    return set(session.scalars(select(Patient.id).where(same_person(contact, sealer))))


def test_the_same_address_and_birth_date_are_the_same_person_in_rows_of_their_own(session, clock, sealer):
    first = keep(session, ROSA, clock(), sealer)
    again = keep(session, replace(ROSA, email="Rosa.Marin@Example.com ", phone="1"), clock(), sealer)
    keep(session, replace(ROSA, birth_date="1980-03-15"), clock(), sealer)
    keep(session, replace(ROSA, email="sam@example.com"), clock(), sealer)
    assert found(session, ROSA, sealer) == {first, again}
    assert read_contact(session, first, sealer) == ROSA


def test_a_mended_address_makes_another_person(session, clock, sealer):
    patient = keep(session, ROSA, clock(), sealer)
    mended = replace(ROSA, email="rosa@example.com")
    assert keep(session, mended, clock(), sealer, patient) == patient
    assert found(session, ROSA, sealer) == set()
    assert found(session, mended, sealer) == {patient}


def test_a_person_is_known_again_after_a_new_key_came(session, clock):
    old, new = bytes(32), bytes(range(32))
    patient = keep(session, ROSA, clock(), Sealer([old]))
    assert found(session, ROSA, Sealer([new, old])) == {patient}


def test_rows_from_before_there_were_digests_get_them(session, clock, sealer):
    patients = {keep(session, ROSA, clock(), sealer) for _ in range(2)}
    with transaction(session):
        session.execute(update(Patient).values(person_digest=None, email_digest=None))
    assert found(session, ROSA, sealer) == set()
    with transaction(session):
        fill_digests(session, clock(), sealer)
    assert found(session, ROSA, sealer) == patients
    assert None not in session.scalars(select(Patient.email_digest)).all()


def test_no_digest_tells_an_address_to_somebody_who_tries_them_all_without_the_key(session, clock, sealer):
    keep(session, ROSA, clock(), sealer)
    [(person, email)] = session.execute(select(Patient.person_digest, Patient.email_digest)).all()
    other_key = Sealer([bytes(32)])
    assert person not in other_key.digests(ROSA.person, "person")
    assert email not in other_key.digests(ROSA.email, "email")
    assert email == sealer.digest(ROSA.email, "email")
