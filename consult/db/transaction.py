"""The only commit."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.orm import Session, scoped_session

from .engine import WRITE, turn_to_write

_OPEN = "consult_transaction_open"


@contextmanager
def transaction(session: "Session | scoped_session[Any]") -> Iterator[None]:
    """One write transaction: committed at the end of the block, rolled back when it raises.

    What the session had read before is forgotten and read again under the lock, so that a decision is never
    taken on an old row. Raises RuntimeError when nested: only a surface opens a transaction, and only one.
    """
    if session.info.get(_OPEN):
        raise RuntimeError("a transaction is already open; services never open their own")
    session.rollback()
    with turn_to_write(session.get_bind().engine):
        session.info[_OPEN] = True
        try:
            session.connection(execution_options={WRITE: True})
            yield
            session.commit()
        except BaseException:
            session.rollback()
            raise
        finally:
            session.info.pop(_OPEN, None)
