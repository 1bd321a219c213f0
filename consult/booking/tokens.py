"""The secret that opens a booking's private page: its digest to find it by, sealed to put it into mails."""

from consult.core.tokens import digest, new_token
from consult.db.sealing import Place, Sealer

from .models import Booking


def give_token(booking: Booking, sealer: Sealer) -> str:
    """A new secret for this booking; a former one stops working."""
    token = new_token()
    booking.token_digest = digest(token)
    booking.token_sealed = sealer.seal(token, _place(booking))
    return token


def read_token(booking: Booking, sealer: Sealer) -> str:
    return sealer.open(booking.token_sealed, _place(booking))


def _place(booking: Booking) -> Place:
    return Place("booking", "token", booking.id)
