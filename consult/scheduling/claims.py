"""Reading what is taken, in plain seconds.

A month's page reads hundreds of claims, so the statements are built once, skip entities and column types, and
are answered from one index alone.
"""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Uuid, and_, bindparam, func, not_, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from .lifecycle import CLAIMING, Status
from .models import Appointment
from .slots import Seconds

_CLAIM = Appointment.__table__.c


class _InSeconds(FunctionElement[int]):
    """An instant's seconds since 1970: whole ones, since claims begin and end where slots do."""

    type = BigInteger()
    inherit_cache = True


@compiles(_InSeconds)
def _in_seconds(element: _InSeconds, compiler: SQLCompiler, **options: Any) -> str:
    return f"CAST(FLOOR(EXTRACT(EPOCH FROM {compiler.process(element.clauses, **options)})) AS BIGINT)"


@compiles(_InSeconds, "sqlite")
def _in_seconds_on_sqlite(element: _InSeconds, compiler: SQLCompiler, **options: Any) -> str:
    """By the Julian day, whose number for 1970 is 2440587.5: five times as quick as formatting with %s."""
    day = f"julianday({compiler.process(element.clauses, **options)})"
    return f"CAST(ROUND(({day} - 2440587.5) * 86400) AS INTEGER)"


def _claims_between() -> ColumnElement[bool]:
    """Claims of :schedule_id with any moment in [:from_at, :until_at), found by their start alone.

    Claims do not overlap, so of those that start before the span only the last can reach into it. The index
    is read from there, and the years before cost nothing.
    """
    claiming = and_(
        _CLAIM.schedule_id == bindparam("schedule_id"),
        or_(*(_CLAIM.status == status for status in CLAIMING)),
    )
    last_before = (
        select(_CLAIM.busy_from)
        .where(claiming, _CLAIM.busy_from <= bindparam("from_at"))
        .order_by(_CLAIM.busy_from.desc())
        .limit(1)
        .correlate(None)
        .scalar_subquery()
    )
    return and_(
        claiming,
        _CLAIM.busy_from >= func.coalesce(last_before, bindparam("from_at")),
        _CLAIM.busy_from < bindparam("until_at"),
        _CLAIM.busy_until > bindparam("from_at"),
    )


CLAIMS_BETWEEN = _claims_between()

_HELD = _CLAIM.status == Status.HELD
_BUSY = (
    select(_InSeconds(_CLAIM.busy_from), _InSeconds(_CLAIM.busy_until))
    .where(CLAIMS_BETWEEN, not_(and_(_HELD, _CLAIM.hold_expires_at <= bindparam("now"))))
    .order_by(_CLAIM.busy_from)
)
_BUSY_TO_OTHERS = _BUSY.where(
    not_(and_(_HELD, _CLAIM.booking_id.is_not_distinct_from(bindparam("for_booking_id", type_=Uuid()))))
)


def read_busy(
    session: Session,
    schedule_id: uuid.UUID,
    from_at: datetime,
    until_at: datetime,
    now: datetime,
    for_booking_id: uuid.UUID | None,
) -> list[Seconds]:
    """What is taken in [from_at, until_at), buffers included, in order.

    Left out: holds that ran out, marked or not, and the hold of `for_booking_id`.
    """
    statement = _BUSY
    parameters: dict[str, object] = {
        "schedule_id": schedule_id,
        "from_at": from_at,
        "until_at": until_at,
        "now": now,
    }
    if for_booking_id is not None:
        statement = _BUSY_TO_OTHERS
        parameters["for_booking_id"] = for_booking_id
    return [(start, end) for start, end in session.execute(statement, parameters)]
