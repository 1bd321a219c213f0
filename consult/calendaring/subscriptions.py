"""Secret calendar addresses, and what is read from them."""

import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, func, select, update
from sqlalchemy.orm import Session

from consult.core.errors import NotFound
from consult.core.text import clean_text
from consult.core.timespan import TimeSpan
from consult.core.tokens import digest, new_token

from . import feed
from .models import CalendarObject, FeedSubscription
from .stamps import risen, whole_second

MOST_UNREAD = 5
"""So many addresses of one mailbox may wait for a calendar program to come for the first time."""

_AGENT_LIMIT = 200
_FETCH_NOTED_EVERY = timedelta(minutes=5)
_FEED = FeedSubscription.__table__.c
# Plain columns: calendar programs come again and again, mostly to hear that nothing changed.
_LIVE = select(
    _FEED.id,
    _FEED.therapist_id,
    _FEED.booking_id,
    _FEED.version,
    _FEED.modified_at,
    _FEED.last_fetched_at,
    _FEED.last_agent,
).where(_FEED.token_digest == bindparam("token_digest"), _FEED.revoked_at.is_(None))


@dataclass(frozen=True, slots=True)
class Fetch:
    """What a calendar program asks: both conditions and its name are headers as they came."""

    token: str
    agent: str = ""
    gzipped: bool = False
    if_none_match: str | None = None
    if_modified_since: str | None = None


@dataclass(frozen=True, slots=True)
class FeedPage:
    """An answer to one fetch. `body` is None when the reader already has it (304). `fetch_is_news`: it is
    some minutes since this program's coming was recorded, or another one came last.
    """

    subscription_id: uuid.UUID
    etag: str
    modified_at: datetime
    body: bytes | None
    fetch_is_news: bool


@dataclass(frozen=True, slots=True)
class LastFetch:
    """When a calendar program last came, and what it calls itself; None before the first time."""

    subscribed_at: datetime
    fetched_at: datetime | None
    agent: str | None


def of_therapists(therapist_ids: Collection[uuid.UUID]) -> ColumnElement[bool]:
    """True of these therapists' addresses."""
    return FeedSubscription.therapist_id.in_(therapist_ids)


def of_bookings(booking_ids: Collection[uuid.UUID]) -> ColumnElement[bool]:
    """True of addresses that patients asked for from one of these bookings."""
    return FeedSubscription.booking_id.in_(booking_ids)


def of_token(token: str) -> ColumnElement[bool]:
    """True of this one address."""
    return FeedSubscription.token_digest == digest(token)


def new_subscription(session: Session, therapist_id: uuid.UUID, now: datetime) -> str:
    """The token of a new address `/cal/<token>.ics`, shown once. The former address is gone at once."""
    end_subscriptions(session, of_therapists({therapist_id}), now)
    return _add(session, FeedSubscription(therapist_id=therapist_id), now)


def new_patient_subscription(
    session: Session, booking_id: uuid.UUID, mailbox: Collection[uuid.UUID], now: datetime
) -> str:
    """A further one, for the patient who asked for it from this booking. `mailbox` are all the bookings that
    it is for. An address of theirs that was ever read stays; of the others only the newest MOST_UNREAD.
    """
    unread = (
        select(FeedSubscription.id)
        .where(
            of_bookings(mailbox),
            FeedSubscription.revoked_at.is_(None),
            FeedSubscription.last_fetched_at.is_(None),
        )
        .order_by(FeedSubscription.created_at.desc(), FeedSubscription.id)
        .offset(MOST_UNREAD - 1)
    )
    end_subscriptions(session, FeedSubscription.id.in_(session.scalars(unread).all()), now)
    return _add(session, FeedSubscription(booking_id=booking_id), now)


def end_subscriptions(session: Session, whose: ColumnElement[bool], now: datetime) -> None:
    """Whoever asks at their addresses from now on finds nothing there."""
    session.execute(
        update(FeedSubscription).where(whose, FeedSubscription.revoked_at.is_(None)).values(revoked_at=now)
    )


def count_subscriptions(session: Session, whose: ColumnElement[bool]) -> int:
    """How many of their addresses work."""
    query = select(func.count()).select_from(FeedSubscription)
    return session.scalars(query.where(whose, FeedSubscription.revoked_at.is_(None))).one()


def feeds_changed(session: Session, whose: ColumnElement[bool], now: datetime) -> None:
    """Let every reader of these feeds fetch them anew."""
    query = select(FeedSubscription).where(whose, FeedSubscription.revoked_at.is_(None))
    # In one order, so that two who change the same feeds wait for each other in turn.
    for row in session.scalars(query.order_by(FeedSubscription.id).with_for_update()):
        row.version += 1
        row.modified_at = risen(row.modified_at, now)
    session.flush()


