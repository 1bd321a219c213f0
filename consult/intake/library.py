"""The form in every version that somebody answers."""

import json
import logging
import zlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from consult.core.errors import ConsultError

from .catalogue import Catalogue, FormFaults, kept_catalogue
from .models import QuestionnaireResponse, QuestionnaireVersion

_log = logging.getLogger("consult.intake")


@dataclass(eq=False)
class FormVersionLost(ConsultError):
    """Answers were given in a version of the form that is not kept, or that this release cannot read."""

    version: str

    def __str__(self) -> str:
        return f"the form of version {self.version} cannot be read"


class FormLibrary:
    """`current` is the form as new patients get it. Older ones are read once a process from what was kept."""

    def __init__(self, current: Catalogue) -> None:
        self.current = current
        self._older: dict[str, Catalogue] = {}

    def find(self, session: Session, version: str) -> Catalogue:
        """The form of this version (`ResponseView.version`). Asks the database only for an older one, once.

        Raises FormVersionLost.
        """
        if version in (self.current.version, _unmarked(self.current)):
            return self.current
        if version not in self._older:
            self._older[version] = _read_kept(session, version)
        return self._older[version]


def keep_version(session: Session, catalogue: Catalogue, now: datetime) -> None:
    """Keep the files of this version, if they are not yet."""
    if _find_kept(session, catalogue.version) is not None:
        return
    documents = zlib.compress(json.dumps(dict(catalogue.documents), ensure_ascii=False).encode())
    # Between asking and inserting another server may have kept it.
    try:
        with session.begin_nested():
            session.add(QuestionnaireVersion(version=catalogue.version, documents=documents, created_at=now))
    except IntegrityError:
        if _find_kept(session, catalogue.version) is None:
            raise


def mark_versions(session: Session, now: datetime, catalogue: Catalogue) -> None:
    """Answers from before versions held a digest are pinned to the form of that version as it now is, before
    the next edit makes it another one.
    """
    unmarked = (
        update(QuestionnaireResponse)
        .where(QuestionnaireResponse.questionnaire_version == _unmarked(catalogue))
        .values(questionnaire_version=catalogue.version)
        .returning(QuestionnaireResponse.id)
    )
    if session.scalars(unmarked).all():
        keep_version(session, catalogue, now)


def _unmarked(catalogue: Catalogue) -> str:
    return catalogue.version.partition("+")[0]


def _find_kept(session: Session, version: str) -> bytes | None:
    query = select(QuestionnaireVersion.documents).where(QuestionnaireVersion.version == version)
    return session.scalar(query)


def _read_kept(session: Session, version: str) -> Catalogue:
    documents = _find_kept(session, version)
    if documents is None:
        _log.error("form version %s is not in the database; a backup may have it", version)
        raise FormVersionLost(version)
    try:
        return kept_catalogue(json.loads(zlib.decompress(documents)))
    except FormFaults as faults:
        _log.error("form version %s cannot be read by this release:\n%s", version, faults)
        raise FormVersionLost(version) from faults
