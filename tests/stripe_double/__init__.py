"""A double of the part of Stripe this project uses: stateful, spoken to over HTTP, on a clock that moves.

It is no Stripe. What it does follows Stripe's public documentation; where that is silent, it is a guess. It
knows one-off card payments through hosted Checkout with a price in the request, refunds, disputes, events and
webhooks; nothing else.

By hand: `python -m tests.stripe_double 12111`.
"""

from .account import Account
from .faults import Fault
from .server import Double, running_double

__all__ = ["Account", "Double", "Fault", "running_double"]
