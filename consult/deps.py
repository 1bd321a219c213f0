"""What both surfaces, web and commands, are given by the composition root."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from flask import current_app
from sqlalchemy import Engine
from sqlalchemy.orm import Session, scoped_session

from consult.booking.checkout import Counter
from consult.booking.ports import Ports
from consult.core.clock import Clock
from consult.db.transaction import transaction
from consult.intake.worked_patients import WorkedPatient
from consult.notifications.mailer import Mailer
from consult.settings import Settings

EXTENSION = "consult"


@dataclass(frozen=True)
class Deps:
    settings: Settings
    engine: Engine
    sessions: "scoped_session[Any]"
    clock: Clock
    ports: Ports
    mailer: Mailer
    worked_patients: tuple[WorkedPatient, ...]

    @property
    def session(self) -> Session:
        """The current request's, or command's, session."""
        session: Session = self.sessions()
        return session

    def now(self) -> datetime:
        return self.clock()

    def transaction(self) -> AbstractContextManager[None]:
        return transaction(self.session)


def deps() -> Deps:
    """Of the current app. Raises KeyError outside one made by `create_app`."""
    return cast(Deps, current_app.extensions[EXTENSION])


def counter() -> Counter:
    """Where the current request pays."""
    d = deps()
    return Counter(d.session, d.transaction, d.clock, d.ports)
