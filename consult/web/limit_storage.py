"""Where tries are counted while there is no Redis."""

import time

from limits.storage import MemoryStorage

_REST_SECONDS = 60


class SeldomSweptMemory(MemoryStorage):
    """limits' own looks through all it holds after every single count, in a thread started for that: with
    thousands of addresses that is most of what a request costs. This one does so once in `_REST_SECONDS`.
    What ran out counts for nothing either way.
    """

    STORAGE_SCHEME = ["seldom-swept-memory"]  # noqa: RUF012 - so limits reads it
    _swept_at = float("-inf")

    def _MemoryStorage__schedule_expiry(self) -> None:  # noqa: N802 - a private step of the class above
        if time.monotonic() >= self._swept_at + _REST_SECONDS:
            self._swept_at = time.monotonic()
            super()._MemoryStorage__schedule_expiry()  # type: ignore[misc]
