"""What the database is asked."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from .conftest import Desk


@contextmanager
def statements(desk: Desk) -> Iterator[list[str]]:
    """Every statement of the block, as it is sent."""
    seen: list[str] = []
    engine = desk.session.get_bind()

    def note(*it: object) -> None:
        seen.append(str(it[2]))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)
