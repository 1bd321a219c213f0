"""Answers kept, sealed, merged and read back."""

import json
from datetime import date, timedelta

import pytest
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from consult.booking.models import Booking
from consult.db.sealing import Place, SealBroken
from consult.db.transaction import transaction
from consult.intake import service
from consult.intake.assessment import assess
from consult.intake.models import QuestionnaireResponse


@pytest.fixture
def save(session, booking_id, clock, sealer):
    def save_answers(section_id, answers, **options):
        with transaction(session):
            service.save_section(session, booking_id, section_id, answers, clock(), sealer, **options)

    return save_answers


@pytest.fixture
def read(session, booking_id, sealer):
    return lambda: service.read_response(session, booking_id, sealer)


def test_a_new_response_is_empty_and_pinned_to_its_version(read, catalogue, clock):
    view = read()
    assert (view.questionnaire_id, view.version) == ("back_hip_intake", catalogue.questionnaire.version)
    assert (view.status, view.answers, view.outcomes, view.sections_done) == ("in-progress", {}, (), ())
    assert (view.created_at, view.updated_at, view.completed_at) == (clock(), clock(), None)


def test_starting_twice_keeps_the_answers(session, booking_id, save, catalogue, clock, sealer):
    save("screen", {"sc_main": ["none"]})
    with transaction(session):
        view = service.start_response(session, booking_id, catalogue, clock(), sealer)
    assert view.answers == {"sc_main": ["none"]}


def test_answers_of_every_shape_come_back_as_they_were(save, read):
    answers = {
        "sc_main": ["weight"],
        "st_now": 0,
        "fe_rom": "no",
        "tr_self": {"rest": "helped", "move": None},
        "go_act": [{"activity": "stairs – up", "score": None}],
        "co_true": True,
    }
    save("tried", answers)
    assert read().answers == answers


def test_two_tabs_that_save_different_questions_lose_nothing(save, read):
    save("life", {"li_sit": "gt8"})
    save("life", {"li_smoke": "never"})
    save("goals", {"go_want": "sleep"})
    assert read().answers == {"li_sit": "gt8", "li_smoke": "never", "go_want": "sleep"}
    assert read().sections_done == ("life", "goals")


@pytest.mark.parametrize("nothing", [None, [], "", {}])
def test_an_answer_can_be_taken_back(save, read, nothing):
    save("life", {"li_sit": "gt8", "li_smoke": "never"})
    save("life", {"li_sit": nothing})
    assert read().answers == {"li_smoke": "never"}


def test_a_section_counts_as_done_only_when_it_is(save, read):
    save("life", {"li_sit": "gt8"}, done=False)
    assert read().sections_done == ()
    save("life", {})
    assert read().sections_done == ("life",)
    save("life", {}, done=False)
    assert read().sections_done == ()


def test_a_changed_safety_answer_leaves_the_former_one(save, read, clock):
    save("screen", {"sc_main": ["control"]})
    assert read().screen_changes == ()
    clock.advance(timedelta(minutes=3))
    save("screen", {"sc_main": ["none"]})
    save("screen", {"sc_main": ["none"]})
    [change] = read().screen_changes
    assert (change.at, change.section, change.former) == (clock(), "screen", {"sc_main": ["control"]})
    assert change.became == {"sc_main": ["none"]}
    assert read().answers == {"sc_main": ["none"]}


def test_a_safety_answer_taken_back_leaves_the_former_one(save, read):
    save("recheck", {"rc_same": ["saddle"]})
    save("recheck", {"rc_same": None})
    [change] = read().screen_changes
    assert (change.former, change.became) == ({"rc_same": ["saddle"]}, {"rc_same": None})


def test_a_changed_answer_of_another_section_is_simply_replaced(save, read):
    save("life", {"li_sit": "gt8"})
    save("life", {"li_sit": "lt4"})
    assert read().screen_changes == ()


def test_of_another_section_only_noted_answers_leave_the_former_one(save, read):
    save("about", {"pt_state": "OTHER", "pt_name": "Rosa"})
    save("about", {"pt_state": "OTHER", "pt_name": "Rosa M"}, noted={"pt_state"})
    assert read().screen_changes == ()
    save("about", {"pt_state": "NY", "pt_name": "Rosa Marin"}, noted={"pt_state", "pt_dob"})
    [change] = read().screen_changes
    assert (change.section, change.former, change.became) == (
        "about",
        {"pt_state": "OTHER"},
        {"pt_state": "NY"},
    )


