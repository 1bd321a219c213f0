"""When a gateway is asked next about what is still open: soon at first, ever more rarely after that."""

from datetime import datetime, timedelta

SOONEST = timedelta(seconds=10)
LATEST = timedelta(minutes=10)
REFUND_LATEST = timedelta(hours=1)
"""A refund on its way takes a bank days; its webhook usually tells first."""


def wait_since(since: datetime, now: datetime, latest: timedelta = LATEST) -> timedelta:
    """As long again as has been waited, so that the waits double: 10 s, 10 s, 20 s, 40 s … `latest`."""
    return min(max(now - since, SOONEST), latest)


def next_ask(moved_at: datetime, expires_at: datetime, now: datetime) -> datetime:
    """When to ask about a payment that last moved at `moved_at`, asked now in vain.

    Always by `expires_at`, since its hour waits for the answer; from then on the waits begin anew.
    """
    if now >= expires_at:
        return now + wait_since(max(moved_at, expires_at), now)
    return min(now + wait_since(moved_at, now), expires_at)
