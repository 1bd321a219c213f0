"""What can go wrong with one API call, on purpose."""

from enum import StrEnum


class Fault(StrEnum):
    ERROR_500 = "error_500"
    """Nothing was done, nothing is remembered."""
    ERROR_500_KEPT = "error_500_kept"
    """It was done, then it broke, and the idempotency key replays the 500, as Stripe's keys do."""
    RATE_LIMITED = "rate_limited"
    KEY_IN_USE = "key_in_use"
    """Another request with this idempotency key is still at work."""
    SLOW = "slow"
    """No answer comes until the caller has hung up; nothing was done."""
    DROPPED_BEFORE = "dropped_before"
    DROPPED_AFTER = "dropped_after"
    """It was done; the connection broke before the answer."""
