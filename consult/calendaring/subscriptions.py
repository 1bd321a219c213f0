"""Secret calendar addresses, and what is read from them."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from consult.core.clock import as_utc
from consult.core.errors import NotFound
from consult.core.text import clean_text
from consult.core.tokens import digest, new_token

from . import feed
from .models import CalendarObject, FeedSubscription

_AGENT_LIMIT = 200


@dataclass(frozen=True, slots=True)
class FeedPage:
    """An answer to one fetch. `body` is None when the reader already has it (304)."""

    subscription_id: uuid.UUID
    etag: str
    modified_at: datetime
    body: bytes | None


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
    name: str,
    gzipped: bool,
    if_none_match: str | None,
    if_modified_since: str | None,
    now: datetime,
) -> FeedPage:
    """What the address shows, under `name`; the two conditions are the request's headers as they came.

    An unchanged feed is answered from its own row. Otherwise stored events are selected and joined; none is
    parsed or built. Raises NotFound, for an unknown address as for a revoked one.
    """
    subscription = session.scalar(
        select(FeedSubscription).where(
            FeedSubscription.token_digest == digest(token), FeedSubscription.revoked_at.is_(None)
        )
    )
    if subscription is None:
        raise NotFound
    shown = feed.window(now)
    tag = feed.etag(subscription.version, name, shown.start_at, gzipped=gzipped)
    modified_at = max(subscription.modified_at, feed.month_start(now))
    body = None
    if not feed.not_modified(if_none_match, if_modified_since, tag, modified_at):
        # After the version, never before: a change in between costs one fetch too many, not a stale feed.
        body = feed.feed_bytes(
            name, _vevents(session, subscription.therapist_id, shown.start_at, shown.end_at)
        )
        body = feed.compressed(body) if gzipped else body
    return FeedPage(subscription.id, tag, modified_at, body)


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
