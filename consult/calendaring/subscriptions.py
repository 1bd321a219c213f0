"""Secret calendar addresses, and what is read from them."""

import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, func, select, update
from sqlalchemy.orm import Session

from consult.core.errors import NotFound
from consult.core.text import clean_text
from consult.core.timespan import TimeSpan
from consult.core.tokens import digest, new_token

from . import feed
from .models import CalendarObject, FeedSubscription
from .stamps import risen, whole_second

PATIENT_TITLE = "Online appointments"
"""What a patient's feed is called. The practice's name may tell its profession, and calendars are shared."""

MOST_UNREAD = 5
"""So many addresses of one mailbox may wait for a calendar program to come for the first time."""

_AGENT_LIMIT = 200
_FETCH_NOTED_EVERY = timedelta(minutes=5)
_FEED = FeedSubscription.__table__.c


@dataclass(frozen=True, slots=True)
class FeedPage:
    """An answer to one fetch. `body` is None when the reader already has it (304). `fetch_is_news`: it is
    some minutes since the last one was recorded.
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
    token: str,
    *,
    name: ColumnElement[str],
    patient_vevents: Callable[[uuid.UUID, TimeSpan], list[bytes]],
    gzipped: bool,
    if_none_match: str | None,
    if_modified_since: str | None,
    now: datetime,
) -> FeedPage:
    """What the address shows; the two conditions are the request's headers as they came.

    A therapist's feed is called `name`, which is asked for together with it. What a patient's shows is for
    `patient_vevents` to say, by the booking from which it was asked for and the window.

    An unchanged feed is answered from its own row. Otherwise the therapist's stored events are selected and
    joined; none is parsed or built. Raises NotFound, for an unknown address as for a revoked one.
    """
    row = session.connection().execute(_subscription(name), {"token_digest": digest(token)}).one_or_none()
    if row is None:
        raise NotFound
    subscription_id, therapist_id, booking_id, version, changed_at, fetched_at, name_now = row
    title = PATIENT_TITLE if booking_id is not None else name_now
    shown = feed.window(now)
    tag = feed.etag(version, title, shown.start_at, gzipped=gzipped)
    modified_at = max(changed_at, feed.month_start(now))
    body = None
    if not feed.not_modified(if_none_match, if_modified_since, tag, modified_at):
        # After the version, never before: a change in between costs one fetch too many, not a stale feed.
        if booking_id is not None:
            vevents = patient_vevents(booking_id, shown)
        else:
            vevents = _vevents(session, therapist_id, shown)
        body = feed.feed_bytes(title, vevents)
        body = feed.compressed(body) if gzipped else body
    fetch_is_news = fetched_at is None or now - fetched_at >= _FETCH_NOTED_EVERY
    return FeedPage(subscription_id, tag, modified_at, body, fetch_is_news)


def record_fetch(session: Session, subscription_id: uuid.UUID, agent: str, now: datetime) -> None:
    """Remember who came last, for the therapist to see that the subscription works."""
    session.execute(
        update(FeedSubscription)
        .where(FeedSubscription.id == subscription_id)
        .values(last_fetched_at=now, last_agent=clean_text(agent, _AGENT_LIMIT))
    )


def find_last_fetch(session: Session, whose: ColumnElement[bool]) -> LastFetch | None:
    """About their newest address; None when there is none."""
    query = select(FeedSubscription).where(whose, FeedSubscription.revoked_at.is_(None))
    row = session.scalar(query.order_by(FeedSubscription.created_at.desc()).limit(1))
    return None if row is None else LastFetch(row.created_at, row.last_fetched_at, row.last_agent)


@lru_cache(maxsize=8)
def _subscription(name: ColumnElement[str]) -> Select[Any]:
    """Plain columns: calendar programs come again and again, mostly to hear that nothing changed."""
    return select(
        _FEED.id,
        _FEED.therapist_id,
        _FEED.booking_id,
        _FEED.version,
        _FEED.modified_at,
        _FEED.last_fetched_at,
        name,
    ).where(_FEED.token_digest == bindparam("token_digest"), _FEED.revoked_at.is_(None))


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
