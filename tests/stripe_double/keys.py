"""Idempotency keys (docs.stripe.com/api/idempotent_requests): the first answer is the answer, for a day."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .errors import Refused

LIFETIME = 24 * 3600


@dataclass(frozen=True)
class Answer:
    status: int
    body: dict[str, Any]
    replayed: bool = False


class Keys:
    def __init__(self) -> None:
        self._kept: dict[str, tuple[int, tuple[str, str], Answer]] = {}

    def once(self, key: str | None, request: tuple[str, str], now: int, act: Callable[[], Answer]) -> Answer:
        """The answer kept under the key, or that of `act`, which is kept. Raises Refused for a key used with
        another request, and lets whatever `act` raises through without keeping it.
        """
        if key is None:
            return act()
        made_at, known, answer = self._kept.get(key, (now - LIFETIME, request, None))
        if answer is not None and made_at > now - LIFETIME:
            if known != request:
                message = "Keys for idempotent requests can only be used with the parameters first used."
                raise Refused(400, "idempotency_error", message)
            return Answer(answer.status, answer.body, replayed=True)
        answer = act()
        self._kept[key] = (now, request, answer)
        return answer

    def forget(self) -> None:
        self._kept.clear()
