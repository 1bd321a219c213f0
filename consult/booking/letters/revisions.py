"""Which revision of a calendar entry a mail carries, said by its dedupe key. Pure.

What mails said is forgotten after a while; a key stays as long as its row. It names the entry, SEQUENCE and
the start: not every revision is mailed, since a move taken back before anybody heard of it changes SEQUENCE
twice and nothing else. A calendar that was told less is right as long as it shows the same time.
"""

import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

_START = "%Y%m%dT%H%M%SZ"
_KEY = re.compile(
    r"[a-z_]+-(?P<entry>[0-9a-f-]{36})-(?P<sequence>[0-9]{1,9})-(?P<start>[0-9]{8}T[0-9]{6}Z)(?:-again[0-9]+)?"
)


@dataclass(frozen=True, slots=True)
class Revision:
    """`entry_id` is the `calendar_object`: one appointment may have had another before, with another UID."""

    entry_id: uuid.UUID
    sequence: int
    start_at: datetime

    def key(self, kind: str, again: int | None = None) -> str:
        """The dedupe key of the mail of this kind that carries it; `again` numbers those sent once more."""
        first = f"{kind}-{self.entry_id}-{self.sequence}-{self.start_at.astimezone(UTC):{_START}}"
        return first if again is None else f"{first}-again{again}"


def read_revision(dedupe_key: str) -> Revision | None:
    """What the mail of this key carries; None for nothing, and for mails from before keys said it."""
    found = _KEY.fullmatch(dedupe_key)
    if found is None:
        return None
    start_at = datetime.strptime(found["start"], _START).replace(tzinfo=UTC)
    return Revision(uuid.UUID(found["entry"]), int(found["sequence"]), start_at)
