"""One table from refusals to pages."""

import logging
import traceback

from flask import Flask, redirect, render_template, request, url_for
from sqlalchemy.exc import DataError, OperationalError
from werkzeug.exceptions import HTTPException, SecurityError, TooManyRequests
from werkzeug.wrappers import Response

from consult.booking.commands import BookingClosed
from consult.booking.standing import StepNotOpen
from consult.core.errors import ConsultError, NotFound
from consult.deps import deps
from consult.intake.library import FormVersionLost

from .limits import wait_words
from .security import STALE_FORM

_log = logging.getLogger("consult.web")

STATUS: dict[type[ConsultError], int] = {NotFound: 404, FormVersionLost: 500}
"""Refusals that reach no view are conflicts with what became of things meanwhile, unless listed here."""

_CONFLICT = 409
_PAGES = {
    400: ("That did not arrive whole", "Please go back and try once more."),
    403: ("This is not for you to see", "You may need to sign in with another account."),
    404: ("We can’t find that page", "The address may be wrong, or the page may be gone."),
    405: ("That can’t be done here", "Please go back and use the buttons on the page."),
    409: ("Something has changed meanwhile", "Please go back to your booking and look at it again."),
    413: ("That is too much at once", "Please go back and shorten what you wrote."),
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
_LOST_FORM = (
    "Your answers cannot be shown",
    "They are kept, but the form they were given in cannot be found. Please call the practice.",
)
_LOST_FORM_FOR_THERAPIST = (
    "These answers cannot be read",
    "They are kept, but not the version of the form they were given in. Please tell whoever runs this site.",
)


def init_errors(app: Flask) -> None:
    @app.errorhandler(StepNotOpen)
    @app.errorhandler(BookingClosed)
    def _elsewhere(_error: ConsultError) -> Response:
        return redirect(url_for("patient.book"), code=303)

    @app.errorhandler(ConsultError)
    def _refused(error: ConsultError) -> tuple[str, int]:
        known = (status for kind, status in STATUS.items() if isinstance(error, kind))
        return _page(next(known, _CONFLICT), said=_said_of(error))

    @app.errorhandler(SecurityError)
    def _foreign_host(_error: SecurityError) -> tuple[str, int, dict[str, str]]:
        # Without a trusted host there are no addresses to build a page with.
        return "This address is not served here.\n", 400, {"Content-Type": "text/plain; charset=utf-8"}

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> tuple[str, int, dict[str, str]]:
        page = _page(error.code or 500, said=_said_of_http(error))
        # What a client is told beside the page, such as the methods allowed (RFC 9110 15.5.6).
        headers = {name: value for name, value in error.get_headers() if name != "Content-Type"}
        return (*page, headers)

    _init_faults(app)


def _init_faults(app: Flask) -> None:
    """What nobody raised on purpose."""

    @app.errorhandler(OperationalError)
    def _busy(error: OperationalError) -> tuple[str, int, dict[str, str]]:
        _log.warning("database unavailable at %s: %s", request.url_rule, type(error.orig).__name__)
        return (*_page(503), {"Retry-After": "5"})

    @app.errorhandler(DataError)
    def _unstorable(_error: DataError) -> tuple[str, int]:
        # Such as a NUL, which PostgreSQL takes in no text.
        _log.warning("something no column can hold was sent to %s", request.url_rule)
        deps().session.rollback()
        return _page(400)

    @app.errorhandler(Exception)
    def _unexpected(error: Exception) -> tuple[str, int]:
        if app.testing:
            raise error
        _log_frames(error)
        return _page(500)

    # Flask's own words about what breaks once the page is made hold the address and the message.
    app.log_exception = _log_late  # type: ignore[method-assign]


def _log_late(exc_info: tuple[object, BaseException | None, object]) -> None:
    if exc_info[1] is not None:
        _log_frames(exc_info[1])


def _log_frames(error: BaseException) -> None:
    # Never the message nor the address: both may quote what a patient typed, or a secret.
    frames = "".join(traceback.format_tb(error.__traceback__))
    _log.error("%s at %s\n%s", type(error).__name__, request.url_rule, frames)


def _said_of(error: ConsultError) -> tuple[str, str] | None:
    if not isinstance(error, FormVersionLost):
        return None
    return _LOST_FORM_FOR_THERAPIST if request.blueprint == "therapist" else _LOST_FORM


def _said_of_http(error: HTTPException) -> tuple[str, str] | None:
    if error.description == STALE_FORM:
        return _STALE_PAGE
    if isinstance(error, TooManyRequests):
        return "Too many tries", f"Nothing was changed. Please go back and try again {wait_words(error)}."
    return None


def _page(status: int, *, said: tuple[str, str] | None = None) -> tuple[str, int]:
    heading, text = said or _PAGES.get(status, _OURS)
    try:
        return render_template("errors/error.html", heading=heading, text=text, status=status), status
    except Exception as error:
        # What broke the page may break its error page too; without this the server would log the address.
        _log.error("%s while showing an error page", type(error).__name__)
        return f"{heading}. {text}\n", status
