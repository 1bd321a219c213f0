"""How often one address may do what costs something. Every limit is here, and is spent by name in a view.

An address is what many people share: a clinic, a phone company. So no limit that a busy address may reach
shuts anybody out of booking; `FREE_HOLDS`, `UNPAID_MINUTES` and `FREE_VISITS` only ask for the e-mail code
sooner.

Of IPv6 a customer has the first 64 bits at least, and may pick the rest; so those count as one address. Many
have 48, and could take a new address for each try: what an address may do, all of such a site may do
`_SITE_MAY` times as often together.
"""

import ipaddress
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any

from flask import Flask, current_app, g, request
from flask_limiter import Limiter, RateLimitExceeded
from werkzeug.exceptions import NotFound, TooManyRequests

from consult.core import errors
from consult.deps import deps
from consult.settings import Settings

from .limit_storage import SeldomSweptMemory

_EXTENSION = "consult_limits"
_KEY, _COST = "consult_limit_key", "consult_limit_cost"
_SECRET_ADDRESSES = ("/b/", "/cal/", "/calendar/", "/reminders/", "/v/")
_REDIS_SECONDS = 1
_SOON = 60
_ADDRESS_BITS, _SITE_BITS = 64, 48
"""The most and the fewest leading bits of an IPv6 address that one customer is given (RFC 6177)."""
_SITE_MAY = 10


@dataclass(frozen=True, slots=True)
class Limit:
    """`most` as Flask-Limiter reads it. With `failed_only`, only what was answered with an error counts."""

    name: str
    most: str
    failed_only: bool = False


SIGN_INS = Limit("sign-ins", "10 per 5 minutes", failed_only=True)
SIGN_INS_OF_BROWSER = Limit("sign-ins-of-browser", "10 per 5 minutes; 50 per hour", failed_only=True)
SIGN_INS_OF_ACCOUNT = Limit("sign-ins-of-account", "10 per 5 minutes; 50 per hour", failed_only=True)
SIGN_INS_BESIEGED = Limit("sign-ins-besieged", "3 per hour", failed_only=True)
SCREENS_STARTED = Limit("screens-started", "600 per hour")
SCREENS_SENT = Limit("screens-sent", "3000 per hour")
FREE_HOLDS = Limit("free-holds", "60 per hour")
UNPAID_MINUTES = Limit("unpaid-minutes", "720 per day")
HOLDS = Limit("holds", "1200 per hour")
CHECKOUTS = Limit("checkouts", "600 per hour")
CODES = Limit("codes", "60 per hour")
CODES_TO_EMAIL = Limit("codes-to-email", "3 per hour; 10 per day")
CODES_TO_MAILBOX = Limit("codes-to-mailbox", "10 per hour; 30 per day")
CODES_TRIED = Limit("codes-tried", "120 per hour")
VOUCHERS_TRIED = Limit("vouchers-tried", "60 per hour")
FREE_VISITS = Limit("free-visits", "5 per hour")
TEXTS_ASKED = Limit("texts-asked", "30 per hour")
TEXTS_TO_NUMBER = Limit("texts-to-number", "3 per hour; 6 per day")
PAGE_LINKS = Limit("page-links", "6 per hour; 12 per day")
MISSES = Limit("misses", "300 per hour")

LIMITS = (
    SIGN_INS,
    SIGN_INS_OF_BROWSER,
    SIGN_INS_OF_ACCOUNT,
    SIGN_INS_BESIEGED,
    SCREENS_STARTED,
    SCREENS_SENT,
    FREE_HOLDS,
    UNPAID_MINUTES,
    HOLDS,
    CHECKOUTS,
    CODES,
    CODES_TO_EMAIL,
    CODES_TO_MAILBOX,
    CODES_TRIED,
    VOUCHERS_TRIED,
    FREE_VISITS,
    TEXTS_ASKED,
    TEXTS_TO_NUMBER,
    PAGE_LINKS,
    MISSES,
)


