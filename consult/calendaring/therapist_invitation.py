"""The therapist's own invitation to an appointment."""

from consult.core.timespan import TimeSpan

from .event import EventFacts, Status
from .itip import Invitation, Party, invitation, request_for
from .models import CalendarObject


def therapist_invitation(row: CalendarObject, *, organizer: str, attendee: Party) -> Invitation:
    """REQUEST or CANCEL for the present revision. She is invited to what her feed shows, in as much detail as
    she chose for it; a CANCEL says neither whose it was nor where to read it. `organizer` is the mail's From,
    who must be somebody else than `attendee`: an organizer cannot answer.
    """
    party = Party.of(organizer)
    if row.vevent_therapist is not None:
        return request_for(row.vevent_therapist, party, attendee)
    gone = EventFacts(
        uid=row.uid,
        sequence=row.sequence,
        revised_at=row.revised_at,
        created_at=row.created_at,
        span=TimeSpan(row.start_at, row.end_at),
        summary="Cancelled",
        description="",
        url=None,
        location="",
        status=Status.CANCELLED,
    )
    return invitation(gone, party, attendee)
