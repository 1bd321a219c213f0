"""Who may do what. Pure."""

from enum import StrEnum


class Role(StrEnum):
    THERAPIST = "therapist"
