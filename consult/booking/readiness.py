"""What must be true before anybody is served."""

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from consult.scheduling.guards import guards_present


def problem(connection: Connection, migrations: str) -> str | None:
    """Why the application must not serve from this database; None when it may. `migrations` is the folder."""
    head = ScriptDirectory(migrations).get_current_head()
    if MigrationContext.configure(connection).get_current_revision() != head:
        return "the database is not migrated: run `flask --app wsgi db upgrade`"
    if not guards_present(connection):
        return "the database does not refuse overlapping appointments: run `flask --app wsgi db upgrade`"
    return None
