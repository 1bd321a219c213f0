"""Every version of the form that somebody answers is kept and read again."""

import json
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, delete, event, func, select
from sqlalchemy.orm import Session

from consult.db.transaction import transaction
from consult.intake.catalogue import load_catalogue
from consult.intake.library import FormLibrary, FormVersionLost, keep_version, mark_versions
from consult.intake.models import QuestionnaireVersion
from consult.intake.service import find_response

FORMS = Path(__file__).parents[3] / "intake_forms"
GOALS = "forms/back_hip.yaml"


@pytest.fixture(scope="module")
def edited(tmp_path_factory):
    """The form after somebody corrected a word and gave it no number."""
    folder = Path(shutil.copytree(FORMS, tmp_path_factory.mktemp("edited") / "intake_forms"))
    text = (folder / GOALS).read_text()
    (folder / GOALS).write_text(text.replace("What do you most want", "What do you want most", 1))
    return load_catalogue(folder)


@contextmanager
def counted(session: Session) -> Iterator[list[str]]:
    """The statements sent meanwhile."""
    statements: list[str] = []

    def note(_connection, _cursor, statement, *_rest):
        statements.append(statement)

    event.listen(session.get_bind(), "before_cursor_execute", note)
    yield statements
    event.remove(session.get_bind(), "before_cursor_execute", note)


def keep(session, catalogue, now):
    with transaction(session):
        keep_version(session, catalogue, now)


def test_an_edit_without_a_new_number_is_another_version(catalogue, edited, tmp_path):
    number, digest = catalogue.version.split("+")
    assert edited.version.split("+")[0] == number
    assert edited.version.split("+")[1] != digest
    copy = load_catalogue(Path(shutil.copytree(FORMS, tmp_path / "intake_forms")))
    assert copy.version == catalogue.version
    assert len(catalogue.version) <= QuestionnaireVersion.version.type.length


def test_the_present_version_costs_no_query(session, catalogue):
    with counted(session) as statements:
        assert FormLibrary(catalogue).find(session, catalogue.version) is catalogue
    assert statements == []


def test_an_older_version_is_the_same_form_again_and_read_once(session, clock, catalogue, edited):
    keep(session, catalogue, clock())
    library = FormLibrary(edited)
    assert library.find(session, catalogue.version) == catalogue
    with counted(session) as statements:
        again = library.find(session, catalogue.version)
    assert again is library.find(session, catalogue.version)
    assert (statements, library.current.version) == ([], edited.version)


def test_a_version_is_kept_once_and_small(session, clock, catalogue, edited):
    for form in (catalogue, edited):
        keep(session, form, clock())
    with counted(session) as statements:
        keep(session, catalogue, clock())
    assert not [statement for statement in statements if statement.startswith("INSERT")]
    sizes = session.scalars(select(func.length(QuestionnaireVersion.documents))).all()
    assert len(sizes) == 2
    assert max(sizes) < 60_000


@pytest.fixture
def two_servers(postgres_url):
    """On the PostgreSQL of the whole test run, where others may have made the table."""
    engine = create_engine(postgres_url)
    QuestionnaireVersion.__table__.create(engine, checkfirst=True)
    with engine.begin() as connection:
        connection.execute(delete(QuestionnaireVersion))
    with Session(engine) as session, Session(engine) as other:
        yield session, other
    engine.dispose()


def test_two_servers_that_keep_a_version_at_once_keep_one(two_servers, clock, catalogue):
    session, other = two_servers
    event.listen(session, "before_flush", lambda *_: keep(other, catalogue, clock()), once=True)
    keep(session, catalogue, clock())
    assert session.scalars(select(QuestionnaireVersion.version)).all() == [catalogue.version]


def test_a_version_nobody_kept_is_refused_by_its_name(session, catalogue):
    with pytest.raises(FormVersionLost) as refusal:
        FormLibrary(catalogue).find(session, "0.9.0+deadbeef")
    assert refusal.value.version == "0.9.0+deadbeef"


def kept_by_hand(session, documents, now):
    packed = zlib.compress(json.dumps(documents).encode())
    with transaction(session):
        session.add(QuestionnaireVersion(version="1.0.0+byhand00", documents=packed, created_at=now))
    return "1.0.0+byhand00"


def test_a_check_that_became_stricter_does_not_make_answers_unreadable(session, clock, catalogue):
    documents = dict(catalogue.documents)
    handout = documents["rules/handout.yaml"]
    documents["rules/handout.yaml"] = handout.replace("heading: ", "heading: Arthritis. ", 1)
    version = kept_by_hand(session, documents, clock())
    form = FormLibrary(catalogue).find(session, version)
    assert form.handout.heading.startswith("Arthritis. ")


def test_files_this_release_cannot_read_any_more_are_refused_like_lost_ones(session, clock, catalogue):
    documents = {**catalogue.documents, "rules/policies.yaml": "policies: of another shape"}
    version = kept_by_hand(session, documents, clock())
    with pytest.raises(FormVersionLost):
        FormLibrary(catalogue).find(session, version)


def test_answers_from_before_versions_held_a_digest_are_of_the_form_with_that_number(session, catalogue):
    number = catalogue.version.split("+")[0]
    assert FormLibrary(catalogue).find(session, number) is catalogue
    with pytest.raises(FormVersionLost):
        FormLibrary(catalogue).find(session, "0.9.0")


def test_they_are_pinned_before_the_next_edit(session, clock, catalogue, edited, booking_id):
    number = catalogue.version.split("+")[0]
    with transaction(session):
        find_response(session, booking_id).questionnaire_version = number
        session.query(QuestionnaireVersion).delete()
    with transaction(session):
        mark_versions(session, clock(), catalogue)
    response = find_response(session, booking_id)
    session.refresh(response)
    assert response.questionnaire_version == catalogue.version
    assert FormLibrary(edited).find(session, response.questionnaire_version) == catalogue
    session.rollback()
    with transaction(session):
        mark_versions(session, clock(), edited)
    session.refresh(response)
    assert response.questionnaire_version == catalogue.version
