"""Calendar text in few words."""

from itertools import count

_NUMBERS = count()


def event(*lines: str, uid: str | None = None) -> str:
    """Its properties line by line; each event gets a UID of its own unless it is given one."""
    name = f"e{next(_NUMBERS)}@elsewhere.example" if uid is None else uid
    return "\r\n".join(["BEGIN:VEVENT", f"UID:{name}", "DTSTAMP:20260101T000000Z", *lines, "END:VEVENT"])


def at(start: str, end: str, *lines: str, uid: str | None = None) -> str:
    """`at("20260602T140000Z", "20260602T150000Z")`"""
    return event(f"DTSTART:{start}", f"DTEND:{end}", *lines, uid=uid)


def calendar(*parts: str) -> bytes:
    head = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Elsewhere//EN"]
    return ("\r\n".join([*head, *parts, "END:VCALENDAR"]) + "\r\n").encode()
