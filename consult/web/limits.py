"""How often one address may do what costs something. Every limit is here, and is spent by name in a view.

An address is what many people share: a clinic, a phone company. So no limit that a busy address may reach
shuts anybody out of booking; `FREE_HOLDS` only asks for the e-mail code sooner.
"""

import ipaddress
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from flask import Flask, current_app, g, request
from flask_limiter import Limiter, RateLimitExceeded
from werkzeug.exceptions import NotFound, TooManyRequests

from consult.core import errors
from consult.deps import deps
from consult.settings import Settings

_EXTENSION = "consult_limits"
_KEY = "consult_limit_key"
_SECRET_ADDRESSES = ("/b/", "/cal/")
_REDIS_SECONDS = 1
_SOON = 60
_SAME_SUBSCRIBER = 64
"""Bits of an IPv6 address that are one customer's (RFC 6177); the rest they may choose at will."""


@dataclass(frozen=True, slots=True)
class Limit:
    """`most` as Flask-Limiter reads it. With `failed_only`, only what was answered with an error counts."""

    name: str
    most: str
    failed_only: bool = False


SIGN_INS = Limit("sign-ins", "10 per 5 minutes", failed_only=True)
SIGN_INS_OF_ACCOUNT = Limit("sign-ins-of-account", "10 per 5 minutes; 50 per hour", failed_only=True)
SCREENS_STARTED = Limit("screens-started", "600 per hour")
SCREENS_SENT = Limit("screens-sent", "3000 per hour")
FREE_HOLDS = Limit("free-holds", "60 per hour")
HOLDS = Limit("holds", "1200 per hour")
CHECKOUTS = Limit("checkouts", "600 per hour")
CODES = Limit("codes", "60 per hour")
CODES_TO_EMAIL = Limit("codes-to-email", "3 per hour; 10 per day")
CODES_TRIED = Limit("codes-tried", "120 per hour")
MISSES = Limit("misses", "300 per hour")

LIMITS = (
    SIGN_INS,
    SIGN_INS_OF_ACCOUNT,
    SCREENS_STARTED,
    SCREENS_SENT,
    FREE_HOLDS,
    HOLDS,
    CHECKOUTS,
    CODES,
    CODES_TO_EMAIL,
    CODES_TRIED,
    MISSES,
)


def init_limits(app: Flask, settings: Settings) -> None:
    """Counters of this app's own, in memory or in Redis. A Redis that does not answer is replaced by memory
    until it does: it keeps nobody out. Call it when every route is registered.
    """
    limiter = Limiter(
        _spender,
        storage_uri=settings.redis_url or "memory://",
        storage_options=(
            {"socket_connect_timeout": _REDIS_SECONDS, "socket_timeout": _REDIS_SECONDS}
            if settings.redis_url
            else {}
        ),
        strategy="moving-window",
        key_prefix="consult",
        in_memory_fallback_enabled=True,
        swallow_errors=True,
    )
    limiter.init_app(app)
    app.extensions[_EXTENSION] = (limiter, {limit.name: _counter(limiter, limit) for limit in LIMITS})
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith(_SECRET_ADDRESSES):
            app.view_functions[rule.endpoint] = _counting_misses(app.view_functions[rule.endpoint])


def spend(limit: Limit, whose: str | None = None) -> None:
    """Count one more, for this address or for `whose`. Raises TooManyRequests, saying in how many seconds."""
    limiter, counters = current_app.extensions[_EXTENSION]
    setattr(g, _KEY, whose if whose is not None else address())
    try:
        counters[limit.name]()
    except RateLimitExceeded:
        window = limiter.current_limit
        raise TooManyRequests(retry_after=_seconds_until(window.reset_at) if window else _SOON) from None


def is_spent(limit: Limit) -> bool:
    """Count one more; whether it was one too many."""
    try:
        spend(limit)
    except TooManyRequests:
        return True
    return False


def wait_words(error: TooManyRequests) -> str:
    """When to come back, such as `in about 5 minutes`."""
    seconds = error.retry_after if isinstance(error.retry_after, int) else _SOON
    minutes = round(seconds / 60)
    if minutes <= 1:
        return "in a minute"
    return f"in about {minutes} minutes" if minutes < 100 else f"in about {round(minutes / 60)} hours"


def address() -> str:
    """Whose request this is, as a digest: the counters hold no addresses."""
    try:
        ip = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return "unknown"
    if isinstance(ip, ipaddress.IPv6Address):
        ip = ip.ipv4_mapped or ipaddress.IPv6Network((ip, _SAME_SUBSCRIBER), strict=False)[0]
    return deps().ports.sealer.digest(str(ip), "address")


def _spender() -> str:
    return str(getattr(g, _KEY))


def _counter(limiter: Limiter, limit: Limit) -> Callable[[], None]:
    """Flask-Limiter knows what it decorates by its name, so each counter gets one of its own."""

    def count() -> None:
        """Decorated, it raises RateLimitExceeded."""

    count.__qualname__ = f"count {limit.name}"
    failed = (lambda response: response.status_code >= 400) if limit.failed_only else None
    return limiter.shared_limit(limit.most, scope=limit.name, deduct_when=failed)(count)


def _counting_misses(view: Callable[..., Any]) -> Callable[..., Any]:
    """A secret address that exists is always served, however much was guessed from where it is asked for."""

    @wraps(view)
    def counted(**arguments: Any) -> Any:
        try:
            return view(**arguments)
        except (errors.NotFound, NotFound):
            spend(MISSES)
            raise

    return counted


def _seconds_until(timestamp: int) -> int:
    """By the machine's clock, which is what Flask-Limiter counts by."""
    return max(1, timestamp - int(time.time()))
