"""Browsers that have signed in before, told by a cookie that opens nothing. It only counts tries apart."""

import secrets

from flask import current_app, request
from itsdangerous import BadData, URLSafeSerializer
from werkzeug.wrappers import Response

from consult.deps import deps

_MAX_AGE = 180 * 24 * 3600
_NAME_BYTES = 9


def known_browser(email: str) -> str | None:
    """A name of this browser, if it has signed in to this account before."""
    try:
        digest, name = _serializer().loads(request.cookies.get(_cookie(), ""))
    except (BadData, TypeError, ValueError):
        return None
    return str(name) if digest in account_digests(email) else None


def remember_browser(response: Response, email: str) -> Response:
    name = known_browser(email) or secrets.token_urlsafe(_NAME_BYTES)
    response.set_cookie(
        _cookie(),
        _serializer().dumps([account_digests(email)[0], name]),
        max_age=_MAX_AGE,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Strict",
    )
    return response


def account_digests(email: str) -> list[str]:
    """Of an address as the sign-in reads it, whether or not there is such an account."""
    return deps().ports.sealer.digests(email.strip().lower(), "sign-in")


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.secret_key), salt="known browser")


def _cookie() -> str:
    return f"{current_app.config['SESSION_COOKIE_NAME']}-known"
