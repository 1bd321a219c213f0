"""What an operator's monitor asks."""

from flask import Response, current_app
from sqlalchemy.exc import SQLAlchemyError

from consult.booking.readiness import problem
from consult.deps import deps

from .feeds import hooks


@hooks.get("/healthz")
def healthz() -> Response:
    """The process answers."""
    return Response("ok\n", content_type="text/plain")


@hooks.get("/readyz")
def readyz() -> Response:
    """Able to serve: the database answers, is migrated, and refuses overlaps."""
    try:
        found = problem(deps().session.connection(), current_app.extensions["migrate"].directory)
    except SQLAlchemyError:
        found = "the database does not answer"
    return Response(f"{found or 'ready'}\n", status=503 if found else 200, content_type="text/plain")
