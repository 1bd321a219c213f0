"""What every answer carries and every request must satisfy."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from flask import Flask, Response, abort, current_app, g, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError, CSRFProtect

_CSRF_FREE = "consult_csrf_free"
_REDISPLAYS = "consult_redisplays"
STALE_FORM = "stale-form"
_UNLISTED = ("/b/", "/book", "/calendar/", "/reminders/", "/therapist", "/demo-pay", "/v/")
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")

csrf = CSRFProtect()

_ALWAYS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), microphone=(), geolocation=()"),
)

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])


def csrf_free(view: View) -> View:
    """Mark a view that proves its caller in another way (a signed event)."""
    setattr(view, _CSRF_FREE, True)
    return view


def redisplays(view: View) -> View:
    """Mark a view that shows its page again, with what was typed, when the CSRF token is stale or forged. It
    must ask `csrf_stale()` before it changes anything.
    """
    setattr(view, _REDISPLAYS, True)
    return view


def csrf_stale() -> bool:
    return bool(g.get("csrf_stale", False))


def init_security(app: Flask, payment_hosts: tuple[str, ...]) -> None:
    """Headers, CSRF for every POST. `payment_hosts` are the origins a form may end up on by redirect, along
    which Chromium checks `form-action`.
    """
    # A missing Referer is no forgery; the token and Sec-Fetch-Site decide.
    app.config.update(WTF_CSRF_CHECK_DEFAULT=False, WTF_CSRF_TIME_LIMIT=12 * 3600, WTF_CSRF_SSL_STRICT=False)
    csrf.init_app(app)
    app.before_request(_refuse_nul)
    app.before_request(_check_csrf)
    app.after_request(partial(_add_headers, _policy(payment_hosts)))


def _policy(payment_hosts: tuple[str, ...]) -> str:
    return "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            "font-src 'self'",
            "connect-src 'self'",
            "manifest-src 'self'",
            " ".join(["form-action 'self'", *payment_hosts]),
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "object-src 'none'",
            "require-trusted-types-for 'script'",
        ]
    )


def _check_csrf() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    if request.method in _SAFE_METHODS or view is None or hasattr(view, _CSRF_FREE):
        return
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        abort(400, STALE_FORM)
    try:
        csrf.protect()
    except CSRFError:
        if not hasattr(view, _REDISPLAYS):
            abort(400, STALE_FORM)
        g.csrf_stale = True


def _refuse_nul() -> None:
    if "\x00" in request.path or any("\x00" in value for value in request.args.values()):
        abort(400)


def _add_headers(policy: str, response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", policy)
    headers.setdefault("Referrer-Policy", "same-origin")
    for name, value in _ALWAYS:
        headers.add(name, value)
    if request.path.startswith(_UNLISTED):
        headers.setdefault("X-Robots-Tag", "noindex, nofollow")
    if request.endpoint != "static":
        headers.setdefault("Cache-Control", "no-store")
    elif "v" not in request.args:
        headers["Cache-Control"] = "no-cache"
    if current_app.config["SESSION_COOKIE_SECURE"]:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    return response
