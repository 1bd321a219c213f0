"""Calendar subscriptions (RFC 5545), told apart by their secret address only."""

from functools import partial

from flask import Blueprint, Response, request

from consult.booking.patient_feed import patient_vevents
from consult.calendaring import subscriptions
from consult.deps import deps
from consult.practice.service import PRACTICE_NAME

hooks = Blueprint("hooks", __name__)


@hooks.get("/cal/<token>.ics")
def feed(token: str) -> Response:
    """Without a cookie, never negotiated, and 404 rather than a log-in page that a client would import."""
    d = deps()
    gzipped = "gzip" in request.headers.get("Accept-Encoding", "")
    page = subscriptions.read_feed(
        d.session,
        token,
        name=PRACTICE_NAME,
        patient_vevents=partial(patient_vevents, d.session, ports=d.ports),
        gzipped=gzipped,
        if_none_match=request.headers.get("If-None-Match"),
        if_modified_since=request.headers.get("If-Modified-Since"),
        now=d.now(),
    )
    if page.fetch_is_news:
        with d.transaction():
            subscriptions.record_fetch(
                d.session, page.subscription_id, request.headers.get("User-Agent", ""), d.now()
            )
    response = Response(page.body or b"", status=200 if page.body is not None else 304)
    response.headers.update(
        {
            "Content-Type": "text/calendar; charset=utf-8",
            "ETag": page.etag,
            "Cache-Control": "private, max-age=0, must-revalidate",
            "Vary": "Accept-Encoding",
            "X-Robots-Tag": "noindex, nofollow",
        }
    )
    response.last_modified = page.modified_at
    if gzipped and page.body is not None:
        response.headers["Content-Encoding"] = "gzip"
    return response