def test_a_change_from_before_it_was_noted_what_became_of_it_is_still_read(session, booking_id, save, sealer):
    save("screen", {"sc_main": ["control"]})
    save("screen", {"sc_main": ["none"]})
    with transaction(session):
        row = service.find_response(session, booking_id)
        place = Place("questionnaire_response", "answers_sealed", row.id)
        content = json.loads(sealer.open(row.answers_sealed, place))
        del content["screen_changes"][0]["became"]
        row.answers_sealed = sealer.seal(json.dumps(content), place)
    [change] = service.read_response(session, booking_id, sealer).screen_changes
    assert (change.former, change.became) == ({"sc_main": ["control"]}, None)


def test_outcomes_are_kept_in_order_with_the_version(
    session, booking_id, save, read, catalogue, clock, sealer
):
    for stage, answers in (("screen", {"sc_main": ["cancer"]}), ("intake", {"st_course": "worse"})):
        save("screen", answers)
        assessment = assess(catalogue, read().answers, on=date(2026, 6, 1))
        with transaction(session):
            service.record_outcome(session, booking_id, stage, assessment, clock(), sealer)
        clock.advance(timedelta(hours=1))
    first, second = read().outcomes
    assert (first.stage, first.level, first.flags, first.version) == (
        "screen",
        "caution",
        ("cancer_history",),
        catalogue.version,
    )
    assert (second.stage, second.level, second.flags) == ("intake", "urgent", ("cancer_with_warning_signs",))
    assert second.at - first.at == timedelta(hours=1)


def test_the_first_time_it_was_sent_counts(session, booking_id, read, clock):
    sent_at = clock()
    for _ in range(2):
        with transaction(session):
            service.complete(session, booking_id, clock())
        clock.advance(timedelta(days=1))
    assert (read().status, read().completed_at) == ("completed", sent_at)


def test_no_answer_flag_or_former_answer_stands_in_plain_text(
    session, booking_id, save, read, catalogue, clock, sealer, tmp_path
):
    save("screen", {"sc_main": ["control"]})
    save("screen", {"sc_main": ["weight"]})
    save("goals", {"go_want": "Zanzibar marathon", "pt_place": "12 Quux Lane"})
    assessment = assess(catalogue, read().answers, on=date(2026, 6, 1))
    with transaction(session):
        service.record_outcome(session, booking_id, "screen", assessment, clock(), sealer)
    sealed = session.scalars(select(QuestionnaireResponse.answers_sealed)).one()
    session.rollback()
    stored = sealed + b"".join(path.read_bytes() for path in tmp_path.glob("test.db*"))
    for word in (b"Zanzibar", b"Quux", b"sc_main", b"control", b"unexplained_weight_loss", b"urgent"):
        assert word not in stored


def test_sealed_answers_open_only_in_their_own_row(
    session, booking_id, save, new_booking, catalogue, clock, sealer
):
    save("screen", {"sc_main": ["none"]})
    other = new_booking()
    with transaction(session):
        service.start_response(session, other, catalogue, clock(), sealer)
    with transaction(session):
        mine = service.find_response(session, booking_id)
        theirs = service.find_response(session, other)
        theirs.answers_sealed = mine.answers_sealed
    with pytest.raises(SealBroken):
        service.get_answers(session, other, sealer)


def test_a_booking_has_one_response_and_takes_it_along_when_deleted(session, booking_id, clock):
    row = QuestionnaireResponse(
        booking_id=booking_id,
        questionnaire_id="back_hip_intake",
        questionnaire_version="1.0.0",
        status="in_progress",
        answers_sealed=b"",
        created_at=clock(),
        updated_at=clock(),
    )
    with pytest.raises(IntegrityError), transaction(session):
        session.add(row)
    with transaction(session):
        session.execute(delete(Booking).where(Booking.id == booking_id))
    assert service.find_response(session, booking_id) is None


def test_a_booking_without_answers_is_not_found(session, new_booking, clock, sealer):
    booking_id = new_booking()
    assert service.find_response(session, booking_id) is None
    with pytest.raises(service.ResponseNotFound):
        service.get_answers(session, booking_id, sealer)
    with pytest.raises(service.ResponseNotFound), transaction(session):
        service.save_section(session, booking_id, "screen", {}, clock(), sealer)
