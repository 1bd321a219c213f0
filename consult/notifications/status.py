"""How far an outbox message has come, and by what way it goes."""

from enum import StrEnum


class Channel(StrEnum):
    EMAIL = "email"
    SMS = "sms"


class Status(StrEnum):
    READY = "ready"
    LEASED = "leased"
    SENT = "sent"
    DEAD = "dead"
    SETTLED = "settled"
    """It was dead, and somebody has seen to it in another way."""