class _Limiter(Limiter):
    """Counts what a view spends, and nothing else. Its look at every request would find nothing to count, and
    takes a tenth of the time that free times take.
    """

    def _check_request_limit(self, callable_name: str | None = None, in_middleware: bool = True) -> None:
        if not in_middleware:
            super()._check_request_limit(callable_name, in_middleware)


def init_limits(app: Flask, settings: Settings) -> None:
    """Counters of this app's own, in memory or in Redis. A Redis that does not answer is replaced by memory
    until it does: it keeps nobody out. Call it when every route is registered.
    """
    limiter = _Limiter(
        _spender,
        storage_uri=settings.redis_url or f"{SeldomSweptMemory.STORAGE_SCHEME[0]}://",
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
    counted = (*LIMITS, *(_of_site(limit) for limit in LIMITS))
    app.extensions[_EXTENSION] = (limiter, {limit.name: _counter(limiter, limit) for limit in counted})
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith(_SECRET_ADDRESSES):
            app.view_functions[rule.endpoint] = _counting_misses(app.view_functions[rule.endpoint])


def spend(limit: Limit, whose: str | None = None, cost: int = 1) -> None:
    """Count `cost` more, for this address and its site, or for `whose`. Raises TooManyRequests, saying in how
    many seconds.
    """
    if whose is not None:
        _spend(limit, whose, cost)
        return
    _spend(limit, address(), cost)
    if site() != address():
        _spend(_of_site(limit), site(), cost)


def is_spent(limit: Limit, whose: str | None = None, cost: int = 1) -> bool:
    """Count `cost` more; whether that was too much."""
    try:
        spend(limit, whose, cost)
    except TooManyRequests:
        return True
    return False


def _spend(limit: Limit, whose: str, cost: int) -> None:
    limiter, counters = current_app.extensions[_EXTENSION]
    setattr(g, _KEY, whose)
    setattr(g, _COST, cost)
    try:
        counters[limit.name]()
    except RateLimitExceeded:
        window = limiter.current_limit
        raise TooManyRequests(retry_after=_seconds_until(window.reset_at) if window else _SOON) from None


def _of_site(limit: Limit) -> Limit:
    more = re.sub(r"[0-9]+(?= per)", lambda most: str(int(most[0]) * _SITE_MAY), limit.most)
    return replace(limit, name=f"{limit.name}-of-site", most=more)


def wait_words(error: TooManyRequests) -> str:
    """When to come back, such as `in about 5 minutes`."""
    seconds = error.retry_after if isinstance(error.retry_after, int) else _SOON
    minutes = round(seconds / 60)
    if minutes <= 1:
        return "in a minute"
    return f"in about {minutes} minutes" if minutes < 100 else f"in about {round(minutes / 60)} hours"


def address() -> str:
    """Whose request this is, as a digest: the counters hold no addresses."""
    return _network(_ADDRESS_BITS)


def site() -> str:
    """The widest that may be one customer's; of IPv4 the address itself."""
    return _network(_SITE_BITS)


def _network(bits: int) -> str:
    try:
        ip = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return "unknown"
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is None:
            network = ipaddress.IPv6Network((ip, bits), strict=False)
            return deps().ports.sealer.digest(str(network), "address")
        ip = ip.ipv4_mapped
    return deps().ports.sealer.digest(str(ip), "address")


def _spender() -> str:
    return str(getattr(g, _KEY))


def _cost() -> int:
    return int(getattr(g, _COST))


def _counter(limiter: Limiter, limit: Limit) -> Callable[[], None]:
    """Flask-Limiter knows what it decorates by its name, so each counter gets one of its own."""

    def count() -> None:
        """Decorated, it raises RateLimitExceeded."""

    count.__qualname__ = f"count {limit.name}"
    failed = (lambda response: response.status_code >= 400) if limit.failed_only else None
    return limiter.shared_limit(limit.most, scope=limit.name, deduct_when=failed, cost=_cost)(count)


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