def find_booking_id(session: Session, token: str) -> uuid.UUID:
    """The booking from which a patient asked for this address. Raises NotFound, also for a therapist's."""
    booking_id = session.scalar(
        select(FeedSubscription.booking_id).where(of_token(token), FeedSubscription.revoked_at.is_(None))
    )
    if booking_id is None:
        raise NotFound
    return booking_id


def read_feed(
    session: Session,
    fetch: Fetch,
    patient_vevents: Callable[[uuid.UUID, TimeSpan], list[bytes]],
    now: datetime,
) -> FeedPage:
    """What the address shows. What a patient's shows is for `patient_vevents` to say, by the booking from
    which it was asked for and the window.

    An unchanged feed is answered from its own row. Otherwise the therapist's stored events are selected and
    joined; none is parsed or built. Raises NotFound, for an unknown address as for a revoked one.
    """
    row = _find(session.connection(), fetch)
    if row is None:
        raise NotFound
    page = _head(row, fetch, now)
    if _has_it_already(page, fetch):
        return page
    # After the version, never before: a change in between costs one fetch too many, not a stale feed.
    shown = feed.window(now)
    if row.booking_id is not None:
        vevents = patient_vevents(row.booking_id, shown)
    else:
        vevents = _vevents(session, row.therapist_id, shown)
    body = feed.feed_bytes(vevents)
    return replace(page, body=feed.compressed(body) if fetch.gzipped else body)


def find_unchanged(connection: Connection, fetch: Fetch, now: datetime) -> FeedPage | None:
    """The answer to a program that has all there is and whose coming is no news; None for everybody else."""
    row = _find(connection, fetch)
    if row is None:
        return None
    page = _head(row, fetch, now)
    return page if _has_it_already(page, fetch) and not page.fetch_is_news else None


def record_fetch(session: Session, subscription_id: uuid.UUID, agent: str, now: datetime) -> None:
    """Remember who came last, for the therapist to see that the subscription works."""
    session.execute(
        update(FeedSubscription)
        .where(FeedSubscription.id == subscription_id)
        .values(last_fetched_at=now, last_agent=_named(agent))
    )


def find_last_fetch(session: Session, whose: ColumnElement[bool]) -> LastFetch | None:
    """About their newest address; None when there is none."""
    query = select(FeedSubscription).where(whose, FeedSubscription.revoked_at.is_(None))
    row = session.scalar(query.order_by(FeedSubscription.created_at.desc()).limit(1))
    return None if row is None else LastFetch(row.created_at, row.last_fetched_at, row.last_agent)


def _find(connection: Connection, fetch: Fetch) -> Any:
    """A row of `_LIVE`, or None."""
    return connection.execute(_LIVE, {"token_digest": digest(fetch.token)}).one_or_none()


def _head(row: Any, fetch: Fetch, now: datetime) -> FeedPage:
    """The answer without its body."""
    noted_at, agent = row.last_fetched_at, row.last_agent
    return FeedPage(
        subscription_id=row.id,
        etag=feed.etag(row.version, row.modified_at, feed.window(now).start_at, gzipped=fetch.gzipped),
        modified_at=max(row.modified_at, feed.month_start(now)),
        body=None,
        fetch_is_news=noted_at is None
        or now - noted_at >= _FETCH_NOTED_EVERY
        or agent != _named(fetch.agent),
    )


def _has_it_already(page: FeedPage, fetch: Fetch) -> bool:
    return feed.not_modified(fetch.if_none_match, fetch.if_modified_since, page.etag, page.modified_at)


def _named(agent: str) -> str:
    return clean_text(agent, _AGENT_LIMIT)


def _add(session: Session, row: FeedSubscription, now: datetime) -> str:
    token = new_token()
    row.token_digest = digest(token)
    row.version = 1
    row.created_at = row.modified_at = whole_second(now)
    session.add(row)
    session.flush()
    return token


def _vevents(session: Session, therapist_id: uuid.UUID, shown: TimeSpan) -> list[bytes]:
    query = (
        select(CalendarObject.vevent_therapist)
        .where(
            CalendarObject.therapist_id == therapist_id,
            CalendarObject.start_at >= shown.start_at,
            CalendarObject.start_at < shown.end_at,
        )
        .order_by(CalendarObject.start_at, CalendarObject.id)
    )
    return [vevent for vevent in session.scalars(query) if vevent is not None]
