"""Working through the outbox, mail by mail."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from sqlalchemy.orm import Session

from consult.core.clock import Clock
from consult.db.sealing import SealBroken, Sealer

from .mailer import Mailer, MailRefused
from .message import InvalidAddress, Message
from .mime import mime
from .service import LEASE, Claim, claim_due, fail, finish, place
from .status import Channel


class PayloadForgotten(Exception):
    """What this message said is not kept any more."""


BROKEN = (InvalidAddress, PayloadForgotten, SealBroken, ValueError)
"""A message that cannot be opened or written, which another try does not change."""

_POISON = (MailRefused, *BROKEN)


def send_due(
    session: Session,
    transaction: Callable[[], AbstractContextManager[object]],
    mailer: Mailer,
    sealer: Sealer,
    mail_from: str,
    clock: Clock,
    limit: int = 50,
) -> int:
    """Try up to `limit` mails that are due, each leased only when its turn comes; how many were tried.

    `transaction()` opens one on `session` and commits it. None is open while the mailer talks.
    """
    for tried in range(limit):
        with transaction():
            claims = claim_due(session, clock(), 1, LEASE, Channel.EMAIL)
        if not claims:
            return tried
        (claim,) = claims
        failure = _failure_of(claim, mailer, sealer, mail_from)
        with transaction():
            if failure is None:
                finish(session, claim.id, claim.lease_token, clock())
            else:
                poisoned, name = isinstance(failure, _POISON), type(failure).__name__
                fail(session, claim.id, claim.lease_token, clock(), permanent=poisoned, error_class=name)
    return limit


def opened(claim: Claim, sealer: Sealer) -> str:
    """What the message says. Raises PayloadForgotten, SealBroken."""
    if claim.payload_sealed is None:
        raise PayloadForgotten
    return sealer.open(claim.payload_sealed, place(claim.id))


def _failure_of(claim: Claim, mailer: Mailer, sealer: Sealer, mail_from: str) -> Exception | None:
    try:
        message = Message.from_json(opened(claim, sealer))
        mailer.send(mime(message, mail_from=mail_from, created_at=claim.created_at))
    except Exception as error:  # Whatever is wrong with one mail, it must not hold up those behind it.
        return error
    return None
