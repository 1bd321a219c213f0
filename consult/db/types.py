"""Column types."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from consult.core.clock import as_utc


class UTCDateTime(TypeDecorator[datetime]):
    """An instant. Refuses naive times, stores UTC, returns aware UTC.

    PostgreSQL keeps `timestamptz`; SQLite keeps fixed-width text, which sorts as time does. SQLAlchemy's own
    `DateTime(timezone=True)` drops the zone on SQLite without a word.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        instant = as_utc(value)
        return instant.replace(tzinfo=None) if dialect.name == "sqlite" else instant

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        instant: datetime = value
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
