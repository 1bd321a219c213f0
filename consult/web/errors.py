"""One table from refusals to pages."""

import logging
import traceback

from flask import Flask, redirect, render_template, request, url_for
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, SecurityError
from werkzeug.wrappers import Response

from consult.booking.standing import StepNotOpen
from consult.core.errors import ConsultError, NotFound

from .security import STALE_FORM

_log = logging.getLogger("consult.web")

STATUS: dict[type[ConsultError], int] = {NotFound: 404}
"""Refusals that reach no view are conflicts with what became of things meanwhile, unless listed here."""

_CONFLICT = 409
_PAGES = {
    400: ("That did not arrive whole", "Please go back and try once more."),
    403: ("This is not for you to see", "You may need to sign in with another account."),
    404: ("We can’t find that page", "The address may be wrong, or the page may be gone."),
    405: ("That can’t be done here", "Please go back and use the buttons on the page."),
    409: ("Something has changed meanwhile", "Please go back to your booking and look at it again."),
    413: ("That is too much at once", "Please go back and shorten what you wrote."),
    429: ("Too many tries", "Please wait a little and try again."),
    503: ("Very busy right now", "Nothing is lost. Please try again in a minute."),
}
_STALE_PAGE = (
    "This page was open for a long time",
    "Nothing was changed. Please go back, reload the page and try again.",
)
_OURS = (
    "Something went wrong on our side",
    "Nothing you typed on other pages is lost. Please try again in a minute.",
)


def init_errors(app: Flask) -> None:
    @app.errorhandler(StepNotOpen)
    def _elsewhere(_error: StepNotOpen) -> Response:
        return redirect(url_for("patient.book"), code=303)

    @app.errorhandler(ConsultError)
    def _refused(error: ConsultError) -> tuple[str, int]:
        known = (status for kind, status in STATUS.items() if isinstance(error, kind))
        return _page(next(known, _CONFLICT))

    @app.errorhandler(SecurityError)
    def _foreign_host(_error: SecurityError) -> tuple[str, int, dict[str, str]]:
        # Without a trusted host there are no addresses to build a page with.
        return "This address is not served here.\n", 400, {"Content-Type": "text/plain; charset=utf-8"}

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> tuple[str, int, dict[str, str]]:
        page = _page(error.code or 500, stale=error.description == STALE_FORM)
        # What a client is told beside the page, such as the methods allowed (RFC 9110 15.5.6).
        headers = {name: value for name, value in error.get_headers() if name != "Content-Type"}
        return (*page, headers)

    @app.errorhandler(OperationalError)
    def _busy(error: OperationalError) -> tuple[str, int, dict[str, str]]:
        _log.warning("database unavailable at %s: %s", request.url_rule, type(error.orig).__name__)
        return (*_page(503), {"Retry-After": "5"})

    @app.errorhandler(Exception)
    def _unexpected(error: Exception) -> tuple[str, int]:
        if app.testing:
            raise error
        # Never the message nor the address: both may quote what a patient typed, or a secret.
        frames = "".join(traceback.format_tb(error.__traceback__))
        _log.error("%s at %s\n%s", type(error).__name__, request.url_rule, frames)
        return _page(500)


def _page(status: int, *, stale: bool = False) -> tuple[str, int]:
    heading, text = _STALE_PAGE if stale else _PAGES.get(status, _OURS)
    try:
        return render_template("errors/error.html", heading=heading, text=text, status=status), status
    except Exception as error:
        # What broke the page may break its error page too; without this the server would log the address.
        _log.error("%s while showing an error page", type(error).__name__)
        return f"{heading}. {text}\n", status
