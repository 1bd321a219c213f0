"""Events of the therapist's feed shown in another way, their times as they are.

No revisions of the appointments: only what she is shown bears a new stamp, patients' calendars keep SEQUENCE
and DTSTAMP.
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, bindparam, select, update
from sqlalchemy.orm import Session

from .event import unstamped, vevent
from .feed import window
from .models import CalendarObject
from .service import Texts, therapist_facts
from .stamps import risen
from .subscriptions import feeds_changed, of_therapists

_EVENT = CalendarObject.__table__.c


def shown(therapist_id: uuid.UUID, now: datetime) -> Select[Any]:
    """Rows of all that her feed shows, longest at rest first; a caller adds what tells their texts.

    Plain columns, since there may be thousands and they are locked.
    """
    span = window(now)
    return (
        select(*_EVENT)
        .where(
            _EVENT.therapist_id == therapist_id,
            _EVENT.vevent_therapist.is_not(None),
            _EVENT.start_at >= span.start_at,
            _EVENT.start_at < span.end_at,
        )
        .order_by(_EVENT.revised_at, _EVENT.id)
    )


def drawn_anew(row: Row[Any], texts: Texts, now: datetime) -> bytes | None:
    """The event as these texts say and this release draws it; None when it is drawn so already."""
    drawn = vevent(replace(therapist_facts(row, texts), revised_at=risen(row.revised_at, now)))
    return None if unstamped(drawn) == unstamped(row.vevent_therapist) else drawn


def redraw(
    session: Session,
    therapist_id: uuid.UUID,
    rows: Sequence[Row[Any]],
    texts_of: Callable[[Row[Any]], Texts],
    now: datetime,
) -> None:
    """Show these locked rows of hers as `texts_of` says, and let every reader of her feed know."""
    drawn = [(row.id, drawn_anew(row, texts_of(row), now)) for row in rows]
    changes = [{"row_id": row_id, "drawn": vevent} for row_id, vevent in drawn if vevent is not None]
    if not changes:
        return
    change = update(CalendarObject).where(_EVENT.id == bindparam("row_id"))
    session.connection().execute(change.values(vevent_therapist=bindparam("drawn")), changes)
    feeds_changed(session, of_therapists({therapist_id}), now)
