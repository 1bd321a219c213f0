"""The secrets of a booking, each with its digest to find it by, and sealed to be written again.

The first opens the private page and stands in mails. The second opens the visit page, which shows when the
visit is and where to join, and stands in calendars: those are shared with families and employers.
"""

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


def visit_token(booking: Booking, sealer: Sealer) -> str:
    """The secret of the visit page, made when it is first asked for."""
    place = Place("booking", "visit_token", booking.id)
    if booking.visit_token_sealed is not None:
        return sealer.open(booking.visit_token_sealed, place)
    token = new_token()
    booking.visit_token_digest = digest(token)
    booking.visit_token_sealed = sealer.seal(token, place)
    return token


def _place(booking: Booking) -> Place:
    return Place("booking", "token", booking.id)
