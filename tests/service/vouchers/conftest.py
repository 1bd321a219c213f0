"""Both databases, as the scheduling tests have them."""

from tests.service.scheduling.conftest import (  # noqa: F401 - fixtures
    clinic,
    db_session,
    empty_postgres,
    empty_sqlite,
    engine,
    postgres_engine,
    sqlite_file,
)
