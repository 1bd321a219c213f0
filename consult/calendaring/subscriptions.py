"""Secret calendar addresses, and what is read from them."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, select, update
from sqlalchemy.orm import Session

from consult.core.clock import as_utc
from consult.core.errors import NotFound
from consult.core.text import clean_text
from consult.core.tokens import digest, new_token

from . import feed
from .models import CalendarObject, FeedSubscription

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


def new_subscription(session: Session, therapist_id: uuid.UUID, now: datetime) -> str:
    """The token of a new address `/cal/<token>.ics`, shown once. The former address is gone at once."""
    session.execute(
        update(FeedSubscription)
        .where(FeedSubscription.therapist_id == therapist_id, FeedSubscription.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    token = new_token()
    made_at = as_utc(now).replace(microsecond=0)
    session.add(
        FeedSubscription(
            therapist_id=therapist_id,
            token_digest=digest(token),
            version=1,
            created_at=made_at,
            modified_at=made_at,
        )
    )
    session.flush()
    return token


def read_feed(
    session: Session,
    token: str,
    *,
    name: ColumnElement[str],
    gzipped: bool,
    if_none_match: str | None,
    if_modified_since: str | None,
    now: datetime,
) -> FeedPage:
    """What the address shows, under `name`, which is asked for together with it; the two conditions are the
    request's headers as they came.

    An unchanged feed is answered from its own row. Otherwise stored events are selected and joined; none is
    parsed or built. Raises NotFound, for an unknown address as for a revoked one.
    """
    row = session.connection().execute(_subscription(name), {"token_digest": digest(token)}).one_or_none()
    if row is None:
        raise NotFound
    subscription_id, therapist_id, version, changed_at, fetched_at, title = row
    shown = feed.window(now)
    tag = feed.etag(version, title, shown.start_at, gzipped=gzipped)
    modified_at = max(changed_at, feed.month_start(now))
    body = None
    if not feed.not_modified(if_none_match, if_modified_since, tag, modified_at):
        # After the version, never before: a change in between costs one fetch too many, not a stale feed.
        body = feed.feed_bytes(title, _vevents(session, therapist_id, shown.start_at, shown.end_at))
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


def find_last_fetch(session: Session, therapist_id: uuid.UUID) -> LastFetch | None:
    """About the therapist's present address; None when there is none."""
    row = session.scalar(
        select(FeedSubscription).where(
            FeedSubscription.therapist_id == therapist_id, FeedSubscription.revoked_at.is_(None)
        )
    )
    return None if row is None else LastFetch(row.created_at, row.last_fetched_at, row.last_agent)


@lru_cache(maxsize=8)
def _subscription(name: ColumnElement[str]) -> Select[Any]:
    """Plain columns: calendar programs come again and again, mostly to hear that nothing changed."""
    return select(
        _FEED.id, _FEED.therapist_id, _FEED.version, _FEED.modified_at, _FEED.last_fetched_at, name
    ).where(_FEED.token_digest == bindparam("token_digest"), _FEED.revoked_at.is_(None))


def _vevents(
    session: Session, therapist_id: uuid.UUID | None, start_at: datetime, end_at: datetime
) -> list[bytes]:
    query = (
        select(CalendarObject.vevent_therapist)
        .where(
            CalendarObject.therapist_id == therapist_id,
            CalendarObject.start_at >= start_at,
            CalendarObject.start_at < end_at,
        )
        .order_by(CalendarObject.start_at, CalendarObject.id)
    )
    return [vevent for vevent in session.scalars(query) if vevent is not None]
