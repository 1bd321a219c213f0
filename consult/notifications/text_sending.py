"""Working through the outbox, text by text. Beside the mails: a slow gateway must not hold them up."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

from sqlalchemy.orm import Session

from consult.core.clock import Clock
from consult.db.sealing import Sealer

from .sending import BROKEN, opened
from .service import LEASE, Claim, claim_due, drop, fail, finish
from .status import Channel
from .text_consent import stop_number, wants_texts
from .text_message import TextMessage
from .texter import NumberStopped, Texter, TextInDoubt, TextRefused, TextUnavailable

BUDGET = timedelta(seconds=20)
"""After this no further text is begun in one pass."""

_POISON = (TextRefused, *BROKEN)


def send_texts_due(
    session: Session,
    transaction: Callable[[], AbstractContextManager[object]],
    texter: Texter,
    sealer: Sealer,
    clock: Clock,
) -> int:
    """Try the texts that are due; how many were tried. The pass ends early when the gateway is away.

    Whoever stopped text messages since one was written does not get it. `transaction` as in `send_due`.
    """
    until_at, tried = clock() + BUDGET, 0
    while clock() < until_at:
        with transaction():
            claims = claim_due(session, clock(), 1, LEASE, Channel.SMS)
            if not claims:
                break
            (claim,) = claims
            message = _opened(claim, sealer)
            if isinstance(message, TextMessage) and not wants_texts(
                session, message.to_number, message.email, sealer
            ):
                drop(session, claim.id, claim.lease_token)
                continue
        failure = _failure_of(message, texter)
        tried += 1
        with transaction():
            _note(session, claim, message, failure, sealer, clock)
        if isinstance(failure, TextUnavailable):
            break
    return tried


def _opened(claim: Claim, sealer: Sealer) -> TextMessage | Exception:
    try:
        return TextMessage.from_json(opened(claim, sealer))
    except Exception as error:  # Whatever is wrong with one text, it must not hold up those behind it.
        return error


def _failure_of(message: TextMessage | Exception, texter: Texter) -> Exception | None:
    if isinstance(message, Exception):
        return message
    try:
        texter.send(message)
    except Exception as error:
        return error
    return None


def _note(
    session: Session,
    claim: Claim,
    message: TextMessage | Exception,
    failure: Exception | None,
    sealer: Sealer,
    clock: Clock,
) -> None:
    if failure is None:
        finish(session, claim.id, claim.lease_token, clock())
    elif isinstance(failure, NumberStopped) and isinstance(message, TextMessage):
        stop_number(session, message.to_number, clock(), sealer)
        drop(session, claim.id, claim.lease_token)
    else:
        in_vain = isinstance(failure, TextInDoubt) and not claim.may_repeat
        permanent, name = in_vain or isinstance(failure, _POISON), type(failure).__name__
        fail(session, claim.id, claim.lease_token, clock(), permanent=permanent, error_class=name)
