"""Reading a little without a session, which costs about as much again as the statements it sends."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session

from .engine import ALONE

Reader = Session | Connection
"""What rows are read through where no entities are wanted."""


@contextmanager
def glance(engine: Engine) -> Iterator[Connection]:
    """For reads that need not agree with one another: each statement stands alone, with no transaction to
    begin and to end around it.
    """
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execution_options(isolation_level="AUTOCOMMIT")
        yield connection.execution_options(**{ALONE: True})
