"""Calendar subscriptions (RFC 5545), told apart by their secret address only.

Programs come again and again, mostly to hear that nothing changed. That much is said before Flask begins: its
session, hooks and headers would take four times as long as looking it up, and a 304 needs none of them.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from flask import Blueprint, Flask, Response, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header

from consult.booking.patient_feed import patient_vevents
from consult.calendaring.subscriptions import FeedPage, Fetch, find_unchanged, read_feed, record_fetch
from consult.db.glance import glance
from consult.deps import EXTENSION, Deps, deps

hooks = Blueprint("hooks", __name__)

_BEFORE, _AFTER = "/cal/", ".ics"


@hooks.get(f"{_BEFORE}<token>{_AFTER}")
def feed(token: str) -> Response:
    """Without a cookie, never negotiated, and 404 rather than a log-in page that a client would import."""
    d = deps()
    fetch = _fetch(token, request.environ)
    page = read_feed(d.session, fetch, partial(patient_vevents, d.session, ports=d.ports), d.now())
    if page.fetch_is_news:
        with d.transaction():
            record_fetch(d.session, page.subscription_id, fetch.agent, d.now())
    response = Response(page.body or b"", status=200 if page.body is not None else 304)
    response.headers.update(_headers(page))
    response.headers["Content-Type"] = "text/calendar; charset=utf-8"
    response.last_modified = page.modified_at
    if fetch.gzipped and page.body is not None:
        response.headers["Content-Encoding"] = "gzip"
    return response


def answer_unchanged_first(app: Flask) -> None:
    """All else, a database that fails as well, is left to the view."""
    d: Deps = app.extensions[EXTENSION]
    serve = app.wsgi_app

    def wsgi_app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if _may_be_unchanged(environ):
            fetch = _fetch(environ["PATH_INFO"].removeprefix(_BEFORE).removesuffix(_AFTER), environ)
            try:
                with glance(d.engine) as connection:
                    page = find_unchanged(connection, fetch, d.now())
            except SQLAlchemyError:
                page = None
            if page is not None:
                start_response("304 NOT MODIFIED", list(_headers(page).items()))
                return []
        return serve(environ, start_response)

    app.wsgi_app = wsgi_app  # type: ignore[method-assign]


def _may_be_unchanged(environ: dict[str, Any]) -> bool:
    path = environ.get("PATH_INFO", "")
    return (
        path.startswith(_BEFORE)
        and path.endswith(_AFTER)
        and environ["REQUEST_METHOD"] in ("GET", "HEAD")
        and ("HTTP_IF_NONE_MATCH" in environ or "HTTP_IF_MODIFIED_SINCE" in environ)
    )


def _fetch(token: str, environ: dict[str, Any]) -> Fetch:
    codings = environ.get("HTTP_ACCEPT_ENCODING")
    return Fetch(
        token=token,
        agent=environ.get("HTTP_USER_AGENT", ""),
        gzipped=codings is not None and parse_accept_header(codings, Accept).quality("gzip") > 0,
        if_none_match=environ.get("HTTP_IF_NONE_MATCH"),
        if_modified_since=environ.get("HTTP_IF_MODIFIED_SINCE"),
    )


def _headers(page: FeedPage) -> dict[str, str]:
    """Of a 304 as of the feed itself (RFC 9110 15.4.5)."""
    return {
        "ETag": page.etag,
        "Cache-Control": "private, max-age=0, must-revalidate",
        "Vary": "Accept-Encoding",
        "X-Robots-Tag": "noindex, nofollow",
    }
