"""Busy times out of calendar text, worked out in a child process that may take only so much."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from consult.core.timespan import TimeSpan

from .troubles import CannotRead, Trouble

CPU_SECONDS = 5
MEMORY = 768 * 1024 * 1024
WALL_SECONDS = 15.0

_PROGRAM = Path(__file__).with_name("expansion.py")


@dataclass(frozen=True, slots=True)
class Wanted:
    """`span` is what is looked at; `zone` (IANA) is that of whole days and of times which name none; events
    whose UID ends in `own_domain` are our own, and left out; so are those that `owner`, known by these e-mail
    addresses in lower case, has declined, and whole days unless `whole_days_busy`.
    """

    span: TimeSpan
    zone: str
    own_domain: str
    whole_days_busy: bool = True
    owner: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Found:
    """Disjoint and in order; `skipped` events could not be read."""

    busy: Sequence[TimeSpan]
    skipped: int


def read_busy(text: bytes, wanted: Wanted, seconds: float = WALL_SECONDS) -> Found:
    """What blocks time, of one calendar or of several one after another. Raises CannotRead."""
    answer = _asked(text, wanted, seconds)
    trouble = answer.get("trouble")
    if trouble is not None:
        raise CannotRead(Trouble(trouble))
    return Found(
        [
            TimeSpan(datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC))
            for start, end in answer["busy"]
        ],
        answer["skipped"],
    )


def _asked(text: bytes, wanted: Wanted, seconds: float) -> dict[str, Any]:
    try:
        # Nothing of ours is in its environment: no key, no address of the database.
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-I", "-B", str(_PROGRAM), str(CPU_SECONDS), str(MEMORY)],
            input=_told(wanted) + b"\n" + text,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/",
            timeout=seconds,
            check=True,
        )
    except subprocess.TimeoutExpired as error:
        raise CannotRead(Trouble.TIMEOUT if seconds < WALL_SECONDS else Trouble.TOO_HEAVY) from error
    except (subprocess.CalledProcessError, OSError) as error:
        # OSError: this machine has no room for another process now.
        raise CannotRead(Trouble.TOO_HEAVY) from error
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _told(wanted: Wanted) -> bytes:
    """Not as arguments, which every user of the machine can read."""
    told = {
        "zone": wanted.zone,
        "first": int(wanted.span.start_at.timestamp()),
        "last": int(wanted.span.end_at.timestamp()),
        "own_domain": wanted.own_domain,
        "whole_days_busy": wanted.whole_days_busy,
        "owner": sorted(wanted.owner),
    }
    return json.dumps(told).encode()
