"""A mail in the outbox is worth a ring, once it is there for others to see."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session, scoped_session

from .models import OutboxMessage

_WRITTEN = "consult_outbox_written"


def ring_after_commit(sessions: "scoped_session[Any]", ring: Callable[[], object]) -> None:
    """Call `ring` after every commit that brought a mail. It must not raise, nor use the session."""

    @event.listens_for(sessions, "after_flush")
    def _note(session: Session, _context: object) -> None:
        if any(isinstance(row, OutboxMessage) for row in session.new):
            session.info[_WRITTEN] = True

    @event.listens_for(sessions, "after_commit")
    def _ring(session: Session) -> None:
        # The end of a savepoint is no end yet: others see nothing of it.
        if not session.in_nested_transaction() and session.info.pop(_WRITTEN, False):
            ring()

    @event.listens_for(sessions, "after_rollback")
    def _forget(session: Session) -> None:
        if not session.in_nested_transaction():
            session.info.pop(_WRITTEN, None)
