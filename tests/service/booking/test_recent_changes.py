"""The therapist's own changes of the last minutes, as the agenda lists them."""

from consult.booking.changes.pages import recent_changes
from consult.booking.changes.taking_back import Actor

from .asked import statements
from .conftest import ONE, TEN, Desk
from .visits import cancel


def test_one_question_however_many_visits_she_has_changed(desk: Desk):
    first, second = desk.booked(TEN).id, desk.booked(ONE).id
    for booking_id, expected in ((first, [TEN]), (second, [TEN, ONE])):
        cancel(desk, desk.fresh(booking_id), Actor.THERAPIST)
        desk.session.expunge_all()
        with statements(desk) as asked:
            found = recent_changes(desk.session, desk.now, desk.ports)
        assert sorted(change.start_at for change in found) == sorted(expected)
        assert len(asked) == 1
