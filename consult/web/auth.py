"""Signing in with Flask-Login; the cookie carries a token, the database says whether it still counts."""

import re
import threading
import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Blueprint, Flask, abort, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin, current_user, login_required, login_user, logout_user
from werkzeug.exceptions import ServiceUnavailable
from werkzeug.wrappers import Response

from consult.accounts import service as accounts
from consult.accounts.roles import Role
from consult.accounts.service import SignedIn
from consult.deps import deps

from .fields import PlainField
from .known_browser import account_digests, known_browser, remember_browser
from .limits import (
    SIGN_INS,
    SIGN_INS_BESIEGED,
    SIGN_INS_OF_ACCOUNT,
    SIGN_INS_OF_BROWSER,
    is_spent,
    site,
    spend,
)
from .security import csrf_stale, redisplays

_CHECKS_AT_ONCE = 2
_PATIENCE_SECONDS = 2
_PATH_HERE = re.compile(r"/(?:[\w.~-][\w.~/-]*)?")

_checking = threading.BoundedSemaphore(_CHECKS_AT_ONCE)

auth = Blueprint("auth", __name__)
manager = LoginManager()
manager.login_view = "auth.sign_in"
manager.login_message = None
# A patient's phone changes address all day; the token in the cookie is what counts.
manager.session_protection = None


class Visitor(UserMixin):  # type: ignore[misc]
    """A signed-in browser, as Flask-Login wants it: its id is the sign-in's token, not the account's."""

    def __init__(self, token: str, signed_in: SignedIn) -> None:
        self.id = token
        self.signed_in = signed_in


def init_auth(app: Flask) -> None:
    manager.init_app(app)
    app.register_blueprint(auth)


@manager.user_loader  # type: ignore[untyped-decorator]
def _load(token: str) -> Visitor | None:
    d = deps()
    signed_in = accounts.find_signed_in(d.session, token, d.now())
    if signed_in is None:
        return None
    if accounts.needs_touch(signed_in, d.now()):
        with d.transaction():
            accounts.touch(d.session, token, d.now())
    return Visitor(token, signed_in)


def therapist_only(view: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
    """Guard a view for the therapist."""

    @wraps(view)
    @login_required  # type: ignore[untyped-decorator]
    def guarded(**arguments: Any) -> ResponseReturnValue:
        if current_user.signed_in.role is not Role.THERAPIST:
            abort(403)
        return view(**arguments)

    return guarded


@auth.route("/login", methods=["GET", "POST"])
@redisplays
def sign_in() -> ResponseReturnValue:
    email, error = request.form.get("email", "").strip(), None
    if request.method == "POST":
        account_id = None
        if not csrf_stale():
            _spend_a_try(email)
            account_id = _check_password(email)
        if account_id is not None:
            return remember_browser(_signed_in(account_id), email)
        error = "The email or the password is not right."
        if csrf_stale():
            error = "This page was open for a long time. Please sign in again."
    page = render_template(
        "auth/sign_in.html",
        email=PlainField("email", email, [error] if error else []),
        password=PlainField("password", None),
    )
    return (page, 422) if error else page


@auth.post("/logout")
def sign_out() -> Response:
    d = deps()
    if current_user.is_authenticated:
        with d.transaction():
            accounts.sign_out(d.session, current_user.id)
    logout_user()
    session.clear()
    return redirect(url_for("auth.sign_in"), code=303)


def _spend_a_try(email: str) -> None:
    """A browser that has signed in to this account before counts by itself: others who try the account, or
    from the same address, do not lock its owner out. An account that does not exist counts like any other.

    Of an account that is being guessed at, every other network keeps a few tries an hour: its owner on a new
    device is let in, and whoever guesses needs a network of their own for every few tries.
    """
    browser, account = known_browser(email), account_digests(email)[0]
    if browser is not None:
        spend(SIGN_INS_OF_BROWSER, browser)
        return
    spend(SIGN_INS)
    if is_spent(SIGN_INS_OF_ACCOUNT, account):
        spend(SIGN_INS_BESIEGED, f"{account} {site()}")


def _check_password(email: str) -> uuid.UUID | None:
    """A few at a time: each takes the processor for long, and the patients need it too."""
    if not _checking.acquire(timeout=_PATIENCE_SECONDS):
        raise ServiceUnavailable(retry_after=_PATIENCE_SECONDS)
    try:
        return accounts.check_password(deps().session, email, request.form.get("password", ""))
    finally:
        _checking.release()


def _signed_in(account_id: object) -> Response:
    d = deps()
    with d.transaction():
        token = accounts.sign_in(d.session, account_id, d.now())  # type: ignore[arg-type]
    # A session that existed before signing in may be somebody else's gift.
    session.clear()
    signed_in = accounts.find_signed_in(d.session, token, d.now())
    assert signed_in is not None  # noqa: S101 - made a line above
    login_user(Visitor(token, signed_in))
    return redirect(_safe_next() or url_for("therapist.today"), code=303)


def _safe_next() -> str | None:
    """Where the visitor wanted to go, if that is a plain path here: never another site's address."""
    target = request.args.get("next", "")
    return target if _PATH_HERE.fullmatch(target) else None
