"""What an operator's monitor asks."""

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Response, current_app
from sqlalchemy.exc import SQLAlchemyError

from consult.deps import deps
from consult.scheduling.guards import guards_present

from .feeds import hooks


@hooks.get("/healthz")
def healthz() -> Response:
    """The process answers."""
    return Response("ok\n", content_type="text/plain")


@hooks.get("/readyz")
def readyz() -> Response:
    """Able to serve: the database answers, is migrated, and refuses overlaps."""
    try:
        problem = _problem()
    except SQLAlchemyError:
        problem = "the database does not answer"
    return Response(f"{problem or 'ready'}\n", status=503 if problem else 200, content_type="text/plain")


def _problem() -> str | None:
    connection = deps().session.connection()
    script = ScriptDirectory(current_app.extensions["migrate"].directory)
    if MigrationContext.configure(connection).get_current_revision() != script.get_current_head():
        return "the database is not migrated"
    return None if guards_present(connection) else "the overlap guard is missing"
